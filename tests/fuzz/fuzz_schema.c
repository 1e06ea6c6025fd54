/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_schema: a byte that chooses (the dialect by its lowest two bits, formats, reading), a schema, the byte 0xFF, which no
 * JSON holds, and a body. Besides not crashing: a schema that is refused has a text; a body that is refused has findings
 * with pointers that lead somewhere, one that is taken has none and is of a kind that ag_schema_kinds() names; and a body
 * built from the same parts is judged alike.
 */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "../../src/base/text.h"
#include "../../src/schema/schema.h"

#define STEPS 20000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static apr_pool_t *root, *pool;

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

static const char *no_file(void *ctx, const char **text, apr_size_t *n, const char *path, apr_pool_t *p)
{
    (void)ctx;
    (void)text;
    (void)n;
    (void)path;
    (void)p;
    return "there is no such file";
}

/* NULL where it is none. */
static const ag_schema_t *compile(const char *text, size_t n, unsigned char choice)
{
    static const ag_doc_limits_t limits = {.depth = 200};
    ag_schema_options_t options = {.dialect = choice & 3, .formats = choice >> 2 & 1, .read = no_file};
    ag_schemas_t *schemas = ag_schemas_make(&options, pool);
    const ag_schema_t *schema = NULL;
    ag_doc_wrong_t wrong;
    const char *error;
    ag_doc_t *doc = apr_palloc(pool, sizeof *doc);

    if (ag_doc_parse(doc, &wrong, text, n, &limits, pool)) {
        return NULL;
    }
    error = ag_schemas_add(schemas, doc, "s.json");
    error = error ? error : ag_schemas_compile(&schema, schemas, "s.json", "");
    error = error ? error : ag_schemas_finish(schemas);
    must(error ? *error != '\0' : schema != NULL);
    return error ? NULL : schema;
}

/* ---- a body ------------------------------------------------------------------------------------- */

static void rebuild(ag_builder_t *b, const ag_doc_t *doc, apr_uint32_t i)
{
    const ag_node_t *node = doc->nodes + i;
    apr_uint32_t left = node->n, at = i + 1;

    if (node->kind < AG_JSON_ARRAY) {
        ag_build_value(b, (ag_json_e)node->kind, ag_doc_text(doc, node), node->n);
        return;
    }
    ag_build_open(b, (ag_json_e)node->kind);
    for (; left; left--) {
        if (node->kind == AG_JSON_OBJECT) {
            ag_build_name(b, ag_doc_text(doc, doc->nodes + at), doc->nodes[at].n);
            at++;
        }
        rebuild(b, doc, at);
        at = doc->nodes[at].next;
    }
    ag_build_close(b);
}

static void check_findings(const ag_findings_t *findings, const ag_doc_t *doc)
{
    int i, found;

    for (i = 0; i < findings->n && i < AG_FINDINGS_MOST; i++) {
        const ag_finding_t *finding = findings->list + i;

        must(finding->keyword && *finding->keyword && finding->detail && *finding->detail);
        must(finding->pointer && ag_text_printable(finding->pointer));
        ag_doc_at(doc, finding->pointer, &found);
        must(found || strstr(finding->pointer, "…") || strchr(finding->pointer, '?'));
    }
}

static ag_schema_e judge(ag_findings_t *findings, const ag_schema_t *schema, const ag_doc_t *doc,
                         unsigned char choice)
{
    ag_schema_run_t run = {.p = pool, .findings = findings, .steps = STEPS, .reading = choice >> 3 & 1};
    ag_schema_e verdict;

    findings->n = 0;
    verdict = ag_schema_check(&run, schema, doc, 0);
    must(verdict != AG_SCHEMA_YES || !findings->n);
    must(verdict != AG_SCHEMA_NO || findings->n > 0);
    check_findings(findings, doc);
    return verdict;
}

static void check_kind(const ag_schema_t *schema, const ag_doc_t *doc)
{
    unsigned kinds = ag_schema_kinds(schema), kind = doc->nodes[0].kind;

    must(kinds & 1u << kind);
    if (kind == AG_JSON_OBJECT && doc->nodes[0].n) {
        ag_schema_property(schema, ag_doc_text(doc, doc->nodes + 1), doc->nodes[1].n);
    }
    ag_schema_items(schema);
}

static void check_body(const ag_schema_t *schema, const char *text, size_t n, unsigned char choice)
{
    ag_builder_t *b = ag_build(pool);
    ag_findings_t findings;
    ag_doc_wrong_t wrong;
    ag_doc_t doc, built;
    ag_schema_e verdict;
    int all;

    if (ag_doc_parse(&doc, &wrong, text, n, NULL, pool)) {
        return;
    }
    verdict = judge(&findings, schema, &doc, choice);
    all = findings.n;
    if (verdict == AG_SCHEMA_YES) {
        check_kind(schema, &doc);
    }
    rebuild(b, &doc, 0);
    ag_build_done(&built, b);
    must(judge(&findings, schema, &built, choice) == verdict && findings.n == all);
}

static void run(const char *text, size_t n)
{
    const char *end = memchr(text + 1, 0xFF, n - 1), *body = end ? end + 1 : text + 1 + (n - 1) / 2;
    const ag_schema_t *schema;

    end = end ? end : body;
    schema = compile(text + 1, (size_t)(end - text - 1), (unsigned char)text[0]);
    if (schema) {
        check_body(schema, body, n - (size_t)(body - text), (unsigned char)text[0]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (!root) {
        apr_initialize();
        apr_pool_create(&root, NULL);
        apr_pool_create(&pool, root);
    }
    if (n > 1) {
        run((const char *)data, n);
    }
    apr_pool_clear(pool);
    return 0;
}
