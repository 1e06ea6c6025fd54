/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ApiGuardDeprecated: what its lines mean, which of them are mistakes, and what .htaccess may do to an inherited
 * one; what answers say of it.
 */
#include "answer_fixture.h"
#include "policy_fixture.h"

#define SUNSET "Thu, 31 Dec 2026 00:00:00 GMT"
#define DOCS   "https://docs.example.org/v1?a=b&c=%20#end"

/* The section with that line, and where it stands: "www" has "/api". */
static const ag_deprecated_t *says(const char *line, conf_t *c)
{
    const ag_policy_t *policy = section(AG_POLICY_deprecated, SAYS(line), c);
    ag_later_call_t done = {.p = c->p, .server_name = "www"};
    int i;

    for (i = 0; c->call.later && i < c->call.later->nelts; i++) {
        const ag_later_t *task = &APR_ARRAY_IDX(c->call.later, i, ag_later_t);

        done.section = task->section;
        assert_null(task->run(task->ctx, &done));
    }
    return policy->deprecated;
}

static void same(const char *is, const char *wanted)
{
    assert_int_equal(is != NULL, wanted != NULL);
    if (wanted) {
        assert_string_equal(is, wanted);
    }
}

static void test_lines(void **state)
{
    static const struct {
        const char *line, *since, *sunset, *link, *detail;
    } cases[] = {
        {"since=2026-07-01", "@1782864000", NULL, NULL, NULL},
        {"since=2026-07-01T02:00:00+02:00", "@1782864000", NULL, NULL, NULL},
        {"since=2026-07-01 sunset=2026-12-31", "@1782864000", SUNSET, NULL, "It ended on " SUNSET},
        {"sunset=2026-12-31 since=2026-12-31", "@1798675200", SUNSET, NULL, "It ended on " SUNSET},
        {"since=2026-07-01 link=" DOCS, "@1782864000", NULL, "<" DOCS ">; rel=\"deprecation\"", NULL},
        {"since=2026-07-01 link=/docs sunset=2026-12-31", "@1782864000", SUNSET,
         "</docs>; rel=\"deprecation\", </docs>; rel=\"sunset\"", "It ended on " SUNSET "; see /docs"},
        {"since=2026-07-01 successor=../v2/", "@1782864000", NULL, "<../v2/>; rel=\"successor-version\"", NULL},
        {"since=2026-07-01 successor=/v2/ link=HTTPS://[::1]/ sunset=2026-12-31", "@1782864000", SUNSET,
         "<HTTPS://[::1]/>; rel=\"deprecation\", <HTTPS://[::1]/>; rel=\"sunset\", </v2/>; rel=\"successor-version\"",
         "It ended on " SUNSET "; its successor is /v2/; see HTTPS://[::1]/"},
    };
    conf_t c = conf_of(*state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const ag_deprecated_t *d = says(cases[i].line, &c);

        same(d->since, cases[i].since);
        same(d->sunset, cases[i].sunset);
        same(d->link, cases[i].link);
        same(d->detail, cases[i].detail);
        same(d->where, "www /api");
        assert_int_equal(d->end, d->sunset ? apr_time_from_sec(1798675200) : 0);
        assert_int_equal(d->htaccess, 0);
    }
    assert_null(says("off", &c));
    assert_null(ag_policy_make(*state)->deprecated);
}

static void test_where(void **state)
{
    static const struct {
        const char *section, *where;
    } cases[] = {{"", "www"}, {NULL, "www"}, {"<Location \"/v1/\">  ", "www <Location \"/v1/\">"}};
    conf_t c = conf_of(*state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        c.call.section = cases[i].section;
        same(says("since=2026-07-01", &c)->where, cases[i].where);
    }
}

#define DATE      "is no date: a day such as 2030-01-31, or 2030-01-31T12:00:00Z"
#define LINK(url) "since=2026-07-01 link=" url, "link=: \"" url "\" is no URL: https://..., or a path"

static void test_mistakes(void **state)
{
    static const struct {
        const char *line, *error;
    } cases[] = {
        {"soon", "\"soon\" is not allowed: since=DATE [sunset=DATE]"},
        {"since=2026-07-01 off", "\"off\" is not allowed: since="},
        {"since=2026-07-01 colour=red", "\"colour=red\" is not allowed: since="},
        {"sunset=2026-12-31", "since= is missing"},
        {"since=", "since=: \"\" " DATE},
        {"since=2026-02-30", "since=: \"2026-02-30\" " DATE},
        {"since=@1782864000", "since=: \"@1782864000\" " DATE},
        {"since=2026-07-01 sunset=soon", "sunset=: \"soon\" " DATE},
        {"since=2026-07-01 since=2026-07-02", "since= is given twice"},
        {"since=2026-07-01 sunset=2026-07-01 sunset=2026-07-01", "sunset= is given twice"},
        {"since=2026-07-01 link=/a link=/a", "link= is given twice"},
        {"since=2026-07-01 successor=/a successor=/b", "successor= is given twice"},
        {"since=2026-07-02 sunset=2026-07-01", "since=2026-07-02 is after sunset=2026-07-01"},
        {"since=2026-07-01T00:00:01Z sunset=2026-07-01", "since=2026-07-01T00:00:01Z is after"},
        {LINK("")},
        {LINK("docs.example.org/v1")},
        {LINK("ftp://docs.example.org/")},
        {LINK("javascript:alert(1)")},
        {LINK("https://")},
        {LINK("https:///v1")},
        {LINK("/a>;rel=next")},
        {LINK("/a<b")},
        {LINK("/a%")},
        {LINK("/a%2")},
        {LINK("/a%zz")},
        {LINK("/a\xC3\xA4")},
        {LINK("/a`b")},
        {"since=2026-07-01 \"link=/a b\"", "link=: \"/a b\" is no URL"},
        {"since=2026-07-01 \"link=/a\\\"b\"", "link=: \"/a\"b\" is no URL"},
        {"since=2026-07-01 \"link=/a\\\\b\"", "link=: \"/a\\b\" is no URL"},
        {"since=2026-07-01 \"link=/a\r\nX: y\"", "link=: \"/a??X: y\" is no URL"},
        {"since=2026-07-01 successor=v2", "successor=: \"v2\" is no URL"},
    };
    conf_t c = conf_of(*state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const char *error = policy_reads(ag_policy_make(*state), AG_POLICY_deprecated, cases[i].line, &c);
        const char *wanted = apr_pstrcat(*state, "ApiGuardDeprecated: ", cases[i].error, NULL);

        if (!error || strncmp(error, wanted, strlen(wanted)) != 0) {
            fail_msg("%s: %s", cases[i].line, error ? error : "(none)");
        }
    }
}

/* Who may write .htaccess can say that something ends, and sooner; not later, and not "off". */
static void test_htaccess(void **state)
{
    static const struct {
        const char *outer, *inner;
        int inners; /* the inner one's is in force */
    } cases[] = {
        {"since=2026-07-01 sunset=2026-12-31", "since=2026-07-02", 0},
        {"since=2026-07-01 sunset=2026-12-31", "since=2026-07-02 sunset=2026-12-31T00:00:01Z", 0},
        {"since=2026-07-01 sunset=2026-12-31", "since=2026-07-02 sunset=2026-12-30", 1},
        {"since=2026-07-01", "since=2026-07-02", 1},
        {"off", "since=2026-07-02", 1},
        {NULL, "since=2026-07-02 sunset=2026-12-31", 1},
    };
    conf_t server = conf_of(*state), htaccess = conf_of(*state);
    int i;

    htaccess.call.later = NULL;
    same(policy_reads(ag_policy_make(*state), AG_POLICY_deprecated, "off", &htaccess),
         "ApiGuardDeprecated: off is not allowed in .htaccess");
    for (i = 0; i < N_OF(cases); i++) {
        const char *const outer_says[] = {cases[i].outer, NULL};
        const ag_policy_t *outer = section(AG_POLICY_deprecated, outer_says, &server);
        const ag_policy_t *inner = section(AG_POLICY_deprecated, SAYS(cases[i].inner), &htaccess);
        const ag_policy_t *merged = ag_policy_merge(outer, inner, *state);

        same(inner->deprecated->where, "www /api");
        assert_ptr_equal(merged->deprecated, cases[i].inners ? inner->deprecated : outer->deprecated);
        inner = section(AG_POLICY_deprecated, SAYS(cases[i].inner), &server);
        assert_ptr_equal(ag_policy_merge(outer, inner, *state)->deprecated, inner->deprecated);
        inner = section(AG_POLICY_deprecated, SAYS("off"), &server);
        assert_null(ag_policy_merge(outer, inner, *state)->deprecated);
    }
}

/* ---- answers ----------------------------------------------------------------------------------- */

static const ag_deprecated_t plain = {.since = "@1782864000"};
static const ag_deprecated_t whole = {
    .since = "@1782864000", .sunset = SUNSET, .link = "</v2/>; rel=\"successor-version\""};

static void test_answers(void **state)
{
    static const char *const said[] = {"Deprecation", "true",  "Link", "</style.css>; rel=preload",
                                       "Sunset",      "never", NULL};
    ag_answer_t a = page_make(said, AG_AT_ANSWER, *state);

    a.deprecated = &plain;
    assert_string_equal(page_say(&a), "Deprecation: @1782864000\nLink: </style.css>; rel=preload\n");
    a.deprecated = &whole;
    assert_string_equal(page_say(&a), "Deprecation: @1782864000\nLink: </style.css>; rel=preload\nSunset: " SUNSET
                                      "\nLink: </v2/>; rel=\"successor-version\"\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lines), TEST(test_where), TEST(test_mistakes), TEST(test_htaccess), TEST(test_answers),
    };

    return cmocka_run_group_tests_name("deprecated", tests, NULL, NULL);
}
