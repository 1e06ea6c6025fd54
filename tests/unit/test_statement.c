/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_statement: what a connection to SQLite keeps of statements that fail. Its driver frees a prepared one
 * with the connection alone, so a request for which one was prepared anew cost 9 to 21 kB for good, and a
 * made-up key was enough where a page of the table was damaged. The statements are SQLite's own count.
 */
#include "keys_fixture.h"

#include <dlfcn.h>

#include "../../src/core/statement.h"

#define TABLE_OF "SELECT json_extract(note, '$.name') AS client_name FROM odd WHERE hash = %s"

typedef void *next_fn(void *connection, void *statement); /* sqlite3_next_stmt() */

static int statements(fixture_t *f)
{
    void *library = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_NOLOAD);
    void *connection = apr_dbd_native_handle(f->server.driver, f->server.handle), *at = NULL;
    next_fn *next;
    int n = 0;

    assert_non_null(library);
    *(void **)&next = dlsym(library, "sqlite3_next_stmt");
    assert_non_null(next);
    while ((at = next(connection, at)) != NULL) {
        n++;
    }
    dlclose(library);
    return n;
}

/* The first column of the one row, or NULL: it failed. */
static const char *ask(fixture_t *f, const char *hash)
{
    apr_dbd_results_t *rows;
    apr_dbd_row_t *row;
    const char *text = NULL;

    if (ag_statement_query(&rows, &f->server, TABLE_OF, 1, &hash, f->p) == 0) {
        assert_int_equal(ag_statement_row(&row, &f->server, rows, 1, f->p), 0);
        assert_int_equal(ag_statement_value(&text, &f->server, row, 0, f->p), APR_SUCCESS);
    }
    return text;
}

static int set_up_table(void **state)
{
    int rv = set_up(state);

    if (rv == 0 && is_driver(*state, "sqlite3")) {
        sql(*state, "CREATE TABLE odd (hash TEXT, note TEXT)");
        sql(*state, "INSERT INTO odd VALUES ('it''s', '{\"name\": \"acme\"}'), ('bad', '{broken')");
    }
    return rv;
}

static void test_a_query_that_fails_is_prepared_once(void **state)
{
    fixture_t *f = *state;
    int i;

    if (!is_driver(f, "sqlite3")) {
        skip();
    }
    for (i = 0; i < 50; i++) {
        assert_null(ask(f, "bad"));
    }
    assert_int_equal(statements(f), 1);
    assert_string_equal(ask(f, "it's"), "acme");
    sql(f, "UPDATE odd SET note = '{\"name\": \"mended\"}' WHERE hash = 'bad'");
    assert_string_equal(ask(f, "bad"), "mended");
    assert_int_equal(statements(f), 1);
}

/* The request that meets the changed table is answered, the next ones by a statement prepared anew. */
static void test_an_outdated_query_heals(void **state)
{
    fixture_t *f = *state;
    int i;

    if (!is_driver(f, "sqlite3")) {
        skip();
    }
    assert_string_equal(ask(f, "it's"), "acme");
    sql(f, "ALTER TABLE odd ADD COLUMN more TEXT");
    for (i = 0; i < 50; i++) {
        assert_string_equal(ask(f, "it's"), "acme");
        assert_null(ask(f, "bad"));
    }
    assert_int_equal(statements(f), 2);
}

static void test_a_query_heals_when_its_table_is_back(void **state)
{
    fixture_t *f = *state;
    int i;

    if (!is_driver(f, "sqlite3")) {
        skip();
    }
    assert_string_equal(ask(f, "it's"), "acme");
    sql(f, "ALTER TABLE odd RENAME TO away");
    for (i = 0; i < 50; i++) {
        assert_null(ask(f, "it's"));
    }
    sql(f, "ALTER TABLE away RENAME TO odd");
    assert_string_equal(ask(f, "it's"), "acme");
    assert_string_equal(ask(f, "it's"), "acme");
    assert_int_equal(statements(f), 2);
}

/* All rows or none, as text: each value in its place, and nothing stays behind. */
static void test_a_change_leaves_no_statement(void **state)
{
    static const char insert[] = "INSERT INTO odd (hash, note) VALUES (%s, %lld)";
    const char *good[] = {"a'b", "7", "c", NULL}, *wrong[] = {"d", "1", "never", "2"};
    fixture_t *f = *state;
    apr_dbd_results_t *rows = NULL;
    apr_dbd_row_t *row = NULL;
    const char *error = NULL;
    int i;

    if (!is_driver(f, "sqlite3")) {
        skip();
    }
    sql(f, "CREATE TRIGGER no BEFORE INSERT ON odd WHEN new.hash = 'never' BEGIN SELECT RAISE(ABORT, 'no'); END");
    for (i = 0; i < 50; i++) {
        assert_int_equal(ag_statement_change(&f->server, insert, wrong, 2, 2, &error, f->p), APR_EGENERAL);
        assert_string_equal(error, "no");
    }
    assert_int_equal(ag_statement_change(&f->server, insert, good, 2, 2, &error, f->p), APR_SUCCESS);
    assert_int_equal(statements(f), 0);
    assert_int_equal(apr_dbd_select(f->other.driver, f->p, f->other.handle, &rows,
                                    "SELECT group_concat(hash || '=' || ifnull(note, 'NULL')) FROM odd "
                                    "WHERE hash NOT IN ('it''s', 'bad')",
                                    1),
                     0);
    assert_int_equal(ag_statement_row(&row, &f->other, rows, 1, f->p), 0);
    assert_string_equal(apr_dbd_get_entry(f->other.driver, row, 0), "a'b=7,c=NULL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_query_that_fails_is_prepared_once, set_up_table, tear_down),
        cmocka_unit_test_setup_teardown(test_an_outdated_query_heals, set_up_table, tear_down),
        cmocka_unit_test_setup_teardown(test_a_query_heals_when_its_table_is_back, set_up_table, tear_down),
        cmocka_unit_test_setup_teardown(test_a_change_leaves_no_statement, set_up_table, tear_down),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
