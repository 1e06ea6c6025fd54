/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request is told: paths that can be read in two ways, methods, parameters that are missing or unknown, bodies by
 * media type, and who may.
 */
#include "openapi_fixture.h"

static const char *const document =
    "{\"openapi\":\"3.2.0\",\"paths\":{"
    "\"/pets\":{\"get\":{\"parameters\":[{\"name\":\"limit\",\"in\":\"query\",\"schema\":{\"type\":\"integer\",\"maximum\":100}},"
    "{\"name\":\"flag\",\"in\":\"query\",\"allowEmptyValue\":true,\"schema\":{\"type\":\"boolean\"}},"
    "{\"name\":\"X-Trace\",\"in\":\"header\",\"schema\":{\"type\":\"string\",\"minLength\":4}},"
    "{\"name\":\"Accept\",\"in\":\"header\",\"schema\":{\"const\":\"never\"}}]},"
    "\"post\":{\"requestBody\":{\"required\":true,\"content\":{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/Pet\"}},"
    "\"application/*\":{\"schema\":{\"type\":\"string\"}},\"text/plain\":{\"schema\":{\"type\":\"string\",\"maxLength\":3}},"
    "\"application/x-www-form-urlencoded\":{\"schema\":{\"$ref\":\"#/components/schemas/Pet\"},\"encoding\":{\"tags\":"
    "{\"style\":\"form\",\"explode\":false},\"owner\":{\"style\":\"deepObject\"}}},"
    "\"multipart/form-data\":{\"schema\":{\"$ref\":\"#/components/schemas/Pet\"}}}}},"
    "\"query\":{\"requestBody\":{\"content\":{\"application/json\":{}}}},"
    "\"additionalOperations\":{\"COPY\":{}}},"
    "\"/pets/{id}\":{\"get\":{\"parameters\":[{\"name\":\"id\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"integer\"}}]}},"
    "\"/find\":{\"get\":{\"parameters\":[{\"name\":\"q\",\"in\":\"query\",\"content\":{\"application/json\":{\"schema\":"
    "{\"type\":\"object\",\"required\":[\"a\"]}}}},{\"name\":\"f\",\"in\":\"query\",\"style\":\"deepObject\",\"schema\":"
    "{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}},\"additionalProperties\":false}}]}},"
    "\"/all\":{\"get\":{\"parameters\":[{\"name\":\"q\",\"in\":\"querystring\",\"required\":true,\"content\":{\"application/x-www-form-urlencoded\":"
    "{\"schema\":{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}},\"additionalProperties\":false}}}}]}},"
    "\"/json\":{\"get\":{\"parameters\":[{\"name\":\"q\",\"in\":\"querystring\",\"content\":{\"application/json\":"
    "{\"schema\":{\"type\":\"array\"}}}}]}}},"
    "\"components\":{\"securitySchemes\":{\"k\":{\"type\":\"apiKey\",\"in\":\"query\",\"name\":\"api_key\"}},"
    "\"schemas\":{\"Pet\":{\"type\":\"object\",\"required\":[\"name\"],\"additionalProperties\":false,\"properties\":{"
    "\"name\":{\"type\":\"string\",\"minLength\":2},\"age\":{\"type\":\"integer\"},\"id\":{\"type\":\"integer\",\"readOnly\":true},"
    "\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},\"owner\":{\"type\":\"object\",\"properties\":{\"age\":{\"type\":\"integer\"}}},"
    "\"photo\":{\"type\":\"string\"}}}}}}";

typedef struct {
    const char *method, *target, *told;
} row_t;

static void check(const ag_openapi_t *openapi, const row_t *rows, int n, apr_pool_t *p)
{
    int i;

    for (i = 0; i < n; i++) {
        asked_t asked = {rows[i].method, rows[i].target, NULL, NULL};
        const char *told = ask_for(openapi, &asked, p);

        if (strcmp(told, rows[i].told) != 0) {
            fail_msg("%s %s: %s, not %s", rows[i].method, rows[i].target, told, rows[i].told);
        }
    }
}

static void test_paths(void **state)
{
    static const row_t rows[] = {
        {"GET", "/pets", "ok"},
        {"GET", "/p%65ts", "ok"},
        {"GET", "http://h.example/pets", "endpoint_unknown"}, /* the fixture's path is no path */
        {"GET", "/pets/", "endpoint_unknown"},
        {"GET", "/PETS", "endpoint_unknown"},
        {"GET", "/pets/7", "ok"},
        {"GET", "/pets/x", "input_rejected path:id:type"},
        {"GET", "/pets/7;a=b", "input_invalid"},
        {"GET", "/pets/7%3Ba", "input_invalid"},
        {"GET", "/pets%2F7", "input_invalid"},
        {"GET", "/pets/%2e%2E", "input_invalid"},
        {"GET", "/pets/.", "input_invalid"},
        {"GET", "//pets", "input_invalid"},
        {"GET", "/pets//7", "input_invalid"},
        {"GET", "/pets\\7", "input_invalid"},
        {"GET", "/pets/%252e%252e/x", "input_invalid"},
        {"GET", "/pets/%C3%28", "input_invalid"},
        {"GET", "/pets/a%0Ab", "input_invalid"},
        {"GET", "*", "endpoint_unknown"},
        {"GET", "/pets#x", "input_invalid"},
        {"GET", "/pets?limit=1#&limit=999", "input_invalid"},
    };

    /* decoded_path() refuses what is no UTF-8, as httpd does not */
    check(load_document(document, *state), rows, 16, *state);
    check(load_document(document, *state), rows + 17, N_OF(rows) - 17, *state);
}

/* A rewrite made the path, and took what was sent apart: then nothing is known of what was sent. */
static void test_a_made_path(void **state)
{
    static const char *const cases[][2] = {
        {"/pets", "ok"}, {"/pets//7", "input_invalid"}, {"/pets/a%2Fb", "input_invalid"}};
    const ag_openapi_t *openapi = load_document(document, *state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_request_t request = make_request(NULL, *state);
        ag_input_call_t call = {.request = &request, .p = *state, .method = "GET", .path = cases[i][0]};
        ag_openapi_found_t found;

        assert_string_equal(ag_reason(ag_openapi_find(&found, openapi, &call))->code, cases[i][1]);
    }
}

static void test_methods(void **state)
{
    static const row_t rows[] = {
        {"HEAD", "/pets", "ok"},
        {"DELETE", "/pets", "method_not_allowed"},
        {"OPTIONS", "/pets", "method_not_allowed"},
        {"get", "/pets", "method_not_allowed"},
        {"QUERY", "/pets", "ok"},
        {"COPY", "/pets", "ok"},
        {"MOVE", "/pets", "method_not_allowed"},
        {"HEAD", "/pets/x", "input_rejected path:id:type"},
        {"POST", "/pets/x", "method_not_allowed"},
    };
    const ag_openapi_t *openapi = load_document(document, *state);
    ag_request_t request = make_request(NULL, *state);
    ag_input_call_t call = {.request = &request, .p = *state, .method = "PUT", .path = "/pets"};
    ag_openapi_found_t found;

    check(openapi, rows, N_OF(rows), *state);
    assert_int_equal(ag_openapi_find(&found, openapi, &call), AG_R_METHOD_NOT_ALLOWED);
    assert_string_equal(call.field.name, "Allow");
    assert_string_equal(call.field.value, "GET, POST, QUERY, COPY, HEAD");
}

static void test_parameters(void **state)
{
    static const row_t rows[] = {
        {"GET", "/pets?limit=100", "ok"},
        {"GET", "/pets?limit=101", "input_rejected query:limit:maximum"},
        {"GET", "/pets?limit=101&limit=1", "input_invalid query:limit:encoding"},
        {"GET", "/pets?LIMIT=1", "input_invalid query:limit:name"},
        {"GET", "/pets?limit[]=1", "input_invalid query:limit:name"},
        {"GET", "/pets?other=1", "input_rejected query:(null):unknown"},
        {"GET", "/pets?api_key=1", "ok"},
        {"GET", "/pets?flag", "ok"},
        {"GET", "/pets?flag=", "ok"},
        {"GET", "/pets?flag=true", "ok"},
        {"GET", "/pets?flag=1", "input_rejected query:flag:type"},
        {"GET", "/pets?&&", "ok"},
        {"GET", "/find?q=%7B%22a%22:1%7D", "ok"},
        {"GET", "/find?q=%7B%22b%22:1%7D", "input_rejected query:q:required"},
        {"GET", "/find?q=%7B%22b%22:1", "input_invalid query:q:encoding"},
        {"GET", "/find?f[n]=1", "ok"},
        {"GET", "/find?f[n]=x", "input_rejected query:f:type"},
        {"GET", "/find?f[m]=1", "input_rejected query:f:additionalProperties"},
        {"GET", "/find?g[n]=1", "input_rejected query:(null):unknown"},
        {"GET", "/all?n=1", "ok"},
        {"GET", "/all", "input_rejected querystring:q:required"},
        {"GET", "/all?n=x", "input_rejected querystring:q:type"},
        {"GET", "/all?m=1", "input_rejected querystring:q:additionalProperties"},
        {"GET", "/json?%5B1%5D", "ok"},
        {"GET", "/json?%7B%7D", "input_rejected querystring:q:type"},
        {"GET", "/json?%5B1", "input_invalid querystring:q:encoding"},
    };

    check(load_document(document, *state), rows, N_OF(rows), *state);
}

static void test_fields(void **state)
{
    static const char *const cases[][6] = {
        {"ok", "X-Trace", "abcd"},
        {"ok", "x-trace", "abcd"},
        {"ok", "Accept", "text/html"},
        {"input_rejected header:X-Trace:minLength", "X-Trace", "abc"},
        {"input_invalid header:X-Trace:name", "X_Trace", "abcd"},
        {"input_invalid header:X-Trace:name", "X-Trace", "abcd", "X_Trace", "x"},
        {"input_invalid header:X-Trace:name", "X-Trace", "abcd", "X-Trace", "abcd"},
        {"input_invalid header:X-Trace:encoding", "X-Trace", "abc\xff"},
    };
    const ag_openapi_t *openapi = load_document(document, *state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        asked_t asked = {"GET", "/pets", cases[i] + 1, NULL};

        assert_string_equal(ask_for(openapi, &asked, *state), cases[i][0]);
    }
}

static int lines;

static void write_line(const ag_log_t *log, ag_log_level_e level, apr_status_t rv, const char *text)
{
    (void)log;
    (void)level;
    (void)rv;
    lines += strstr(text, "AG1020: ") != NULL;
}

/* A pattern that explodes ends at its limit, and that is refused; also where the value could be a list, too, which it is not. */
static void test_stopped(void **state)
{
    static const ag_log_t log = {.write = write_line, .level = AG_LOG_INFO};
    static const char *const types[] = {"\"string\"", "[\"string\",\"array\"],\"items\":{\"type\":\"integer\"}"};
    const char *many = "/x?q=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaadc";
    ag_request_t request = make_request(NULL, *state);
    int i;

    request.log = &log;
    for (i = 0; i < N_OF(types); i++) {
        ag_input_call_t call = {.request = &request, .p = *state, .method = "GET", .path = "/x", .args = many + 3};
        ag_openapi_found_t found;
        const ag_openapi_t *openapi = load_document(
            apr_pstrcat(*state,
                        "{\"openapi\":\"3.1.0\",\"paths\":{\"/x\":{\"get\":{\"parameters\":[{\"name\":\"q\",\"in\":"
                        "\"query\",\"schema\":{\"pattern\":\"(b?)(?:a|aa)+\\\\1c\",\"type\":",
                        types[i], "}}]}}}}", NULL),
            *state);

        lines = 0;
        assert_int_equal(ag_openapi_find(&found, openapi, &call), AG_R_NONE);
        assert_int_equal(ag_openapi_head(&found, openapi, &call), AG_R_INPUT_REJECTED);
        assert_string_equal(call.findings.list[0].keyword, "pattern");
        assert_int_equal(lines, 1);
    }
}

static void test_unknown_may_pass(void **state)
{
    static const row_t rows[] = {
        {"GET", "/other", "ok"},
        {"GET", "/other?limit=x", "ok"},
        {"GET", "/pets?other=1", "ok"},
        {"GET", "/pets?limit[]=1", "input_invalid query:limit:name"},
        {"DELETE", "/pets", "method_not_allowed"},
        {"GET", "/pets/", "endpoint_unknown"},
        {"GET", "/Pets", "endpoint_unknown"},
        {"GET", "/pets/7/", "endpoint_unknown"},
        {"GET", "/PETS/7", "endpoint_unknown"},
        {"GET", "/pets;a=1", "endpoint_unknown"},
        {"GET", "/x/../pets", "input_invalid"},
    };
    static const ag_openapi_options_t options = {.pass = 1};
    ag_openapi_t *openapi;

    assert_null(load_with(&openapi, document, &options, *state));
    check(openapi, rows, N_OF(rows), *state);
}

/* ---- bodies -------------------------------------------------------------------------------------- */

#define FORM                   "application/x-www-form-urlencoded"
#define PARTS                  "multipart/form-data; boundary=b"
#define PART(name, more, text) "--b\r\nContent-Disposition: form-data; name=\"" name "\"" more "\r\n\r\n" text "\r\n"

static void test_bodies(void **state)
{
    static const char *const cases[][3] = {
        {"application/json", "{\"name\":\"Tom\"}", "ok"},
        {"application/json", "{\"name\":\"T\"}", "input_rejected body:/name:minLength"},
        {"application/json", "{\"name\":\"Tom\",\"id\":1}", "input_rejected body:/id:readOnly"},
        {"application/json", "{\"name\":\"Tom\"", "input_invalid"},
        {"application/json", NULL, "input_invalid"},
        {"text/plain", "abc", "ok"},
        {"text/plain", "abcd", "input_rejected body::maxLength"},
        {"text/plain", "\xff", "input_invalid"},
        {"text/html", "abc", "media_type_unsupported"},
        {"application/octet-stream", "\xff\xfe", "ok"},
        {"application/merge-patch+json", "\"x\"", "ok"},
        {"application/merge-patch+json", "1", "input_rejected body::type"},
        {FORM, "name=Tom&age=3", "ok"},
        {FORM, "name=Tom&age=x", "input_rejected body:/age:type"},
        {FORM, "age=3", "input_rejected body::required"},
        {FORM, "name=Tom&x=1", "input_rejected body:/x:additionalProperties"},
        {FORM, "name=Tom&tags=a,b", "ok"},
        {FORM, "name=Tom&tags=a&tags=b", "input_invalid"},
        {FORM, "name=Tom&owner[age]=3", "ok"},
        {FORM, "name=Tom&owner[age]=x", "input_rejected body:/owner/age:type"},
        {FORM, "name=Tom&name=Tim", "input_invalid"},
        {FORM, "name=%zz", "input_invalid"},
        {PARTS, PART("name", "", "Tom") PART("age", "", "3") "--b--\r\n", "ok"},
        {PARTS, PART("name", "", "Tom") PART("age", "", "x") "--b--\r\n", "input_rejected body:/age:type"},
        {PARTS, PART("name", "", "Tom") PART("tags", "", "a") PART("tags", "", "b") "--b--\r\n", "ok"},
        {PARTS,
         PART("name", "", "Tom") PART("owner", "\r\nContent-Type: application/json", "{\"age\":1}") "--b--\r\n",
         "ok"},
        {PARTS,
         PART("name", "", "Tom") PART("owner", "\r\nContent-Type: application/json", "{\"age\":\"x\"}") "--b--\r\n",
         "input_rejected body:/owner/age:type"},
        {PARTS,
         PART("name", "", "Tom")
             PART("photo", "; filename=\"a.png\"\r\nContent-Type: image/png", "\xff\xd8") "--b--\r\n",
         "ok"},
        {PARTS, PART("age", "", "3") "--b--\r\n", "input_rejected body::required"},
        {PARTS, PART("name", "", "Tom"), "input_invalid"},
    };
    const ag_openapi_t *openapi = load_document(document, *state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const char *fields[] = {"Content-Type", cases[i][0], NULL};
        asked_t asked = {"POST", "/pets", fields, cases[i][1]};
        const char *told = ask_for(openapi, &asked, *state);

        if (strcmp(told, cases[i][2]) != 0) {
            fail_msg("%s %s: %s, not %s", cases[i][0], cases[i][1], told, cases[i][2]);
        }
    }
}

static void test_no_body_is_expected(void **state)
{
    const char *fields[] = {"Content-Type", "application/json", NULL};
    asked_t asked = {"GET", "/pets", fields, "{}"};

    assert_string_equal(ask_for(load_document(document, *state), &asked, *state), "input_invalid");
}

/* ---- who ----------------------------------------------------------------------------------------- */

/* "yes", or the scopes that would do; "somebody": to be somebody would. */
static const char *allowed(const ag_openapi_t *openapi, const char *path, const ag_principal_t *who, apr_pool_t *p)
{
    ag_request_t request = make_request(NULL, p);
    ag_input_call_t call = {.request = &request, .p = p, .method = "GET", .path = path};
    ag_openapi_found_t found;
    const char *wanted;

    assert_int_equal(ag_openapi_find(&found, openapi, &call), AG_R_NONE);
    return ag_openapi_allows(&wanted, openapi, found.operation, who, p) ? "yes" : wanted ? wanted : "somebody";
}

static void test_scopes(void **state)
{
    static const char *const text =
        "{\"openapi\":\"3.1.0\",\"security\":[{\"o\":[\"read\"]}],\"paths\":{\"/usual\":{\"get\":{}},"
        "\"/public\":{\"get\":{\"security\":[]}},\"/maybe\":{\"get\":{\"security\":[{\"o\":[\"read\"]},{}]}},"
        "\"/both\":{\"get\":{\"security\":[{\"o\":[\"read\",\"write\"],\"k\":[]}]}},"
        "\"/either\":{\"get\":{\"security\":[{\"o\":[\"admin\"]},{\"o\":[\"write\"]}]}},"
        "\"/key\":{\"get\":{\"security\":[{\"k\":[\"role\"]}]}}},\"components\":{\"securitySchemes\":{\"o\":{\"type\":"
        "\"oauth2\"},\"k\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-Key\"}}}}";
    static const char *const cases[][4] = {
        /* path, nobody, with read, with read and write */
        {"/usual", "read", "yes", "yes"},     {"/public", "yes", "yes", "yes"},
        {"/maybe", "yes", "yes", "yes"},      {"/both", "read write", "read write", "yes"},
        {"/either", "admin", "admin", "yes"}, {"/key", "somebody", "yes", "yes"},
    };
    static const ag_openapi_options_t options = {.scopes = 1};
    const char *scopes[] = {"read", "write"};
    ag_principal_t who = {.scopes = {0, scopes}};
    ag_openapi_t *openapi;
    int i;

    assert_null(load_with(&openapi, text, &options, *state));
    for (i = 0; i < N_OF(cases); i++) {
        assert_string_equal(allowed(openapi, cases[i][0], NULL, *state), cases[i][1]);
        who.scopes.n = 1;
        assert_string_equal(allowed(openapi, cases[i][0], &who, *state), cases[i][2]);
        who.scopes.n = 2;
        assert_string_equal(allowed(openapi, cases[i][0], &who, *state), cases[i][3]);
        assert_string_equal(allowed(load_document(text, *state), cases[i][0], NULL, *state), "yes");
    }
    who.anonymous = 1;
    assert_string_equal(allowed(openapi, "/key", &who, *state), "somebody");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_paths),
        TEST(test_a_made_path),
        TEST(test_methods),
        TEST(test_parameters),
        TEST(test_fields),
        TEST(test_stopped),
        TEST(test_unknown_may_pass),
        TEST(test_bodies),
        TEST(test_no_body_is_expected),
        TEST(test_scopes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
