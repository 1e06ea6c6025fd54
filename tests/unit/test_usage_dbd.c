/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_usage_dbd: rows are added up in the database, all of a batch or none; deleted keys, a table
 * changed by another process, a locked database.
 */
#include "keys_fixture.h"

#include "../../src/watch/usage.h"

#define TODAY APR_INT64_C(1699920000)

static const char *error;

static ag_usage_row_t row_of(apr_uint64_t key, apr_uint64_t requests, apr_uint64_t denied, apr_int64_t last)
{
    ag_usage_row_t row = {key, TODAY, requests, denied, last, 0};

    return row;
}

static apr_status_t write_rows(fixture_t *f, const ag_usage_row_t *rows, int n)
{
    return ag_usage_write(&error, &f->keys.db, 0, rows, n, f->p);
}

/* SQLite's statements die with any change of a table; the next attempt has new ones. */
static apr_status_t write_soon(fixture_t *f, int own_table, const ag_usage_row_t *rows, int n)
{
    apr_status_t rv = ag_usage_write(&error, &f->keys.db, own_table, rows, n, f->p);

    return rv ? ag_usage_write(&error, &f->keys.db, own_table, rows, n, f->p) : rv;
}

static apr_status_t write_one(fixture_t *f, apr_uint64_t key, apr_uint64_t requests, apr_uint64_t denied,
                              apr_int64_t last)
{
    ag_usage_row_t row = row_of(key, requests, denied, last);

    return write_rows(f, &row, 1);
}

/* What the database says, as "1:3/1@1700000000 2:...". */
static const char *there(fixture_t *f)
{
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    const char *all = "";
    int n;

    assert_int_equal(apr_dbd_select(f->other.driver, f->p, f->other.handle, &results,
                                    "SELECT key_id, requests, denied, last_used_at FROM api_usage"
                                    " ORDER BY key_id, day",
                                    1),
                     0);
    for (n = 1; apr_dbd_get_row(f->other.driver, f->p, results, &row, n) != -1; n++) {
        const char *cell[4];
        int i;

        for (i = 0; i < 4; i++) {
            cell[i] = apr_dbd_get_entry(f->other.driver, row, i);
        }
        all = apr_psprintf(f->p, "%s%s%s:%s/%s@%s", all, *all ? " " : "", cell[0], cell[1], cell[2], cell[3]);
    }
    return all;
}

static void test_rows_add_up(void **state)
{
    fixture_t *f = *state;

    assert_int_equal(write_one(f, 1, 3, 1, 100), APR_SUCCESS);
    assert_string_equal(there(f), "1:3/1@100");
    assert_int_equal(write_one(f, 1, 4, 0, 200), APR_SUCCESS);
    assert_string_equal(there(f), "1:7/1@200");
    assert_int_equal(write_one(f, 1, 1, 1, 150), APR_SUCCESS); /* another server, a bit behind */
    assert_string_equal(there(f), "1:8/2@200");
    sql(f, "UPDATE api_usage SET last_used_at = NULL");
    assert_int_equal(write_one(f, 1, 1, 0, 50), APR_SUCCESS);
    assert_string_equal(there(f), "1:9/2@50");
}

static void test_a_deleted_key_is_passed_over(void **state)
{
    fixture_t *f = *state;
    ag_usage_row_t rows[] = {row_of(1, 3, 1, 100), row_of(99, 5, 0, 100)};

    sql(f, "PRAGMA foreign_keys = ON");
    assert_int_equal(write_rows(f, rows, 2), APR_SUCCESS);
    assert_string_equal(there(f), "1:3/1@100");
}

static void test_all_or_none(void **state)
{
    fixture_t *f = *state;
    ag_usage_row_t rows[] = {row_of(1, 3, 1, 100), row_of(2, 5, 0, 100)};

    new_key(f, NULL);
    sql(f, "CREATE TRIGGER no BEFORE INSERT ON api_usage WHEN NEW.key_id = 2"
           " BEGIN SELECT raise(ABORT, 'not this one'); END");
    assert_int_not_equal(write_rows(f, rows, 2), APR_SUCCESS);
    assert_non_null(error);
    assert_string_equal(there(f), "");
    sql(f, "DROP TRIGGER no");
    assert_int_equal(write_soon(f, 0, rows, 2), APR_SUCCESS);
    assert_string_equal(there(f), "1:3/1@100 2:5/0@100");
}

static void test_a_schema_change(void **state)
{
    fixture_t *f = *state;
    ag_usage_row_t row = row_of(1, 1, 0, 100);

    assert_int_equal(write_one(f, 1, 1, 0, 100), APR_SUCCESS);
    sql(f, "CREATE TABLE another (x)");
    assert_int_equal(write_soon(f, 0, &row, 1), APR_SUCCESS);
    assert_string_equal(there(f), "1:2/0@100");
}

static void test_a_writer_in_the_way(void **state)
{
    fixture_t *f = *state;
    apr_time_t start = apr_time_now();

    sql(f, "BEGIN IMMEDIATE");
    assert_int_not_equal(write_one(f, 1, 1, 0, 100), APR_SUCCESS);
    assert_true(apr_time_now() - start < 4 * SEC);
    sql(f, "COMMIT");
    assert_int_equal(write_one(f, 1, 1, 0, 100), APR_SUCCESS);
    assert_string_equal(there(f), "1:1/0@100");
}

static void test_no_database(void **state)
{
    fixture_t *f = *state;

    f->down = 1;
    assert_int_not_equal(write_one(f, 1, 1, 0, 100), APR_SUCCESS);
    assert_non_null(strstr(error, "cannot be reached"));
}

static void test_a_table_of_one_s_own(void **state)
{
    fixture_t *f = *state;
    ag_usage_row_t row = row_of(4711, 1, 1, 100);

    assert_int_equal(ag_usage_write(&error, &f->keys.db, 1, &row, 1, f->p), APR_SUCCESS);
    assert_int_equal(ag_usage_write(&error, &f->keys.db, 1, &row, 1, f->p), APR_SUCCESS);
    assert_string_equal(there(f), "4711:2/2@100");
    sql(f, "DROP TABLE api_usage");
    assert_int_not_equal(write_soon(f, 1, &row, 1), APR_SUCCESS);
    assert_non_null(strstr(error, "api_usage"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_rows_add_up),          TEST(test_a_deleted_key_is_passed_over), TEST(test_all_or_none),
        TEST(test_a_schema_change),      TEST(test_a_writer_in_the_way),          TEST(test_no_database),
        TEST(test_a_table_of_one_s_own),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
