/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_keys_down: what the key store says while the database is away, and when its statements die.
 */
#include "../../src/keys/keys_poll.h"
#include "keys_fixture.h"

/* ---- the database is away -------------------------------------------------------------------- */

static void test_down_from_the_start(void **state)
{
    fixture_t *f = *state;

    f->down = 1;
    assert_int_equal(result(f, f->key), AG_KEY_UNAVAILABLE);
    assert_int_equal(result(f, f->key), AG_KEY_UNAVAILABLE);
    f->down = 0;
    f->now += SEC;
    found(f, f->key);
}

static void test_stale(void **state)
{
    fixture_t *f = *state;
    int i;

    found(f, f->key);
    f->down = 1;
    for (i = 0; i < 3600; i += 10) {
        found(f, f->key);
        f->now += 10 * SEC;
    }
    found(f, f->key);
    f->now += 1;
    assert_int_equal(result(f, f->key), AG_KEY_UNAVAILABLE);
    f->down = 0;
    f->now += SEC;
    found(f, f->key);
}

/* Down, one request tries now and then; cached keys cost the others nothing. */
static void test_down_is_asked_now_and_then(void **state)
{
    fixture_t *f = *state;
    int i;

    found(f, f->key);
    f->down = 1;
    f->now += 10 * SEC;
    f->asked = 0;
    for (i = 0; i < 50; i++) {
        found(f, f->key);
        f->now += SEC / 10;
    }
    assert_in_range(f->asked, 5, 6); /* every 0.9 seconds */
}

/* The database does not come back with an answer for a while. */
static apr_status_t lend_late(void *ctx, ag_db_t *db, apr_pool_t *p)
{
    fixture_t *f = ctx;

    f->keys.db.acquire = lend;
    f->now += SEC * 9 / 10;
    f->asked = 0;
    found(f, f->key); /* another request meanwhile */
    assert_int_equal(f->asked, 0);
    return lend(ctx, db, p);
}

/* A hung database holds up the one that reads the log, not those whose keys are cached. */
static void test_hung_database(void **state)
{
    fixture_t *f = *state;

    found(f, f->key);
    f->now += SEC * 3 / 2;
    f->keys.db.acquire = lend_late;
    found(f, f->key);
    assert_int_equal(f->asked, 1);
}

/* Another request while the log is read for the first time since a minute. */
static apr_status_t lend_after_idling(void *ctx, ag_db_t *db, apr_pool_t *p)
{
    fixture_t *f = ctx;

    f->keys.db.acquire = lend;
    assert_false(found(f, f->key)->active);
    return lend(ctx, db, p);
}

/* After idling nothing is known, so nobody goes on with the cache meanwhile. */
static void test_idle_is_not_down(void **state)
{
    fixture_t *f = *state;

    found(f, f->key);
    change(f, f->key, "is_active = 0");
    f->now += 60 * SEC;
    f->keys.db.acquire = lend_after_idling;
    assert_false(found(f, f->key)->active);
}

/* A short stale time holds also where the time to live is longer. */
static void test_no_stale(void **state)
{
    fixture_t *f = *state;

    f->realm.stale = 0;
    found(f, f->key);
    f->down = 1;
    f->now += 3 * SEC;
    assert_int_equal(result(f, f->key), AG_KEY_UNAVAILABLE);
}

/* What was unknown is not "unknown" while nobody can tell; and doubt is not remembered. */
static void test_down_is_not_unknown(void **state)
{
    fixture_t *f = *state;

    f->realm.negative = 3600 * SEC;
    assert_int_equal(result(f, "new"), AG_KEY_UNKNOWN);
    f->down = 1;
    f->now += 3 * SEC;
    assert_int_equal(result(f, "new"), AG_KEY_UNAVAILABLE);
    sql(f, "INSERT INTO api_keys (key_hash, key_prefix, client_name) VALUES ('%s', 'n', 'new')", hash_of(f, "new"));
    f->down = 0;
    f->now += SEC;
    found(f, "new");
}

static void test_revoked_while_down(void **state)
{
    fixture_t *f = *state;

    found(f, f->key);
    f->down = 1;
    f->now += 10 * SEC;
    change(f, f->key, "is_active = 0");
    assert_true(found(f, f->key)->active);
    f->down = 0;
    f->now += SEC;
    assert_false(found(f, f->key)->active);
}

/* ---- statements that die --------------------------------------------------------------------- */

static void test_altered_table_heals(void **state)
{
    fixture_t *f = *state;

    found(f, f->key);
    sql(f, "ALTER TABLE api_keys ADD COLUMN colour TEXT");
    sql(f, "CREATE INDEX colours ON api_keys (colour)");
    f->now += SEC;
    assert_true(found(f, new_key(f, NULL))->active);
    change(f, f->key, "is_active = 0");
    f->now += SEC;
    assert_false(found(f, f->key)->active);
    assert_string_equal(f->said, "");
}

static void test_dropped_table_is_no_unknown_key(void **state)
{
    fixture_t *f = *state;

    found(f, f->key);
    sql(f, "ALTER TABLE api_keys RENAME TO gone");
    assert_int_equal(result(f, "another"), AG_KEY_UNAVAILABLE);
    assert_non_null(strstr(f->said, "AG0411"));
    f->now += 301 * SEC;
    found(f, f->key); /* within its stale time */
    sql(f, "ALTER TABLE gone RENAME TO api_keys");
    assert_int_equal(result(f, "another"), AG_KEY_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_down_from_the_start),        TEST(test_stale),
        TEST(test_down_is_asked_now_and_then), TEST(test_hung_database),
        TEST(test_idle_is_not_down),           TEST(test_no_stale),
        TEST(test_down_is_not_unknown),        TEST(test_revoked_while_down),
        TEST(test_altered_table_heals),        TEST(test_dropped_table_is_no_unknown_key),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
