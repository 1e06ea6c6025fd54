/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ApiGuardParam: how its lines are read, and what a value has to be.
 */
#include "param_fixture.h"

static void test_mistakes(void **state)
{
    static const char *const cases[][2] = {
        {"id type=int", "type=: \"int\" is not allowed: string, integer, number, boolean, date, date-time or uuid"},
        {"id in=cookie", "in=: \"cookie\" is not allowed: query or header"},
        {"id min=1", "min= is for type=integer and type=number"},
        {"id max=1 type=date", "max= is for type=integer and type=number"},
        {"id type=integer min=01", "min=: \"01\" is not allowed: a number, as JSON has it"},
        {"id type=integer min=2 max=1", "min= is more than max="},
        {"id length=2..1", "length=: \"2..1\" is not allowed: A..B, A.., ..B or A, in characters up to 1000000"},
        {"id length=..", "length=: \"..\" is not allowed"},
        {"id length=-1", "length=: \"-1\" is not allowed"},
        {"id length=1..1000001", "length=: \"1..1000001\" is not allowed"},
        {"id length=1 type=integer", "length= is for type=string"},
        {"id pattern=(", "pattern=: "},
        {"id pattern=a)(b", "pattern=: "},
        {"id enum=1,x type=integer", "enum=: \"x\" is no integer"},
        {"id enum=a,bb length=1", "enum=: \"bb\" has another length than 1 characters"},
        {"id default=x type=integer", "default=: \"x\" is no integer"},
        {"id default=1,x type=integer list", "default=: \"x\" is no integer"},
        {"id default=1,2 type=integer", "default=: \"1,2\" is no integer"},
        {"id default=c enum=a,b", "default=: \"c\" is none of a, b"},
        {"id default=b pattern=a", "default=: \"b\" does not match the pattern"},
        {"id default=x required", "required and default= exclude each other"},
        {"Host in=header default=x", "Host has no default=: httpd has read the field before"},
        {"Content-Length in=header default=1", "httpd has read the field before"},
        {"id default=\"a\tb\"", "default=: a control character is not allowed"},
        {"id default=\xE4", "default= is no UTF-8"},
        {"id required required", "required is given twice"},
        {"id type=string type=string", "type is given twice"},
        {"id minimum=1", "\"minimum=1\" is not allowed: in=query|header"},
        {"id required=yes", "\"required=yes\" is not allowed"},
        {"a&b", "\"a&b\" is not allowed: an argument's name as it is when decoded"},
        {"a=b", "\"a=b\" is not allowed"},
        {"a%20b", "\"a%20b\" is not allowed"},
        {"id* required", "\"id*\" is not allowed"},
        {"\"\" required", "\"\" is not allowed"},
        {"\xE4", "is not allowed"},
        {"X/Y in=header", "\"X/Y\" is not allowed: the name of a field"},
        {"X-ApiGuard-Client in=header", "(but X-ApiGuard-*, which is dropped)"},
        {"x_apiguard_client in=header", "(but X-ApiGuard-*, which is dropped)"},
        {"id off required", "off stands alone"},
        {"id off off", "off stands alone"},
        {"*", "\"*\" is not allowed: * refuse, or * off"},
        {"* allow", "\"allow\" is not allowed: * refuse, or * off"},
        {"* refuse in=header", "\"in=header\" is not allowed: * refuse, or * off"},
        {"id\nid required", "\"id\" has a line in this section already"},
        {"X-A in=header\nx_a in=header", "\"x_a\" has a line in this section already"},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const ag_params_t *params = NULL;
        const char *error = read_section(&params, cases[i][0], 0, *state);

        if (!error || !strstr(error, cases[i][1])) {
            fail_msg("%s: %s", cases[i][0], error);
        }
    }
}

/* .htaccess switches nothing off. */
static void test_htaccess(void **state)
{
    static const char *const lines[] = {"off", "id off", "* off"};
    const ag_params_t *params = NULL;
    int i;

    for (i = 0; i < N_OF(lines); i++) {
        assert_string_equal(read_section(&params, lines[i], 1, *state), "off is not allowed in .htaccess");
        assert_null(read_section(&params, lines[i], 0, *state));
    }
    assert_null(read_section(&params, "* refuse\nid type=integer", 1, *state));
}

static void test_many_lines(void **state)
{
    const ag_params_t *params = NULL;
    const char *lines = "";
    int i;

    for (i = 0; i < 200; i++) {
        lines = apr_psprintf(*state, "%sp%d\n", lines, i);
    }
    assert_null(read_section(&params, lines, 0, *state));
    assert_int_equal(params->n_queries, 200);
    assert_string_equal(read_section(&params, apr_pstrcat(*state, lines, "more", NULL), 0, *state),
                        "there are more than 200 lines in this section");
}

#define DIGITS "123456789012345678901234567890"

/* What is said of it, a value, and "" or what is wrong with it. */
static const char *const values[][3] = {
    {"type=integer", "0", ""},
    {"type=integer", "-0", ""},
    {"type=integer", "-17", ""},
    {"type=integer", DIGITS, ""},
    {"type=integer", "", "type: is no integer"},
    {"type=integer", "01", "type: is no integer"},
    {"type=integer", "+1", "type: is no integer"},
    {"type=integer", " 1", "type: is no integer"},
    {"type=integer", "1 ", "type: is no integer"},
    {"type=integer", "1.0", "type: is no integer"},
    {"type=integer", "1e2", "type: is no integer"},
    {"type=integer", "0x1", "type: is no integer"},
    {"type=integer", "1-1", "type: is no integer"},
    {"type=integer", "-", "type: is no integer"},
    {"type=integer", "\xD9\xA1", "type: is no integer"},
    {"type=integer min=1 max=" DIGITS, "0", "min: is less than 1"},
    {"type=integer min=1 max=" DIGITS, "1", ""},
    {"type=integer min=1 max=" DIGITS, DIGITS, ""},
    {"type=integer min=1 max=" DIGITS, "123456789012345678901234567891", "max: is more than " DIGITS},
    {"type=number", "1.5", ""},
    {"type=number", "-1e-3", ""},
    {"type=number", "1.", "type: is no number"},
    {"type=number", ".5", "type: is no number"},
    {"type=number", "NaN", "type: is no number"},
    {"type=number", "Infinity", "type: is no number"},
    {"type=number", "1,5", "type: is no number"},
    {"type=number min=0.1", "0.1", ""},
    {"type=number min=0.1", "1e-1", ""},
    {"type=number min=0.1", "0.0999999999999999999999", "min: is less than 0.1"},
    {"type=boolean", "true", ""},
    {"type=boolean", "false", ""},
    {"type=boolean", "True", "type: is neither true nor false"},
    {"type=boolean", "1", "type: is neither true nor false"},
    {"type=boolean", "", "type: is neither true nor false"},
    {"type=uuid", "123e4567-e89b-12d3-a456-426614174000", ""},
    {"type=uuid", "123e4567e89b12d3a456426614174000", "type: "},
    {"type=date", "2024-02-29", ""},
    {"type=date", "2023-02-29", "type: "},
    {"type=date-time", "2024-02-29T12:00:00Z", ""},
    {"type=date-time", "2024-02-29T12:00:00+01:00", ""},
    {"type=date-time", "2024-02-29 12:00:00", "type: "},
    {"length=2..3", "a", "length: has another length than 2..3 characters"},
    {"length=2..3", "\xC3\xA4\xC3\xA4", ""},
    {"length=2..3", "\xF0\x9F\x98\x80 \xC3\xA4", ""},
    {"length=2..3", "abcd", "length: has another length than 2..3 characters"},
    {"length=2", "ab", ""},
    {"length=2", "abc", "length: has another length than 2 characters"},
    {"length=1..", "", "length: has another length than 1.. characters"},
    {"length=..1", "", ""},
    {"pattern=[a-z]+", "abc", ""},
    {"pattern=[a-z]+", "abc1", "pattern: does not match the pattern"},
    {"pattern=[a-z]+", "abc\n", "pattern: does not match the pattern"},
    {"pattern=a|b", "ab", "pattern: does not match the pattern"},
    {"pattern=a|b", "b", ""},
    {"pattern=\\d\\d", "12", ""},
    {"pattern=(a+)+$ length=..100", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "pattern: "},
    {"enum=a,b", "b", ""},
    {"enum=a,b", "B", "enum: is none of a, b"},
    {"enum=a,b", "", "enum: is none of a, b"},
    {"enum=,b", "", ""},
    {"type=number enum=1,2.50", "2.5", ""},
    {"type=number enum=1,2.50", "1.0", ""},
    {"type=number enum=1,2.50", "3", "enum: is none of 1, 2.50"},
};

static void test_values(void **state)
{
    int i;

    for (i = 0; i < N_OF(values); i++) {
        const ag_params_t *params = section(apr_pstrcat(*state, "id ", values[i][0], NULL), *state);
        ag_param_wrong_t wrong;
        int fits = ag_param_fits(&wrong, params->queries[0], ag_span(values[i][1], strlen(values[i][1])), *state);
        const char *said = fits ? "" : apr_pstrcat(*state, wrong.keyword, ": ", wrong.detail, NULL);

        if ((*values[i][2] == 0) != fits || strncmp(said, values[i][2], strlen(values[i][2])) != 0) {
            fail_msg("%s of %s: %s", values[i][1], values[i][0], said);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_mistakes), TEST(test_htaccess), TEST(test_many_lines),
                                       TEST(test_values)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
