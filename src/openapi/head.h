/* SPDX-License-Identifier: Apache-2.0 */
/*
 * head: what the checks of one request's parameters work with.
 */
#ifndef AG_OPENAPI_HEAD_H
#define AG_OPENAPI_HEAD_H

#include "value.h"

typedef struct ag_head_t {
    const ag_openapi_t *openapi;
    const ag_operation_t *operation;
    ag_input_call_t *call;
    int invalid; /* something cannot be read in one way: 400 */
} ag_head_t;

/* ---- given.c -------------------------------------------------------------------------------------- */

/* Checks one parameter; n = 0: it is not there. */
void ag_head_check(ag_head_t *head, const ag_parameter_t *parameter, const ag_given_t *given);

/* Notes that it cannot be read in one way. */
void ag_head_invalid(ag_head_t *head, const ag_parameter_t *parameter, const char *keyword, const char *detail);

/* ---- query.c, cookie.c --------------------------------------------------------------------------- */

void ag_head_query(ag_head_t *head);
void ag_head_cookies(ag_head_t *head);

#endif
