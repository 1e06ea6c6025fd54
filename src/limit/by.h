/* SPDX-License-Identifier: Apache-2.0 */
/*
 * by: the kinds of subject a limit can count by, from one table in limit_subject.c that the parser
 * and the request share.
 */
#ifndef AG_LIMIT_BY_H
#define AG_LIMIT_BY_H

#include "limit.h"

/* Reads what stands behind "by=" into *limit. An error text or NULL. */
const char *ag_by_parse(ag_limit_t *limit, const char *value, const ag_expr_port_t *expr, apr_pool_t *p);

/* The word behind by= without its argument. */
const char *ag_by_word(ag_by_e by);

/* 1 when requests choose the name they are counted by. */
int ag_by_chosen(ag_by_e by);

/* The id of an address as a subject; `prefix6` is how many bits of an IPv6 address count. */
ag_id_t ag_by_ip_id(const ag_ip_t *ip, int prefix6, const ag_sip_key_t *key);

/* Compiles an expression of the line's option `option`. An error text or NULL. */
const char *ag_limit_expr(ag_expr_t **compiled, const char *option, const char *text, int string,
                          const ag_expr_port_t *expr, apr_pool_t *p);

#endif
