/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_parse: what may stand in ApiGuardRateLimit, what each mistake is told, which windows
 * share an id, and whose request it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "../../src/limit/limit.h"

static apr_pool_t *pool;

/* A server's expressions, as simple as can be: "bad" does not compile, others are their value. */

static ag_expr_t *expr_parse(void *ctx, const char *text, int string, const char **error)
{
    (void)ctx;
    (void)string;
    if (strcmp(text, "bad") == 0) {
        *error = "syntax error";
        return NULL;
    }
    return (ag_expr_t *)apr_pstrdup(pool, text);
}

static const char *expr_text(const ag_expr_t *expr, const ag_request_t *request)
{
    (void)request;
    return strcmp((const char *)expr, "fails") == 0 ? NULL : (const char *)expr;
}

static const ag_expr_port_t port = {expr_parse, NULL, expr_text, NULL};

static const char *parse(ag_limit_t *limit, const char *line)
{
    ag_words_t words;

    assert_null(ag_text_words(&words, line, pool));
    return ag_limit_parse(limit, &words, &port, pool);
}

static ag_limit_t good(const char *line)
{
    ag_limit_t limit;
    const char *error = parse(&limit, line);

    if (error) {
        fail_msg("%s: %s", line, error);
    }
    return limit;
}

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
    assert_string_equal(limit.windows[1].told.name, "1000/day");
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
    assert_string_equal(limit.windows[0].told.name, "login");
    assert_string_equal((const char *)limit.when, "%{REQUEST_METHOD} == 'POST'");
    assert_int_equal(limit.dry_run, 1);
    limit = good("name=x 1/s 5/min cost=expr=\"%{HTTP:X-Cost}\" algorithm=fixed");
    assert_string_equal(limit.windows[1].told.name, "x:5/min");
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
        {"60/min 5/s", "a", 0, 1},         {"60/min 5/s", "a", 1, 0},
        {"60/min 5/s", "b", 0, 0},         {"60/min 5/s by=ip", "a", 0, 0},
        {"60/min algorithm=fixed", "a", 0, 0}, {"61/min 5/s", "a", 0, 0},
    };
    ag_id_t id = id_of("60/min 5/s", "a", 0);
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(ag_id_equal(id, id_of(cases[i].line, cases[i].scope, cases[i].window)),
                         cases[i].equal);
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
        {1000, {3600, AG_PERIOD_PLAIN}},   {20000, {86400, AG_PERIOD_PLAIN}},
        {1000, {60, AG_PERIOD_PLAIN}},     {5, {604800, AG_PERIOD_WEEK}},
        {5, {604800, AG_PERIOD_PLAIN}},    {5, {31 * 86400, AG_PERIOD_MONTH}},
        {0, {900, AG_PERIOD_PLAIN}},       {3, {900, AG_PERIOD_PLAIN}},
    };
    static const char *const texts[] = {"1000/h", "20000/day", "1000/min", "5/week",
                                        "5/604800s", "5/month", "0/900s", "3/900s"};
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
        assert_string_equal(own.windows[i].told.name, texts[i]);
        assert_ptr_equal(own.windows[i].algo, rates[i].n > 3 ? &ag_algo_sliding : &ag_algo_log);
        for (j = 0; j < 8; j++) {
            assert_int_equal(ag_id_equal(own.windows[i].id, own.windows[j].id), i == j);
            assert_false(ag_id_equal(own.windows[i].id, other.windows[j].id));
        }
    }
}

/* ---- subjects -------------------------------------------------------------------------------- */

static const char *header(const ag_request_t *request, const char *name)
{
    (void)request;
    return strcmp(name, "x-tenant") == 0 ? "blue" : strcmp(name, "x-empty") == 0 ? "" : NULL;
}

static json_t *parse_claims(ag_principal_t *who, apr_pool_t *p)
{
    return ag_json_object(who->raw, who->raw_size, p);
}

static const char claims[] = "{\"org\":{\"id\":7},\"team\":\"red\",\"paid\":true,"
                             "\"tags\":[1],\"no\":\"\"}";

static ag_principal_t a_key(void)
{
    ag_principal_t who;

    memset(&who, 0, sizeof who);
    who.kind = "key";
    who.issuer = "";
    who.client = "acme";
    who.key_id = "agk_0uN4kLm2";
    return who;
}

static ag_principal_t a_token(void)
{
    ag_principal_t who;

    memset(&who, 0, sizeof who);
    who.kind = "jwt";
    who.issuer = "https://id.example";
    who.client = "acme";
    who.user = "ann";
    who.key_id = "k1";
    who.parse_claims = parse_claims;
    who.raw = claims;
    who.raw_size = sizeof claims - 1;
    return who;
}

static ag_id_t last_id; /* of the subject asked for last */
static ag_id_t last_named; /* what its text names */

static const char *subject(const char *by, ag_principal_t *who, const char *address)
{
    static const ag_sip_key_t key = {1, 2};
    ag_limit_t limit = good(apr_pstrcat(pool, "5/s by=", by, NULL));
    ag_request_t request;
    ag_subject_t s, named;

    memset(&request, 0, sizeof request);
    request.pool = pool;
    request.path = "/api/orders";
    request.header = header;
    assert_true(ag_ip_parse(&request.ip, address));
    ag_limit_subject(&s, &limit, &request, who, &port, &key);
    last_id = s.id;
    if (!ag_limit_named(&named, &limit, ag_subject_text(&s), &key, pool)) {
        fail_msg("%s is no subject", s.text);
    }
    last_named = named.id;
    assert_int_equal(s.ip != NULL, strncmp(s.text, "ip:", 3) == 0); /* what it may fill of a full table */
    assert_int_equal(named.ip != NULL, s.ip != NULL);
    assert_int_equal(!s.ip && s.chosen, strspn(s.text, "hpe") > 0);
    assert_int_equal(!named.ip && named.chosen, !s.ip && s.chosen);
    return ag_subject_text(&s);
}

static void test_subjects(void **state)
{
    ag_principal_t nobody = a_key(), key = a_key(), token = a_token();
    const struct {
        const char *by;
        ag_principal_t *who;
        const char *text;
    } cases[] = {
        {"ip", NULL, "ip:192.0.2.1"},
        {"ip", &key, "ip:192.0.2.1"},
        {"client", NULL, "ip:192.0.2.1"},
        {"client", &nobody, "ip:192.0.2.1"},
        {"client", &key, "client:key::acme"},
        {"client", &token, "client:jwt:https%3A//id.example:acme"},
        {"key", &key, "key:agk_0uN4kLm2:key::acme"},
        {"key", &token, "ip:192.0.2.1"},
        {"user", &key, "ip:192.0.2.1"},
        {"user", &token, "user:jwt:https%3A//id.example:ann"},
        {"claim:team", &token, "claim:team=jwt:https%3A//id.example:red"},
        {"claim:org.id", &token, "claim:org.id=jwt:https%3A//id.example:7"},
        {"claim:paid", &token, "claim:paid=jwt:https%3A//id.example:true"},
        {"claim:tags", &token, "ip:192.0.2.1"},
        {"claim:no", &token, "ip:192.0.2.1"},
        {"claim:absent", &token, "ip:192.0.2.1"},
        {"claim:team", &key, "ip:192.0.2.1"},
        {"header:X-Tenant", NULL, "header:x-tenant=blue"},
        {"header:X-Empty", NULL, "ip:192.0.2.1"},
        {"header:X-Other", &key, "ip:192.0.2.1"},
        {"path", NULL, "path:/api/orders"},
        {"global", &key, "global"},
        {"expr=one", NULL, "expr:one"},
        {"expr=fails", NULL, "ip:192.0.2.1"},
    };
    ag_id_t ids[sizeof cases / sizeof *cases];
    size_t i, j;

    (void)state;
    nobody.kind = nobody.client = "anonymous";
    nobody.anonymous = 1;
    nobody.key_id = NULL;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(subject(cases[i].by, cases[i].who, "192.0.2.1"), cases[i].text);
        ids[i] = last_id;
        assert_true(ag_id_equal(last_named, last_id)); /* there and back */
    }
    for (i = 0; i < sizeof cases / sizeof *cases; i++) { /* one text, one id; another, another */
        for (j = 0; j < sizeof cases / sizeof *cases; j++) {
            assert_int_equal(ag_id_equal(ids[i], ids[j]),
                             strcmp(cases[i].text, cases[j].text) == 0);
        }
    }
}

static void test_what_names_nobody(void **state)
{
    static const char *const texts[] = {"", "acme", "ip:", "ip:nowhere", "client:", "client:key",
                                        "client:key:", "client:key::", "global2"};
    static const ag_sip_key_t key = {1, 2};
    ag_limit_t limit = good("5/s"), claim = good("5/s by=claim:team"), all = good("5/s by=global");
    ag_subject_t s;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_false(ag_limit_named(&s, &limit, texts[i], &key, pool));
    }
    assert_true(ag_limit_is_by(&limit, "client:key::acme") && !ag_limit_is_by(&limit, "ip:::1"));
    assert_true(ag_limit_is_by(&claim, "claim:team=jwt:x:red"));
    assert_false(ag_limit_is_by(&claim, "claim:teams=jwt:x:red"));
    assert_true(ag_limit_is_by(&all, "global") && !ag_limit_is_by(&all, "global:"));
}

/* A cached key brings its client's id along. */
static void test_client_id(void **state)
{
    static const ag_sip_key_t key = {1, 2};
    ag_principal_t who = a_key(), other = a_key();

    (void)state;
    subject("client", &who, "192.0.2.1");
    assert_true(ag_id_equal(who.client_id, ag_client_id_of(&key, "key", "", "acme", pool)));
    other.client_id = ag_client_id_of(&key, "key", "", "ajax", pool);
    subject("client", &other, "192.0.2.1");
    assert_true(ag_id_equal(last_id, other.client_id));
    assert_false(ag_id_equal(ag_client_id_of(&key, "a", "bc", "d", pool),
                             ag_client_id_of(&key, "a", "b", "cd", pool)));
}

static void test_addresses(void **state)
{
    (void)state;
    assert_string_equal(subject("ip", NULL, "::ffff:192.0.2.1"), "ip:192.0.2.1");
    assert_string_equal(subject("ip", NULL, "2001:db8:1:2:3:4:5:6"), "ip:2001:db8:1:2::");
    assert_string_equal(subject("client", NULL, "2001:db8:1:2:3:4:5:6"), "ip:2001:db8:1:2::");
    assert_string_equal(subject("ip/48", NULL, "2001:db8:1:2:3:4:5:6"), "ip:2001:db8:1::");
    assert_string_equal(subject("ip/128", NULL, "2001:db8::1"), "ip:2001:db8::1");
    assert_string_equal(subject("ip/8", NULL, "192.0.2.1"), "ip:192.0.2.1");
}

/* Issuer "https://a" with client "b:c", and issuer "https://a:b" with client "c", are two. */
static void test_issuer_and_client_are_not_confused(void **state)
{
    ag_principal_t one = a_token(), other = a_token();

    (void)state;
    one.issuer = "https://a";
    one.client = "b:c";
    other.issuer = "https://a:b";
    other.client = "c";
    assert_string_not_equal(subject("client", &one, "192.0.2.1"),
                            subject("client", &other, "192.0.2.1"));
}

static void test_algo_find(void **state)
{
    const char *names;

    (void)state;
    assert_ptr_equal(ag_algo_find("bucket", NULL, pool), &ag_algo_bucket);
    assert_ptr_equal(ag_algo_find("fixed", &names, pool), &ag_algo_fixed);
    assert_string_equal(names, "sliding, fixed, bucket");
    assert_null(ag_algo_find("Fixed", NULL, pool));
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
        cmocka_unit_test(test_subjects), cmocka_unit_test(test_client_id),
        cmocka_unit_test(test_what_names_nobody),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_issuer_and_client_are_not_confused),
        cmocka_unit_test(test_algo_find),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
