/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema: schemas from texts with single quotes for double ones, and files that a test has in memory.
 */
#ifndef AG_SCHEMA_FIXTURE_H
#define AG_SCHEMA_FIXTURE_H

#include "json_fixture.h"

#include "../../src/schema/schema.h"

#define STEPS 100000

/* ' for ", so that a schema can be read in a test. */
static inline char *quoted(const char *text, apr_pool_t *p)
{
    char *copy = apr_pstrdup(p, text), *at;

    for (at = copy; *at; at++) {
        *at = *at == '\'' ? '"' : *at;
    }
    return copy;
}

static inline ag_doc_t *doc_in(const char *text, apr_pool_t *p)
{
    static const ag_doc_limits_t deep = {1000, 0, 0};
    ag_doc_wrong_t wrong;
    ag_doc_t *doc = apr_palloc(p, sizeof *doc);
    char *copy = quoted(text, p);

    if (parse_exactly(doc, &wrong, copy, strlen(copy), &deep, p)) {
        fail_msg("%s: %s at %d", copy, wrong.what, (int)wrong.at);
    }
    return doc;
}

/* `ctx` is a NULL-terminated list PATH, TEXT, PATH, TEXT. */
static inline const char *read_file(void *ctx, const char **text, apr_size_t *n, const char *path, apr_pool_t *p)
{
    const char *const *at = ctx;

    for (; at && at[0]; at += 2) {
        if (strcmp(at[0], path) == 0) {
            *text = quoted(at[1], p);
            *n = strlen(*text);
            return NULL;
        }
    }
    return "there is no such file";
}

/* The document "api.json", all of it; an error text or NULL. */
static inline const char *compiled(const ag_schema_t **schema, const char *text, const ag_schema_options_t *options,
                                   apr_pool_t *p)
{
    ag_schemas_t *set = ag_schemas_make(options, p);
    const char *error = ag_schemas_add(set, doc_in(text, p), "api.json");

    error = error ? error : ag_schemas_compile(schema, set, "api.json", "");
    return error ? error : ag_schemas_finish(set);
}

static inline const ag_schema_t *schema_of(const char *text, ag_dialect_e dialect, apr_pool_t *p)
{
    ag_schema_options_t options = {dialect, 1, read_file, NULL};
    const ag_schema_t *schema = NULL;
    const char *error = compiled(&schema, text, &options, p);

    if (error) {
        fail_msg("%s", error);
    }
    return schema;
}

/* "POINTER KEYWORD DETAIL", a line each; "" when it fits. */
static inline const char *findings_of(const ag_schema_t *schema, const char *text, int reading, apr_pool_t *p)
{
    ag_findings_t findings = {0};
    ag_schema_run_t run = {p, &findings, {0}, STEPS, reading};
    ag_schema_e answer = ag_schema_check(&run, schema, doc_in(text, p), 0);
    const char *all = answer == AG_SCHEMA_COSTLY ? "costly" : "";
    int i;

    for (i = 0; i < findings.n && i < AG_FINDINGS_MOST; i++) {
        const ag_finding_t *finding = &findings.list[i];

        all = apr_pstrcat(p, all, i ? "\n" : "", finding->pointer, " ", finding->keyword, " ", finding->detail, NULL);
    }
    assert_true(answer != AG_SCHEMA_YES || !findings.n);
    assert_true(answer != AG_SCHEMA_NO || findings.n);
    return all;
}

#endif
