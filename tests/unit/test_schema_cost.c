/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a check may cost is bounded: by steps, by levels, by a pattern's limit. What is not known to fit does not fit.
 */
#include "schema_fixture.h"

/* How many steps a value takes. */
static apr_uint64_t cost(const ag_schema_t *schema, const char *text, ag_schema_e answer, apr_pool_t *p)
{
    ag_findings_t findings = {0};
    ag_schema_run_t run = {p, &findings, {NULL, NULL, NULL, NULL, NULL}, STEPS, 0};

    assert_int_equal(ag_schema_check(&run, schema, doc_in(text, p), 0), answer);
    return STEPS - run.steps;
}

/* Each level asks twice about the next one: 2 to the power of 30. */
static void test_exponential(void **state)
{
    static const char text[] =
        "{'anyOf': [{'$ref': '#/$defs/a'}, {'$ref': '#/$defs/b'}],"
        " '$defs': {'a': {'items': {'$ref': '#'}}, 'b': {'items': {'$ref': '#'}, 'type': 'array'}}}";
    const ag_schema_t *schema = schema_of(text, AG_DIALECT_2020_12, *state);
    const char *fits = apr_pstrcat(*state, times("[", 30, *state), times("]", 30, *state), NULL);
    const ag_schema_t *not =
        schema_of("{'anyOf': [{'items': {'$ref': '#'}}, {'items': {'$ref': '#'}}], 'type': 'array'}",
                  AG_DIALECT_2020_12, *state);
    const char *value = apr_pstrcat(*state, times("[", 30, *state), "1", times("]", 30, *state), NULL);

    assert_true(cost(schema, fits, AG_SCHEMA_YES, *state) < 1000);
    assert_int_equal(cost(not, value, AG_SCHEMA_COSTLY, *state), STEPS);
    assert_string_equal(findings_of(not, value, 0, *state), "costly");
}

/* A branch that would say no, had it not run out, is no reason for "not" to say yes. */
static void test_not(void **state)
{
    const ag_schema_t *schema = schema_of("{'not': {'items': {'type': 'string'}}}", AG_DIALECT_2020_12, *state);
    const char *value = apr_pstrcat(*state, "[", times("'a',", 110000, *state), "1]", NULL);

    assert_int_equal(cost(schema, value, AG_SCHEMA_COSTLY, *state), STEPS);
    schema = schema_of("{'if': {'items': {'type': 'string'}}, 'else': true}", AG_DIALECT_2020_12, *state);
    assert_int_equal(cost(schema, value, AG_SCHEMA_COSTLY, *state), STEPS);
    schema = schema_of("{'anyOf': [{'items': {'type': 'string'}}, true]}", AG_DIALECT_2020_12, *state);
    assert_int_equal(cost(schema, value, AG_SCHEMA_COSTLY, *state), STEPS);
    schema = schema_of("{'contains': {'type': 'string'}, 'minContains': 0, 'maxContains': 120000}",
                       AG_DIALECT_2020_12, *state);
    assert_int_equal(cost(schema, value, AG_SCHEMA_COSTLY, *state), STEPS);
}

/* A schema that leads back to itself goes as deep as the value, and no deeper than the walk may. */
static void test_levels(void **state)
{
    const ag_schema_t *schema = schema_of("{'allOf': [{'items': {'$ref': '#'}}]}", AG_DIALECT_2020_12, *state);
    const char *deep = apr_pstrcat(*state, times("[", 490, *state), times("]", 490, *state), NULL);
    const char *deeper = apr_pstrcat(*state, times("[", 510, *state), times("]", 510, *state), NULL);

    assert_true(cost(schema, deep, AG_SCHEMA_YES, *state) < 5000);
    cost(schema, deeper, AG_SCHEMA_COSTLY, *state);
}

/* A $dynamicRef that comes back to the value it was at is found out when it happens. */
static void test_dynamic_circle(void **state)
{
    static const char text[] =
        "{'$id': 'urn:root', '$dynamicAnchor': 'a', '$ref': 'urn:other',"
        " '$defs': {'o': {'$id': 'urn:other', '$dynamicRef': '#a', '$defs': {'x': {'$dynamicAnchor': 'a'}}}}}";

    cost(schema_of(text, AG_DIALECT_2020_12, *state), "1", AG_SCHEMA_COSTLY, *state);
}

/* 20,000 items are compared once each, whether they differ or not; 70,000 are too many for these steps. */
static void test_unique(void **state)
{
    const ag_schema_t *schema = schema_of("{'uniqueItems': true}", AG_DIALECT_2020_12, *state);
    const char *text = "[-1";
    char *items = apr_palloc(*state, 200000), *at = items;
    int i;

    for (i = 0; i < 20000; i++) {
        at += apr_snprintf(at, 10, ",%d", i);
    }
    assert_true(cost(schema, apr_pstrcat(*state, text, items, "]", NULL), AG_SCHEMA_YES, *state) < 40000);
    assert_true(cost(schema, apr_pstrcat(*state, text, items, ",19999]", NULL), AG_SCHEMA_NO, *state) < 40000);
    text = apr_pstrcat(*state, "[", times("1,", 70000, *state), "1]", NULL);
    cost(schema, text, AG_SCHEMA_COSTLY, *state);
}

/* Long texts cost more than short ones. */
static void test_bytes(void **state)
{
    const ag_schema_t *schema =
        schema_of("{'allOf': [{'maxLength': 64000}, {'pattern': 'b$'}]}", AG_DIALECT_2020_12, *state);
    const char *text = apr_pstrcat(*state, "'", times("a", 64000, *state), "'", NULL);

    assert_true(cost(schema, "'b'", AG_SCHEMA_YES, *state) < 10);
    assert_true(cost(schema, text, AG_SCHEMA_NO, *state) >= 64000 / 16);
}

/* Each answers alike: hashing and reading take what the texts are long. A body of 900 KB, most of it one member's name, took
 * minutes where a schema asks about it more than once, and 10,000,000 steps did not stop it. */
static void test_long_texts(void **state)
{
    static const char *const cases[][2] = {
        {"{'properties': {'a': true}}", "{'%s': 1}"},
        {"{'required': ['a']}", "{'%s': 1, 'a': 1}"},
        {"{'anyOf': [{'properties': {'a': {'const': 1}}}]}", "{'%s': 1}"},
        {"{'uniqueItems': true}", "['%s', 1]"},
        {"{'uniqueItems': true}", "[[{'%s': 1}], 1]"},
        {"{'not': {'enum': [1, 2]}}", "%s"},
        {"{'type': 'integer'}", "%s"},
        {"{'minimum': 1}", "%s"},
    };
    apr_size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const ag_schema_t *schema = schema_of(cases[i][0], AG_DIALECT_2020_12, *state);
        const char *text = apr_psprintf(*state, cases[i][1], times("7", 6400, *state));

        assert_in_range(cost(schema, text, AG_SCHEMA_YES, *state), 100, 500);
    }
}

/* A pattern that needs PCRE2's other algorithm takes milliseconds for a kilobyte: that is charged, too. 900 KB of such took
 * eleven seconds. */
static void test_slow_patterns(void **state)
{
    const ag_schema_t *schema =
        schema_of("{'not': {'pattern': '^[a-z!]{1,200}[a-z0-9]{1,200}[a-z]{1,200}!$'}}", AG_DIALECT_2020_12, *state);

    cost(schema, apr_psprintf(*state, "'%s!'", times("a", 20, *state)), AG_SCHEMA_NO, *state);
    cost(schema, apr_psprintf(*state, "'%s!'", times("a", 999, *state)), AG_SCHEMA_COSTLY, *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_exponential), TEST(test_not),   TEST(test_levels),     TEST(test_dynamic_circle),
        TEST(test_unique),      TEST(test_bytes), TEST(test_long_texts), TEST(test_slow_patterns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
