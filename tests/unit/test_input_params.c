/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ApiGuardParam: requests against the lines of a section, and how sections are merged.
 */
#include "param_fixture.h"

static const char *const none[] = {NULL};

static void check(const ag_params_t *params, const char *const (*cases)[2], int n, apr_pool_t *p)
{
    int i;

    for (i = 0; i < n; i++) {
        ag_input_call_t call;
        const char *said = answer(&call, params, cases[i][0], none, p);

        if (strcmp(said, cases[i][1]) != 0) {
            fail_msg("%s:\n%s\n, not\n%s", cases[i][0], said, cases[i][1]);
        }
    }
}

#define SPELLED "is written in a way that not all read alike"

static void test_arguments(void **state)
{
    static const char *const cases[][2] = {
        {NULL, "422 query id required: is missing"},
        {"", "422 query id required: is missing"},
        {"id=1", "200"},
        {"id=", "422 query id required: is empty"},
        {"id", "422 query id required: is empty"},
        {"id=0", "422 query id min: is less than 1"},
        {"id=%31", "200"},
        {"id=1&other=%zz", "200"},
        {"id=1&id=1", "400 query id list: is there more than once"},
        {"id=1&id=1&id=1&id=1", "400 query id list: is there more than once"},
        {"id=1%", "400 query id encoding: holds a \"%\" that is not followed by two hexadecimal digits"},
        {"id=1%00", "400 query id encoding: holds a NUL"},
        {"id=1&q=%ff", "400 query q encoding: is no UTF-8"},
        {"id=1;x", "400 query id encoding: holds a \";\", which has to be sent as %3B"},
        {"id=1&id[]=2", "400 query id name: " SPELLED},
        {"id=1&x;id=2", "400 query id name: " SPELLED},
        {"+id=1", "400 query id name: " SPELLED "\nquery id required: is missing"},
        {"id=1&q=a+b&tags=a,b&tags=c", "200"},
        {"id=1&q=abcdef", "422 query q length: has another length than ..5 characters"},
        {"id=1&tags=a,bb&tags=c,,dd",
         "422 query tags length: has another length than 1 characters\nquery tags length: has another length than 1 "
         "characters\nquery tags length: has another length than 1 characters"},
        {"id=x&q=abcdef", "422 query id type: is no integer\nquery q length: has another length than ..5 characters"},
        {"id=x&id=1", "400 query id type: is no integer\nquery id list: is there more than once"},
    };

    check(section("id type=integer min=1 required\nq length=..5\ntags list length=1", *state), cases, N_OF(cases),
          *state);
}

static void test_unknown(void **state)
{
    static const char *const cases[][2] = {
        {NULL, "200"},
        {"id=1", "200"},
        {"id=1&x=2", "422 query - unknown: argument 2 is none of those that are known here"},
        {"x", "422 query - unknown: argument 1 is none of those that are known here"},
        {"=1", "422 query - unknown: argument 1 is none of those that are known here"},
        {"ID=1", "400 query id name: " SPELLED},
        {"id=1&key=abc", "200"},
        {"id=1&KEY=abc", "422 query - unknown: argument 2 is none of those that are known here"},
    };
    const char *const keys[] = {"key"};
    const ag_input_names_t *credentials = ag_input_names_make(keys, 1, *state);
    const ag_params_t *params = section("id\n* refuse", *state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_input_call_t call;

        assert_string_equal(answer_with(&call, credentials, params, cases[i][0], none, *state), cases[i][1]);
    }
    assert_null(
        strstr(answer(&(ag_input_call_t){0}, section("* refuse", *state), "a=secret", none, *state), "secret"));
}

static void test_many_arguments(void **state)
{
    const ag_params_t *params = section("id", *state);
    char *args = apr_palloc(*state, 2003);
    ag_input_call_t call;
    int i;

    for (i = 0; i < 1001; i++) {
        args[2 * i] = 'x';
        args[2 * i + 1] = '&';
    }
    args[2000] = '\0';
    assert_string_equal(answer(&call, params, args, none, *state), "200");
    args[2000] = 'x';
    args[2001] = '\0';
    assert_string_equal(answer(&call, params, args, none, *state), "400 There are more than 1000 arguments");
}

/* The first twenty are told, the others counted. */
static void test_many_findings(void **state)
{
    const char *args = "x";
    ag_input_call_t call;
    int i;

    for (i = 0; i < 30; i++) {
        args = apr_pstrcat(*state, args, "&x", NULL);
    }
    answer(&call, section("* refuse", *state), args, none, *state);
    assert_int_equal(call.findings.n, 31);
}

static void test_defaults(void **state)
{
    static const char *const cases[][2] = {
        {NULL, "page=1&a-b=x+%26+y"},     {"", "page=1&a-b=x+%26+y"},     {"x=1", "x=1&page=1&a-b=x+%26+y"},
        {"page=2", "page=2&a-b=x+%26+y"}, {"page=2&a-b=", "page=2&a-b="}, {"a-b=z", "a-b=z&page=1"},
    };
    const ag_params_t *params = section("page type=integer default=1\na-b default=\"x & y\"", *state);
    ag_input_call_t call;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        assert_string_equal(answer(&call, params, cases[i][0], none, *state), "200");
        assert_string_equal(call.args, cases[i][1]);
    }
}

static void test_fields(void **state)
{
    static const char *const requests[][6] = {
        {"200", NULL},
        {"200", "X-Count", "7", NULL},
        {"200", "x-count", "7", "Other", "\xff", NULL},
        {"422 header X-Count type: is no integer", "X-Count", "a", NULL},
        {"422 header X-Count type: is no integer", "X-Count", "7, 8", NULL},
        {"422 header X-Count type: is no integer", "X-Count", "", NULL},
        {"400 header X-Count name: is there in several spellings", "X-Count", "7", "X_Count", "8", NULL},
        {"400 header X-Count name: " SPELLED, "X_Count", "7", NULL},
        {"200", "X-Tags", "a, b ,,c", NULL},
        {"422 header X-Tags enum: is none of a, b, c", "X-Tags", "a, d", NULL},
        {"400 header X-Tags encoding: is no UTF-8", "X-Tags", "\xff", NULL},
    };
    const ag_params_t *params = section(
        "X-Count in=header type=integer\nX-Tags in=header list enum=a,b,c\nX-Mode in=header default=fast", *state);
    ag_input_call_t call;
    int i;

    for (i = 0; i < N_OF(requests); i++) {
        assert_string_equal(answer(&call, params, "X-Count=x", requests[i] + 1, *state), requests[i][0]);
        assert_int_equal(call.tell->nelts, 1);
        assert_string_equal(APR_ARRAY_IDX(call.tell, 0, ag_input_field_t).name, "X-Mode");
        assert_string_equal(APR_ARRAY_IDX(call.tell, 0, ag_input_field_t).value, "fast");
    }
    assert_string_equal(answer(&call, section("X-A in=header required", *state), NULL, none, *state),
                        "422 header X-A required: is missing");
}

static const ag_params_t *merged(const char *outer, const char *inner, int htaccess, apr_pool_t *p)
{
    const ag_params_t *under = section(outer, p), *over = NULL, *both;

    assert_null(read_section(&over, inner, htaccess, p));
    ag_kind_params.merge(&both, &under, &over, p);
    return both;
}

static void test_merge(void **state)
{
    static const char *const cases[][4] = {
        {"id type=integer", "x", "id=a", "422 query id type: is no integer"},
        {"id type=integer", "id enum=a", "id=a", "200"},
        {"id type=integer", "id off", "id=a", "200"},
        {"id type=integer", "off", "id=a", "200"},
        {"id type=integer\n* refuse", "off\nx enum=a", "id=a", "200"},
        {"id type=integer\n* refuse", "off\nx enum=a", "x=b", "422 query x enum: is none of a"},
        {"id in=header required", "id off", NULL, "422 header id required: is missing"},
        {"id in=header required", "id off in=header", NULL, "200"},
        {"* refuse", "x", "x=1&y=2", "422 query - unknown: argument 2 is none of those that are known here"},
        {"* refuse", "* off", "y=2", "200"},
        {"x", "* refuse", "x=1&y=2", "422 query - unknown: argument 2 is none of those that are known here"},
    };
    ag_input_call_t call;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        assert_string_equal(answer(&call, merged(cases[i][0], cases[i][1], 0, *state), cases[i][2], none, *state),
                            cases[i][3]);
    }
}

/* A tenant's line narrows and never widens. */
static void test_merge_htaccess(void **state)
{
    static const char *const cases[][4] = {
        {"id type=integer", "id enum=1,a", "id=a", "422 query id type: is no integer"},
        {"id type=integer", "id enum=1,a", "id=2", "422 query id enum: is none of 1, a"},
        {"id type=integer", "id enum=1,a", "id=1", "200"},
        {"id type=integer", "id list", "id=1,2", "422 query id type: is no integer"},
        {"id list type=integer", "id", "id=1,2", "422 query id type: is no integer"},
        {"id required", "id", NULL, "422 query id required: is missing"},
        {"id", "id required", NULL, "422 query id required: is missing"},
        {"id type=integer", "ID", "ID=x", "400 query id name: " SPELLED},
        {"id type=integer", "id[]", "id[]=x", "400 query id name: " SPELLED},
    };
    ag_input_call_t call;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        assert_string_equal(answer(&call, merged(cases[i][0], cases[i][1], 1, *state), cases[i][2], none, *state),
                            cases[i][3]);
    }
    assert_string_equal(answer(&call, merged("id default=1", "id default=2", 1, *state), NULL, none, *state), "200");
    assert_string_equal(call.args, "id=1");
    assert_string_equal(answer(&call, merged("x", "id default=2", 1, *state), NULL, none, *state), "200");
    assert_string_equal(call.args, "id=2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_arguments),     TEST(test_unknown),       TEST(test_many_arguments),
                                       TEST(test_many_findings), TEST(test_defaults),      TEST(test_fields),
                                       TEST(test_merge),         TEST(test_merge_htaccess)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
