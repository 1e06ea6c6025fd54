/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer_fixture: an answer whose fields are a table, as httpd's are, and lines of limits to tell of.
 */
#ifndef AG_ANSWER_FIXTURE_H
#define AG_ANSWER_FIXTURE_H

#include "unit.h"

#include "../../src/reply/answer.h"

/* A line; what a window says of itself was put together with the configuration. */
#define FIELD(quoted, q, w) quoted ";q=" #q ";w=" #w
#define BEGIN(quoted)       ", " quoted ";r="
#define LINE(policy_, quoted, subject_, q, w, r, t, retry_, refused_, dry)                                           \
    {                                                                                                                \
        .policy = &(ag_quota_policy_t){policy_,                                                                      \
                                       FIELD(quoted, q, w),                                                          \
                                       BEGIN(quoted),                                                                \
                                       sizeof FIELD(quoted, q, w) - 1,                                               \
                                       sizeof BEGIN(quoted) - 1,                                                     \
                                       w,                                                                            \
                                       APR_UINT64_C(q)},                                                             \
        .subject = subject_, .quota = {APR_UINT64_C(r), t, retry_}, .refused = refused_, .dry_run = dry              \
    }

/* ---- the answer ------------------------------------------------------------------------------ */

static inline void page_put(void *ctx, ag_put_e how, const char *name, const char *value)
{
    assert_true(value || how == AG_PUT_ALONE);
    if (!value) {
        apr_table_unset(ctx, name);
    }
    else if (how == AG_PUT_ALONE) {
        apr_table_set(ctx, name, value);
    }
    else if (how == AG_PUT_UNSAID) {
        if (!apr_table_get(ctx, name)) {
            apr_table_add(ctx, name, value);
        }
    }
    else if (how == AG_PUT_BESIDE || how == AG_PUT_ONCE) {
        apr_table_add(ctx, name, value);
    }
    else {
        apr_table_merge(ctx, name, value);
    }
}

/* 0 when there is none left. */
static inline int page_drop_one(apr_table_t *page, const char *prefix)
{
    const apr_array_header_t *fields = apr_table_elts(page);
    int i;

    for (i = 0; i < fields->nelts; i++) {
        const char *name = APR_ARRAY_IDX(fields, i, apr_table_entry_t).key;

        if (strncasecmp(name, prefix, strlen(prefix)) == 0) {
            apr_table_unset(page, name);
            return 1;
        }
    }
    return 0;
}

static inline void page_drop(void *ctx, const char *prefix)
{
    while (page_drop_one(ctx, prefix)) {
    }
}

static inline const char *page_said(void *ctx, const char *name)
{
    return apr_table_get(ctx, name);
}

static inline const char *page_vary(void *ctx)
{
    (void)ctx;
    return "X-API-Key, Authorization";
}

static inline void page_names(void *ctx, void (*see)(void *data, const char *name), void *data)
{
    const apr_array_header_t *fields = apr_table_elts(ctx);
    int i;

    for (i = 0; i < fields->nelts; i++) {
        see(data, APR_ARRAY_IDX(fields, i, apr_table_entry_t).key);
    }
}

static const ag_answer_port_t page_port = {page_put, page_drop, page_names, page_said, page_vary};

/* `fields` is a list NAME, VALUE, NAME, VALUE, NULL: what the application says. */
static inline ag_answer_t page_make(const char *const *fields, unsigned moments, apr_pool_t *p)
{
    apr_table_t *page = apr_table_make(p, 8);
    ag_answer_t a = {.moments = moments, .port = &page_port, .ctx = page, .p = p};

    for (; fields && fields[0]; fields += 2) {
        apr_table_add(page, fields[0], fields[1]);
    }
    return a;
}

/* Runs the rows; the fields there are then, as "Name: value\n" each. */
static inline const char *page_say(const ag_answer_t *a)
{
    const char *text = "";
    const apr_array_header_t *fields;
    int i;

    ag_answer_say(a);
    fields = apr_table_elts(a->ctx);
    for (i = 0; i < fields->nelts; i++) {
        const apr_table_entry_t *field = &APR_ARRAY_IDX(fields, i, apr_table_entry_t);

        text = apr_pstrcat(a->p, text, field->key, ": ", field->val, "\n", NULL);
    }
    return text;
}

#endif
