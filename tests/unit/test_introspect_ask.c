/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_introspect_ask: the question as it is sent (RFC 7662 s2.1), and which answers are ones.
 */
#include "introspect_fixture.h"

static ag_introspect_e ask(house_t *h, ag_introspect_answer_t *answer, const char *token)
{
    return ag_introspect_ask(answer, h->engine.introspect.fetch, &h->whom, token, strlen(token), 1500 * 1000, h->p);
}

static void test_question(void **state)
{
    house_t *h = open_house(*state);
    ag_introspect_answer_t answer;

    h->says = "{\"active\":true}";
    h->whom.ca = "file:/etc/ca.pem";
    assert_int_equal(ask(h, &answer, "a+b/c=&~._-d"), AG_INTROSPECT_ACTIVE);
    assert_string_equal(h->heard.url, h->whom.url);
    assert_string_equal(h->form, "token=a%2Bb%2Fc%3D%26~._-d&token_type_hint=access_token");
    assert_string_equal(h->heard.user, "me");
    assert_string_equal(h->heard.password, "pw");
    assert_string_equal(h->heard.accept, "application/json");
    assert_string_equal(h->heard.ca_file, "/etc/ca.pem");
    assert_int_equal(h->heard.timeout, 1500 * 1000);
    assert_int_equal(h->heard.redirects, 0);
    assert_int_equal(h->heard.max_size, 65536);
    h->whom = (ag_introspection_t){.url = "https://id/", .form = "&client_id=c&client_secret=s"};
    ask(h, &answer, "t");
    assert_string_equal(h->form, "token=t&token_type_hint=access_token&client_id=c&client_secret=s");
    assert_null(h->heard.user);
}

static void test_encoding(void **state)
{
    assert_string_equal(ag_introspect_encode("", 0, *state), "");
    assert_string_equal(ag_introspect_encode("a:\0 \xFF", 5, *state), "a%3A%00%20%FF");
}

static void test_answers(void **state)
{
    static const struct {
        long status;
        const char *type, *says;
        ag_introspect_e result;
        const char *error;
    } cases[] = {
        {200, "application/json", "{\"active\":true}", AG_INTROSPECT_ACTIVE, NULL},
        {200, "Application/JSON; charset=utf-8", " {\"active\" : true , \"x\":1}\n", AG_INTROSPECT_ACTIVE, NULL},
        {200, "application/json", "{\"active\":false,\"sub\":\"joe\"}", AG_INTROSPECT_INACTIVE, NULL},
        {200, "application/json", "{\"active\":\"true\"}", AG_INTROSPECT_FAILED, "neither true nor false"},
        {200, "application/json", "{\"active\":1}", AG_INTROSPECT_FAILED, "neither true nor false"},
        {200, "application/json", "{\"active\":null}", AG_INTROSPECT_FAILED, "neither true nor false"},
        {200, "application/json", "{\"Active\":true}", AG_INTROSPECT_FAILED, "neither true nor false"},
        {200, "application/json", "{\"active\":false,\"active\":true}", AG_INTROSPECT_FAILED, "a member twice"},
        {200, "application/json", "[{\"active\":true}]", AG_INTROSPECT_FAILED, "no JSON object"},
        {200, "application/json", "{\"active\":true", AG_INTROSPECT_FAILED, "no JSON object"},
        {200, "application/json", "{\"active\":true} x", AG_INTROSPECT_FAILED, "no JSON object"},
        {200, "application/json", "", AG_INTROSPECT_FAILED, "no JSON object"},
        {200, "application/jsonp", "{\"active\":true}", AG_INTROSPECT_FAILED, "not application/json"},
        {200, "text/html", "{\"active\":true}", AG_INTROSPECT_FAILED, "not application/json"},
        {200, NULL, "{\"active\":true}", AG_INTROSPECT_FAILED, "not application/json"},
        {204, "application/json", "{\"active\":true}", AG_INTROSPECT_FAILED, "it answers 204"},
        {302, "application/json", "{\"active\":true}", AG_INTROSPECT_FAILED, "it answers 302"},
        {400, "application/json", "{\"active\":true}", AG_INTROSPECT_FAILED, "it answers 400"},
        {413, "application/json", "{}", AG_INTROSPECT_FAILED, "it answers 413"},
        {414, "application/json", "{}", AG_INTROSPECT_FAILED, "it answers 414"},
        {422, "application/json", "{}", AG_INTROSPECT_FAILED, "it answers 422"},
        {431, "application/json", "{}", AG_INTROSPECT_FAILED, "it answers 431"},
        {429, "application/json", "{}", AG_INTROSPECT_FAILED, "it answers 429"},
        {401, "application/json", "{\"active\":true}", AG_INTROSPECT_FAILED, "client= or secret="},
        {403, "application/json", "{\"active\":true}", AG_INTROSPECT_FAILED, "client= or secret="},
        {500, "application/json", "{\"active\":true}", AG_INTROSPECT_FAILED, "it answers 500"},
    };
    static const char of_token[] = "400 413 414 422 431";
    house_t *h = open_house(*state);
    ag_introspect_answer_t answer;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        h->status = cases[i].status;
        h->type = cases[i].type;
        h->says = cases[i].says;
        if (ask(h, &answer, "t") != cases[i].result || !answer.error != !cases[i].error
            || (cases[i].error && !strstr(answer.error, cases[i].error))
            || answer.of_token != (strstr(of_token, apr_ltoa(*state, cases[i].status)) != NULL)) {
            fail_msg("%ld %s: %s", cases[i].status, cases[i].says, answer.error ? answer.error : "(taken)");
        }
    }
    h->error = "Timeout was reached";
    assert_int_equal(ask(h, &answer, "t"), AG_INTROSPECT_FAILED);
    assert_string_equal(answer.error, "Timeout was reached");
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_question), TEST(test_encoding), TEST(test_answers)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
