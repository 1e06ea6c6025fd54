/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schemas in several files, and where a reference leads: relative ones and file: are read beside the schema's own
 * file, whatever its $id is; nothing else is.
 */
#include "schema_fixture.h"

static const char *const files[] = {
    "/etc/api/order.json",
    "{'properties': {'to': {'$ref': 'parts/address.json'}, 'n': {'$ref': 'file:number.json#/$defs/n'}}}",
    "/etc/api/parts/address.json",
    "{'$id': 'https://example.com/address', 'required': ['city'],"
    " 'properties': {'up': {'$ref': 'file:../number.json#n'}}}",
    "/etc/api/number.json",
    "{'$defs': {'n': {'$anchor': 'n', 'type': 'number'}}}",
    "/etc/api/named.json",
    "{'$id': 'https://example.com/v1/named.json', 'properties': {'a': {'$ref': 'other.json'},"
    " 'c': {'$ref': 'file:///etc/api/other.json'}}}",
    "/etc/api/other.json",
    "{'type': 'boolean'}",
    "/etc/api/broken.json",
    "{'minimum': ",
    "/etc/api/to-broken.json",
    "{'$ref': 'broken.json'}",
    "/etc/api/to-nothing.json",
    "{'$ref': 'nothing.json#/a'}",
    "/etc/api/to-wrong.json",
    "{'properties': {'a': {'$ref': 'wrong.json'}}}",
    "/etc/api/wrong.json",
    "{'minimum': 'x'}",
    "/etc/api/a b.json",
    "{'type': 'null'}",
    "/etc/api/escaped.json",
    "{'$ref': 'a%20b.json'}",
    "/etc/api/meta.json",
    "{'$ref': 'https://json-schema.org/draft/2020-12/schema'}",
    "/etc/api/meta7.json",
    "{'$ref': 'http://json-schema.org/draft-07/schema#'}",
    "/etc/api/circle.json",
    "{'properties': {'next': {'$ref': 'circle2.json'}}, 'type': 'object'}",
    "/etc/api/circle2.json",
    "{'anyOf': [{'$ref': './circle.json'}, {'type': 'null'}]}",
    "/etc/api/generated.json", /* as jsonschema.net writes it */
    "{'$schema': 'http://json-schema.org/draft-07/schema#', '$id': 'https://example.com/g.json', 'properties': {'a': "
    "{'$id': '#/properties/a', 'type': 'string'}, 'b': {'$ref': '#/properties/a'}}}",
    NULL,
};

static const char *load(const ag_schema_t **schema, const char *path, apr_pool_t *p)
{
    ag_schema_options_t options = {AG_DIALECT_2020_12, 1, read_file, (void *)(uintptr_t)files};
    ag_schemas_t *set = ag_schemas_make(&options, p);
    const char *error = ag_schemas_add_file(set, path);
    const ag_schema_t *again;

    error = error ? error : ag_schemas_compile(schema, set, path, "");
    error = error ? error : ag_schemas_finish(set);
    if (!error) {
        assert_null(ag_schemas_add_file(set, path));
        assert_null(ag_schemas_compile(&again, set, path, ""));
        assert_ptr_equal(*schema, again);
    }
    return error;
}

static void test_files(void **state)
{
    static const struct {
        const char *path, *value, *findings;
    } cases[] = {
        {"/etc/api/order.json", "{'to':{'city':1,'up':2},'n':3}", ""},
        {"/etc/api/order.json", "{'to':{'up':'x'},'n':'3'}",
         "/to/up type is a string, not a number\n/to required lacks the member \"city\"\n/n type is a string, not a number"},
        {"/etc/api/../api/./order.json", "{'to':{'city':1},'n':3}", ""},
        {"file:///etc/api/order.json", "{'n':'3'}", "/n type is a string, not a number"},
        {"/etc/api/named.json", "{'a':true,'c':true}", ""},
        {"/etc/api/named.json", "{'a':1,'c':1}",
         "/a type is a number, not true or false\n"
         "/c type is a number, not true or false"},
        {"/etc/api/generated.json", "{'a':1,'b':1}",
         "/a type is a number, not a string\n"
         "/b type is a number, not a string"},
        {"/etc/api/escaped.json", "1", " type is a number, not null"},
        {"/etc/api/meta.json", "{'type':'string','$defs':{'a':{'minLength':1}}}", ""},
        {"/etc/api/meta.json", "{'$defs':{'a':{'minLength':-1}}}", "/$defs/a/minLength minimum is less than 0"},
        {"/etc/api/meta7.json", "{'definitions':{'a':{'minLength':-1}}}",
         "/definitions/a/minLength minimum is less than 0"},
        {"/etc/api/circle.json", "{'next':{'next':{'next':null}}}", ""},
        {"/etc/api/circle.json", "{'next':{'next':{'next':1}}}", "/next/next/next anyOf fits none of the schemas"},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const ag_schema_t *schema;
        const char *error = load(&schema, cases[i].path, *state);

        if (error) {
            fail_msg("%s", error);
        }
        assert_string_equal(findings_of(schema, cases[i].value, 0, *state), cases[i].findings);
    }
}

static void test_mistakes(void **state)
{
    static const char *const cases[][2] = {
        {"/etc/api/nothing.json", "/etc/api/nothing.json: there is no such file"},
        {"/etc/api/to-nothing.json",
         "/etc/api/to-nothing.json#/$ref: \"nothing.json#/a\" cannot be read: there is no such file"},
        {"/etc/api/to-wrong.json", "/etc/api/wrong.json#/minimum: minimum takes a number, not a string"},
        {"/etc/api/to-broken.json", "/etc/api/broken.json#: a value is missing or none of JSON's, at byte 12"},
    };
    const ag_schema_t *schema;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        assert_string_equal(load(&schema, cases[i][0], *state), cases[i][1]);
    }
}

/* Without options.read no file is opened. */
static void test_no_files(void **state)
{
    ag_schema_options_t options = {AG_DIALECT_2020_12, 1, NULL, NULL};
    const ag_schema_t *schema;

    assert_string_equal(compiled(&schema, "{'$ref': 'x.json'}", &options, *state),
                        "api.json#/$ref: \"x.json\" cannot be read: no files are read here");
}

/* Parts of a document that is no schema itself, as OpenAPI's are; the same place is the same schema. */
static void test_places(void **state)
{
    static const char text[] = "{'openapi': '3.1.0', 'paths': {'/a': {'schema': {'$ref': '#/components/schemas/A'}}},"
                               " 'components': {'schemas': {'A': {'$id': 'urn:a', 'type': 'string'},"
                               " 'B': {'$ref': 'urn:a'}}}}";
    ag_schema_options_t options = {AG_DIALECT_OPENAPI_31, 1, NULL, NULL};
    ag_schemas_t *set = ag_schemas_make(&options, *state);
    const ag_schema_t *a, *b, *again;

    assert_null(ag_schemas_add(set, doc_in(text, *state), "api.json"));
    assert_null(ag_schemas_compile(&a, set, "api.json", "/paths/~1a/schema"));
    assert_null(ag_schemas_compile(&b, set, "api.json", "/components/schemas/B"));
    assert_null(ag_schemas_compile(&again, set, "./api.json", "/paths/~1a/schema"));
    assert_ptr_equal(a, again);
    assert_null(ag_schemas_finish(set));
    assert_string_equal(findings_of(a, "1", 0, *state), " type is a number, not a string");
    assert_string_equal(findings_of(b, "1", 0, *state), " type is a number, not a string");
    assert_string_equal(ag_schemas_compile(&a, set, "api.json", "/paths/~1b"),
                        "api.json#/paths/~1b: nothing is there");
    assert_string_equal(ag_schemas_compile(&a, set, "b.json", ""), "b.json#: this document is not here");
}

/* Among many members the right one is found, and the wrong one is not. */
static void test_wide(void **state)
{
    const char *text = "{'$ref': '#/$defs/d77', '$defs': {";
    ag_schema_options_t options = {AG_DIALECT_2020_12, 1, NULL, NULL};
    const ag_schema_t *schema;
    int i;

    for (i = 0; i < 100; i++) {
        text = apr_pstrcat(*state, text, i ? "," : "", apr_psprintf(*state, "'d%d': {'const': %d}", i, i), NULL);
    }
    schema = schema_of(apr_pstrcat(*state, text, "}}", NULL), AG_DIALECT_2020_12, *state);
    assert_string_equal(findings_of(schema, "77", 0, *state), "");
    assert_string_equal(findings_of(schema, "76", 0, *state), " const is not the one value allowed here");
    text = apr_pstrcat(*state, text, "}}", NULL);
    text = apr_pstrcat(*state, "{'allOf': [{'$ref': '#/$defs/d100'}],", strchr(text, ',') + 1, NULL);
    assert_string_equal(compiled(&schema, text, &options, *state),
                        "api.json#/allOf/0/$ref: \"#/$defs/d100\" leads nowhere");
}

/* A metaschema of one's own: a vocabulary that must be known, and is not, stops the start. */
static void test_vocabulary(void **state)
{
    static const char uses[] = "{'$schema': 'urn:meta', 'minimum': 3, 'items': {'type': 'string'}}";
    static const char *const metas[][2] = {
        {"{'$id': 'urn:meta', '$vocabulary': {'https://json-schema.org/draft/2020-12/vocab/applicator': true,"
         " 'urn:mine': false}}",
         NULL},
        {"{'$id': 'urn:meta', '$vocabulary': {'urn:mine': true}}",
         "meta.json#/$vocabulary/urn:mine: this vocabulary is not known here"},
    };
    ag_schema_options_t options = {AG_DIALECT_2020_12, 1, NULL, NULL};
    int i;

    for (i = 0; i < N_OF(metas); i++) {
        ag_schemas_t *set = ag_schemas_make(&options, *state);
        const ag_schema_t *schema;
        const char *error;

        assert_null(ag_schemas_add(set, doc_in(metas[i][0], *state), "meta.json"));
        error = ag_schemas_add(set, doc_in(uses, *state), "api.json");
        if (metas[i][1]) {
            assert_string_equal(error, metas[i][1]);
            continue;
        }
        assert_null(ag_schemas_compile(&schema, set, "api.json", ""));
        assert_null(ag_schemas_finish(set));
        assert_string_equal(findings_of(schema, "1", 0, *state), "");
        assert_string_equal(findings_of(schema, "[7]", 0, *state), "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_files),  TEST(test_mistakes), TEST(test_no_files),
        TEST(test_places), TEST(test_wide),     TEST(test_vocabulary),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
