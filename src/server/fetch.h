/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch: documents from other servers, through libcurl. See core/ports.h.
 */
#ifndef AG_FETCH_H
#define AG_FETCH_H

#include "../core/ports.h"

/* Before there are threads; ends with `p`. NULL, or what is wrong. */
const char *ag_fetch_begin(apr_pool_t *p);

/* What is wrong with an address that the configuration names, or NULL. */
const char *ag_fetch_address(const char *url, apr_pool_t *p);

extern const ag_fetch_port_t ag_fetch_port;

#endif
