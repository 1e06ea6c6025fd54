/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit: what most unit tests share: cmocka, a pool that lives for one test (`*state`), a request
 * whose fields are a list of names and values.
 */
#ifndef AG_UNIT_H
#define AG_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "../../src/base/text.h"
#include "../../src/core/request.h"

#define N_OF(array) ((int)(sizeof(array) / sizeof *(array)))

/* 2023-11-14 22:13:20 UTC, a Tuesday */
#define NOW apr_time_from_sec(APR_INT64_C(1700000000))

static inline int pool_start(void **state)
{
    apr_pool_t *p;

    apr_initialize();
    apr_pool_create(&p, NULL);
    *state = p;
    return 0;
}

static inline int pool_stop(void **state)
{
    apr_pool_destroy(*state);
    apr_terminate();
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, pool_start, pool_stop)

/* The words of a line, with commas between them. */
static inline const char *joined(const ag_words_t *words, apr_pool_t *p)
{
    const char *all = "";
    int i;

    for (i = 0; i < words->n; i++) {
        all = apr_pstrcat(p, all, i ? "," : "", words->v[i], NULL);
    }
    return all;
}

/* ---- requests -------------------------------------------------------------------------------- */

/* request->ctx is a NULL-terminated list NAME, VALUE, NAME, VALUE. */
static inline const char *field_of(const ag_request_t *request, const char *name)
{
    const char *const *at = request->ctx;

    for (; at && at[0]; at += 2) {
        if (strcasecmp(at[0], name) == 0) {
            return at[1];
        }
    }
    return NULL;
}

static inline void spellings_of(const ag_request_t *request, const char *name, ag_spelling_fn each, void *ctx)
{
    const char *const *at = request->ctx;

    for (; at && at[0]; at += 2) {
        if (ag_text_same_field(at[0], name)) {
            each(ctx, at[0], at[1]);
        }
    }
}

static inline ag_request_t make_request(const char *const *fields, apr_pool_t *p)
{
    ag_request_t request;

    memset(&request, 0, sizeof request);
    request.pool = p;
    request.method = "GET";
    request.path = "/api/orders";
    request.now = NOW;
    request.header = field_of;
    request.spellings = spellings_of;
    request.authorization = "Authorization";
    request.ctx = (void *)(uintptr_t)fields;
    assert_true(ag_ip_parse(&request.ip, "192.0.2.1"));
    return request;
}

#endif
