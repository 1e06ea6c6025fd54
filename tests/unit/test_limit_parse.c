/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_parse: what may stand in ApiGuardRateLimit, what each mistake is told, and which
 * windows share an id.
 */
#include "parse_fixture.h"

/* ---- the line -------------------------------------------------------------------------------- */

static void test_defaults(void **state)
{
    ag_limit_t limit = good("100/min 1000/day");

    (void)state;
    assert_int_equal(limit.n_windows, 2);
    assert_int_equal(limit.windows[0].rate.n, 100);
    assert_int_equal(limit.windows[0].rate.period.seconds, 60);
    assert_int_equal(limit.windows[1].rate.n, 1000);
    assert_ptr_equal(limit.windows[1].algo, &ag_algo_sliding);
    assert_string_equal(limit.windows[1].wire.name, "1000/day");
    assert_int_equal(limit.by, AG_BY_CLIENT);
    assert_int_equal(limit.cost, 1);
    assert_int_equal(limit.prefix6, 64);
    assert_int_equal(limit.dry_run, 0);
    assert_null(limit.when);
    assert_string_equal(limit.text, "100/min 1000/day");
}

static void test_every_option(void **state)
{
    ag_limit_t limit = good("by=ip/56 algorithm=bucket burst=20 10/s cost=2 name=login "
                            "when=\"%{REQUEST_METHOD} == 'POST'\" dryrun");

    (void)state;
    assert_int_equal(limit.by, AG_BY_IP);
    assert_int_equal(limit.prefix6, 56);
    assert_ptr_equal(limit.windows[0].algo, &ag_algo_bucket);
    assert_int_equal(limit.windows[0].burst, 20);
    assert_int_equal(limit.cost, 2);
    assert_string_equal(limit.name, "login");
    assert_string_equal(limit.windows[0].wire.name, "login");
    assert_string_equal((const char *)limit.when, "%{REQUEST_METHOD} == 'POST'");
    assert_int_equal(limit.dry_run, 1);
    limit = good("name=x 1/s 5/min cost=expr=\"%{HTTP:X-Cost}\" algorithm=fixed");
    assert_string_equal(limit.windows[1].wire.name, "x:5/min");
    assert_string_equal((const char *)limit.cost_expr, "%{HTTP:X-Cost}");
}

static void test_every_by(void **state)
{
    static const struct {
        const char *text;
        ag_by_e by;
        const char *name;
    } cases[] = {
        {"client", AG_BY_CLIENT, NULL},
        {"ip", AG_BY_IP, NULL},
        {"key", AG_BY_KEY, NULL},
        {"user", AG_BY_USER, NULL},
        {"claim:org.id", AG_BY_CLAIM, "org.id"},
        {"header:X-Tenant", AG_BY_HEADER, "x-tenant"},
        {"path", AG_BY_PATH, NULL},
        {"global", AG_BY_GLOBAL, NULL},
        {"expr=%{HTTP_HOST}", AG_BY_EXPR, NULL},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        ag_limit_t limit = good(apr_pstrcat(pool, "5/s by=", cases[i].text, NULL));

        assert_int_equal(limit.by, cases[i].by);
        if (cases[i].name) {
            assert_string_equal(limit.by_name, cases[i].name);
        }
    }
}

/* The message names the word that is wrong and what is allowed. */
static void test_every_mistake(void **state)
{
    static const struct {
        const char *line, *word, *allowed;
    } cases[] = {
        {"", "no window", "100/min"},
        {"by=ip", "no window", "100/min"},
        {"100", "100", "N/PERIOD"},
        {"100/fortnight", "100/fortnight", "min"},
        {"-1/min", "-1/min", "from 0"},
        {"1.5/min", "1.5/min", "from 0"},
        {"1000000000001/min", "1000000000001/min", "10^12"},
        {"5/400day", "5/400day", "366"},
        {"off", "off", "N/PERIOD"},
        {"5/s 5/s", "5/s says the same as 5/s", ""},
        {"60/min 60/60s", "60/60s says the same as 60/min", ""},
        {"5/s by=", "by=", "client, ip"},
        {"5/s by=everybody", "by=everybody", "client, ip"},
        {"5/s by=clients", "by=clients", "client, ip"},
        {"5/s by=ip/0", "by=ip/", "1 to 128"},
        {"5/s by=ip/129", "by=ip/", "1 to 128"},
        {"5/s by=ip/x", "by=ip/", "1 to 128"},
        {"5/s by=claim:", "by=claim:", "name"},
        {"5/s by=claim", "by=claim", "claim:NAME"},
        {"5/s by=header:", "by=header:", "field"},
        {"5/s by=header:X:Y", "by=header:X:Y", "field"},
        {"5/s by=expr=", "by=expr=", "expression"},
        {"5/s by=expr=bad", "by=expr=bad", "syntax error"},
        {"5/s by=ip by=key", "by=", "twice"},
        {"5/s algorithm=leaky", "algorithm=leaky", "sliding, fixed, bucket"},
        {"5/s burst=10", "burst=", "algorithm=bucket"},
        {"5/s burst=10 algorithm=fixed", "burst=", "algorithm=bucket"},
        {"5/s burst=0 algorithm=bucket", "burst=", "from 1"},
        {"1/month burst=1000000 algorithm=bucket", "burst=1000000", "100 years"},
        {"5/s cost=0", "cost=", "from 1"},
        {"5/s cost=6", "cost=6", "5/s"},
        {"5/s algorithm=bucket burst=3 cost=4", "cost=4", "5/s"},
        {"5/s cost=many", "cost=", "from 1"},
        {"5/s cost=expr=bad", "cost=expr=bad", "syntax error"},
        {"5/s when=bad", "when=bad", "syntax error"},
        {"5/s when=", "when=", "expression"},
        {"5/s name=", "name=", "printable"},
        {"5/s name=\"a b\"", "name=a b", "printable"},
        {"5/s name=\"a\\\"b\"", "name=a\"b", "quotes"},
        {"5/s name=\xc3\xa9", "name=", "ASCII"},
        {"5/s color=red", "color=red", "algorithm="},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        ag_limit_t limit;
        const char *error = parse(&limit, cases[i].line);

        if (!error || !strstr(error, cases[i].word) || !strstr(error, cases[i].allowed)) {
            fail_msg("\"%s\": %s", cases[i].line, error ? error : "accepted");
        }
    }
}

static void test_no_expressions_without_a_port(void **state)
{
    ag_words_t words;
    ag_limit_t limit;

    (void)state;
    assert_null(ag_text_words(&words, "5/s when=true", pool));
    assert_non_null(ag_limit_parse(&limit, &words, NULL, pool));
    assert_null(ag_text_words(&words, "5/s by=ip", pool));
    assert_null(ag_limit_parse(&limit, &words, NULL, pool));
}

/* ---- ids ------------------------------------------------------------------------------------- */

static ag_id_t id_of(const char *line, const char *scope, int window)
{
    ag_limit_t limit = good(line);

    ag_limit_name(&limit, scope, pool);
    return limit.windows[window].id;
}

static void test_ids(void **state)
{
    static const struct {
        const char *line, *scope;
        int window, equal; /* to "60/min 5/s" in scope "a" */
    } cases[] = {
        {"60/min 5/s", "a", 0, 1},
        {"60/min 5/s", "a", 1, 0},
        {"60/min 5/s", "b", 0, 0},
        {"60/min 5/s by=ip", "a", 0, 0},
        {"60/min algorithm=fixed", "a", 0, 0},
        {"61/min 5/s", "a", 0, 0},
    };
    ag_id_t id = id_of("60/min 5/s", "a", 0);
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(ag_id_equal(id, id_of(cases[i].line, cases[i].scope, cases[i].window)), cases[i].equal);
    }
    id = id_of("60/min name=x", "a", 0);
    assert_true(ag_id_equal(id, id_of("name=x 60/min 9/s by=ip", "a", 0)));
    assert_false(ag_id_equal(id, id_of("name=x 60/min algorithm=bucket", "a", 0)));
    assert_false(ag_id_equal(id_of("name=x 9/s algorithm=bucket", "a", 0),
                             id_of("name=x 9/s algorithm=bucket burst=3", "a", 0)));
    assert_false(ag_id_equal(id, id_of("name=y 60/min", "a", 0)));
    assert_false(ag_id_equal(id, id_of("name=x 60/min", "b", 0)));
}

static void test_own_limit(void **state)
{
    static const ag_rate_t rates[] = {
        {1000, {3600, AG_PERIOD_PLAIN}}, {20000, {86400, AG_PERIOD_PLAIN}}, {1000, {60, AG_PERIOD_PLAIN}},
        {5, {604800, AG_PERIOD_WEEK}},   {5, {604800, AG_PERIOD_PLAIN}},    {5, {31 * 86400, AG_PERIOD_MONTH}},
        {0, {900, AG_PERIOD_PLAIN}},     {3, {900, AG_PERIOD_PLAIN}},
    };
    static const char *const texts[] = {"1000/h",    "20000/day", "1000/min", "5/week",
                                        "5/604800s", "5/month",   "0/900s",   "3/900s"};
    ag_id_t here = {1, 2}, there = {3, 4};
    ag_limit_t own, other;
    int i, j;

    (void)state;
    ag_limit_own(&own, rates, 8, here, pool);
    ag_limit_own(&other, rates, 8, there, pool);
    assert_int_equal(own.n_windows, 8);
    assert_int_equal(own.by, AG_BY_CLIENT);
    assert_int_equal(own.cost, 1);
    for (i = 0; i < 8; i++) {
        assert_string_equal(own.windows[i].wire.name, texts[i]);
        assert_ptr_equal(own.windows[i].algo, rates[i].n > 3 ? &ag_algo_sliding : &ag_algo_log);
        for (j = 0; j < 8; j++) {
            assert_int_equal(ag_id_equal(own.windows[i].id, own.windows[j].id), i == j);
            assert_false(ag_id_equal(own.windows[i].id, other.windows[j].id));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_every_option),
        cmocka_unit_test(test_every_by),
        cmocka_unit_test(test_every_mistake),
        cmocka_unit_test(test_no_expressions_without_a_port),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_own_limit),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
