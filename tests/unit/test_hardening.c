/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_hardening: what presets and lines make of an answer, which lines are refused, and what an inner section
 * changes of an outer one's.
 */
#include "answer_fixture.h"
#include "policy_fixture.h"

#define LINES(...) section(AG_POLICY_header_lines, SAYS(__VA_ARGS__), &c)->header_lines
#define TEN        "aaaaaaaaaa"
#define NAME_100   TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* ---- answers ----------------------------------------------------------------------------------- */

/* What the answer of an application says in the end. `said` is a list NAME, VALUE, ..., NULL. */
static const char *sent(const char *const *said, int choice, const ag_header_lines_t *lines, int secure,
                        apr_pool_t *p)
{
    ag_answer_t a = page_make(said, AG_AT_ANSWER | AG_AT_SENDING, p);

    a.preset = ag_hardening_preset(choice, 0);
    a.lines = lines;
    a.secure = secure;
    return page_say(&a);
}

/* Each name of a preset in its turn: the application's value stays where it has one. */
static void test_the_application_s_own(void **state)
{
    const ag_header_t *web = ag_hardening_preset(AG_HARDEN_WEB, 0);
    int i, n = 0;

    for (i = 0; i < AG_HEADERS_KNOWN; i++) {
        const char *const said[] = {web[i].name, "mine", NULL};
        ag_answer_t a = page_make(said, AG_AT_ANSWER | AG_AT_SENDING, *state);

        a.preset = web;
        a.secure = 1;
        page_say(&a);
        assert_int_equal(apr_table_elts(a.ctx)->nelts, 12);
        assert_true(!apr_table_get(a.ctx, web[i].name) == !web[i].value);
        assert_true(!web[i].value || strcmp(apr_table_get(a.ctx, web[i].name), "mine") == 0);
        n += web[i].value != NULL;
    }
    assert_int_equal(n, 12);
}

static void test_who_has_a_preset(void **state)
{
    (void)state;
    assert_null(ag_hardening_preset(AG_HARDEN_AUTO, 0));
    assert_null(ag_hardening_preset(AG_HARDEN_OFF, 1));
    assert_ptr_equal(ag_hardening_preset(AG_HARDEN_AUTO, 1), ag_hardening_preset(AG_HARDEN_API, 0));
    assert_ptr_not_equal(ag_hardening_preset(AG_HARDEN_WEB, 1), ag_hardening_preset(AG_HARDEN_API, 1));
}

/* One line about one name, of the preset's or another, and what the application says under it. */
static void test_lines(void **state)
{
    static const struct {
        const char *line, *said, *sent;
    } cases[] = {
        {"Referrer-Policy origin", NULL, "origin"},       {"referrer-policy origin", NULL, "origin"},
        {"Referrer-Policy origin", "mine", "mine"},       {"Referrer-Policy origin force", "mine", "origin"},
        {"Referrer-Policy origin FORCE", NULL, "origin"}, {"Referrer-Policy unset", NULL, NULL},
        {"Referrer-Policy UNSET", "mine", "mine"},        {"Referrer-Policy unset force", "mine", NULL},
        {"Referrer-Policy \"a b\"", NULL, "a b"},         {"X-Powered-By unset", "mine", "mine"},
        {"X-Powered-By unset force", "mine", NULL},       {"X-Powered-By us", "mine", "mine"},
        {"X-Powered-By us force", "mine", "us"},          {"Permissions-Policy camera=()", NULL, "camera=()"},
        {"Permissions-Policy camera=()", "mine", "mine"}, {"Permissions-Policy camera=() force", "mine", "camera=()"},
        {"X-Generator unset force", "mine", NULL},        {"X-Generator unset", "mine", "mine"},
    };
    conf_t c = conf_of(*state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const char *const line[] = {cases[i].line, NULL};
        char *name = apr_pstrmemdup(*state, cases[i].line, strcspn(cases[i].line, " "));
        const char *said[] = {cases[i].said ? name : NULL, cases[i].said, NULL};
        ag_answer_t a = page_make(said, AG_AT_ANSWER | AG_AT_SENDING, *state);

        a.preset = ag_hardening_preset(AG_HARDEN_API, 0);
        a.lines = section(AG_POLICY_header_lines, line, &c)->header_lines;
        page_say(&a);
        if (cases[i].sent) {
            assert_string_equal(apr_table_get(a.ctx, name), cases[i].sent);
        }
        else {
            assert_null(apr_table_get(a.ctx, name));
        }
    }
}

/* Without a preset lines have their say; nothing else is said. */
static void test_lines_alone(void **state)
{
    conf_t c = conf_of(*state);
    const char *const said[] = {"X-Powered-By", "mine", NULL};

    assert_string_equal(sent(said, AG_HARDEN_OFF, LINES("X-A a", "X-A b", "X-Frame-Options DENY"), 1, *state),
                        "X-Powered-By: mine\nX-Frame-Options: DENY\nX-A: b\n");
}

/* RFC 6797 s7.2: whatever a line says, never in clear. */
static void test_hsts(void **state)
{
#define HSTS "Strict-Transport-Security"
    static const struct {
        const char *line, *said, *secure, *clear;
    } cases[] = {
        {NULL, NULL, "max-age=31536000; includeSubDomains", NULL},
        {NULL, "mine", "mine", "mine"},
        {HSTS " max-age=5", NULL, "max-age=5", NULL},
        {HSTS " max-age=5 force", NULL, "max-age=5", NULL},
        {HSTS " max-age=5 force", "mine", "max-age=5", NULL},
        {HSTS " unset", "mine", "mine", "mine"},
        {HSTS " unset force", "mine", NULL, NULL},
        {HSTS " unset", NULL, NULL, NULL},
    };
    conf_t c = conf_of(*state);
    int i;

    for (i = 0; i < 2 * N_OF(cases); i++) {
        const char *const line[] = {cases[i / 2].line, NULL};
        const char *said[] = {cases[i / 2].said ? HSTS : NULL, cases[i / 2].said, NULL};
        const char *wanted = i % 2 ? cases[i / 2].secure : cases[i / 2].clear;
        ag_answer_t a = page_make(said, AG_AT_SENDING, *state);

        a.preset = ag_hardening_preset(AG_HARDEN_WEB, 0);
        a.lines = section(AG_POLICY_header_lines, line, &c)->header_lines;
        a.secure = i % 2;
        assert_string_equal(page_say(&a), wanted ? apr_pstrcat(*state, HSTS ": ", wanted, "\n", NULL) : "");
    }
}

/* ---- lines that are refused -------------------------------------------------------------------- */

static const struct {
    const char *line, *error;
} mistakes[] = {
    {"", "a value is missing"},
    {"X-A", "\"X-A\" has no value: NAME VALUE or NAME unset"},
    {"X-A b c", "\"c\" is not allowed: behind \"b\" there may be force alone; a value with blanks stands in quotes"},
    {"X-A b force force", "\"force\" is not allowed: behind \"b\""},
    {"X-A b \"\"", "\"\" is not allowed: behind \"b\""},
    {"\"\" b", "\"\" is not allowed: NAME is a field's name"},
    {"\"X A\" b", "\"X A\" is not allowed: NAME is a field's name"},
    {"X-A: b", "\"X-A:\" is not allowed: NAME is a field's name"},
    {"X\xC3\xA4 b", "\"X\xC3\xA4\" is not allowed: NAME is a field's name"},
    {"\"X\r\nY\" b", "\"X\r\nY\" is not allowed: NAME is a field's name"},
    {NAME_100 "a b", "\"" NAME_100 "a\" is not allowed: NAME is a field's name"},
    {"X-A \"\"", "\"\" is not allowed for X-A: a value, without blanks at its ends, or unset"},
    {"X-A \" \"", "\" \" is not allowed for X-A"},
    {"X-A \" b\"", "\" b\" is not allowed for X-A"},
    {"X-A \"b \"", "\"b \" is not allowed for X-A"},
    {"X-A \"b\r\nX-B: c\"", "the value of X-A holds a control character behind \"b\""},
    {"X-A \"b\nc\"", "the value of X-A holds a control character behind \"b\""},
    {"X-A \"b\tc\"", "the value of X-A holds a control character behind \"b\""},
    {"X-A b\x01", "the value of X-A holds a control character behind \"b\""},
    {"X-A \x7F", "the value of X-A holds a control character behind \"\""},
    {"Date x", "\"Date\" is not allowed: it is httpd's own"},
    {"date unset", "\"date\" is not allowed: it is httpd's own"},
    {"Content-Length 5", "\"Content-Length\" is not allowed: it is httpd's own"},
    {"Transfer-Encoding chunked", "\"Transfer-Encoding\" is not allowed: it is httpd's own"},
    {"Connection close", "\"Connection\" is not allowed: it is httpd's own"},
    {"Trailer X", "\"Trailer\" is not allowed: it is httpd's own"},
    {"Upgrade h2c", "\"Upgrade\" is not allowed: it is httpd's own"},
    {"Warning x", "\"Warning\" is not allowed: it is httpd's own"},
    {"Cache-Control no-store", "\"Cache-Control\" is not allowed: it is the application's"},
    {"Content-Type text/html force", "\"Content-Type\" is not allowed: it is the application's"},
    {"Location /", "\"Location\" is not allowed: it is the application's"},
    {"Set-Cookie a=b", "\"Set-Cookie\" is not allowed: it is the application's"},
    {"VARY *", "\"VARY\" is not allowed: it is the application's"},
    {"WWW-Authenticate Basic", "\"WWW-Authenticate\" is not allowed: it belongs to refusals"},
    {"Retry-After 5", "\"Retry-After\" is not allowed: it belongs to refusals"},
    {"RateLimit x", "\"RateLimit\" is not allowed: ApiGuardRateHeaders says it"},
    {"ratelimit-policy x", "\"ratelimit-policy\" is not allowed: ApiGuardRateHeaders says it"},
    {"X-RateLimit-Limit 5", "\"X-RateLimit-Limit\" is not allowed: ApiGuardRateHeaders says it"},
    {"Access-Control-Allow-Origin *", "\"Access-Control-Allow-Origin\" is not allowed: ApiGuardCORS says it"},
    {"Sunset x", "\"Sunset\" is not allowed: ApiGuardDeprecated says it"},
    {"Server x", "\"Server\" is not allowed: ServerTokens says it"},
};

static void test_mistakes(void **state)
{
    conf_t c = conf_of(*state);
    int i;

    for (i = 0; i < N_OF(mistakes); i++) {
        ag_policy_t *policy = ag_policy_make(*state);
        const char *error = policy_reads(policy, AG_POLICY_header_lines, mistakes[i].line, &c);
        const char *wanted = apr_pstrcat(*state, "ApiGuardSecurityHeader: ", mistakes[i].error, NULL);

        if (!error || strncmp(error, wanted, strlen(wanted)) != 0) {
            fail_msg("%s: %s", mistakes[i].line, error ? error : "(none)");
        }
        assert_null(policy->header_lines);
    }
}

/* The longest there may be, and one byte more. */
static void test_sizes(void **state)
{
    conf_t c = conf_of(*state);
    char *line = apr_psprintf(*state, "X-A %04097d", 0);
    ag_policy_t *policy = ag_policy_make(*state);

    assert_string_equal(policy_reads(policy, AG_POLICY_header_lines, line, &c),
                        "ApiGuardSecurityHeader: the value of X-A has 4097 bytes; 4096 are allowed");
    line[strlen(line) - 1] = '\0';
    assert_null(policy_reads(policy, AG_POLICY_header_lines, line, &c));
    assert_null(policy_reads(policy, AG_POLICY_header_lines, NAME_100 " b", &c));
    assert_null(policy_reads(policy, AG_POLICY_header_lines, "Servers b", &c));
    assert_null(policy_reads(policy, AG_POLICY_header_lines, "Content-Security-Policy-Report-Only b", &c));
}

static void test_preset_values(void **state)
{
    conf_t c = conf_of(*state);
    ag_policy_t *policy = ag_policy_make(*state);

    assert_int_equal(policy->hardening, AG_HARDEN_AUTO);
    assert_null(policy_reads(policy, AG_POLICY_hardening, "API", &c));
    assert_int_equal(policy->hardening, AG_HARDEN_API);
    assert_null(policy_reads(policy, AG_POLICY_hardening, "web", &c));
    assert_int_equal(policy->hardening, AG_HARDEN_WEB);
    assert_null(policy_reads(policy, AG_POLICY_hardening, "off", &c));
    assert_int_equal(policy->hardening, AG_HARDEN_OFF);
    assert_string_equal(policy_reads(policy, AG_POLICY_hardening, "auto", &c),
                        "ApiGuardSecurityHeaders: \"auto\" is not allowed: api, web or off");
    assert_string_equal(policy_reads(policy, AG_POLICY_hardening, "api web", &c),
                        "ApiGuardSecurityHeaders: one value is allowed, \"web\" is too many");
}

/* ---- sections within sections ------------------------------------------------------------------ */

static const char *merged(const char *const *outer, const char *const *inner, int htaccess, apr_pool_t *p)
{
    static const char *const said[] = {"X-App", "mine", NULL};
    conf_t c = conf_of(p);
    ag_policy_t *out = section(AG_POLICY_header_lines, outer, &c), *in;

    if (htaccess) {
        c.call.later = NULL;
    }
    in = section(AG_POLICY_header_lines, inner, &c);
    return sent(said, AG_HARDEN_OFF, ag_policy_merge(out, in, p)->header_lines, 0, p);
}

static void test_merging(void **state)
{
    static const struct {
        const char *outer[3], *inner[3];
        int htaccess;
        const char *sent;
    } cases[] = {
        {{"X-A a"}, {NULL}, 0, "X-App: mine\nX-A: a\n"},
        {{NULL}, {"X-A b"}, 0, "X-App: mine\nX-A: b\n"},
        {{"X-A a", "X-B a"}, {"x-b b", "X-C b"}, 0, "X-App: mine\nX-A: a\nx-b: b\nX-C: b\n"},
        {{"X-Frame-Options DENY", "X-XSS-Protection 1"},
         {"X-Frame-Options SAMEORIGIN"},
         0,
         "X-App: mine\nX-Frame-Options: SAMEORIGIN\nX-XSS-Protection: 1\n"},
        {{"X-A a"}, {"X-A unset"}, 0, "X-App: mine\n"},
        {{"X-App a force"}, {"X-App b"}, 0, "X-App: mine\n"},
        {{"X-App a force"}, {"X-App unset"}, 0, "X-App: mine\n"},
        {{"X-App a force"}, {"X-App unset force"}, 0, ""},
        /* a tenant's lines */
        {{"X-A a"}, {"X-A b"}, 1, "X-App: mine\nX-A: b\n"},
        {{"X-A a", "X-App a"}, {"X-App b force"}, 1, "X-App: b\nX-A: a\n"},
        {{"X-App a force"}, {"X-App b force"}, 1, "X-App: a\n"},
        {{"X-App a force"}, {"X-App b"}, 1, "X-App: a\n"},
        {{"X-App unset force"}, {"X-App b force"}, 1, ""},
        {{"X-Frame-Options DENY force"},
         {"X-Frame-Options SAMEORIGIN force", "X-B b"},
         1,
         "X-App: mine\nX-Frame-Options: DENY\nX-B: b\n"},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        assert_string_equal(merged(cases[i].outer, cases[i].inner, cases[i].htaccess, *state), cases[i].sent);
    }
}

/* What is merged is nobody else's: the outer section has other inner ones. */
static void test_the_outer_stays(void **state)
{
    conf_t c = conf_of(*state);
    const ag_policy_t *outer = section(AG_POLICY_header_lines, SAYS("X-A a", "X-Frame-Options DENY"), &c);
    const ag_policy_t *inner = section(AG_POLICY_header_lines, SAYS("X-B b", "X-A c", "X-Frame-Options unset"), &c);

    ag_policy_merge(outer, inner, *state);
    assert_string_equal(sent(NULL, AG_HARDEN_OFF, outer->header_lines, 0, *state), "X-Frame-Options: DENY\nX-A: a\n");
}

static void test_htaccess(void **state)
{
    conf_t c = conf_of(*state);
    ag_policy_t *policy = ag_policy_make(*state);

    c.call.later = NULL;
    assert_null(policy_reads(policy, AG_POLICY_hardening, "web", &c));
    assert_string_equal(policy_reads(policy, AG_POLICY_hardening, "off", &c),
                        "ApiGuardSecurityHeaders: \"off\" is not allowed in .htaccess: it would switch off what the "
                        "server's configuration says");
    assert_string_equal(policy_reads(policy, AG_POLICY_header_lines, "X-A unset", &c),
                        "ApiGuardSecurityHeader: \"unset\" is not allowed in .htaccess: it would switch off what the "
                        "server's configuration says");
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_the_application_s_own),
                                       TEST(test_who_has_a_preset),
                                       TEST(test_lines),
                                       TEST(test_lines_alone),
                                       TEST(test_hsts),
                                       TEST(test_mistakes),
                                       TEST(test_sizes),
                                       TEST(test_preset_values),
                                       TEST(test_merging),
                                       TEST(test_the_outer_stays),
                                       TEST(test_htaccess)};

    return cmocka_run_group_tests_name("hardening", tests, NULL, NULL);
}
