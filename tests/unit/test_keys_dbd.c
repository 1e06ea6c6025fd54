/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_keys_dbd: keys from a database: a query of one's own, what goes wrong on the way, and whether the schema
 * is ours.
 */
#include "keys_fixture.h"

#include "../../src/control/change_signal.h"

#define OWN "SELECT client_name FROM api_keys WHERE key_hash = %s"

/* ---- a query of one's own -------------------------------------------------------------------- */

static apr_status_t own(ag_key_t **key, fixture_t *f, const char *query)
{
    f->said[0] = '\0';
    return ag_keys_dbd_get(key, &f->keys.db, query, hash_of(f, f->key), &f->log, f->p);
}

static void test_own_query(void **state)
{
    fixture_t *f = *state;
    ag_key_t *key;

    assert_int_equal(own(&key, f, OWN), APR_SUCCESS);
    assert_string_equal(key->client, "acme");
    assert_true(key->active);
    assert_int_equal(own(&key, f,
                         "SELECT client_name AS CLIENT_NAME, 0 AS is_active FROM api_keys "
                         "WHERE key_hash = %s"),
                     APR_SUCCESS);
    assert_false(key->active);
    assert_int_equal(own(&key, f,
                         "SELECT client_name, NULL AS is_active FROM api_keys WHERE "
                         "key_hash = %s"),
                     APR_SUCCESS);
    assert_false(key->active);
    assert_int_equal(own(&key, f, "SELECT client_name FROM api_keys WHERE key_hash = %s AND 1 = 2"), APR_NOTFOUND);
}

static void test_own_query_faults(void **state)
{
    static const struct {
        const char *query, *message;
    } cases[] = {
        {"SELECT client_name, is_active AS is_activ FROM api_keys WHERE key_hash = %s", "AG0412"},
        {"SELECT client_name, client_name FROM api_keys WHERE key_hash = %s", "AG0412"},
        {"SELECT id FROM api_keys WHERE key_hash = %s", "AG0403"},
        {"SELECT '' AS client_name FROM api_keys WHERE key_hash = %s", "AG0403"},
        {"SELECT 'anonymous' AS client_name FROM api_keys WHERE key_hash = %s", "AG0403"},
        {"SELECT 'a\nb' AS client_name FROM api_keys WHERE key_hash = %s", "AG0403"},
        {"SELECT 'a\xC2\x9B' AS client_name FROM api_keys WHERE key_hash = %s", "AG0403"},
        {"SELECT 'a\xE2\x80\xAE' AS client_name FROM api_keys WHERE key_hash = %s", "AG0403"},
        {"SELECT client_name, 'x' AS key_hash FROM api_keys WHERE key_hash = %s", "AG0402"},
        {"SELECT client_name FROM api_keys WHERE key_hash <> %s OR 1 = 1", "AG0413"},
        {"SELECT client_name FROM nowhere WHERE key_hash = %s", "AG0411"},
        {"SELECT FROM WHERE", "AG0411"},
    };
    fixture_t *f = *state;
    size_t i;

    new_key(f, NULL);
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        ag_key_t *key = NULL;
        apr_status_t rv = own(&key, f, cases[i].query);

        if (rv == APR_SUCCESS || rv == APR_NOTFOUND || !strstr(f->said, cases[i].message)) {
            fail_msg("%s: %d %s", cases[i].query, rv, f->said);
        }
    }
}

/* MariaDB's driver takes this for success, with results that crash whoever looks. */
static void test_error_between_rows(void **state)
{
    fixture_t *f = *state;
    ag_key_t *key;

    new_key(f, NULL);
    assert_int_equal(own(&key, f,
                         "SELECT client_name, (SELECT k.id FROM api_keys k WHERE k.id >= a.id) "
                         "AS id FROM api_keys a WHERE key_hash <> %s OR 1 = 1 ORDER BY a.id DESC"),
                     APR_EGENERAL);
    assert_non_null(strstr(f->said, is_driver(f, "sqlite3") ? "AG0413" : "AG0411"));
    assert_int_equal(own(&key, f, OWN), APR_SUCCESS);
}

static void test_percent(void **state)
{
    fixture_t *f = *state;
    ag_key_t *key;

    assert_int_equal(own(&key, f,
                         "SELECT client_name FROM api_keys WHERE client_name LIKE 'ac%%' "
                         "AND key_hash = %s"),
                     APR_SUCCESS);
    assert_int_equal(own(&key, f,
                         "SELECT client_name FROM api_keys WHERE client_name LIKE 'b%%' "
                         "AND key_hash = %s"),
                     APR_NOTFOUND);
}

static ag_db_t *locker; /* holds the whole file until somebody waits */

void apr_sleep(apr_interval_time_t span)
{
    (void)span;
    if (locker) {
        apr_dbd_close(locker->driver, locker->handle);
        locker = NULL;
    }
}

/* As when a server's first child comes or its last one goes. */
static void test_locked_for_a_moment(void **state)
{
    fixture_t *f = *state;
    ag_db_t mine;
    ag_key_t *key;
    int rows;

    if (!is_driver(f, "sqlite3")) {
        return;
    }
    apr_dbd_close(f->server.driver, f->server.handle);
    apr_dbd_close(f->other.driver, f->other.handle);
    open_database(f, &mine);
    locker = &mine;
    apr_dbd_query(mine.driver, mine.handle, &rows, "PRAGMA locking_mode = EXCLUSIVE");
    assert_int_equal(apr_dbd_query(mine.driver, mine.handle, &rows, "DELETE FROM api_usage"), 0);
    open_database(f, &f->server);
    open_database(f, &f->other);
    assert_int_equal(ag_keys_dbd_get(&key, &f->keys.db, NULL, hash_of(f, f->key), &f->log, f->p), APR_SUCCESS);
    assert_null(locker);
}

/* A server that starts twice in one second. */
static void test_node_twice(void **state)
{
    fixture_t *f = *state;
    const char *detail = "";
    int i;

    for (i = 0; i < 4; i++) {
        assert_int_equal(ag_nodes_enter(&detail, &f->keys.db, "/run/it's", f->now + i / 2 * SEC, f->p), APR_SUCCESS);
    }
}

/* A table of its own has no change log: only the time to live counts. */
static void test_own_query_has_no_poll(void **state)
{
    fixture_t *f = *state;

    f->realm.query = OWN " AND is_active = 1";
    found(f, f->key);
    change(f, f->key, "is_active = 0");
    f->now += 300 * SEC;
    f->asked = 0;
    found(f, f->key);
    assert_int_equal(f->asked, 0);
    f->now += 1;
    assert_int_equal(result(f, f->key), AG_KEY_UNKNOWN);
    change(f, f->key, "is_active = 1");
    f->now += 11 * SEC;
    found(f, f->key);
    f->down = 1;
    f->now += 301 * SEC;
    found(f, f->key);
    f->now += 3600 * SEC;
    assert_int_equal(result(f, f->key), AG_KEY_UNAVAILABLE);
}

/* ---- is it ours? ----------------------------------------------------------------------------- */

static ag_tables_e schema(fixture_t *f, const char *query)
{
    const char *detail = NULL;
    ag_tables_e is = ag_keys_dbd_schema(&f->keys.db, query, &detail, f->p);

    assert_int_equal(is == AG_SCHEMA_OK, detail == NULL);
    return is;
}

static void test_schema(void **state)
{
    fixture_t *f = *state;

    assert_int_equal(schema(f, NULL), AG_SCHEMA_OK);
    assert_int_equal(schema(f, OWN), AG_SCHEMA_OK);
    assert_int_equal(schema(f, "SELECT x FROM nowhere WHERE y = %s"), AG_SCHEMA_MISSING);
    run_schema(f); /* again */
    assert_int_equal(schema(f, NULL), AG_SCHEMA_OK);
    f->down = 1;
    assert_int_equal(schema(f, NULL), AG_SCHEMA_DOWN);
    f->down = 0;
    sql(f, "ALTER TABLE api_changes RENAME TO c");
    assert_int_equal(schema(f, NULL), AG_SCHEMA_UNFIT);
    sql(f, "ALTER TABLE c RENAME TO api_changes");
    sql(f, "UPDATE api_schema SET version = 99");
    assert_int_equal(schema(f, NULL), AG_SCHEMA_NEWER);
    sql(f, "ALTER TABLE api_keys RENAME TO k");
    assert_int_equal(schema(f, NULL), AG_SCHEMA_UNFIT);
    sql(f, "ALTER TABLE k RENAME TO api_keys");
    sql(f, "UPDATE api_schema SET version = 1");
    assert_int_equal(schema(f, NULL), AG_SCHEMA_OLDER);
    if (is_driver(f, "sqlite3")) { /* the others keep to the column's type */
        sql(f, "UPDATE api_schema SET version = 'two'");
        assert_int_equal(schema(f, NULL), AG_SCHEMA_MISSING);
    }
    sql(f, "DELETE FROM api_schema");
    assert_int_equal(schema(f, NULL), AG_SCHEMA_MISSING);
    sql(f, "DROP TABLE api_schema");
    assert_int_equal(schema(f, NULL), AG_SCHEMA_MISSING);
}

/* An empty api_schema is no "nothing changed". */
static void test_no_revision(void **state)
{
    fixture_t *f = *state;

    sql(f, "DELETE FROM api_schema");
    assert_int_equal(result(f, "new"), AG_KEY_UNKNOWN);
    assert_non_null(strstr(f->said, "AG0414"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_locked_for_a_moment),   TEST(test_own_query), TEST(test_own_query_faults),
        TEST(test_own_query_has_no_poll), TEST(test_schema),    TEST(test_no_revision),
        TEST(test_error_between_rows),    TEST(test_percent),   TEST(test_node_twice),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
