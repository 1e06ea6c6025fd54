/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is particular to OpenAPI: nullable, boolean exclusive bounds, readOnly, discriminator; and what a schema says
 * of any value, for parameters.
 */
#include "schema_fixture.h"

typedef struct {
    const char *schema;
    int reading;
    const char *value, *findings;
} case_t;

static void try_all(const case_t *cases, int n, ag_dialect_e dialect, apr_pool_t *p)
{
    int i;

    for (i = 0; i < n; i++) {
        const char *found = findings_of(schema_of(cases[i].schema, dialect, p), cases[i].value, cases[i].reading, p);

        if (strcmp(found, cases[i].findings) != 0) {
            fail_msg("%s of %s:\n%s\nnot\n%s", cases[i].schema, cases[i].value, found, cases[i].findings);
        }
    }
}

static void test_30(void **state)
{
    static const case_t cases[] = {
        {"{'type': 'string', 'nullable': true}", 0, "null", ""},
        {"{'type': 'string', 'nullable': false}", 0, "null", " type is null, not a string"},
        {"{'type': 'string', 'nullable': true}", 0, "1", " type is a number, not a string or null"},
        {"{'nullable': true, 'allOf': [{'type': 'string'}]}", 0, "null", " type is null, not a string"},
        {"{'minimum': 1, 'exclusiveMinimum': true}", 0, "1", " exclusiveMinimum is not more than 1"},
        {"{'minimum': 1, 'exclusiveMinimum': false}", 0, "1", ""},
        {"{'maximum': 1, 'exclusiveMaximum': true}", 0, "1", " exclusiveMaximum is not less than 1"},
        {"{'exclusiveMaximum': true}", 0, "1", ""},
        {"{'$ref': '#/x', 'minimum': 5, 'x': {'maximum': 3}}", 0, "2", ""},
        {"{'const': 1, 'if': true, 'then': false, 'contains': false, 'propertyNames': false}", 0, "2", ""},
        {"{'example': 'x', 'xml': {'name': 'x'}, 'externalDocs': {'url': 'x'}, 'x-mine': 7}", 0, "2", ""},
        {"{'type': 'integer', 'format': 'int32'}", 0, "2147483648", " format is no whole number of 32 bits"},
    };

    try_all(cases, N_OF(cases), AG_DIALECT_OPENAPI_30, *state);
}

static void test_read_only(void **state)
{
    static const char text[] =
        "{'required': ['id', 'name'], 'properties': {'id': {'type': 'integer', 'readOnly': true},"
        " 'by': {'$ref': '#/x'}, 'at': {'allOf': [{'$ref': '#/x'}]}, 'w': {'writeOnly': true}}, 'x': {'readOnly': true}}";
    const case_t cases[] = {
        {text, 1, "{'name':1}", ""},
        {text, 1, "{'name':1,'id':1,'by':1,'at':1,'w':1}",
         "/id readOnly is only for answers\n/by readOnly is only for answers\n/at readOnly is only for answers"},
        {text, 1, "{}", " required lacks the member \"name\""},
        {text, 0, "{'name':1,'id':1,'by':1,'at':1,'w':1}", ""},
        {text, 0, "{'name':1}", " required lacks the member \"id\""},
    };

    try_all(cases, N_OF(cases), AG_DIALECT_OPENAPI_30, *state);
    try_all(cases, N_OF(cases), AG_DIALECT_OPENAPI_31, *state);
    assert_string_equal(findings_of(schema_of(text, AG_DIALECT_2020_12, *state), "{'name':1,'id':1}", 1, *state), "");
}

#define PETS                                                                                                         \
    "'components': {'schemas': {'Cat': {'properties': {'lives': {'maximum': 9}}},"                                   \
    " 'Dog': {'properties': {'legs': {'maximum': 4}}}}}}"
#define CAT "{'$ref': '#/components/schemas/Cat'}"
#define DOG "{'$ref': '#/components/schemas/Dog'}"

static void test_discriminator(void **state)
{
    static const char plain[] = "{'oneOf': [" CAT "," DOG "], 'discriminator': {'propertyName': 'kind'}," PETS;
    static const char mapped[] = "{'anyOf': [" CAT "," DOG "], 'discriminator': {'propertyName': 'kind', 'mapping':"
                                 " {'c': 'Cat', 'd': '#/components/schemas/Dog', 'Cat': 'Dog', 'x': 'Nobody'}}," PETS;
    static const char fallback[] = "{'oneOf': [" CAT "," DOG "], 'discriminator': {'propertyName': 'kind',"
                                   " 'defaultMapping': 'Dog'}," PETS;
    static const char nameless[] =
        "{'oneOf': [" CAT ",{'type': 'null'}], 'discriminator': {'propertyName': 'kind'}," PETS;
    static const case_t cases[] = {
        {plain, 0, "{'kind':'Cat','lives':9}", ""},
        {plain, 0, "{'kind':'Cat','lives':10}", "/lives maximum is more than 9"},
        {plain, 0, "{'kind':'Dog','lives':10,'legs':5}", "/legs maximum is more than 4"},
        {plain, 0, "{'kind':'Bird'}", "/kind discriminator is none of the values that \"kind\" may have"},
        {plain, 0, "{'kind':7}", "/kind discriminator is none of the values that \"kind\" may have"},
        {plain, 0, "{}", " discriminator lacks the member \"kind\", which says what it is"},
        {plain, 0, "7", " oneOf fits more than one of the schemas, of which one must take it"},
        {mapped, 0, "{'kind':'c','lives':10}", "/lives maximum is more than 9"},
        {mapped, 0, "{'kind':'d','legs':10}", "/legs maximum is more than 4"},
        {mapped, 0, "{'kind':'Cat','legs':10}", "/legs maximum is more than 4"},
        {mapped, 0, "{'kind':'x'}", "/kind discriminator is none of the values that \"kind\" may have"},
        {fallback, 0, "{'legs':10}", "/legs maximum is more than 4"},
        {fallback, 0, "{'kind':'Bird','legs':4}", ""},
        {nameless, 0, "{'lives':10}", "/lives maximum is more than 9"},
        {nameless, 0, "null", " oneOf fits more than one of the schemas, of which one must take it"},
        {"{'discriminator': {'propertyName': 'kind'}}", 0, "{}", ""},
    };

    try_all(cases, N_OF(cases), AG_DIALECT_OPENAPI_30, *state);
    try_all(cases, N_OF(cases), AG_DIALECT_OPENAPI_31, *state);
}

/* ---- hints ------------------------------------------------------------------------------------------------- */

#define NUMBER (1u << AG_JSON_NUMBER)
#define STRING (1u << AG_JSON_STRING)
#define ARRAY  (1u << AG_JSON_ARRAY)
#define NUL    (1u << AG_JSON_NULL)

static void test_kinds(void **state)
{
    static const struct {
        const char *schema;
        unsigned kinds;
    } cases[] = {
        {"true", 0x7F},
        {"false", 0},
        {"{'type': 'integer'}", NUMBER | AG_SCHEMA_WHOLE},
        {"{'type': ['integer', 'number', 'null']}", NUMBER | NUL},
        {"{'type': ['integer', 'string']}", NUMBER | STRING | AG_SCHEMA_WHOLE},
        {"{'$ref': '#/$defs/a', '$defs': {'a': {'type': 'string'}}}", STRING},
        {"{'allOf': [{'type': ['number', 'string']}, {'type': ['integer', 'array']}]}", NUMBER | AG_SCHEMA_WHOLE},
        {"{'allOf': [{'type': ['number', 'string']}, {'type': ['string', 'array']}], 'type': ['string', 'array']}",
         STRING},
        {"{'anyOf': [{'type': 'string'}]}", 0x7F},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const ag_schema_t *schema = schema_of(cases[i].schema, AG_DIALECT_2020_12, *state);

        assert_int_equal(ag_schema_kinds(schema), cases[i].kinds);
    }
}

static void test_parts(void **state)
{
    static const char text[] = "{'allOf': [{'$ref': '#/$defs/a'}, {'additionalProperties': {'type': 'null'}}],"
                               " '$defs': {'a': {'properties': {'n': {'type': 'string'}},"
                               " 'patternProperties': {'^x': {'type': 'array'}}, 'items': {'type': 'number'}}}}";
    const ag_schema_t *schema = schema_of(text, AG_DIALECT_2020_12, *state);

    assert_int_equal(ag_schema_kinds(ag_schema_property(schema, "n", 1)), STRING);
    assert_int_equal(ag_schema_kinds(ag_schema_property(schema, "xy", 2)), ARRAY);
    assert_int_equal(ag_schema_kinds(ag_schema_property(schema, "other", 5)), NUL);
    assert_int_equal(ag_schema_kinds(ag_schema_items(schema)), NUMBER);
    schema = schema_of("{'prefixItems': [true], 'items': {'type': 'null'}}", AG_DIALECT_2020_12, *state);
    assert_null(ag_schema_items(schema));
    assert_null(ag_schema_property(schema, "n", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_30), TEST(test_read_only), TEST(test_discriminator), TEST(test_kinds), TEST(test_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
