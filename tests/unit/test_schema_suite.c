/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The official suite of JSON Schema, both drafts: all of its required cases hold. Of the optional ones, what does not
 * is in tests/suites/schema-unmet.txt, each with its reason: a line that holds after all fails the test as well.
 */
#include "unit.h"

#include <apr_file_info.h>
#include <apr_file_io.h>

#include "../../src/schema/schema.h"

/* How many there are in the commit of tests/suites/README.md. */
#define REQUIRED_2020 1299
#define REQUIRED_07   927
#define OPTIONAL      280

typedef struct {
    const char *draft, *name; /* "draft7", "allOf" */
    ag_dialect_e dialect;
    int formats;
    char *unmet; /* the lines of the list */
    int cases, wrong;
    int n_remotes;
    struct {
        const char *uri;
        ag_doc_t doc;
    } remotes[100];
    apr_pool_t *p;
} suite_t;

/* ---- files --------------------------------------------------------------------------------------------- */

static const char *source(apr_pool_t *p, const char *path)
{
    const char *top = getenv("srcdir");

    return apr_pstrcat(p, top ? top : ".", "/tests/suites/", path, NULL);
}

static char *read_all(apr_size_t *n, const char *path, apr_pool_t *p)
{
    apr_file_t *file;
    apr_finfo_t info;
    char *text;

    if (apr_file_open(&file, path, APR_READ, 0, p) || apr_file_info_get(&info, APR_FINFO_SIZE, file)) {
        fail_msg("%s cannot be read", path);
    }
    *n = (apr_size_t)info.size;
    text = apr_pcalloc(p, *n + 1);
    assert_int_equal(apr_file_read_full(file, text, *n, n), 0);
    apr_file_close(file);
    return text;
}

static ag_doc_t read_doc(const char *path, apr_pool_t *p)
{
    ag_doc_wrong_t wrong;
    apr_size_t n;
    char *text = read_all(&n, path, p);
    ag_doc_t doc;

    if (ag_doc_parse(&doc, &wrong, text, n, NULL, p)) {
        fail_msg("%s: %s", path, wrong.what);
    }
    return doc;
}

/* Each .json file of a folder, by its name without that. */
static void each_file(suite_t *suite, const char *folder,
                      void (*visit)(suite_t *suite, const char *path, const char *name))
{
    apr_finfo_t info;
    apr_dir_t *dir;

    if (apr_dir_open(&dir, folder, suite->p)) {
        fail_msg("%s cannot be read", folder);
    }
    while (apr_dir_read(&info, APR_FINFO_NAME | APR_FINFO_TYPE, dir) == APR_SUCCESS) {
        const char *end = strstr(info.name, ".json");

        if (end && info.filetype == APR_REG) {
            visit(suite, apr_pstrcat(suite->p, folder, "/", info.name, NULL),
                  apr_pstrndup(suite->p, info.name, (apr_size_t)(end - info.name)));
        }
    }
    apr_dir_close(dir);
}

/* ---- what schemas of the suite refer to ------------------------------------------------------------------ */

static void take_remote(suite_t *suite, const char *path, const char *name)
{
    const char *below = strstr(path, "/remotes/") + strlen("/remotes/");

    (void)name;
    assert_true(suite->n_remotes < N_OF(suite->remotes));
    suite->remotes[suite->n_remotes].uri = apr_pstrcat(suite->p, "http://localhost:1234/", below, NULL);
    suite->remotes[suite->n_remotes++].doc = read_doc(path, suite->p);
}

static void take_remotes(suite_t *suite)
{
    static const char *const folders[] = {"",
                                          "/nested",
                                          "/DRAFT",
                                          "/DRAFT/nested",
                                          "/DRAFT/baseUriChange",
                                          "/DRAFT/baseUriChangeFolder",
                                          "/DRAFT/baseUriChangeFolderInSubschema",
                                          "/baseUriChange",
                                          "/baseUriChangeFolder",
                                          "/baseUriChangeFolderInSubschema"};
    apr_finfo_t info;
    int i;

    for (i = 0; i < N_OF(folders); i++) {
        const char *draft = strstr(folders[i], "/DRAFT");
        const char *folder = apr_pstrcat(suite->p, source(suite->p, "json-schema/remotes"), draft ? "/" : "",
                                         draft ? suite->draft : "", draft ? draft + 6 : folders[i], NULL);

        if (apr_stat(&info, folder, APR_FINFO_TYPE, suite->p) == APR_SUCCESS) {
            each_file(suite, folder, take_remote);
        }
    }
    assert_true(suite->n_remotes >= 8);
}

/* ---- a case ---------------------------------------------------------------------------------------------- */

/* The text of a value that is an object, true or false. */
static apr_size_t size_of(const char *text)
{
    const char *at = text;
    int depth = 0, quoted = 0;

    if (*text != '{') {
        return strcspn(text, "ue") + (*text == 't' ? 2 : 0) + (*text == 'f' ? 1 : 0);
    }
    do {
        if (quoted && *at == '\\') {
            at++;
        }
        else if (*at == '"') {
            quoted = !quoted;
        }
        else if (!quoted) {
            depth += (*at == '{') - (*at == '}');
        }
        at++;
    } while (depth);
    return (apr_size_t)(at - text);
}

static int listed(const suite_t *suite, const char *group, const char *test, apr_pool_t *p)
{
    return strstr(suite->unmet, apr_psprintf(p, "\n%s %s: %s: %s |", suite->draft, suite->name, group, test)) != NULL;
}

/* The schema of a group; NULL: it is refused. */
static const ag_schema_t *compile(const suite_t *suite, const ag_doc_t *doc, apr_uint32_t node, apr_pool_t *p)
{
    ag_schema_options_t options = {suite->dialect, suite->formats, NULL, NULL};
    ag_schemas_t *set = ag_schemas_make(&options, p);
    const char *text = doc->text + doc->nodes[node].at, *error = NULL;
    const ag_schema_t *schema;
    ag_doc_wrong_t wrong;
    ag_doc_t own;
    int i;

    assert_int_equal(ag_doc_parse(&own, &wrong, text, size_of(text), NULL, p), 0);
    for (i = 0; i < suite->n_remotes; i++) {
        /* Those of other drafts, which some refer to all the same, cannot be used. */
        ag_schemas_add(set, &suite->remotes[i].doc, suite->remotes[i].uri);
    }
    error = ag_schemas_add(set, apr_pmemdup(p, &own, sizeof own), "suite.json");
    error = error ? error : ag_schemas_compile(&schema, set, "suite.json", "");
    error = error ? error : ag_schemas_finish(set);
    if (error) {
        print_message("%s %s: %s\n", suite->draft, suite->name, error);
    }
    return error ? NULL : schema;
}

static void try(suite_t *suite, const ag_schema_t *schema, const char *group, const ag_doc_t *doc, apr_uint32_t test,
                apr_pool_t *p)
{
    const char *description = ag_doc_string(doc, test, "description", p);
    int valid = doc->nodes[ag_doc_member(doc, test, "valid", 5)].kind == AG_JSON_TRUE;
    ag_findings_t findings = {0};
    ag_schema_run_t run = {p, &findings, {0}, 1000000, 0};
    ag_schema_e answer =
        schema ? ag_schema_check(&run, schema, doc, ag_doc_member(doc, test, "data", 4)) : AG_SCHEMA_COSTLY;
    int right = answer == (valid ? AG_SCHEMA_YES : AG_SCHEMA_NO) && (findings.n > 0) == !valid;

    suite->cases++;
    if (right == listed(suite, group, description, p)) {
        print_error("%s %s: %s: %s%s\n", suite->draft, suite->name, group, description,
                    right ? " (listed, and holds)" : "");
        suite->wrong++;
    }
}

static void try_file(suite_t *suite, const char *path, const char *name)
{
    ag_doc_t doc = read_doc(path, suite->p);
    apr_uint32_t group, test, tests;
    apr_pool_t *p;

    suite->name = name;
    for (group = 1; group < doc.n; group = doc.nodes[group].next) {
        const ag_schema_t *schema;

        apr_pool_create(&p, suite->p);
        schema = compile(suite, &doc, ag_doc_member(&doc, group, "schema", 6), p);
        tests = ag_doc_member(&doc, group, "tests", 5);
        for (test = tests + 1; test < doc.nodes[tests].next; test = doc.nodes[test].next) {
            try(suite, schema, ag_doc_string(&doc, group, "description", p), &doc, test, p);
        }
        apr_pool_destroy(p);
    }
}

static suite_t *make_suite(const char *draft, ag_dialect_e dialect, apr_pool_t *p)
{
    suite_t *suite = apr_pcalloc(p, sizeof *suite);
    apr_size_t n;

    suite->draft = draft;
    suite->dialect = dialect;
    suite->p = p;
    suite->unmet = apr_pstrcat(p, "\n", read_all(&n, source(p, "schema-unmet.txt"), p), NULL);
    take_remotes(suite);
    return suite;
}

static void test_2020(void **state)
{
    suite_t *suite = make_suite("draft2020-12", AG_DIALECT_2020_12, *state);

    each_file(suite, source(*state, "json-schema/draft2020-12"), try_file);
    print_message("%d required cases of draft 2020-12\n", suite->cases);
    assert_int_equal(suite->wrong, 0);
    assert_int_equal(suite->cases, REQUIRED_2020);
}

static void test_07(void **state)
{
    suite_t *suite = make_suite("draft7", AG_DIALECT_07, *state);

    each_file(suite, source(*state, "json-schema/draft7"), try_file);
    print_message("%d required cases of draft-07\n", suite->cases);
    assert_int_equal(suite->wrong, 0);
    assert_int_equal(suite->cases, REQUIRED_07);
}

/* Those of formats: see test_format_suite.c. */
static void test_optional(void **state)
{
    suite_t *newer = make_suite("draft2020-12", AG_DIALECT_2020_12, *state);
    suite_t *older = make_suite("draft7", AG_DIALECT_07, *state);

    each_file(newer, source(*state, "json-schema/draft2020-12/optional"), try_file);
    each_file(older, source(*state, "json-schema/draft7/optional"), try_file);
    print_message("%d optional cases\n", newer->cases + older->cases);
    assert_int_equal(newer->wrong + older->wrong, 0);
    assert_int_equal(newer->cases + older->cases, OPTIONAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_2020),
        TEST(test_07),
        TEST(test_optional),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
