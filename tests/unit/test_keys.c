/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_keys: the key store and its cache: what is remembered, for how long, what makes it forget,
 * and what it says while the database is away.
 */
#include "../../src/keys/keys_poll.h"
#include "keys_fixture.h"

/* A round of the watchdog. */
static void poll(fixture_t *f)
{
    ag_keys_poll(&f->keys, &f->realm, f->now, &f->log, f->p);
}

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
    sql(f, "INSERT INTO api_keys (key_hash, key_prefix, client_name) VALUES ('%s', 'hu...', 'old')",
        hex);
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

/* ---- changes --------------------------------------------------------------------------------- */

static void test_revoked_by_hand(void **state)
{
    fixture_t *f = *state;

    assert_true(found(f, f->key)->active);
    change(f, f->key, "is_active = 0");
    assert_true(found(f, f->key)->active); /* not yet: the same second */
    f->now += SEC;
    assert_false(found(f, f->key)->active);
    change(f, f->key, "is_active = 1");
    f->now += SEC;
    assert_true(found(f, f->key)->active);
}

static void test_deleted(void **state)
{
    fixture_t *f = *state;

    found(f, f->key);
    sql(f, "DELETE FROM api_keys");
    f->now += SEC;
    assert_int_equal(result(f, f->key), AG_KEY_UNKNOWN);
}

static void test_replaced(void **state)
{
    fixture_t *f = *state;

    if (is_driver(f, "pgsql")) {
        return; /* it has no such statement */
    }
    found(f, f->key);
    sql(f, "REPLACE INTO api_keys (id, key_hash, key_prefix, client_name) "
        "VALUES (1, '%s', 'x', 'other')", hash_of(f, "other"));
    f->now += SEC;
    assert_int_equal(result(f, f->key), AG_KEY_UNKNOWN);
    assert_string_equal(found(f, "other")->client, "other");
}

static void test_hash_changed(void **state)
{
    fixture_t *f = *state;

    found(f, f->key);
    assert_int_equal(result(f, "other"), AG_KEY_UNKNOWN);
    change(f, f->key, apr_psprintf(f->p, "key_hash = '%s'", hash_of(f, "other")));
    f->now += SEC;
    assert_int_equal(result(f, f->key), AG_KEY_UNKNOWN);
    found(f, "other");
}

/* An unknown key that is made is known within a second, long before the negative time ends. */
static void test_unknown_key_is_made(void **state)
{
    fixture_t *f = *state;

    f->realm.negative = 3600 * SEC;
    assert_int_equal(result(f, "newcomer"), AG_KEY_UNKNOWN);
    sql(f, "INSERT INTO api_keys (key_hash, key_prefix, client_name) VALUES ('%s', 'n', 'new')",
        hash_of(f, "newcomer"));
    f->now += SEC;
    assert_string_equal(found(f, "newcomer")->client, "new");
}

/* Only what changed is forgotten. */
static void test_others_stay(void **state)
{
    fixture_t *f = *state;
    const char *other = new_key(f, NULL);

    found(f, f->key);
    found(f, other);
    change(f, f->key, "roles = 'admin'");
    f->now += SEC;
    f->asked = 0;
    found(f, other);
    assert_int_equal(f->asked, 1); /* the log alone */
    assert_string_equal(found(f, f->key)->roles.v[0], "admin");
    assert_int_equal(f->asked, 2);
}

static void test_plan_changed(void **state)
{
    fixture_t *f = *state;

    sql(f, "INSERT INTO api_plans (name, rate_limit) VALUES ('gold', '10/s')");
    change(f, f->key, "plan = 'gold'");
    assert_int_equal(found(f, f->key)->rates[0].n, 10);
    sql(f, "UPDATE api_plans SET rate_limit = '20/s'");
    f->now += SEC;
    assert_int_equal(found(f, f->key)->rates[0].n, 20);
    if (!is_driver(f, "sqlite3")) {
        return; /* the others keep a plan that is in use */
    }
    sql(f, "DELETE FROM api_plans");
    f->now += SEC;
    assert_int_equal(found(f, f->key)->rates[0].n, 0); /* a plan that is gone is no free pass */
    assert_non_null(strstr(f->said, "AG0401"));
}

/* More changes than one reading takes: all is forgotten, and the number is still right. */
static void test_many_changes(void **state)
{
    fixture_t *f = *state;

    found(f, f->key);
    if (is_driver(f, "sqlite3")) {
        sql(f, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) "
            "INSERT INTO api_changes (key_hash) SELECT 'x' FROM n");
    }
    else {
        sql(f, "INSERT INTO api_keys (key_hash, key_prefix, client_name) "
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999) "
            "SELECT lpad(%s, 64, '0'), 'x', 'a' FROM n",
            is_driver(f, "mysql") ? "i" : "i::text");
        sql(f, "DELETE FROM api_keys WHERE key_prefix = 'x'");
    }
    change(f, f->key, "is_active = 0");
    f->now += SEC;
    assert_false(found(f, f->key)->active);
    change(f, f->key, "is_active = 1");
    f->now += SEC;
    assert_true(found(f, f->key)->active);
}

/* The log was pruned while this server slept. */
static void test_gap(void **state)
{
    fixture_t *f = *state;

    found(f, f->key);
    change(f, f->key, "is_active = 0");
    sql(f, "UPDATE api_changes SET changed_at = 1000");
    new_key(f, NULL); /* prunes */
    f->now += SEC;
    assert_false(found(f, f->key)->active);
}

/* An older copy of the database was put in place. */
static void test_revision_goes_back(void **state)
{
    fixture_t *f = *state;

    found(f, f->key);
    sql(f, "DELETE FROM api_changes");
    change(f, f->key, "is_active = 0");
    sql(f, "DELETE FROM api_changes");
    sql(f, "UPDATE api_schema SET revision = 0");
    f->now += SEC;
    assert_false(found(f, f->key)->active);
}

/* A server that had nothing to do for a while reads the log before it trusts its cache. */
static void test_after_idling(void **state)
{
    fixture_t *f = *state;

    found(f, f->key);
    change(f, f->key, "is_active = 0");
    f->now += 60 * SEC;
    assert_false(found(f, f->key)->active);
}

/* Another request is reading the log this very moment, the first since a minute: what it will find
 * is not known yet, so this one reads for itself. */
static void test_after_idling_with_another(void **state)
{
    fixture_t *f = *state;

    found(f, f->key);
    change(f, f->key, "is_active = 0");
    f->now += 60 * SEC;
    ((ag_keys_shared_t *)f->keys.shared)->last_try = f->now;
    assert_false(found(f, f->key)->active);
}

static fixture_t *changer;

/* The database of a look-up whose key is revoked, and the revocation noticed, while it runs. */
static void revoke_meanwhile(void *ctx, ag_db_t *db)
{
    fixture_t *f = changer;

    (void)ctx;
    (void)db;
    f->keys.db.release = take_back;
    change(f, f->key, "is_active = 0");
    ag_keys_poll(&f->keys, &f->realm, f->now + SEC, &f->log, f->p);
}

static void test_late_fill_is_dropped(void **state)
{
    fixture_t *f = *state;

    changer = f;
    result(f, "the log is read with this");
    f->keys.db.release = revoke_meanwhile;
    assert_true(found(f, f->key)->active); /* as it was when it was asked for */
    f->asked = 0;
    assert_false(found(f, f->key)->active); /* but not remembered */
    assert_int_equal(f->asked, 1);
}

/* ---- told by apiguardctl --------------------------------------------------------------------- */

/* What was changed on this machine is known to the very next request. */
static void test_notice(void **state)
{
    fixture_t *f = *state;

    found(f, f->key);
    change(f, f->key, "is_active = 0");
    f->notice = 4711;
    f->asked = 0;
    assert_false(found(f, f->key)->active);
    assert_int_equal(f->asked, 2); /* the log and the key */
    f->asked = 0;
    assert_false(found(f, f->key)->active);
    assert_int_equal(f->asked, 0); /* once is enough */
}

/* The watchdog's reading serves as well. */
static void test_notice_is_read_by_the_watchdog(void **state)
{
    fixture_t *f = *state;

    found(f, f->key);
    change(f, f->key, "is_active = 0");
    f->notice = 4711;
    poll(f);
    f->asked = 0;
    assert_false(found(f, f->key)->active);
    assert_int_equal(f->asked, 1);
}

/* The file moves while the log is being read: that reading may have come too early. */
static void change_and_tell(void *ctx, ag_db_t *db)
{
    fixture_t *f = changer;

    (void)ctx;
    (void)db;
    f->keys.db.release = take_back;
    change(f, f->key, "is_active = 0");
    f->notice = 4712;
}

static void test_notice_during_a_reading(void **state)
{
    fixture_t *f = *state;

    changer = f;
    found(f, f->key);
    f->notice = 4711;
    f->keys.db.release = change_and_tell;
    assert_true(found(f, f->key)->active); /* it came before */
    assert_false(found(f, f->key)->active);
}

/* Something was changed and cannot be read: nobody goes on with what may be revoked. */
static void test_notice_that_cannot_be_read(void **state)
{
    fixture_t *f = *state;
    int i;

    found(f, f->key);
    f->down = 1;
    f->now += 10 * SEC;
    found(f, f->key); /* stale */
    f->notice = 4711;
    f->asked = 0;
    for (i = 0; i < 20; i++) {
        assert_int_equal(result(f, f->key), AG_KEY_UNAVAILABLE);
        f->now += SEC / 10;
    }
    assert_true(f->asked <= 3); /* and not everybody tries */
    f->down = 0;
    f->now += SEC;
    assert_true(found(f, f->key)->active);
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
    sql(f, "INSERT INTO api_keys (key_hash, key_prefix, client_name) VALUES ('%s', 'n', 'new')",
        hash_of(f, "new"));
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
        TEST(test_revoked_by_hand),
        TEST(test_deleted),
        TEST(test_replaced),
        TEST(test_hash_changed),
        TEST(test_unknown_key_is_made),
        TEST(test_others_stay),
        TEST(test_plan_changed),
        TEST(test_many_changes),
        TEST(test_gap),
        TEST(test_revision_goes_back),
        TEST(test_after_idling),
        TEST(test_after_idling_with_another),
        TEST(test_late_fill_is_dropped),
        TEST(test_notice),
        TEST(test_notice_is_read_by_the_watchdog),
        TEST(test_notice_during_a_reading),
        TEST(test_notice_that_cannot_be_read),
        TEST(test_realms),
        TEST(test_down_from_the_start),
        TEST(test_stale),
        TEST(test_down_is_asked_now_and_then),
        TEST(test_hung_database),
        TEST(test_idle_is_not_down),
        TEST(test_no_stale),
        TEST(test_down_is_not_unknown),
        TEST(test_revoked_while_down),
        TEST(test_altered_table_heals),
        TEST(test_dropped_table_is_no_unknown_key),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
