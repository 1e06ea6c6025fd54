/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_page: who gets a refusal as a page, and that the page says what the problem document says, and nothing that a
 * browser would take for anything but text.
 */
#include "answer_fixture.h"

#include "../../src/reply/reply.h"

#define CHROME                                                                                                       \
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"              \
    "application/signed-exchange;v=b3;q=0.7"

static const struct {
    int page;
    const char *accept;
} wishes[] = {
    {0, NULL},
    {0, ""},
    {0, ","},
    {0, "*/*"},
    {0, "application/json"},
    {0, "application/json, text/plain, */*"},
    {0, "application/json, text/javascript, */*; q=0.01"},
    {0, "image/avif,image/webp,*/*;q=0.8"},
    /* browsers */
    {1, CHROME},
    {1, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
    {1, "text/html"},
    /* weights, whatever the order, case and blanks */
    {0, "text/html, application/json"},
    {0, "text/html, */*"},
    {1, "text/html, application/json;q=0.9"},
    {1, "application/json;q=0.9,text/html"},
    {0, "text/html;q=0.5, application/json;q=0.6"},
    {1, "text/html;q=0.501, application/json;q=0.5"},
    {0, "text/html;q=0.5, application/json;q=0.500"},
    {1, "TEXT/HTML ; Q=0.6 , Application/JSON\t;q=0.5 "},
    {0, "text/html;q=0"},
    {0, "text/html;q=0, */*;q=0"},
    {1, "text/html;q=1.000, */*;q=0.999"},
    {1, " ,text/html;level=1;q=0.4,,application/json;q=0.3"},
    {1, "text/html;q=0.4;more=1, application/json;q=0.3"},
    {0, "text/html;q=0.2;q=0.1, application/json;q=0.1"},
    /* the more specific range has the word */
    {1, "text/*"},
    {1, "text/*, application/*;q=0.5"},
    {0, "text/*;q=0.5, application/*"},
    {0, "text/*;q=1, text/html;q=0.1, */*;q=0.5"},
    {1, "text/html;q=0.3, application/problem+json;q=0.1, */*"},
    {0, "text/html;q=0.3, application/problem+json;q=0.5, application/json;q=0.1"},
    {0, "text/plain"},
    {1, "*/*;q=0.1, text/html;q=0.2"},
    /* what is no weight: nothing clear was said */
    {0, "text/html;q=2"},
    {0, "text/html;q="},
    {0, "text/html;q=.9"},
    {0, "text/html;q=1.001"},
    {0, "text/html;q=0.5555"},
    {0, "text/html;q=0.5x"},
    {0, "text/html;q=-1"},
    {0, "text/html;q=0,5"},
    {0, "text/html, image/png;q=x"},
    {0, "text/html2"},
    {0, "text/htm"},
    {0, "x-text/html"},
    /* Java's HttpURLConnection, of its own accord, for whatever program */
    {0, "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"},
};

static void test_who_prefers_a_page(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < N_OF(wishes); i++) {
        if (ag_page_preferred(wishes[i].accept) != wishes[i].page) {
            print_error("%s\n", wishes[i].accept);
        }
        assert_int_equal(ag_page_preferred(wishes[i].accept), wishes[i].page);
    }
}

#define HEAD(title)                                                                                                  \
    "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>" title "</title>\n<h1>" title            \
    "</h1>\n<dl>\n"
#define SAYS(name, text) "<dt>" name "</dt><dd>" text "</dd>\n"
#define TAIL             "</dl>\n</html>\n"

static void test_what_it_says(void **state)
{
    ag_principal_t acme = {.client = "acme"};
    ag_quota_line_t told[] = {
        LINE("fine", "\"fine\"", "s", 1, 60, 1, 1, 0, 0, 0),
        LINE("100/min", "\"100/min\"", "s", 100, 60, 0, 12, 12, 1, 0),
        LINE("a<b", "\"a<b\"", "s", 100, 60, 0, 12, 12, 1, 0),
    };
    ag_verdict_t verdict = {
        .reason = AG_R_RATE_EXCEEDED, .lines = told, .n_lines = 3, .retry_after = 12, .who = &acme};

    assert_string_equal(ag_page(&verdict, 429, "abc", *state),
                        HEAD("Rate limit exceeded") SAYS("detail", "100 per minute for client acme")
                            SAYS("status", "429") SAYS("code", "rate_exceeded") SAYS("title", "Quota Exceeded")
                                SAYS("type", "https://iana.org/assignments/http-problem-types#quota-exceeded")
                                    SAYS("retry_after", "12") SAYS("violated-policies", "100/min")
                                        SAYS("violated-policies", "a&lt;b") SAYS("request_id", "abc") TAIL);
    verdict = (ag_verdict_t){.reason = AG_R_KEY_EXPIRED};
    assert_string_equal(ag_page(&verdict, 401, NULL, *state),
                        HEAD("The API key has expired") SAYS("status", "401") SAYS("code", "key_expired") TAIL);
}

static void test_escapes(void **state)
{
    static const struct {
        const char *detail, *shown;
    } cases[] = {
        {"<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"},
        {"\"><img src=x onerror=\"a&b\">", "&quot;&gt;&lt;img src=x onerror=&quot;a&amp;b&quot;&gt;"},
        {"&lt;b&gt; &amp;", "&amp;lt;b&amp;gt; &amp;amp;"},
        {"</dd></dl><!--", "&lt;/dd&gt;&lt;/dl&gt;&lt;!--"},
        {"a\x01\r\n\x7F\xC2\x9B z", "a????? z"},
        {"overlong <: \xC0\xBC, cut: \xE2\x82", "overlong &lt;: ??, cut: ??"},
        {"turned \xE2\x80\xAE round", "turned ? round"},
        {"Zo\xC3\xAB \xE2\x82\xAC", "Zo\xC3\xAB \xE2\x82\xAC"},
        {"", ""},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_verdict_t verdict = {.reason = AG_R_IP_DENIED, .detail = cases[i].detail};

        assert_string_equal(ag_page(&verdict, 403, cases[i].detail, *state),
                            apr_pstrcat(*state, HEAD("This address is not allowed") "<dt>detail</dt><dd>",
                                        cases[i].shown, "</dd>\n" SAYS("status", "403") SAYS("code", "ip_denied"),
                                        "<dt>request_id</dt><dd>", cases[i].shown, "</dd>\n" TAIL, NULL));
    }
}

/* A page that does not fit is replaced by a whole one. */
static void test_too_long(void **state)
{
    char *detail = apr_palloc(*state, 5001);
    ag_verdict_t verdict = {.reason = AG_R_IP_DENIED, .detail = detail};

    memset(detail, '<', 5000);
    detail[5000] = '\0';
    assert_string_equal(ag_page(&verdict, 403, "id", *state), "<!DOCTYPE html>\n<title>ip_denied</title>\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_who_prefers_a_page),
        TEST(test_what_it_says),
        TEST(test_escapes),
        TEST(test_too_long),
    };

    return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
