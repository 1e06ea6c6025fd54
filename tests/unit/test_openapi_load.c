/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stops the start, with file, pointer and sentence; what is let through with a warning; and what a document's
 * servers, references and versions mean.
 */
#include "openapi_fixture.h"

#define PATHS(paths)         "{\"openapi\":\"3.1.0\",\"paths\":" paths "}"
#define GET(path, operation) PATHS("{\"" path "\":{\"get\":" operation "}}")
#define ID                   "{\"name\":\"id\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"integer\"}}"

static const char *const mistakes[][2] = {
    {"openapi: 3.0.0\npaths: {}\n", "#: this is not JSON"},
    {"openapi: 3.0.0\npaths: {}\n", "yq -o=json"},
    {"{\"openapi\":\"3.0.0\",\"paths\":{}", "#: this is not JSON"},
    {"{\"swagger\":\"2.0\"}", "#/swagger: this is Swagger 2.0"},
    {"{\"swagger\":\"2.0\"}", "swagger2openapi"},
    {"{\"openapi\":\"4.0.0\"}", "#/openapi: this is version 4.0.0"},
    {"{\"openapi\":\"3.3.0\"}", "#/openapi: this is version"},
    {"{\"openapi\":\"3.10.0\"}", "#/openapi: this is version"},
    {"{\"info\":{}}", "#: this is no OpenAPI document"},
    {"[]", "#: this is no OpenAPI document"},
    {"{\"openapi\":\"3.1.0\",\"openapi\":\"3.1.0\"}", "#"},
    {"{\"openapi\":\"3.1.0\",\"jsonSchemaDialect\":\"https://x.example/\"}", "#/jsonSchemaDialect: "},
    {PATHS("{\"pets\":{}}"), "#/paths/pets: the path does not begin with a slash"},
    {PATHS("{\"/{id\":{}}"), "#/paths/~1{id: the path has a brace"},
    {GET("/{id}", "{}"), "#/paths/~1{id}/get: the path has {id}, and there is no parameter of that name"},
    {GET("/x", "{\"parameters\":[" ID "]}"), "#/paths/~1x/get: the parameter \"id\" in: path is not in the path"},
    {GET("/x", "{\"parameters\":[{\"in\":\"query\"}]}"), "#/paths/~1x/get/parameters/0: is no parameter"},
    {GET("/x", "{\"parameters\":[{\"name\":\"a\",\"in\":\"body\"}]}"), "Swagger 2.0 has it"},
    {GET("/x", "{\"parameters\":[{\"name\":\"a\",\"in\":\"query\",\"style\":\"simple\",\"schema\":{}}]}"),
     "#/paths/~1x/get/parameters/0: \"simple\" is no style of a parameter in: query"},
    {GET("/x", "{\"parameters\":[{\"name\":\"a\",\"in\":\"query\",\"style\":\"odd\",\"schema\":{}}]}"),
     "is no style"},
    {GET("/x", "{\"parameters\":[{\"name\":\"a\",\"in\":\"query\",\"schema\":{}},{\"name\":\"a\",\"in\":\"query\","
               "\"schema\":{}}]}"),
     "#/paths/~1x/get/parameters/1: the parameter \"a\" in: query stands there twice"},
    {GET("/x",
         "{\"parameters\":[{\"name\":\"X-A\",\"in\":\"header\",\"schema\":{}},{\"name\":\"x-a\",\"in\":\"header\","
         "\"schema\":{}}]}"),
     "stands there twice"},
    {GET("/x", "{\"parameters\":[{\"name\":\"a\",\"in\":\"query\",\"schema\":{},\"content\":{\"text/plain\":{}}}]}"),
     "\"schema\" and \"content\" stand beside each other"},
    {GET("/x", "{\"parameters\":[{\"name\":\"a\",\"in\":\"query\",\"content\":{}}]}"), "one media type"},
    {GET("/x", "{\"parameters\":[{\"name\":\"a\",\"in\":\"querystring\",\"schema\":{}}]}"), "goes with \"content\""},
    {GET("/x", "{\"parameters\":[{\"name\":\"a\",\"in\":\"query\",\"schema\":{\"type\":\"int\"}}]}"),
     "#/paths/~1x/get/parameters/0/schema"},
    {GET("/x", "{\"parameters\":[{\"name\":\"a\",\"in\":\"query\",\"schema\":{\"pattern\":\"(\"}}]}"), "/schema"},
    {GET("/x", "{\"parameters\":[{\"$ref\":\"#/components/parameters/none\"}]}"),
     "#/paths/~1x/get/parameters/0: \"$ref\": there is nothing at #/components/parameters/none"},
    {GET("/x", "{\"parameters\":[{\"$ref\":\"#/paths/~1x/get/parameters/0\"}]}"), "comes back to itself"},
    {GET("/x", "{\"parameters\":[{\"$ref\":\"https://x.example/a.json#/a\"}]}"), "nothing is fetched"},
    {GET("/x", "{\"parameters\":[{\"$ref\":\"nowhere.json#/a\"}]}"), "nowhere.json: "},
    {GET("/x", "{\"requestBody\":{\"$ref\":\"#/components/none\"}}"), "#/paths/~1x/get/requestBody: \"$ref\""},
    {GET("/x", "{\"requestBody\":{\"content\":{\"application/json\":{\"schema\":{\"$ref\":\"#/none\"}}}}}"),
     "#/paths/~1x/get/requestBody/content/application~1json/schema"},
    {PATHS("{\"/{a}\":{\"get\":{\"parameters\":[{\"name\":\"a\",\"in\":\"path\",\"required\":true,\"schema\":{}}]}},"
           "\"/{id}\":{\"get\":{\"parameters\":[" ID "]}}}"),
     "#/paths/~1{id}/get: GET stands there twice"},
};

static void test_mistakes(void **state)
{
    static const ag_openapi_options_t options;
    ag_openapi_t *openapi;
    int i;

    for (i = 0; i < N_OF(mistakes); i++) {
        const char *error = load_with(&openapi, mistakes[i][0], &options, *state);

        if (!error || !strstr(error, mistakes[i][1])) {
            fail_msg("%s: %s, not %s", mistakes[i][0], error ? error : "no error", mistakes[i][1]);
        }
    }
}

static void test_warnings(void **state)
{
    static const char *const cases[][2] = {
        {PATHS("{}"), "#: has no operation"},
        {GET("/x?a=1", "{}"), "#/paths/~1x?a=1: has a ? or #"},
        {GET("/{id}", "{\"parameters\":[{\"name\":\"id\",\"in\":\"path\",\"schema\":{}}]}"), "always required"},
        {GET("/x", "{\"parameters\":[{\"name\":\"a\",\"in\":\"query\"}]}"), "neither \"schema\" nor \"content\""},
        {GET("/x", "{\"requestBody\":{\"content\":{\"json\":{}}}}"), "can never be the type of a body"},
        {GET("/x", "{\"requestBody\":{\"content\":{}}}"), "has no media type"},
        {GET("/x", "{\"security\":[{\"none\":[]}]}"), "there is no such scheme"},
        {PATHS(
             "{\"/{a}\":{\"put\":{\"parameters\":[{\"name\":\"a\",\"in\":\"path\",\"required\":true,\"schema\":{}}]}},"
             "\"/{id}\":{\"get\":{\"parameters\":[" ID "]}}}"),
         "#/paths/~1{id}: is the same path as /{a}"},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const apr_array_header_t *warnings = ag_openapi_warnings(load_document(cases[i][0], *state));

        if (!warnings->nelts || !strstr(APR_ARRAY_IDX(warnings, 0, const char *), cases[i][1])) {
            fail_msg("%s: %s, not %s", cases[i][0],
                     warnings->nelts ? APR_ARRAY_IDX(warnings, 0, const char *) : "none", cases[i][1]);
        }
    }
}

/* What harms where scopes are demanded does not stop a start where they are not. */
static void test_unknown_scheme(void **state)
{
    static const ag_openapi_options_t options = {.scopes = 1};
    ag_openapi_t *openapi;
    const char *error = load_with(&openapi, GET("/x", "{\"security\":[{\"none\":[]}]}"), &options, *state);

    assert_non_null(error);
    assert_non_null(strstr(error, "#/paths/~1x/get/security/0/none: there is no such scheme"));
}

/* What is written otherwise than OpenAPI has it would be read as "for everybody". */
static void test_broken_security(void **state)
{
    static const ag_openapi_options_t options = {.scopes = 1};
    static const char *const cases[][2] = {
        {"{\"security\":{}}", "get/security: is no list of requirements"},
        {"{\"security\":null}", "get/security: is no list of requirements"},
        {"{\"security\":[{\"o\":\"write\"}]}", "security/0/o: is no list of scopes"},
        {"{\"security\":[{\"o\":{}}]}", "security/0/o: is no list of scopes"},
        {"{\"security\":[{\"p\":[\"write\"]}]}", "security/0/p: the \"type\" of this scheme is none of oauth2"},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_openapi_t *openapi;
        const char *text = apr_pstrcat(*state,
                                       "{\"openapi\":\"3.1.0\",\"components\":{\"securitySchemes\":{\"o\":{\"type\":"
                                       "\"oauth2\"},\"p\":{\"type\":\"OAuth2\"}}},\"paths\":{\"/x\":{\"get\":",
                                       cases[i][0], "}}}", NULL);
        const char *error = load_with(&openapi, text, &options, *state);

        if (!error || !strstr(error, cases[i][1])) {
            fail_msg("%s: %s", cases[i][0], error ? error : "loaded");
        }
        assert_int_equal(ag_openapi_warnings(load_document(text, *state))->nelts, 1);
    }
}

/* ---- where its paths begin ----------------------------------------------------------------------- */

static void test_servers(void **state)
{
    static const char *const cases[][3] = {
        {"", "/x", "/v1/x"},
        {"\"servers\":[],", "/x", "/v1/x"},
        {"\"servers\":[{\"url\":\"https://api.example\"}],", "/x", "/v1/x"},
        {"\"servers\":[{\"url\":\"https://api.example/\"}],", "/x", "//x"},
        {"\"servers\":[{\"url\":\"https://api.example/v1\"}],", "/v1/x", "/x"},
        {"\"servers\":[{\"url\":\"https://api.example/v1/\"}],", "/v1/x", "/x"},
        {"\"servers\":[{\"url\":\"/v1\"}],", "/v1/x", "/x"},
        {"\"servers\":[{\"url\":\"v1\"}],", "/v1/x", "/x"},
        {"\"servers\":[{\"url\":\"https://a.example/v1\"},{\"url\":\"https://b.example/v2\"}],", "/v2/x", "/x"},
        {"\"servers\":[{\"url\":\"https://a.example/v1\"},{\"url\":\"https://b.example/v1\"}],", "/v1/x", "/v2/x"},
        {"\"servers\":[{\"url\":\"{s}://{h}:{port}/{v}\",\"variables\":{\"s\":{\"default\":\"https\"},\"h\":{\"default\":"
         "\"x\"},\"port\":{\"default\":\"80\"},\"v\":{\"default\":\"v3\"}}}],",
         "/v3/x", "/x"},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_openapi_t *openapi = load_document(
            apr_pstrcat(*state, "{\"openapi\":\"3.1.0\",", cases[i][0], "\"paths\":{\"/x\":{\"get\":{}}}}", NULL),
            *state);

        assert_string_equal(ask_get(openapi, cases[i][1], *state), "ok");
        assert_string_not_equal(ask_get(openapi, cases[i][2], *state), "ok");
    }
}

static void test_base_goes_before_servers(void **state)
{
    static const ag_openapi_options_t options = {.base = "/api"};
    ag_openapi_t *openapi;

    assert_null(
        load_with(&openapi,
                  "{\"openapi\":\"3.1.0\",\"servers\":[{\"url\":\"/v1\"}],\"paths\":{\"/x\":{\"servers\":[{\"url\":"
                  "\"/v2\"}],\"get\":{}}}}",
                  &options, *state));
    assert_string_equal(ask_get(openapi, "/api/x", *state), "ok");
    assert_string_equal(ask_get(openapi, "/v1/x", *state), "endpoint_unknown");
    assert_string_equal(ask_get(openapi, "/v2/x", *state), "endpoint_unknown");
    assert_string_equal(ask_get(openapi, "/x", *state), "endpoint_unknown");
}

static void test_a_path_has_servers_of_its_own(void **state)
{
    ag_openapi_t *openapi = load_document(
        "{\"openapi\":\"3.1.0\",\"servers\":[{\"url\":\"/v1\"}],\"paths\":{\"/x\":{\"servers\":[{\"url\":"
        "\"/v2\"}],\"get\":{}}}}",
        *state);

    assert_string_equal(ask_get(openapi, "/v2/x", *state), "ok");
    assert_string_equal(ask_get(openapi, "/v1/x", *state), "endpoint_unknown");
}

/* ---- references ---------------------------------------------------------------------------------- */

static void test_references(void **state)
{
    const char *other =
        write_document("{\"p\":{\"name\":\"n\",\"in\":\"query\",\"schema\":{\"$ref\":\"#/s\"}},\"s\":{"
                       "\"type\":\"integer\"},\"item\":{\"get\":{\"$ref\":\"#/one\"}},\"one\":{}}",
                       *state);
    ag_openapi_t *openapi = load_document(
        apr_psprintf(
            *state,
            "{\"openapi\":\"3.1.0\",\"paths\":{\"/x\":{\"get\":{\"parameters\":[{\"$ref\":\"file:%s#/p\"}]}},"
            "\"/y\":{\"$ref\":\"%s#/item\"},\"/z\":{\"$ref\":\"#/components/pathItems/z\"},"
            "\"/{a b}\":{\"get\":{\"parameters\":[{\"$ref\":\"#/paths/~1%%7Ba%%20b%%7D/parameters/0\"}]},"
            "\"parameters\":[{\"name\":\"a b\",\"in\":\"path\",\"required\":true,\"schema\":{}}]}},"
            "\"components\":{\"pathItems\":{\"z\":{\"get\":{}}}}}",
            other, strrchr(other, '/') + 1),
        *state);

    assert_int_equal(ag_openapi_operations(openapi), 4);
    assert_string_equal(ask_get(openapi, "/x?n=1", *state), "ok");
    assert_string_equal(ask_get(openapi, "/x?n=a", *state), "input_rejected query:n:type");
    assert_string_equal(ask_get(openapi, "/y", *state), "ok");
    assert_string_equal(ask_get(openapi, "/z", *state), "ok");
}

/* An operation's own parameter takes the place of its path's. */
static void test_own_goes_before_the_paths(void **state)
{
    ag_openapi_t *openapi = load_document(
        PATHS(
            "{\"/x\":{\"parameters\":[{\"name\":\"a\",\"in\":\"query\",\"required\":true,\"schema\":{\"type\":\"integer\"}},"
            "{\"name\":\"b\",\"in\":\"query\",\"schema\":{}}],\"get\":{\"parameters\":[{\"name\":\"a\",\"in\":\"query\","
            "\"schema\":{\"type\":\"boolean\"}}]},\"head\":{}}}"),
        *state);
    asked_t head = {"HEAD", "/x?a=true", NULL, NULL};

    assert_string_equal(ask_get(openapi, "/x?a=true&b=1", *state), "ok");
    assert_string_equal(ask_get(openapi, "/x", *state), "ok");
    assert_string_equal(ask_for(openapi, &head, *state), "input_rejected query:a:type");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_mistakes),
        TEST(test_warnings),
        TEST(test_unknown_scheme),
        TEST(test_broken_security),
        TEST(test_servers),
        TEST(test_base_goes_before_servers),
        TEST(test_a_path_has_servers_of_its_own),
        TEST(test_references),
        TEST(test_own_goes_before_the_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
