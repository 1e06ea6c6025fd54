/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list in a SQLite database and its shared copy: what a look reads, what it leaves alone, and what
 * is said of addresses while the database is away or holds rubbish.
 */
#include "keys_fixture.h"

#include "../../src/authz/ip_source.h"

#define STALE (60 * SEC)

static ag_ip_source_t *open_source(fixture_t *f, const char *name)
{
    ag_ip_source_t *source = apr_pcalloc(f->p, sizeof *source);

    source->name = name;
    assert_int_equal(ag_ipshare_make(&source->share, f->p), APR_SUCCESS);
    return source;
}

static void add(fixture_t *f, const char *list, const char *cidr, apr_int64_t expires)
{
    sql(f, "INSERT INTO api_ip_lists (list, cidr, expires_at) VALUES ('%s', '%s', %s)", list, cidr,
        expires ? apr_psprintf(f->p, "%" APR_INT64_T_FMT, expires) : "NULL");
}

/* A look `seconds` later. */
static void look(fixture_t *f, const ag_ip_source_t *source, int seconds)
{
    f->now += seconds * SEC;
    ag_ip_list_poll(source, &f->keys.db, STALE, f->now, &f->log, f->p);
}

static ag_ip_answer_e ask(fixture_t *f, const ag_ip_source_t *source, const char *address)
{
    ag_ip_t ip;

    assert_true(ag_ip_parse(&ip, address));
    return ag_ipshare_ask(source->share, &ip, f->now);
}

/* Rows of one number, from the database as another process sees it. */
static int count(fixture_t *f, const char *text)
{
    apr_dbd_results_t *rows = NULL;
    apr_dbd_row_t *row = NULL;

    assert_int_equal(apr_dbd_select(f->other.driver, f->p, f->other.handle, &rows, text, 1), 0);
    assert_int_equal(apr_dbd_get_row(f->other.driver, f->p, rows, &row, 1), 0);
    return (int)strtol(apr_dbd_get_entry(f->other.driver, row, 0), NULL, 10);
}

static void test_changes(void **state)
{
    fixture_t *f = *state;
    ag_ip_source_t *list = open_source(f, "list:partners");

    assert_int_equal(ask(f, list, "192.0.2.1"), AG_IP_UNKNOWN);
    look(f, list, 1);
    assert_int_equal(ask(f, list, "192.0.2.1"), AG_IP_NO); /* no row: an empty list */
    add(f, "partners", "192.0.2.0/24", 0);
    add(f, "others", "198.51.100.0/24", 0);
    look(f, list, 1);
    assert_int_equal(ask(f, list, "192.0.2.1"), AG_IP_YES);
    assert_int_equal(ask(f, list, "198.51.100.1"), AG_IP_NO);
    sql(f, "UPDATE api_ip_lists SET cidr = '2001:db8::/32' WHERE list = 'partners'");
    look(f, list, 1);
    assert_int_equal(ask(f, list, "192.0.2.1"), AG_IP_NO);
    assert_int_equal(ask(f, list, "2001:db8::1"), AG_IP_YES);
    sql(f, "UPDATE api_ip_lists SET list = 'partners' WHERE list = 'others'");
    look(f, list, 1);
    assert_int_equal(ask(f, list, "198.51.100.1"), AG_IP_YES);
    sql(f, "DELETE FROM api_ip_lists WHERE list = 'partners'");
    look(f, list, 1);
    assert_int_equal(ask(f, list, "198.51.100.1"), AG_IP_NO);
    assert_string_equal(f->said, "");
}

/* One short query while nothing changes, and none between two looks. */
static void test_rest(void **state)
{
    fixture_t *f = *state;
    ag_ip_source_t *list = open_source(f, "list:partners");

    look(f, list, 1);
    f->asked = 0;
    look(f, list, 0);
    assert_int_equal(f->asked, 0);
    look(f, list, 1);
    assert_int_equal(f->asked, 1);
    /* Other people's changes are no reason to read it: a row without a note in the log is not seen. */
    sql(f, "DROP TRIGGER api_ip_lists_inserted");
    add(f, "partners", "192.0.2.0/24", 0);
    change(f, f->key, "is_active = 0");
    look(f, list, 1);
    assert_int_equal(ask(f, list, "192.0.2.1"), AG_IP_NO);
    look(f, list, 3700); /* but after an hour without a look nobody relies on the log */
    assert_int_equal(ask(f, list, "192.0.2.1"), AG_IP_YES);
}

static void test_pages(void **state)
{
    fixture_t *f = *state;
    ag_ip_source_t *list = open_source(f, "list:big");

    sql(f, "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 12345)"
           " INSERT INTO api_ip_lists (list, cidr)"
           " SELECT 'big', printf('10.%%d.%%d.%%d', i / 16384, i / 64 %% 256, i %% 64 * 4) FROM n");
    look(f, list, 1);
    assert_int_equal(ask(f, list, "10.0.0.0"), AG_IP_YES);
    assert_int_equal(ask(f, list, "10.0.0.1"), AG_IP_NO);
    assert_int_equal(ask(f, list, "10.0.192.228"), AG_IP_YES); /* 12345, the last */
    assert_int_equal(ask(f, list, "10.0.192.232"), AG_IP_NO);
    assert_int_equal(ask(f, list, "10.0.99.100"), AG_IP_YES);
}

/* SQLite takes bytes for greater than any text, so the next page would be the same for ever. */
static void test_pages_that_do_not_end(void **state)
{
    fixture_t *f = *state;
    ag_ip_source_t *list = open_source(f, "list:big");

    sql(f, "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1234)"
           " INSERT INTO api_ip_lists (list, cidr)"
           " SELECT 'big', CAST(printf('no. %%d', i) AS BLOB) FROM n");
    alarm(10);
    look(f, list, 1);
    alarm(0);
    assert_int_equal(ask(f, list, "192.0.2.1"), AG_IP_UNKNOWN);
    assert_non_null(strstr(f->said, "AG0442"));
}

static void test_expiry(void **state)
{
    fixture_t *f = *state;
    ag_ip_source_t *list = open_source(f, "list:guests");
    apr_int64_t now = apr_time_sec(f->now);

    add(f, "guests", "10.0.0.0/8", 0);
    add(f, "guests", "192.0.2.1", now + 30);
    add(f, "guests", "192.0.2.2", now - 1);
    add(f, "guests", "192.0.2.3", APR_INT64_C(9000000000)); /* later than 32 bits can tell */
    sql(f, "INSERT INTO api_ip_lists (list, cidr, expires_at) VALUES ('guests', '192.0.2.4', 0)");
    look(f, list, 1);
    assert_int_equal(ask(f, list, "192.0.2.1"), AG_IP_YES);
    assert_int_equal(ask(f, list, "192.0.2.2"), AG_IP_NO);
    assert_int_equal(ask(f, list, "192.0.2.3"), AG_IP_YES);
    assert_int_equal(ask(f, list, "192.0.2.4"), AG_IP_NO); /* 0 is 1970, not never */
    f->down = 1;                                           /* nobody needs to be asked for that */
    f->now += 28 * SEC;
    assert_int_equal(ask(f, list, "192.0.2.1"), AG_IP_YES);
    f->now += SEC;
    assert_int_equal(ask(f, list, "192.0.2.1"), AG_IP_NO);
    assert_int_equal(ask(f, list, "10.1.2.3"), AG_IP_YES);
}

/* What cannot be read may be what should have kept an address out. */
static void test_rubbish(void **state)
{
    static const char *const wrong[] = {"'rubbish', NULL",           "'10.0.0.0/33', NULL", "'', 'x'",
                                        "'192.0.2.9', 'soon'",       "'192.0.2.9', -5",     "'192.0.2.9', X''",
                                        "'192.0.2.9', 1800000000000"}; /* milliseconds */
    fixture_t *f = *state;
    ag_ip_source_t *list = open_source(f, "list:blocked");
    int i;

    add(f, "blocked", "192.0.2.1", 0);
    sql(f, "PRAGMA ignore_check_constraints = 1");
    for (i = 0; i < (int)(sizeof wrong / sizeof *wrong); i++) {
        f->said[0] = '\0';
        sql(f, "INSERT INTO api_ip_lists (list, cidr, expires_at) VALUES ('blocked', %s)", wrong[i]);
        look(f, list, 1);
        assert_int_equal(ask(f, list, "192.0.2.1"), AG_IP_YES);
        if (strncmp(wrong[i], "''", 2) != 0) { /* an empty one is not even found */
            assert_int_equal(ask(f, list, "192.0.2.2"), AG_IP_UNKNOWN);
            assert_non_null(strstr(f->said, "AG0443"));
        }
        f->said[0] = '\0';
        add(f, "blocked", "192.0.2.3", 0);
        look(f, list, 1);
        assert_null(strstr(f->said, "AG0443")); /* once */
        sql(f, "DELETE FROM api_ip_lists WHERE cidr <> '192.0.2.1'");
        look(f, list, 1);
        assert_int_equal(ask(f, list, "192.0.2.2"), AG_IP_NO);
    }
}

static void test_away(void **state)
{
    fixture_t *f = *state;
    ag_ip_source_t *list = open_source(f, "list:partners");

    f->down = 1;
    look(f, list, 1);
    assert_int_equal(ask(f, list, "192.0.2.1"), AG_IP_UNKNOWN);
    assert_non_null(strstr(f->said, "AG0442"));
    f->said[0] = '\0';
    look(f, list, 10);
    assert_string_equal(f->said, ""); /* once */
    f->down = 0;
    add(f, "partners", "192.0.2.1", 0);
    look(f, list, 10);
    assert_int_equal(ask(f, list, "192.0.2.1"), AG_IP_YES);
    f->down = 1;
    look(f, list, 10);
    assert_int_equal(ask(f, list, "192.0.2.1"), AG_IP_YES); /* as it was */
    assert_int_equal(ask(f, list, "192.0.2.2"), AG_IP_NO);
    f->now += STALE;
    assert_int_equal(ask(f, list, "192.0.2.1"), AG_IP_UNKNOWN); /* but not for ever */
    assert_int_equal(ask(f, list, "192.0.2.2"), AG_IP_UNKNOWN);
    f->down = 0;
    look(f, list, 1);
    assert_int_equal(ask(f, list, "192.0.2.1"), AG_IP_YES);
    sql(f, "ALTER TABLE api_ip_lists RENAME TO elsewhere"); /* no table is no empty list */
    sql(f, "INSERT INTO api_changes (key_hash) VALUES ('list:partners')");
    f->said[0] = '\0';
    look(f, list, 10);
    assert_int_equal(ask(f, list, "192.0.2.1"), AG_IP_YES);
    assert_non_null(strstr(f->said, "AG0442"));
    sql(f, "ALTER TABLE elsewhere RENAME TO api_ip_lists"); /* statements made before live on */
    sql(f, "DELETE FROM api_ip_lists");
    look(f, list, 10);
    assert_int_equal(ask(f, list, "192.0.2.1"), AG_IP_NO);
}

/* A database put back from a copy has an older revision. */
static void test_back(void **state)
{
    fixture_t *f = *state;
    ag_ip_source_t *list = open_source(f, "list:partners");

    add(f, "partners", "192.0.2.1", 0);
    add(f, "partners", "192.0.2.2", 0);
    look(f, list, 1);
    sql(f, "DELETE FROM api_ip_lists WHERE cidr = '192.0.2.2'");
    sql(f, "DELETE FROM api_changes");
    sql(f, "UPDATE api_schema SET revision = 1");
    look(f, list, 1);
    assert_int_equal(ask(f, list, "192.0.2.2"), AG_IP_NO);
    assert_int_equal(ask(f, list, "192.0.2.1"), AG_IP_YES);
}

static void test_matches(void **state)
{
    fixture_t *f = *state;
    ag_ip_source_t *list = open_source(f, "list:partners");

    add(f, "partners", "192.0.2.77/24", 0); /* as it was written */
    add(f, "partners", "10.0.0.0/8", 0);
    look(f, list, 1);
    ask(f, list, "192.0.2.1");
    look(f, list, 1);
    assert_int_equal(count(f, "SELECT count(*) FROM api_ip_matches"), 0); /* in a minute */
    look(f, list, 60);
    assert_int_equal(count(f, "SELECT count(*) FROM api_ip_matches"), 1);
    assert_int_equal(count(f, "SELECT last_match_at - 1700000001 FROM api_ip_matches WHERE"
                              " list = 'partners' AND cidr = '192.0.2.77/24'"),
                     0);
    look(f, list, 50);
    f->now += 50 * SEC;
    assert_int_equal(ask(f, list, "192.0.2.1"), AG_IP_YES);
    assert_int_equal(ask(f, list, "10.1.2.3"), AG_IP_YES);
    sql(f, "INSERT INTO api_ip_lists (list, cidr) VALUES ('partners', '172.16.0.0/12')");
    look(f, list, 1); /* before another table takes this one's place */
    assert_int_equal(count(f, "SELECT count(*) FROM api_ip_matches"), 2);
    assert_int_equal(count(f, "SELECT last_match_at - 1700000162 FROM api_ip_matches WHERE"
                              " cidr = '192.0.2.77/24'"),
                     0);
    sql(f, "UPDATE api_ip_matches SET last_match_at = 1800000000"); /* another node's is later */
    ask(f, list, "10.1.2.3");
    look(f, list, 61);
    assert_int_equal(count(f, "SELECT min(last_match_at) - 1800000000 FROM api_ip_matches"), 0);
    assert_string_equal(f->said, "");
}

/* Matches that cannot be written are kept, and the list is read all the same. */
static void test_untold(void **state)
{
    fixture_t *f = *state;
    ag_ip_source_t *list = open_source(f, "list:partners");

    add(f, "partners", "192.0.2.1", 0);
    look(f, list, 1);
    ask(f, list, "192.0.2.1");
    sql(f, "ALTER TABLE api_ip_matches RENAME TO elsewhere");
    look(f, list, 61);
    assert_non_null(strstr(f->said, "AG0444"));
    f->said[0] = '\0';
    look(f, list, 1);
    assert_string_equal(f->said, "");
    assert_int_equal(ask(f, list, "192.0.2.1"), AG_IP_YES);
    sql(f, "ALTER TABLE elsewhere RENAME TO api_ip_matches");
    look(f, list, 1);
    assert_int_equal(count(f, "SELECT count(*) FROM api_ip_matches"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_changes), TEST(test_rest), TEST(test_pages),   TEST(test_expiry), TEST(test_rubbish),
        TEST(test_away),    TEST(test_back), TEST(test_matches), TEST(test_untold), TEST(test_pages_that_do_not_end),
    };
    int failed;

    (void)found; /* the fixture's, for keys */
    (void)result;
    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
