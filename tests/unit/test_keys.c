/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_keys: the key store and its cache: what is remembered and for how long.
 */
#include "../../src/keys/keys_poll.h"
#include "keys_fixture.h"

/* ---- found and not found --------------------------------------------------------------------- */

static void test_found(void **state)
{
    fixture_t *f = *state;
    int round;

    for (round = 0; round < 2; round++) { /* from the database, then from the cache */
        const ag_key_t *key = found(f, f->key);

        assert_string_equal(key->client, "acme");
        assert_string_equal(key->id, "1");
        assert_string_equal(key->key_id, ag_key_public(f->key, strlen(f->key), f->p));
        assert_int_equal(key->scopes.n, 2);
        assert_string_equal(key->scopes.v[1], "write");
        assert_int_equal(key->roles.n, 0);
        assert_int_equal(key->endpoints.n, 0);
        assert_null(key->networks);
        assert_int_equal(key->n_rates, 0);
        assert_int_equal(key->expires, 0);
        assert_true(key->active);
    }
    assert_int_equal(f->asked, 2); /* the change log and the key */
    assert_string_equal(f->said, "");
}

static void test_unknown(void **state)
{
    fixture_t *f = *state;
    char key[AG_KEY_MAX + 1];

    ag_key_make(key, "agk");
    assert_int_equal(result(f, key), AG_KEY_UNKNOWN);
    assert_int_equal(result(f, "imported"), AG_KEY_UNKNOWN);
    assert_int_equal(f->asked, 3);
}

static void test_typing_error_costs_no_look_up(void **state)
{
    fixture_t *f = *state;
    char *key = apr_pstrdup(f->p, f->key);

    key[10] = key[10] == 'x' ? 'y' : 'x';
    found(f, f->key);
    f->asked = 0;
    assert_int_equal(result(f, key), AG_KEY_UNKNOWN);
    assert_int_equal(f->asked, 0);
}

static void test_imported_key(void **state)
{
    fixture_t *f = *state;
    char hex[2 * AG_SHA256_SIZE + 1];

    ag_key_hash(hex, "hunter2", 7, NULL, 0);
    sql(f, "INSERT INTO api_keys (key_hash, key_prefix, client_name) VALUES ('%s', 'hu...', 'old')", hex);
    assert_string_equal(found(f, "hunter2")->client, "old");
    assert_string_equal(found(f, "hunter2")->client, "old");
}

/* ---- the cache's times ----------------------------------------------------------------------- */

/* Within its time to live a key costs a poll a second and nothing else. */
static void test_ttl(void **state)
{
    fixture_t *f = *state;

    found(f, f->key);
    f->now += 300 * SEC;
    f->asked = 0;
    found(f, f->key);
    assert_int_equal(f->asked, 1);
    f->now += 1;
    f->asked = 0;
    found(f, f->key);
    assert_int_equal(f->asked, 1); /* the key; the log was read in this second */
    f->asked = 0;
    found(f, f->key);
    assert_int_equal(f->asked, 0);
}

static void test_requests_poll_when_nobody_does(void **state)
{
    fixture_t *f = *state;
    int i;

    found(f, f->key);
    f->asked = 0;
    for (i = 0; i < 50; i++) {
        found(f, f->key);
        f->now += SEC / 10;
    }
    assert_int_equal(f->asked, 6); /* every 0.8 seconds */
}

/* With the watchdog no request reads the log. */
static void test_the_watchdog_polls(void **state)
{
    fixture_t *f = *state;
    int i;

    found(f, f->key);
    for (i = 0; i < 50; i++) {
        if (i % 5 == 0) {
            poll(f);
        }
        f->asked = 0;
        found(f, f->key);
        assert_int_equal(f->asked, 0);
        f->now += SEC / 10;
    }
}

/* What nobody asked for is not polled; what was is, however long ago. */
static void test_the_watchdog_polls_what_is_used(void **state)
{
    fixture_t *f = *state;

    poll(f);
    assert_int_equal(f->asked, 0);
    found(f, f->key);
    f->now += 86400 * SEC;
    f->asked = 0;
    poll(f);
    assert_int_equal(f->asked, 1);
    change(f, f->key, "is_active = 0");
    f->now += SEC / 2;
    poll(f);
    f->asked = 0;
    assert_false(found(f, f->key)->active);
    assert_int_equal(f->asked, 1); /* the key alone */
}

/* While the database is away the watchdog tries at its own pace, and its failure is everybody's. */
static void test_the_watchdog_finds_it_down(void **state)
{
    fixture_t *f = *state;
    int i;

    found(f, f->key);
    f->down = 1;
    f->asked = 0;
    for (i = 0; i < 100; i++) {
        poll(f);
        found(f, f->key);
        f->now += SEC / 10;
    }
    assert_in_range(f->asked, 20, 42); /* each time while it counts as up, then one in 0.4 seconds */
    assert_int_equal(result(f, "another"), AG_KEY_UNAVAILABLE);
}

static void test_negative(void **state)
{
    fixture_t *f = *state;

    assert_int_equal(result(f, "nobody"), AG_KEY_UNKNOWN);
    f->asked = 0;
    assert_int_equal(result(f, "nobody"), AG_KEY_UNKNOWN);
    assert_int_equal(f->asked, 0);
    f->now += 10 * SEC + 1;
    assert_int_equal(result(f, "nobody"), AG_KEY_UNKNOWN);
    assert_int_equal(f->asked, 2); /* the log and the key */
}

/* A clock that is set back does not make old records young. */
static void test_clock_set_back(void **state)
{
    fixture_t *f = *state;

    found(f, f->key);
    f->now -= 3600 * SEC;
    f->asked = 0;
    found(f, f->key);
    assert_int_equal(f->asked, 2);
}

/* ---- realms ---------------------------------------------------------------------------------- */

static void test_realms(void **state)
{
    fixture_t *f = *state;
    ag_key_realm_t other = f->realm;
    const ag_key_t *key;

    other.id.lo++;
    other.pepper = (const unsigned char *)"pepper";
    other.pepper_size = 6;
    found(f, f->key);
    assert_int_equal(find_in(&key, f, &other, f->key), AG_KEY_UNKNOWN);
    found(f, f->key);
    f->down = 1;
    assert_int_equal(find_in(&key, f, &other, "x"), AG_KEY_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_found),
        TEST(test_unknown),
        TEST(test_typing_error_costs_no_look_up),
        TEST(test_imported_key),
        TEST(test_ttl),
        TEST(test_requests_poll_when_nobody_does),
        TEST(test_the_watchdog_polls),
        TEST(test_the_watchdog_polls_what_is_used),
        TEST(test_the_watchdog_finds_it_down),
        TEST(test_negative),
        TEST(test_clock_set_back),
        TEST(test_realms),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
