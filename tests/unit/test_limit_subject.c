/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_subject: whom a limit counts: what names a subject, and what names nobody.
 */
#include "parse_fixture.h"

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
    who.kind = AG_KIND(key);
    who.issuer = "";
    who.client = "acme";
    who.key_id = "agk_0uN4kLm2";
    return who;
}

static ag_principal_t a_token(void)
{
    ag_principal_t who;

    memset(&who, 0, sizeof who);
    who.kind = AG_KIND(jwt);
    who.issuer = "https://id.example";
    who.client = "acme";
    who.user = "ann";
    who.key_id = "k1";
    who.parse_claims = parse_claims;
    who.raw = claims;
    who.raw_size = sizeof claims - 1;
    return who;
}

static ag_id_t last_id;    /* of the subject asked for last */
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
    nobody.kind = &ag_cred_anonymous;
    nobody.client = "anonymous";
    nobody.anonymous = 1;
    nobody.key_id = NULL;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(subject(cases[i].by, cases[i].who, "192.0.2.1"), cases[i].text);
        ids[i] = last_id;
        assert_true(ag_id_equal(last_named, last_id)); /* there and back */
    }
    for (i = 0; i < sizeof cases / sizeof *cases; i++) { /* one text, one id; another, another */
        for (j = 0; j < sizeof cases / sizeof *cases; j++) {
            assert_int_equal(ag_id_equal(ids[i], ids[j]), strcmp(cases[i].text, cases[j].text) == 0);
        }
    }
}

static void test_what_names_nobody(void **state)
{
    static const char *const texts[] = {
        "", "acme", "ip:", "ip:nowhere", "client:", "client:key", "client:key:", "client:key::", "global2"};
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
    assert_false(
        ag_id_equal(ag_client_id_of(&key, "a", "bc", "d", pool), ag_client_id_of(&key, "a", "b", "cd", pool)));
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
    assert_string_not_equal(subject("client", &one, "192.0.2.1"), subject("client", &other, "192.0.2.1"));
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
        cmocka_unit_test(test_subjects),
        cmocka_unit_test(test_client_id),
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
