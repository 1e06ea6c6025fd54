/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client is told about a value that a schema does not take: where, by which keyword, in which words.
 */
#include "schema_fixture.h"

static const struct {
    const char *schema, *value, *findings;
} cases[] = {
    {"{'type': 'string'}", "7", " type is a number, not a string"},
    {"{'type': ['string', 'null']}", "{}", " type is an object, not a string or null"},
    {"{'type': ['string', 'boolean', 'array']}", "null", " type is null, not a string, true or false or an array"},
    {"{'type': 'integer'}", "1.5", " type is a number, not a whole number"},
    {"{'type': 'integer'}", "1.0", ""},
    {"{'type': 'boolean'}", "'x'", " type is a string, not true or false"},
    {"false", "7", " schema is not allowed here"},
    {"{'enum': ['a', 1, {'b': [2]}]}", "'b'", " enum is none of the values allowed here"},
    {"{'enum': ['a', 1, {'b': [2]}]}", "{'b':[2.0]}", ""},
    {"{'const': 5}", "6", " const is not the one value allowed here"},
    {"{'minimum': 1}", "0.5", " minimum is less than 1"},
    {"{'maximum': 1}", "1.5", " maximum is more than 1"},
    {"{'exclusiveMinimum': 1, 'multipleOf': 0.2}", "0.5",
     " exclusiveMinimum is not more than 1\n multipleOf is no multiple of 0.2"},
    {"{'exclusiveMaximum': -1e3}", "-1000", " exclusiveMaximum is not less than -1e3"},
    {"{'maximum': 99999999999999999999}", "99999999999999999999.1", " maximum is more than 99999999999999999999"},
    {"{'minLength': 3}", "'\xC3\xA4\xC3\xB6'", " minLength is shorter than 3"},
    {"{'maxLength': 2}", "'\xC3\xA4\xC3\xB6\xC3\xBC'", " maxLength is longer than 2"},
    {"{'maxLength': 2}", "'\xC3\xA4\xC3\xB6'", ""},
    {"{'pattern': '^a'}", "'ba'", " pattern does not match the pattern"},
    {"{'minItems': 2}", "[1]", " minItems has less than 2"},
    {"{'maxItems': 0}", "[1]", " maxItems has more than 0"},
    {"{'minProperties': 1}", "{}", " minProperties has less than 1"},
    {"{'maxProperties': 1}", "{'a':1,'b':2}", " maxProperties has more than 1"},
    {"{'required': ['a', 'b/c']}", "{}", " required lacks the member \"a\"\n required lacks the member \"b/c\""},
    {"{'properties': {'a/b': {'type': 'null'}}}", "{'a/b':1}", "/a~1b type is a number, not null"},
    {"{'properties': {'a': true}, 'additionalProperties': false}", "{'a':1,'x':2}",
     "/x additionalProperties is not allowed here"},
    {"{'patternProperties': {'^x': {'type': 'string'}}}", "{'xy':1,'y':1}", "/xy type is a number, not a string"},
    {"{'propertyNames': {'maxLength': 1}}", "{'a':1,'bc':2}", "/bc propertyNames has a name that is not allowed"},
    {"{'dependentRequired': {'a': ['b']}}", "{'a':1}",
     " dependentRequired lacks the member \"b\", which another one asks for"},
    {"{'dependentSchemas': {'a': {'required': ['c']}}}", "{'a':1}", " required lacks the member \"c\""},
    {"{'items': {'type': 'string'}}", "['a',1,'b',2]",
     "/1 type is a number, not a string\n/3 type is a number, not a string"},
    {"{'prefixItems': [true], 'items': false}", "[1,2]", "/1 items is not allowed here"},
    {"{'contains': {'type': 'string'}}", "[1]", " contains has less than 1 items that fit"},
    {"{'contains': {'type': 'string'}, 'maxContains': 1}", "['a','b']",
     " maxContains has more than 1 items that fit"},
    {"{'uniqueItems': true}", "[1,{'a':[1]},1.0,{'a':[1.0]}]", "/2 uniqueItems stands there twice"},
    {"{'not': {'type': 'string'}}", "'a'", " not fits a schema that must not take it"},
    {"{'allOf': [{'minimum': 3}, {'maximum': 1}]}", "2", " minimum is less than 3\n maximum is more than 1"},
    {"{'if': {'type': 'string'}, 'then': {'minLength': 2}, 'else': {'minimum': 2}}", "'a'",
     " minLength is shorter than 2"},
    {"{'if': {'type': 'string'}, 'then': {'minLength': 2}, 'else': {'minimum': 2}}", "1", " minimum is less than 2"},
    {"{'oneOf': [{'minimum': 1}, {'maximum': 5}]}", "3",
     " oneOf fits more than one of the schemas, of which one must take it"},
    {"{'anyOf': [{'minimum': 4}, {'maximum': 2}]}", "3", " anyOf fits none of the schemas"},
    {"{'unevaluatedProperties': false, 'properties': {'a': true}}", "{'a':1,'b':1}",
     "/b unevaluatedProperties is not allowed here"},
    {"{'unevaluatedItems': {'type': 'null'}, 'prefixItems': [true]}", "[1,null,2]", "/2 type is a number, not null"},
    {"{'unevaluatedProperties': false, 'properties': {'a': {'type': 'null'}}}", "{'a':1,'b':1}",
     "/a type is a number, not null"}, /* what the others have looked at is known only if they agree */
    {"{'format': 'date'}", "'yesterday'", " format is no date (YYYY-MM-DD, RFC 3339)"},
};

static void test_each(void **state)
{
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const ag_schema_t *schema = schema_of(cases[i].schema, AG_DIALECT_2020_12, *state);
        const char *found = findings_of(schema, cases[i].value, 0, *state);

        if (strcmp(found, cases[i].findings) != 0) {
            fail_msg("%s of %s:\n%s\nnot\n%s", cases[i].schema, cases[i].value, found, cases[i].findings);
        }
    }
}

/* Of several schemas, the one that was surely meant says what is wrong. */
static void test_best(void **state)
{
    static const char pets[] =
        "{'oneOf': [{'$ref': '#/$defs/cat'}, {'$ref': '#/$defs/dog'}, {'type': 'null'}],"
        " '$defs': {'cat': {'properties': {'kind': {'const': 'cat'}, 'lives': {'maximum': 9}}},"
        " 'dog': {'properties': {'kind': {'enum': ['dog', 'hound']}, 'legs': {'maximum': 4}}}}}";
    static const char *const values[][2] = {
        {"{'kind':'cat','lives':10}", "/lives maximum is more than 9"},
        {"{'kind':'hound','legs':5,'lives':10}", "/legs maximum is more than 4"},
        {"{'kind':'bird'}", " oneOf fits none of the schemas"},
        {"{'legs':5,'lives':10}", " oneOf fits none of the schemas"},
        {"{'legs':5}", ""},
        {"{}", " oneOf fits more than one of the schemas, of which one must take it"},
    };
    const ag_schema_t *schema = schema_of(pets, AG_DIALECT_2020_12, *state);
    int i;

    for (i = 0; i < N_OF(values); i++) {
        assert_string_equal(findings_of(schema, values[i][0], 0, *state), values[i][1]);
    }
    schema =
        schema_of("{'anyOf': [{'type': 'string', 'minLength': 3}, {'type': 'null'}]}", AG_DIALECT_2020_12, *state);
    assert_string_equal(findings_of(schema, "'a'", 0, *state), " minLength is shorter than 3");
    assert_string_equal(findings_of(schema, "1", 0, *state), " anyOf fits none of the schemas");
}

/* Twenty are told, one more says that there are more, and then the walk ends: a million items cost no more. */
static void test_cap(void **state)
{
    const ag_schema_t *schema = schema_of("{'items': {'type': 'string'}}", AG_DIALECT_2020_12, *state);
    const char *text = apr_pstrcat(*state, "[", times("1,", 50000, *state), "1]", NULL);
    ag_findings_t findings = {0};
    ag_schema_run_t run = {*state, &findings, {NULL, NULL, NULL, NULL, NULL}, STEPS, 0};

    assert_int_equal(ag_schema_check(&run, schema, doc_in(text, *state), 0), AG_SCHEMA_NO);
    assert_int_equal(findings.n, AG_FINDINGS_MOST + 1);
    assert_string_equal(findings.list[19].pointer, "/19");
    assert_true(run.steps > STEPS - 100);
}

/* Where a parameter is checked, its findings say so. */
static void test_place(void **state)
{
    const ag_schema_t *schema = schema_of("{'type': 'string'}", AG_DIALECT_2020_12, *state);
    ag_findings_t findings = {0};
    ag_schema_run_t run = {*state, &findings, {"query", "page", NULL, NULL, NULL}, STEPS, 0};

    assert_int_equal(ag_schema_check(&run, schema, doc_in("[7]", *state), 1), AG_SCHEMA_NO);
    assert_string_equal(findings.list[0].in, "query");
    assert_string_equal(findings.list[0].name, "page");
    assert_string_equal(findings.list[0].pointer, "/0");
}

/* Few items are compared with each other, many are hashed: each place of the twin, each number of items. */
static void test_unique(void **state)
{
    const ag_schema_t *schema = schema_of("{'uniqueItems': true}", AG_DIALECT_2020_12, *state);
    int n, twin, i;

    for (n = 2; n < 20; n++) {
        for (twin = 0; twin < n; twin++) {
            const char *text = "[", *wanted = apr_psprintf(*state, "/%d uniqueItems stands there twice", n - 1);

            for (i = 0; i < n; i++) {
                int value = i == n - 1 ? twin : i;

                text = apr_psprintf(*state, "%s%s{'b':[],'a':%d%s}", text, i ? "," : "", value, i % 2 ? ".0" : "");
            }
            text = apr_pstrcat(*state, text, "]", NULL);
            assert_string_equal(findings_of(schema, text, 0, *state), twin < n - 1 ? wanted : "");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_unique), TEST(test_each), TEST(test_best), TEST(test_cap), TEST(test_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
