/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema check: says what the server would say of a schema, and of bodies by it, before it is deployed.
 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "../base/text.h"
#include "../schema/schema.h"
#include "ctl.h"

typedef struct {
    const char *format;
} check_options_t;

static const ag_opt_t check_options[] = {
    {"format", AG_OPT_TEXT, offsetof(check_options_t, format), "assert", "format asserts, as format=assert has it"},
    {0},
};

/* What is wrong with one body. */
typedef struct {
    const char *name;
    ag_schema_e answer;
    ag_findings_t findings;
} judged_t;

/* ---- the schema -------------------------------------------------------------------------------------- */

static const char *read_text(const char **text, apr_size_t *n, const char *path, apr_pool_t *p)
{
    char *bytes;
    const char *error = ag_ctl_secret_text(&bytes, n, path, p);

    *text = bytes;
    return error;
}

static const char *read_schema(void *ctx, const char **text, apr_size_t *n, const char *path, apr_pool_t *p)
{
    (void)ctx;
    return read_text(text, n, path, p);
}

static const char *load(const ag_schema_t **schema, const char *path, const check_options_t *o, apr_pool_t *p)
{
    ag_schema_options_t options = {AG_DIALECT_2020_12, o->format != NULL, read_schema, NULL};
    ag_schemas_t *schemas = ag_schemas_make(&options, p);
    const char *error = ag_schemas_add_file(schemas, path);

    error = error ? error : ag_schemas_compile(schema, schemas, path, "");
    return error ? error : ag_schemas_finish(schemas);
}

/* ---- a body ------------------------------------------------------------------------------------------ */

static void add_finding(judged_t *judged, const char *pointer, const char *keyword, const char *detail)
{
    ag_finding_t finding = {NULL, NULL, pointer, keyword, detail};

    ag_findings_add(&judged->findings, &finding);
}

/* A file that cannot be read is an error text. */
static const char *judge(judged_t *judged, const ag_schema_t *schema, const char *path, apr_pool_t *p)
{
    ag_schema_run_t run = {p, &judged->findings, {0}, AG_SCHEMA_STEPS, 0};
    ag_doc_wrong_t wrong;
    const char *text;
    apr_size_t n;
    ag_doc_t doc;
    const char *error = read_text(&text, &n, path, p);

    if (error) {
        return error;
    }
    judged->name = strcmp(path, "-") == 0 ? "standard input" : path;
    if (ag_doc_parse(&doc, &wrong, text, n, NULL, p)) {
        judged->answer = AG_SCHEMA_NO;
        add_finding(judged, wrong.pointer, "json",
                    apr_psprintf(p, "%s, at byte %" APR_SIZE_T_FMT, wrong.what, wrong.at));
        return NULL;
    }
    judged->answer = ag_schema_check(&run, schema, &doc, 0);
    if (judged->answer == AG_SCHEMA_COSTLY) {
        add_finding(judged, "", "schema", "takes too many steps to check");
    }
    return NULL;
}

/* ---- telling it -------------------------------------------------------------------------------------- */

static int kept(const ag_findings_t *findings)
{
    return findings->n < AG_FINDINGS_MOST ? findings->n : AG_FINDINGS_MOST;
}

static void print_body(const judged_t *judged, apr_pool_t *p)
{
    const char *name = ag_ctl_plain(judged->name, p);
    int i;

    if (judged->answer == AG_SCHEMA_YES) {
        printf("%s: fits\n", name);
    }
    for (i = 0; i < kept(&judged->findings); i++) {
        const ag_finding_t *finding = &judged->findings.list[i];

        printf("%s#%s: %s: %s\n", name, ag_ctl_plain(finding->pointer, p), finding->keyword,
               ag_ctl_plain(finding->detail, p));
    }
    if (judged->findings.n > AG_FINDINGS_MOST) {
        printf("%s: and more\n", name);
    }
}

static json_t *body_as_json(const judged_t *judged, apr_pool_t *p)
{
    json_t *errors = json_array();
    int i;

    for (i = 0; i < kept(&judged->findings); i++) {
        const ag_finding_t *finding = &judged->findings.list[i];

        json_array_append_new(errors,
                              json_pack("{s:o, s:s, s:o}", "pointer", ag_ctl_text(finding->pointer, p), "keyword",
                                        finding->keyword, "detail", ag_ctl_text(finding->detail, p)));
    }
    return json_pack("{s:o, s:b, s:o, s:b}", "body", ag_ctl_text(judged->name, p), "fits",
                     judged->answer == AG_SCHEMA_YES, "errors", errors, "more",
                     judged->findings.n > AG_FINDINGS_MOST);
}

static int tell(const ag_ctl_t *ctl, const char *file, const judged_t *judged, int n)
{
    json_t *bodies = json_array();
    int i, code = AG_EXIT_OK;

    for (i = 0; i < n; i++) {
        code = judged[i].answer == AG_SCHEMA_YES ? code : AG_EXIT_NO;
        json_array_append_new(bodies, body_as_json(&judged[i], ctl->pool));
        if (!ctl->json) {
            print_body(&judged[i], ctl->pool);
        }
    }
    if (ctl->json) {
        ag_ctl_json(json_pack("{s:o, s:n, s:O}", "schema", ag_ctl_text(file, ctl->pool), "wrong", "bodies", bodies));
    }
    else if (!n) {
        printf("%s: can be used\n", ag_ctl_plain(file, ctl->pool));
    }
    json_decref(bodies);
    return code;
}

/* The server would not start. */
static int tell_wrong(const ag_ctl_t *ctl, const char *file, const char *error)
{
    if (!ctl->json) {
        return ag_ctl_fail(AG_EXIT_NO, "%s", error);
    }
    ag_ctl_json(json_pack("{s:o, s:o, s:[]}", "schema", ag_ctl_text(file, ctl->pool), "wrong",
                          ag_ctl_text(error, ctl->pool), "bodies"));
    return AG_EXIT_NO;
}

static int schema_check(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const check_options_t *o = options;
    judged_t *judged = apr_pcalloc(ctl->pool, (apr_size_t)operands->n * sizeof *judged);
    const ag_schema_t *schema;
    const char *error;
    int i;

    if (o->format && strcmp(o->format, "assert") != 0) {
        return ag_ctl_fail(AG_EXIT_USAGE, "--format is assert");
    }
    error = load(&schema, operands->v[0], o, ctl->pool);
    if (error) {
        return tell_wrong(ctl, operands->v[0], error);
    }
    for (i = 1; i < operands->n; i++) {
        error = judge(&judged[i - 1], schema, operands->v[i], ctl->pool);
        if (error) {
            return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
        }
    }
    return tell(ctl, operands->v[0], judged, operands->n - 1);
}

const ag_cmd_t ag_cmds_schema[] = {
    {"schema check", schema_check, check_options, sizeof(check_options_t), "FILE [BODY...]",
     "say what the server would of a JSON Schema, and of bodies by it"},
    {0},
};
