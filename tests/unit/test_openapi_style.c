/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Styles: each row of the specification's table (OpenAPI 3.2 s4.12.6), read into the value that it stands for: the
 * parameter's schema takes that value alone.
 */
#include "openapi_fixture.h"

#define LIST   "[\"blue\",\"black\",\"brown\"]"
#define OBJECT "{\"R\":100,\"G\":200,\"B\":150}"
#define NAMES                                                                                                        \
    "\"type\":\"object\",\"properties\":{\"R\":{\"type\":\"integer\"},\"G\":{\"type\":\"integer\"},\"B\":{\"type\":" \
    "\"integer\"}}"
#define LISTED "\"type\":\"array\",\"items\":{\"type\":\"string\"}"

typedef struct {
    const char *in, *style;
    int explode;
    const char *schema, *value;
    const char *text; /* behind "/c/", behind "?", or a field's value */
    const char *told;
} row_t;

#define OK "ok"

static const row_t rows[] = {
    {"path", "matrix", 0, "\"type\":\"string\"", "\"\"", ";color", OK},
    {"path", "matrix", 0, "\"type\":\"string\"", "\"blue\"", ";color=blue", OK},
    {"path", "matrix", 0, LISTED, LIST, ";color=blue,black,brown", OK},
    {"path", "matrix", 0, NAMES, OBJECT, ";color=R,100,G,200,B,150", OK},
    {"path", "matrix", 1, "\"type\":\"string\"", "\"blue\"", ";color=blue", OK},
    {"path", "matrix", 1, LISTED, LIST, ";color=blue;color=black;color=brown", OK},
    {"path", "matrix", 1, NAMES, OBJECT, ";R=100;G=200;B=150", OK},
    {"path", "matrix", 0, "\"type\":\"string\"", "\"blue\"", ";colour=blue", "input_rejected path:color:style"},
    {"path", "matrix", 0, "\"type\":\"string\"", "\"blue\"", "blue", "input_rejected path:color:style"},
    {"path", "label", 0, "\"type\":\"string\"", "\"\"", ".", "input_invalid"},
    {"path", "label", 0, "\"type\":\"string\"", "\"blue\"", ".blue", OK},
    {"path", "label", 0, LISTED, LIST, ".blue,black,brown", OK},
    {"path", "label", 0, NAMES, OBJECT, ".R,100,G,200,B,150", OK},
    {"path", "label", 1, LISTED, LIST, ".blue.black.brown", OK},
    {"path", "label", 1, NAMES, OBJECT, ".R=100.G=200.B=150", OK},
    {"path", "label", 0, "\"type\":\"string\"", "\"blue\"", "blue", "input_rejected path:color:style"},
    {"path", "simple", 0, "\"type\":\"string\"", "\"blue\"", "blue", OK},
    {"path", "simple", 0, LISTED, LIST, "blue,black,brown", OK},
    {"path", "simple", 0, NAMES, OBJECT, "R,100,G,200,B,150", OK},
    {"path", "simple", 1, LISTED, LIST, "blue,black,brown", OK},
    {"path", "simple", 1, NAMES, OBJECT, "R=100,G=200,B=150", OK},
    {"path", "simple", 0, LISTED, LIST, "blue%2Cblack,brown", "input_invalid path:color:encoding"},
    {"path", "simple", 0, NAMES, OBJECT, "R,100,G", "input_rejected path:color:style"},
    {"path", "simple", 0, NAMES, OBJECT, "R,100,R,100", "input_invalid path:color:encoding"},
    {"query", "form", 0, "\"type\":\"string\"", "\"\"", "color=", OK},
    {"query", "form", 0, "\"type\":\"string\"", "\"\"", "color", OK},
    {"query", "form", 0, "\"type\":\"string\"", "\"blue\"", "color=blue", OK},
    {"query", "form", 0, LISTED, LIST, "color=blue,black,brown", OK},
    {"query", "form", 0, LISTED, LIST, "color=blue%2Cblack%2Cbrown", OK},
    {"query", "form", 0, LISTED, LIST, "color=blue%2Cblack,brown", "input_invalid query:color:encoding"},
    {"query", "form", 0, LISTED, "[]", "color=", OK},
    {"query", "form", 0, LISTED, LIST, "color=blue&color=black&color=brown", "input_invalid query:color:encoding"},
    {"query", "form", 0, NAMES, OBJECT, "color=R,100,G,200,B,150", OK},
    {"query", "form", 1, LISTED, LIST, "color=blue&color=black&color=brown", OK},
    {"query", "form", 1, LISTED, "[\"blue,black\"]", "color=blue,black", OK},
    {"query", "form", 1, NAMES, OBJECT, "R=100&G=200&B=150", OK},
    {"query", "form", 1, NAMES, OBJECT, "R=100&R=100&B=150", "input_invalid query:color:encoding"},
    {"query", "form", 1, NAMES, OBJECT, "R=100&G=200&B=150&A=1", "input_rejected query:(null):unknown"},
    {"query", "spaceDelimited", 0, LISTED, LIST, "color=blue%20black%20brown", OK},
    {"query", "spaceDelimited", 0, LISTED, LIST, "color=blue+black+brown", OK},
    {"query", "spaceDelimited", 0, NAMES, OBJECT, "color=R%20100%20G%20200%20B%20150", OK},
    {"query", "pipeDelimited", 0, LISTED, LIST, "color=blue%7Cblack%7Cbrown", OK},
    {"query", "pipeDelimited", 0, LISTED, LIST, "color=blue|black|brown", OK},
    {"query", "pipeDelimited", 0, NAMES, OBJECT, "color=R%7C100%7CG%7C200%7CB%7C150", OK},
    {"query", "pipeDelimited", 1, LISTED, LIST, "color=blue&color=black&color=brown", OK},
    {"query", "deepObject", 1, NAMES, OBJECT, "color[R]=100&color[G]=200&color[B]=150", OK},
    {"query", "deepObject", 1, NAMES, OBJECT, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150", OK},
    {"query", "deepObject", 1, NAMES, OBJECT, "color[R]=100&color[R]=100", "input_invalid query:color:encoding"},
    {"query", "deepObject", 1, NAMES, OBJECT, "color[R=100", "input_invalid query:color:encoding"},
    {"query", "deepObject", 1, NAMES, OBJECT, "Color[R]=100", "input_invalid query:color:name query:color:required"},
    {"query", "deepObject", 1,
     "\"type\":\"object\",\"properties\":{\"in\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}}",
     "{\"in\":[1,2]}", "color[in][]=1&color[in][]=2", OK},
    {"query", "deepObject", 1,
     "\"type\":\"object\",\"properties\":{\"in\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}}",
     "{\"in\":[1,2]}", "color[in][0]=1&color[in][1]=2", OK},
    {"query", "deepObject", 1,
     "\"type\":\"object\",\"properties\":{\"in\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}}",
     "{\"in\":[1,2]}", "color[in][1]=2&color[in][0]=1", "input_invalid query:color:encoding"},
    {"header", "simple", 0, "\"type\":\"string\"", "\"blue\"", "blue", OK},
    {"header", "simple", 0, LISTED, LIST, "blue,black,brown", OK},
    {"header", "simple", 0, LISTED, LIST, "blue, black ,brown", OK},
    {"header", "simple", 0, NAMES, OBJECT, "R,100,G,200,B,150", OK},
    {"header", "simple", 1, NAMES, OBJECT, "R=100,G=200,B=150", OK},
    {"header", "simple", 0, "\"type\":\"string\"", "\"a%20b\"", "a%20b", OK},
    {"cookie", "form", 0, "\"type\":\"string\"", "\"blue\"", "a=1; color=blue; b=2", OK},
    {"cookie", "form", 0, LISTED, LIST, "color=blue,black,brown", OK},
    {"cookie", "form", 0, NAMES, OBJECT, "color=R,100,G,200,B,150", OK},
    {"cookie", "form", 0, "\"type\":\"string\"", "\"a b\"", "color=a%20b", OK},
    {"cookie", "form", 0, "\"type\":\"string\"", "\"blue\"", "color=blue; color=red",
     "input_invalid cookie:color:encoding"},
    {"cookie", "cookie", 1, "\"type\":\"string\"", "\"a%20b\"", "color=a%20b", OK},
    {"cookie", "cookie", 1, LISTED, LIST, "color=blue; color=black; color=brown", OK},
    {"cookie", "cookie", 1, NAMES, OBJECT, "R=100; G=200; B=150", OK},
};

static const char *ask(const row_t *row, apr_pool_t *p)
{
    const char *path = strcmp(row->in, "path") == 0 ? "/c/{color}" : "/c";
    const char *fields[] = {strcmp(row->in, "cookie") == 0 ? "Cookie" : "color", row->text, NULL};
    int field = *row->in == 'h' || *row->in == 'c';
    asked_t asked = {"GET", "/c", field ? fields : NULL, NULL};
    ag_openapi_t *openapi = load_document(
        apr_psprintf(
            p,
            "{\"openapi\":\"3.2.0\",\"paths\":{\"%s\":{\"get\":{\"parameters\":[{\"name\":\"color\",\"in\":\"%s\","
            "\"style\":\"%s\",\"explode\":%s,\"required\":true,\"schema\":{%s,\"const\":%s}}]}}}}",
            path, row->in, row->style, row->explode ? "true" : "false", row->schema, row->value),
        p);

    if (!field) {
        asked.target = apr_pstrcat(p, *row->in == 'p' ? "/c/" : "/c?", row->text, NULL);
    }
    return ask_for(openapi, &asked, p);
}

static void test_styles(void **state)
{
    int i;

    for (i = 0; i < N_OF(rows); i++) {
        const char *told = ask(&rows[i], *state);

        if (strcmp(told, rows[i].told) != 0) {
            fail_msg("%s %s explode=%d %s: %s, not %s", rows[i].in, rows[i].style, rows[i].explode, rows[i].text,
                     told, rows[i].told);
        }
    }
}

/* What a text becomes under the guide of its schema, which takes one value alone. */
static void test_kinds(void **state)
{
    static const char *const cases[][3] = {
        {"\"type\":\"integer\",\"const\":10", "10", OK},
        {"\"type\":\"integer\",\"const\":10", "1e1", "input_rejected query:q:type"},
        {"\"type\":\"integer\",\"const\":10", "10.0", "input_rejected query:q:type"},
        {"\"type\":\"integer\"", "010", "input_rejected query:q:type"},
        {"\"type\":\"integer\"", "+1", "input_rejected query:q:type"},
        {"\"type\":\"integer\"", "-1", OK},
        {"\"type\":\"integer\"", "", "input_rejected query:q:type"},
        {"\"type\":\"number\",\"const\":10", "1e1", OK},
        {"\"type\":\"number\"", "0x10", "input_rejected query:q:type"},
        {"\"type\":\"boolean\",\"const\":true", "true", OK},
        {"\"type\":\"boolean\"", "1", "input_rejected query:q:type"},
        {"\"type\":\"string\",\"const\":\"10\"", "10", OK},
        {"\"enum\":[\"1\",\"2\"]", "1", OK},
        {"\"enum\":[1,2]", "1", OK},
        {"\"enum\":[1,2]", "3", "input_rejected query:q:enum"},
        {"\"oneOf\":[{\"type\":\"integer\"},{\"const\":\"auto\"}]", "auto", OK},
        {"\"oneOf\":[{\"type\":\"integer\"},{\"const\":\"auto\"}]", "7", OK},
        {"\"oneOf\":[{\"type\":\"integer\"},{\"const\":\"auto\"}]", "other", "input_rejected query:q:const"},
        {"\"type\":[\"integer\",\"string\"],\"const\":\"7\"", "7", OK},
        {"\"type\":[\"integer\",\"null\"],\"const\":null", "", OK},
        {"\"type\":[\"array\",\"string\"],\"items\":{\"type\":\"integer\"},\"const\":\"x\"", "x", OK},
        {"\"type\":[\"array\",\"string\"],\"items\":{\"type\":\"integer\"},\"const\":[1]", "1", OK},
        {"\"anyOf\":[{\"type\":\"array\",\"items\":{\"type\":\"string\"}},{\"type\":\"string\"}]", "1&q=2", OK},
        {"\"const\":\"a b+\"", "a+b%2B", OK},
        {"\"type\":\"string\"", "a;b", "input_invalid query:q:encoding"},
        {"\"type\":\"string\"", "%C3%28", "input_invalid query:q:encoding"},
        {"\"type\":\"string\"", "a%00", "input_invalid query:q:encoding"},
        {"\"type\":\"string\"", "a%0", "input_invalid query:q:encoding"},
        {"\"type\":\"string\"", "1&q=2", "input_invalid query:q:encoding"},
        {"\"type\":\"string\"", "1&q[]=2", "input_invalid query:q:name"},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_openapi_t *openapi = load_document(
            apr_psprintf(*state,
                         "{\"openapi\":\"3.1.0\",\"paths\":{\"/c\":{\"get\":{\"parameters\":[{\"name\":\"q\",\"in\":"
                         "\"query\",\"schema\":{%s}}]}}}}",
                         cases[i][0]),
            *state);
        const char *told = ask_get(openapi, apr_pstrcat(*state, "/c?q=", cases[i][1], NULL), *state);

        if (strcmp(told, cases[i][2]) != 0) {
            fail_msg("%s %s: %s, not %s", cases[i][0], cases[i][1], told, cases[i][2]);
        }
    }
}

/* ---- names that are written otherwise -------------------------------------------------------------- */

/* What PHP, Python, Node, Go or Tomcat read as the declared cookie or field, and the schema would not be asked about. */
static void test_spellings(void **state)
{
    static const char *const text =
        "{\"openapi\":\"3.2.0\",\"paths\":{\"/c\":{\"get\":{\"parameters\":[{\"name\":\"sid\",\"in\":\"cookie\",\"schema\":"
        "{\"type\":\"string\",\"maxLength\":4}}]}},\"/f\":{\"post\":{\"requestBody\":{\"content\":{"
        "\"application/x-www-form-urlencoded\":{\"schema\":{\"$ref\":\"#/components/schemas/F\"}},\"multipart/form-data\":"
        "{\"schema\":{\"$ref\":\"#/components/schemas/F\"}}}}}},\"/q\":{\"get\":{\"parameters\":[{\"name\":\"q\",\"in\":\"querystring\","
        "\"content\":{\"application/x-www-form-urlencoded\":{\"schema\":{\"$ref\":\"#/components/schemas/F\"}}}}]}}},"
        "\"components\":{\"schemas\":{\"F\":{\"type\":\"object\",\"properties\":{\"sum\":{\"type\":\"integer\",\"maximum\":9}}}}}}";
    static const char *const cookies[][2] = {{"sid=abcd; x=a=b", "ok"}, {"aside=sides; x=a sid b", "ok"},
                                             {"sid =abcde", "bad"},     {"sid[]=abcde", "bad"},
                                             {"s%69d=abcde", "bad"},    {"SID=abcde", "bad"},
                                             {"x=1 sid=abcde", "bad"},  {"x=1,sid =abcde", "bad"},
                                             {"sid=a sid=b", "bad"},    {"sid=\"\\101\"", "bad"},
                                             {"sid=a\"b", "ok"}};
    static const char *const forms[][2] = {{"sum=9&other=1", "ok"},
                                           {"sum[]=10", "input_invalid"},
                                           {"+sum=10", "input_invalid"},
                                           {"sum=1&Sum=10", "input_invalid"},
                                           {"sum[x=10", "input_invalid"},
                                           {"summary=10", "ok"},
                                           {"sum=10", "input_rejected body:/sum:maximum"}};
    const ag_openapi_t *openapi = load_document(text, *state);
    int i;

    for (i = 0; i < N_OF(cookies); i++) {
        const char *fields[] = {"Cookie", cookies[i][0], NULL};
        asked_t asked = {"GET", "/c", fields, NULL};
        const char *told = ask_for(openapi, &asked, *state);

        if (strcmp(told, strcmp(cookies[i][1], "ok") == 0 ? "ok" : "input_invalid cookie:sid:name") != 0) {
            fail_msg("%s: %s", cookies[i][0], told);
        }
    }
    for (i = 0; i < N_OF(forms); i++) {
        const char *form[] = {"Content-Type", "application/x-www-form-urlencoded", NULL};
        const char *parts[] = {"Content-Type", "multipart/form-data; boundary=b", NULL};
        asked_t sent = {"POST", "/f", form, forms[i][0]};
        asked_t part = {"POST", "/f", parts,
                        "--b\r\nContent-Disposition: form-data; name=\"sum[]\"\r\n\r\n10\r\n--b--\r\n"};
        const char *told = ask_for(openapi, &sent, *state);
        const char *query = ask_get(openapi, apr_pstrcat(*state, "/q?", forms[i][0], NULL), *state);

        if (strcmp(told, forms[i][1]) != 0 || (*query == 'o') != (*told == 'o')) {
            fail_msg("%s: %s, %s", forms[i][0], told, query);
        }
        assert_string_equal(ask_for(openapi, &part, *state), "input_invalid");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_spellings), TEST(test_styles), TEST(test_kinds)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
