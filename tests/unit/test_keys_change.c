/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_keys_change: what makes the cache of keys forget: changes in the database, and what apiguardctl tells.
 */
#include "../../src/keys/keys_poll.h"
#include "keys_fixture.h"

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
    sql(f,
        "REPLACE INTO api_keys (id, key_hash, key_prefix, client_name) "
        "VALUES (1, '%s', 'x', 'other')",
        hash_of(f, "other"));
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
        sql(f,
            "INSERT INTO api_keys (key_hash, key_prefix, client_name) "
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
    ((ag_keys_shared_t *)f->keys.shared)->poll.last_try = f->now;
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
static void test_change_signal(void **state)
{
    fixture_t *f = *state;

    found(f, f->key);
    change(f, f->key, "is_active = 0");
    f->signal = 4711;
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
    f->signal = 4711;
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
    f->signal = 4712;
}

static void test_notice_during_a_reading(void **state)
{
    fixture_t *f = *state;

    changer = f;
    found(f, f->key);
    f->signal = 4711;
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
    f->signal = 4711;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        TEST(test_change_signal),
        TEST(test_notice_is_read_by_the_watchdog),
        TEST(test_notice_during_a_reading),
        TEST(test_notice_that_cannot_be_read),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
