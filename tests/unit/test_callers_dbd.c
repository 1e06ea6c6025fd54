/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_callers_dbd: rows are added up in the database, all of a batch or none.
 */
#include "keys_fixture.h"

#include "../../src/watch/callers.h"

static const char *error;

static ag_callers_row_t row_of(const char *client, apr_uint64_t requests, apr_uint64_t refused, apr_int64_t last)
{
    ag_callers_row_t row = {.requests = requests, .refused = refused, .last_used = last};

    ag_caller_name(&row.name, 1, "www /v1", "key", client, apr_time_from_sec(1700000000));
    return row;
}

static apr_status_t write_rows(fixture_t *f, const ag_callers_row_t *rows, int n)
{
    return ag_callers_write(&error, &f->keys.db, rows, n, f->p);
}

static apr_status_t write_one(fixture_t *f, const char *client, apr_uint64_t requests, apr_uint64_t refused,
                              apr_int64_t last)
{
    ag_callers_row_t row = row_of(client, requests, refused, last);

    return write_rows(f, &row, 1);
}

/* What the database says, as "www /v1|key|acme|1699920000:3/1@100 ...". */
static const char *there(fixture_t *f)
{
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    const char *all = "";
    int n;

    assert_int_equal(apr_dbd_select(f->other.driver, f->p, f->other.handle, &results,
                                    "SELECT section || '|' || kind || '|' || client || '|' || day || ':' || requests"
                                    " || '/' || refused || '@' || last_used_at FROM api_deprecated_usage"
                                    " ORDER BY client",
                                    1),
                     0);
    for (n = 1; apr_dbd_get_row(f->other.driver, f->p, results, &row, n) != -1; n++) {
        all = apr_pstrcat(f->p, all, *all ? " " : "", apr_dbd_get_entry(f->other.driver, row, 0), NULL);
    }
    return all;
}

#define ROW(client, counts) "www /v1|key|" client "|1699920000:" counts

static void test_rows_add_up(void **state)
{
    fixture_t *f = *state;

    assert_int_equal(write_one(f, "acme", 3, 1, 100), APR_SUCCESS);
    assert_string_equal(there(f), ROW("acme", "3/1@100"));
    assert_int_equal(write_one(f, "acme", 4, 0, 200), APR_SUCCESS);
    assert_int_equal(write_one(f, "acme", 1, 1, 150), APR_SUCCESS); /* another server, a bit behind */
    assert_int_equal(write_one(f, "Acme", 1, 0, 1), APR_SUCCESS);
    assert_string_equal(there(f), ROW("Acme", "1/0@1") " " ROW("acme", "8/2@200"));
}

/* What no terminal and no database would take, and a character of which half was cut off. */
static void test_odd_names(void **state)
{
    fixture_t *f = *state;

    assert_int_equal(write_one(f, "a\x1B[2J'; --\xC3", 1, 0, 1), APR_SUCCESS);
    assert_string_equal(there(f), ROW("a?[2J'; --?", "1/0@1"));
}

static void test_all_or_none(void **state)
{
    fixture_t *f = *state;
    ag_callers_row_t rows[] = {row_of("acme", 3, 1, 100), row_of("other", 5, 0, 100)};

    sql(f, "CREATE TRIGGER no BEFORE INSERT ON api_deprecated_usage WHEN NEW.client = 'other'"
           " BEGIN SELECT raise(ABORT, 'not this one'); END");
    assert_int_not_equal(write_rows(f, rows, 2), APR_SUCCESS);
    assert_non_null(strstr(error, "not this one"));
    assert_string_equal(there(f), "");
}

static void test_no_table(void **state)
{
    fixture_t *f = *state;

    sql(f, "DROP TABLE api_deprecated_usage");
    assert_int_not_equal(write_one(f, "acme", 1, 0, 1), APR_SUCCESS);
    assert_non_null(strstr(error, "api_deprecated_usage"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_rows_add_up),
        TEST(test_odd_names),
        TEST(test_all_or_none),
        TEST(test_no_table),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
