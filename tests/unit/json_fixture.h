/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: docs of texts that are surely JSON, and texts of any size.
 */
#ifndef AG_JSON_FIXTURE_H
#define AG_JSON_FIXTURE_H

#include "unit.h"

#include "../../src/json/doc.h"

/* Kept in memory of exactly its size: a checker sees a byte read too many. */
static inline int parse_exactly(ag_doc_t *doc, ag_doc_wrong_t *wrong, const char *text, size_t n,
                                const ag_doc_limits_t *limits, apr_pool_t *p)
{
    char *copy = malloc(n ? n : 1);

    memcpy(copy, text, n);
    apr_pool_cleanup_register(p, copy, (apr_status_t(*)(void *))(void (*)(void))free, apr_pool_cleanup_null);
    memset(wrong, 0, sizeof *wrong);
    return ag_doc_parse(doc, wrong, copy, n, limits, p);
}

static inline ag_doc_t doc_of(const char *text, apr_pool_t *p)
{
    ag_doc_wrong_t wrong;
    ag_doc_t doc;

    if (parse_exactly(&doc, &wrong, text, strlen(text), NULL, p)) {
        fail_msg("%s: %s at %d", text, wrong.what, (int)wrong.at);
    }
    return doc;
}

/* `unit` n times. */
static inline char *times(const char *unit, int n, apr_pool_t *p)
{
    size_t size = strlen(unit);
    char *text = apr_palloc(p, size * (size_t)n + 1);
    int i;

    for (i = 0; i < n; i++) {
        memcpy(text + size * (size_t)i, unit, size);
    }
    text[size * (size_t)n] = '\0';
    return text;
}

#endif
