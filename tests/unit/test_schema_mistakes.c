/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with a schema stops the start: file, JSON pointer, sentence. What nobody knows is ignored.
 */
#include "schema_fixture.h"

static const struct {
    const char *schema, *error;
} cases[] = {
    {"7", "#: a schema is an object, true or false"},
    {"{'minimum': '3'}", "#/minimum: minimum takes a number, not a string"},
    {"{'exclusiveMinimum': true}", "#/exclusiveMinimum: exclusiveMinimum takes a number, not true"},
    {"{'multipleOf': 0}", "#/multipleOf: multipleOf takes a number above 0"},
    {"{'multipleOf': -1}", "#/multipleOf: multipleOf takes a number above 0"},
    {"{'multipleOf': 1234567890123456789}", "#/multipleOf: multipleOf takes a number of at most 18 digits"},
    {"{'maxLength': -1}", "#/maxLength: maxLength takes a whole number from 0"},
    {"{'maxLength': 1.5}", "#/maxLength: maxLength takes a whole number from 0"},
    {"{'minItems': null}", "#/minItems: minItems takes a number, not null"},
    {"{'minContains': -1}", "#/minContains: minContains takes a whole number from 0"},
    {"{'type': 'strng'}",
     "#/type: type does not know \"strng\": string, integer, number, object, array, boolean, null"},
    {"{'type': ['string', 7]}", "#/type/1: type takes a string, not a number"},
    {"{'type': []}", "#/type: type takes at least one type"},
    {"{'type': {}}", "#/type: type takes a string or an array, not an object"},
    {"{'enum': 'a'}", "#/enum: enum takes an array, not a string"},
    {"{'pattern': 7}", "#/pattern: pattern takes a string, not a number"},
    {"{'format': []}", "#/format: format takes a string, not an array"},
    {"{'uniqueItems': 1}", "#/uniqueItems: uniqueItems takes true or false, not a number"},
    {"{'required': 'a'}", "#/required: required takes an array, not a string"},
    {"{'required': ['a', 1]}", "#/required/1: required takes strings, not a number"},
    {"{'required': ['a', 'a']}", "#/required/1: required names \"a\" twice"},
    {"{'properties': []}", "#/properties: properties takes an object, not an array"},
    {"{'properties': {'a/b': 'string'}}",
     "#/properties/a~1b: properties takes true or false or an object, not a string"},
    {"{'additionalProperties': 'no'}",
     "#/additionalProperties: additionalProperties takes true or false or an object, not a string"},
    {"{'propertyNames': 7}", "#/propertyNames: propertyNames takes true or false or an object, not a number"},
    {"{'dependentRequired': {'a': 'b'}}", "#/dependentRequired/a: dependentRequired takes an array, not a string"},
    {"{'dependentSchemas': {'a': []}}",
     "#/dependentSchemas/a: dependentSchemas takes true or false or an object, not an array"},
    {"{'items': [{}]}", "#/items: items takes true or false or an object, not an array"},
    {"{'prefixItems': {}}", "#/prefixItems: prefixItems takes an array, not an object"},
    {"{'prefixItems': []}", "#/prefixItems: prefixItems takes at least one schema"},
    {"{'allOf': []}", "#/allOf: allOf takes at least one schema"},
    {"{'anyOf': {}}", "#/anyOf: anyOf takes an array, not an object"},
    {"{'oneOf': [{}, 7]}", "#/oneOf/1: oneOf takes true or false or an object, not a number"},
    {"{'not': 'a'}", "#/not: not takes true or false or an object, not a string"},
    {"{'if': 7}", "#/if: if takes true or false or an object, not a number"},
    {"{'then': 7}", "#/then: then takes true or false or an object, not a number"},
    {"{'contains': 7}", "#/contains: contains takes true or false or an object, not a number"},
    {"{'unevaluatedItems': 7}",
     "#/unevaluatedItems: unevaluatedItems takes true or false or an object, not a number"},
    {"{'title': 7}", "#/title: title takes a string, not a number"},
    {"{'deprecated': 'yes'}", "#/deprecated: deprecated takes true or false, not a string"},
    {"{'$defs': []}", "#/$defs: $defs takes an object, not an array"},
    {"{'items': {'allOf': [{'minimum': '1'}]}}", "#/items/allOf/0/minimum: minimum takes a number, not a string"},
    {"{'$id': 7}", "#/$id: $id takes a string, not a number"},
    {"{'$id': 'a#b'}", "#/$id: $id has no fragment: a name in a document is an $anchor"},
    {"{'$anchor': '1a'}", "#/$anchor: a name begins with a letter or _, and letters, digits, -, _ and . follow"},
    {"{'$defs': {'a': {'$anchor': 'x'}, 'b': {'$anchor': 'x'}}}",
     "#/$defs/a/$anchor: another schema of this document has the same name"},
    {"{'$defs': {'a': {'$id': 'x'}, 'b': {'$id': 'x'}}}",
     "#/$defs/a/$id: another schema has the same $id, in api.json"},
    {"{'$ref': 7}", "#/$ref: $ref takes a string, not a number"},
    {"{'$ref': '#/$defs/nobody'}", "#/$ref: \"#/$defs/nobody\" leads nowhere"},
    {"{'$ref': '#nobody'}", "#/$ref: \"#nobody\" leads nowhere"},
    {"{'$ref': '#/%zz'}", "#/$ref: this is no reference: RFC 3986 has its form"},
    {"{'$ref': '#/const', 'const': 7}", "#/const: a schema is an object, true or false"},
    {"{'$ref': 'urn:nobody'}", "#/$ref: \"urn:nobody\" is the $id of no schema here"},
    {"{'$ref': 'https://example.com/a.json'}",
     "#/$ref: \"https://example.com/a.json\" is elsewhere, and nothing is fetched: keep it as a file beside this one, "
     "and write \"file:NAME.json\""},
    {"{'$schema': 'http://json-schema.org/draft-04/schema#'}",
     "#/$schema: \"http://json-schema.org/draft-04/schema\" is not known here: "
     "https://json-schema.org/draft/2020-12/schema and http://json-schema.org/draft-07/schema# are"},
    {"{'$schema': 7}", "#/$schema: $schema takes a string"},
    {"{'$ref': '#'}", "#: this schema leads back to itself without looking at a part of the value"},
    {"{'$dynamicRef': '#a', '$dynamicAnchor': 'a'}",
     "#: this schema leads back to itself without looking at a part of the value"},
    {"{'$ref': '#/$defs/a', '$defs': {'a': {'anyOf': [true, {'not': {'$ref': '#/$defs/a'}}]}}}",
     "#/$defs/a: this schema leads back to itself without looking at a part of the value"},
    {"{'properties': {'a': {'$ref': '#/properties/b'}, 'b': {'$ref': '#/properties/a'}}}",
     "#/properties/a: this schema leads back to itself without looking at a part of the value"},
};

static const char *error_of(const char *schema, ag_dialect_e dialect, apr_pool_t *p)
{
    ag_schema_options_t options = {dialect, 1, NULL, NULL};
    const ag_schema_t *unused;

    return compiled(&unused, schema, &options, p);
}

static void test_mistakes(void **state)
{
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const char *error = error_of(cases[i].schema, AG_DIALECT_2020_12, *state);

        if (!error || strncmp(error, "api.json", 8) != 0 || strcmp(error + 8, cases[i].error) != 0) {
            fail_msg("%s:\n%s\nnot api.json%s", cases[i].schema, error, cases[i].error);
        }
    }
}

static void test_pattern(void **state)
{
    const char *error = error_of("{'properties': {'a': {'pattern': '('}}}", AG_DIALECT_2020_12, *state);

    assert_non_null(strstr(error, "api.json#/properties/a/pattern: pattern cannot be used: "));
    error = error_of("{'patternProperties': {'[': true}}", AG_DIALECT_2020_12, *state);
    assert_non_null(
        strstr(error, "api.json#/patternProperties/[: patternProperties has a name that cannot be used: "));
}

static void test_dialects(void **state)
{
    static const struct {
        const char *schema;
        ag_dialect_e dialect;
        const char *error; /* NULL: none */
    } other[] = {
        {"{'unknown': 7, 'minimums': '3', 'x-mine': []}", AG_DIALECT_2020_12, NULL},
        {"{'items': [{}]}", AG_DIALECT_07, NULL},
        {"{'items': [], 'additionalItems': 7}", AG_DIALECT_07,
         "api.json#/additionalItems: additionalItems takes true or false or an object, not a number"},
        {"{'prefixItems': 7, 'unevaluatedItems': 7}", AG_DIALECT_07, NULL},
        {"{'$ref': '#/definitions/a', 'minimum': '3', 'definitions': {'a': true}}", AG_DIALECT_07, NULL},
        {"{'$ref': '#/a', 'minimum': '3', 'a': {}}", AG_DIALECT_OPENAPI_30, NULL},
        {"{'exclusiveMinimum': 3}", AG_DIALECT_OPENAPI_30,
         "api.json#/exclusiveMinimum: exclusiveMinimum takes true or false, not a number"},
        {"{'type': ['string']}", AG_DIALECT_OPENAPI_30, "api.json#/type: type takes a string, not an array"},
        {"{'nullable': 'yes'}", AG_DIALECT_OPENAPI_30,
         "api.json#/nullable: nullable takes true or false, not a string"},
        {"{'nullable': 'yes'}", AG_DIALECT_OPENAPI_31, NULL},
        {"{'discriminator': 'kind'}", AG_DIALECT_OPENAPI_31,
         "api.json#/discriminator: discriminator takes an object, not a string"},
        {"{'discriminator': {}}", AG_DIALECT_OPENAPI_31,
         "api.json#/discriminator: discriminator takes a member \"propertyName\", which is a string"},
        {"{'discriminator': 'kind'}", AG_DIALECT_2020_12, NULL},
        {"{'example': 1, 'xml': [], 'externalDocs': 1}", AG_DIALECT_OPENAPI_30, NULL},
    };
    int i;

    for (i = 0; i < N_OF(other); i++) {
        const char *error = error_of(other[i].schema, other[i].dialect, *state);

        if (strcmp(error ? error : "", other[i].error ? other[i].error : "") != 0) {
            fail_msg("%s: %s", other[i].schema, error);
        }
    }
}

/* As deep as a document may be: a sentence, or a schema that is walked; never a crash. */
static void test_deep(void **state)
{
    const char *all = apr_pstrcat(*state, times("{'allOf':[", 450, *state), "{}", times("]}", 450, *state), NULL);
    const char *items = apr_pstrcat(*state, times("{'items':", 990, *state), "{}", times("}", 990, *state), NULL);
    const char *value = apr_pstrcat(*state, times("[", 950, *state), times("]", 950, *state), NULL);
    const char *error = error_of(all, AG_DIALECT_2020_12, *state);

    assert_non_null(strstr(error, ": more than 250 schemas within one another would look at the same value"));
    assert_string_equal(findings_of(schema_of(items, AG_DIALECT_2020_12, *state), value, 0, *state), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_mistakes),
        TEST(test_pattern),
        TEST(test_dialects),
        TEST(test_deep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
