/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_key_row: a key's row as the database gives it: networks, endpoints, rates, times and words, and the
 * record that the cache keeps.
 */
#include "keys_fixture.h"

/* The first key after `set`, read from the database. */
static const ag_key_t *with(fixture_t *f, const char *set)
{
    ag_key_t *key = NULL;

    change(f, f->key, set);
    assert_int_equal(ag_keys_dbd_get(&key, &f->keys.db, NULL, hash_of(f, f->key), &f->log, f->p), APR_SUCCESS);
    return key;
}

static int allows(const ag_key_t *key, const char *address)
{
    ag_ip_t ip;

    assert_true(ag_ip_parse(&ip, address));
    return !key->networks || ag_ipset_has(key->networks, &ip);
}

static void test_networks(void **state)
{
    fixture_t *f = *state;
    const ag_key_t *key = with(f, "allowed_ips = '10.0.0.0/8 2001:db8::/32'");

    assert_true(allows(key, "10.1.2.3"));
    assert_true(allows(key, "2001:db8::1"));
    assert_false(allows(key, "11.0.0.1"));
    assert_true(allows(with(f, "allowed_ips = '[\"192.0.2.1\"]'"), "192.0.2.1"));
    assert_string_equal(f->said, "");
    assert_false(allows(with(f, "allowed_ips = ''"), "10.1.2.3"));
    assert_false(allows(with(f, "allowed_ips = '10.0.0.0/8 nonsense'"), "10.1.2.3"));
    assert_non_null(strstr(f->said, "AG0401"));
    assert_non_null(strstr(f->said, ag_key_public(f->key, strlen(f->key), f->p)));
    assert_null(strstr(f->said, f->key));
    assert_false(allows(with(f, "allowed_ips = '[\"10.0.0.0/8\"'"), "10.1.2.3"));
    assert_true(allows(with(f, "allowed_ips = NULL"), "10.1.2.3"));
}

/* A program that binds an empty value as bytes means what '' means, and not NULL. */
static void test_no_bytes(void **state)
{
    fixture_t *f = *state;

    if (is_driver(f, "sqlite3")) {
        assert_false(allows(with(f, "allowed_ips = X''"), "10.1.2.3"));
        assert_string_equal(with(f, "allowed_endpoints = X''")->endpoints.v[0], "-");
    }
}

static void test_endpoints(void **state)
{
    static const struct {
        const char *list, *first;
        int n;
    } cases[] = {
        {"'[\"GET /api/orders/*\", \"/api/me\"]'", "GET /api/orders/*", 2},
        {"'GET /api/orders/* /api/me'", "GET /api/orders/*", 2}, /* a method takes the next word */
        {"'\"GET /api/orders/*\" \"POST /x\"'", "GET /api/orders/*", 2},
        {"'* /a'", "* /a", 1},
        {"NULL", NULL, 0},
        {"''", "-", 1}, /* an entry that no request matches */
        {"'[]'", "-", 1},
        {"'GET'", "-", 1},
        {"'get /a'", "-", 1},
        {"'/a orders'", "-", 1},
        {"'[\"GET orders\"]'", "-", 1},
        {"'[\"/a\", 7]'", "-", 1},
    };
    fixture_t *f = *state;
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const ag_key_t *key = with(f, apr_pstrcat(f->p, "allowed_endpoints = ", cases[i].list, NULL));

        assert_int_equal(key->endpoints.n, cases[i].n);
        if (cases[i].n) {
            assert_string_equal(key->endpoints.v[0], cases[i].first);
        }
    }
}

static void test_rates(void **state)
{
    fixture_t *f = *state;
    const ag_key_t *key = with(f, "rate_limit = '1000/h 20000/day'");

    assert_int_equal(key->n_rates, 2);
    assert_int_equal(key->rates[0].n, 1000);
    assert_int_equal(key->rates[1].period.seconds, 86400);
    assert_int_equal(with(f, "rate_limit = NULL")->n_rates, 0);
    assert_int_equal(with(f, "rate_limit = '5/min 9/h 5/min'")->n_rates, 2);
    assert_int_equal(with(f, "rate_limit = ''")->n_rates, 0);
    assert_string_equal(f->said, "");
    key = with(f, "rate_limit = '1000/h fast'");
    assert_int_equal(key->n_rates, 1);
    assert_int_equal(key->rates[0].n, 0);
    assert_non_null(strstr(f->said, "AG0401"));
    assert_int_equal(with(f, "rate_limit = '1000'")->rates[0].n, 0);
}

static void test_plan(void **state)
{
    fixture_t *f = *state;

    sql(f, "INSERT INTO api_plans (name, rate_limit) VALUES ('gold', '7/s'), ('bad', 'much')");
    assert_int_equal(with(f, "plan = 'gold'")->rates[0].n, 7);
    assert_int_equal(with(f, "rate_limit = '9/s'")->rates[0].n, 9); /* its own comes first */
    assert_string_equal(f->said, "");
    assert_int_equal(with(f, "rate_limit = NULL, plan = 'bad'")->rates[0].n, 0);
    if (is_driver(f, "sqlite3")) { /* the others keep a plan that is in use */
        assert_int_equal(with(f, "plan = 'nowhere'")->rates[0].n, 0);
        assert_int_equal(with(f, "plan = 'nowhere'")->n_rates, 1);
    }
}

static void test_times(void **state)
{
    fixture_t *f = *state;

    assert_int_equal(with(f, "expires_at = 1800000000")->expires, apr_time_from_sec(1800000000));
    assert_int_equal(with(f, "grace_until = 1700000000")->expires, apr_time_from_sec(1700000000));
    assert_int_equal(with(f, "grace_until = 1900000000")->expires, apr_time_from_sec(1800000000));
    assert_int_equal(with(f, "expires_at = NULL")->expires, apr_time_from_sec(1900000000));
    assert_int_equal(with(f, "grace_until = NULL")->expires, 0);
    assert_int_equal(with(f, "expires_at = 0")->expires, 1); /* long ago, not "never" */
    assert_string_equal(f->said, "");
    assert_int_equal(with(f, "expires_at = -5")->expires, 1);
    assert_int_equal(with(f, "expires_at = 9223372036854775807")->expires, 1);
    assert_int_equal(with(f, "expires_at = 253402300799")->expires, apr_time_from_sec(253402300799));
    assert_int_equal(with(f, "expires_at = 1800000000000")->expires, 1); /* milliseconds: the year 59010 */
    assert_non_null(strstr(f->said, "AG0401"));
}

static void test_words(void **state)
{
    fixture_t *f = *state;

    assert_string_equal(with(f, "roles = ' x  y '")->roles.v[1], "y");
    assert_int_equal(with(f, "permissions = NULL")->scopes.n, 0);
    assert_string_equal(f->said, "");
    assert_int_equal(with(f, "permissions = '[\"a\", '")->scopes.n, 0);
    assert_non_null(strstr(f->said, "AG0401"));
    f->said[0] = '\0';
    assert_int_equal(with(f, "roles = 'x\xE2\x81\xA6 y'")->roles.n, 0);
    assert_non_null(strstr(f->said, "AG0401"));
    assert_string_equal(with(f, "key_prefix = 'a\xC2\x9B''b'")->key_id, "a?'b");
}

/* Joined for a backend, a permission with a blank in it would be two. */
static void test_blanks(void **state)
{
    fixture_t *f = *state;
    const ag_key_t *key = with(f, "permissions = '[\"a b\", \"c\"]'");

    assert_int_equal(key->scopes.n, 1);
    assert_string_equal(key->scopes.v[0], "c");
    assert_non_null(strstr(f->said, "AG0641"));
}

/* A long key works; it is read from the database each time. */
static void test_long_record(void **state)
{
    fixture_t *f = *state;
    char *scopes = apr_pcalloc(f->p, 4001);
    int i;

    for (i = 0; i < 2000; i++) {
        memcpy(scopes + 2 * i, "s ", 2);
    }
    change(f, f->key, apr_pstrcat(f->p, "permissions = '", scopes, "'", NULL));
    assert_int_equal(found(f, f->key)->scopes.n, 2000);
    f->asked = 0;
    assert_int_equal(found(f, f->key)->scopes.n, 2000);
    assert_int_equal(f->asked, 1);
}

/* All that a record holds comes back from the cache as it was. */
static void test_record(void **state)
{
    fixture_t *f = *state;
    const ag_key_t *key;

    change(f, f->key,
           "roles = 'x', allowed_ips = '10.0.0.0/8 2001:db8::/32', rate_limit = '5/min "
           "7/day', allowed_endpoints = 'GET /a /b', expires_at = 1800000000, is_active = 0");
    found(f, f->key);
    f->asked = 0;
    key = found(f, f->key);
    assert_int_equal(f->asked, 0);
    assert_true(allows(key, "10.1.1.1"));
    assert_true(allows(key, "2001:db8::1"));
    assert_false(allows(key, "2001:db9::1"));
    assert_int_equal(key->n_rates, 2);
    assert_int_equal(key->rates[1].n, 7);
    assert_string_equal(key->scopes.v[0], "read");
    assert_string_equal(key->roles.v[0], "x");
    assert_string_equal(key->endpoints.v[0], "GET /a");
    assert_string_equal(key->endpoints.v[1], "/b");
    assert_int_equal(key->expires, apr_time_from_sec(1800000000));
    assert_false(key->active);
    assert_string_equal(key->client, "acme");
}

/* ---- a query of one's own -------------------------------------------------------------------- */

/* Nothing is cut: "10.0.0.0/24" less its last character would be a larger network. */
static void test_long_text(void **state)
{
    static const char last[] = " 192.0.2.0/24";
    fixture_t *f = *state;
    char *list = apr_pcalloc(f->p, 60013);
    const ag_key_t *key;
    size_t n;

    for (n = 0; n + 13 < 60000; n += 13) {
        memcpy(list + n, last, 13);
    }
    key = with(f, apr_pstrcat(f->p, "allowed_ips = '", list + 1, " 198.51.100.7'", NULL));
    assert_string_equal(f->said, "");
    assert_true(allows(key, "198.51.100.7"));
    assert_false(allows(key, "198.51.100.8"));
}

static void test_odd_values(void **state)
{
    static const char *const values[] = {"'", "''", "x' OR '1'='1", "\\", "\\'", "%", "%s", "\"", ""};
    fixture_t *f = *state;
    ag_key_t *key;
    size_t i;

    for (i = 0; i < sizeof values / sizeof *values; i++) {
        assert_int_equal(ag_keys_dbd_get(&key, &f->keys.db, NULL, values[i], &f->log, f->p), APR_NOTFOUND);
    }
    assert_string_equal(f->said, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_networks),    TEST(test_no_bytes), TEST(test_endpoints), TEST(test_rates),
        TEST(test_plan),        TEST(test_times),    TEST(test_words),     TEST(test_blanks),
        TEST(test_long_record), TEST(test_record),   TEST(test_long_text), TEST(test_odd_values),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
