/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The official suite's cases of formats, of both drafts. What does not hold is in tests/suites/format-unmet.txt, each with its
 * reason: a line that holds after all fails the test as well.
 */
#include "unit.h"

#include <jansson.h>

#include "../../src/schema/format.h"

#ifdef AG_NO_LIBIDN2
#define SKIPS_IDN 1
#else
#define SKIPS_IDN 0
#endif

typedef struct {
    const char *draft, *file;
    char *unmet; /* the lines of the list */
    int cases, wrong;
} suite_t;

static const char *source(apr_pool_t *p, const char *path)
{
    const char *top = getenv("srcdir");

    return apr_pstrcat(p, top ? top : ".", "/", path, NULL);
}

/* "DRAFT FILE: DESCRIPTION" stands in the list. */
static int listed(const suite_t *suite, const char *description, apr_pool_t *p)
{
    const char *line = apr_psprintf(p, "\n%s %s: %s |", suite->draft, suite->file, description);

    return strstr(suite->unmet, line) != NULL;
}

static void try(suite_t *suite, const char *format, const json_t *test, apr_pool_t *p)
{
    const json_t *data = json_object_get(test, "data");
    const ag_format_t *row = ag_format(format, strlen(format));
    const char *description = json_string_value(json_object_get(test, "description"));
    int valid = json_is_true(json_object_get(test, "valid"));
    int is =
        !row || !row->fits || !json_is_string(data) || row->fits(json_string_value(data), json_string_length(data));
    int unmet = listed(suite, description, p);

    suite->cases++;
    if ((is == valid) == unmet) {
        print_error("%s %s: %s%s\n", suite->draft, suite->file, description, unmet ? " (listed, and holds)" : "");
        suite->wrong++;
    }
}

static void try_file(suite_t *suite, const char *draft, const char *file, apr_pool_t *p)
{
    const char *path =
        apr_pstrcat(p, source(p, "tests/suites/json-schema/"), draft, "/optional/format/", file, ".json", NULL);
    json_t *groups = json_load_file(path, JSON_ALLOW_NUL, NULL), *group, *test;
    const char *format;
    size_t i, j;

    if (!groups) {
        fail_msg("%s cannot be read", path);
    }
    suite->draft = draft;
    suite->file = file;
    json_array_foreach (groups, i, group) {
        format = json_string_value(json_object_get(json_object_get(group, "schema"), "format"));
        json_array_foreach (json_object_get(group, "tests"), j, test) {
            if (format) {
                try(suite, format, test, p);
            }
        }
    }
    json_decref(groups);
}

static void read_unmet(suite_t *suite, apr_pool_t *p)
{
    enum { MOST = 64 * 1024 };
    FILE *file = fopen(source(p, "tests/suites/format-unmet.txt"), "r");

    assert_non_null(file);
    suite->unmet = apr_pcalloc(p, MOST);
    suite->unmet[0] = '\n';
    assert_true(fread(suite->unmet + 1, 1, MOST - 2, file) > 0);
    fclose(file);
}

static void test_suite(void **state)
{
    static const char *const drafts[] = {"draft2020-12", "draft7"};
    static const char *const files[] = {
        "date-time",
        "date",
        "time",
        "duration",
        "email",
        "idn-email",
        "hostname",
        "idn-hostname",
        "ipv4",
        "ipv6",
        "uri",
        "uri-reference",
        "iri",
        "iri-reference",
        "uuid",
        "regex",
        "ecmascript-regex",

        "uri-template",
        "unknown",
        "json-pointer",
        "relative-json-pointer",

    };
    suite_t suite = {0};
    int i, d;

    read_unmet(&suite, *state);
    for (i = 0; i < N_OF(files); i++) {
        for (d = 0; d < N_OF(drafts); d++) {
            int only_newer = !strcmp(files[i], "duration") || !strcmp(files[i], "uuid");

            if ((d == 0 || !only_newer) && !(SKIPS_IDN && strstr(files[i], "hostname"))) {
                try_file(&suite, drafts[d], files[i], *state);
            }
        }
    }
    print_message("%d cases of formats\n", suite.cases);
    assert_int_equal(suite.wrong, 0);
    assert_true(suite.cases > 900 || SKIPS_IDN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_suite)};

    return cmocka_run_group_tests_name("formats by the official suite", tests, NULL, NULL);
}
