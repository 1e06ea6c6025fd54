/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_revocations: the table of revoked tokens is read into shared memory and followed; what cannot be read lets
 * nobody in before it was read once, and changes nothing after.
 */
#include "keys_fixture.h"

#include "../../src/cred/revocable.h"
#include "../../src/cred/revocations.h"

#define GONE    AG_R_TOKEN_REVOKED
#define UNKNOWN AG_R_REVOCATIONS_UNAVAILABLE
#define GOOD    AG_R_NONE
#define ISSUER  "https://id.example"

static ag_revocations_t open_revocations(fixture_t *f)
{
    ag_revocations_t r = {.db = f->keys.db, .sip = &f->sip};

    assert_int_equal(ag_revoked_make(&r.revoked, f->p), APR_SUCCESS);
    r.poll.signal = &f->signal;
    r.poll.flight = (ag_single_flight_t){
        .flights = f->keys.flights, .store = {5, 6}, .what = {5, 6}, .places = 4, .late = SEC, .patience = SEC / 10};
    ag_revocations_open(&r);
    return r;
}

/* The watchdog's turn comes again. */
static apr_status_t look(fixture_t *f, ag_revocations_t *r)
{
    r->poll.ctx = r; /* it may have been copied */
    f->now += SEC / 2;
    return ag_poll_now(&r->poll, f->now, &f->log, f->p);
}

static ag_reason_e ask(fixture_t *f, ag_revocations_t *r, const char *claims)
{
    ag_principal_t who = {.issuer = ISSUER};
    json_t *all = ag_json_object(claims, strlen(claims), f->p);

    r->poll.ctx = r;
    assert_non_null(all);
    ag_revocable_set(&who, all, claims, strlen(claims), &f->sip, f->p);
    return ag_revocations_ask(r, &who, f->now, &f->log, f->p);
}

static ag_reason_e ask_jti(fixture_t *f, ag_revocations_t *r, const char *jti)
{
    return ask(f, r, apr_psprintf(f->p, "{\"jti\":\"%s\",\"iat\":100}", jti));
}

static void add_row(fixture_t *f, const char *kind, const char *issuer, const char *value, const char *times)
{
    sql(f,
        "INSERT INTO api_revoked_tokens (kind, issuer, value, issued_before, expires_at) VALUES ('%s', '%s', '%s', %s)",
        kind, issuer, value, times);
}

#define ALWAYS "NULL, NULL"

static int said(const fixture_t *f, const char *text)
{
    const char *at = f->said;
    int n = 0;

    for (; (at = strstr(at, text)); at++) {
        n++;
    }
    return n;
}

static void test_first_and_following(void **state)
{
    fixture_t *f = *state;
    ag_revocations_t r = open_revocations(f);

    add_row(f, "jti", "", "1", ALWAYS);
    assert_int_equal(ask_jti(f, &r, "1"), GONE); /* nobody had read it: the request does */
    assert_int_equal(ask_jti(f, &r, "2"), GOOD);
    add_row(f, "jti", ISSUER, "2", ALWAYS);
    add_row(f, "jti", "https://other", "3", ALWAYS);
    assert_int_equal(ask_jti(f, &r, "2"), GOOD); /* not read yet */
    assert_int_equal(look(f, &r), APR_SUCCESS);
    assert_int_equal(ask_jti(f, &r, "2"), GONE);
    assert_int_equal(ask_jti(f, &r, "3"), GOOD);
    sql(f, "UPDATE api_revoked_tokens SET issuer = '%s' WHERE value = '3'", ISSUER);
    sql(f, "DELETE FROM api_revoked_tokens WHERE value = '1'");
    assert_int_equal(look(f, &r), APR_SUCCESS);
    assert_int_equal(ask_jti(f, &r, "3"), GONE);
    assert_int_equal(ask_jti(f, &r, "1"), GOOD);
    assert_string_equal(f->said, "");
}

static void test_kinds_and_times(void **state)
{
    fixture_t *f = *state;
    ag_revocations_t r = open_revocations(f);

    assert_int_equal(look(f, &r), APR_SUCCESS);
    add_row(f, "subject", "", "joe", "200, NULL");
    add_row(f, "client", ISSUER, "shop", "NULL, 4000000000");
    add_row(f, "jti", "", "early", "50, NULL");
    assert_int_equal(look(f, &r), APR_SUCCESS);
    assert_int_equal(ask(f, &r, "{\"sub\":\"joe\",\"iat\":199.5}"), GONE);
    assert_int_equal(ask(f, &r, "{\"sub\":\"joe\",\"iat\":200}"), GOOD);
    assert_int_equal(ask(f, &r, "{\"sub\":\"joe\"}"), GONE);
    assert_int_equal(ask(f, &r, "{\"sub\":\"shop\",\"iat\":1}"), GOOD); /* another kind */
    assert_int_equal(ask(f, &r, "{\"client_id\":\"shop\",\"iat\":300}"), GONE);
    assert_int_equal(ask_jti(f, &r, "early"), GOOD);
    f->now = apr_time_from_sec(APR_INT64_C(4000000000));
    assert_int_equal(look(f, &r), APR_SUCCESS);
    assert_int_equal(ask(f, &r, "{\"client_id\":\"shop\",\"iat\":300}"), GOOD);
}

/* A digest is of the text, here of no JWT. */
static void test_digest(void **state)
{
    static const char text[] = "{\"sub\":\"x\"}";
    fixture_t *f = *state;
    ag_revocations_t r = open_revocations(f);
    char hex[AG_REVOCABLE_DIGEST];

    ag_revocable_digest(hex, text, strlen(text));
    add_row(f, "digest", "", hex, ALWAYS);
    assert_int_equal(ask(f, &r, text), GONE);
    assert_int_equal(ask(f, &r, "{\"sub\":\"y\"}"), GOOD);
}

/* More than a page of each of two issuers, and what has expired already. */
static void test_pages(void **state)
{
    fixture_t *f = *state;
    ag_revocations_t r = open_revocations(f);
    int i;

    sql(f, "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 4000) "
           "INSERT INTO api_revoked_tokens (kind, issuer, value) SELECT 'jti', '', 'a' || n FROM t");
    sql(f, "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 2001) "
           "INSERT INTO api_revoked_tokens (kind, issuer, value) SELECT 'jti', '" ISSUER "', 'b' || n FROM t");
    for (i = 1; i <= 4001; i++) {
        assert_int_equal(ask_jti(f, &r, apr_psprintf(f->p, "a%d", i)), i <= 4000 ? GONE : GOOD);
    }
    for (i = 1; i <= 2002; i++) {
        assert_int_equal(ask_jti(f, &r, apr_psprintf(f->p, "b%d", i)), i <= 2001 ? GONE : GOOD);
    }
}

/* More changes than are read one by one; a log of which some are gone; a database that was put back in time. */
static void test_when_the_log_cannot_tell(void **state)
{
    fixture_t *f = *state;
    ag_revocations_t r = open_revocations(f);

    sql(f, "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3000) "
           "INSERT INTO api_revoked_tokens (kind, value) SELECT 'jti', 'b' || n FROM t"); /* room for as many again */
    assert_int_equal(look(f, &r), APR_SUCCESS);
    sql(f, "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 1500) "
           "INSERT INTO api_revoked_tokens (kind, value) SELECT 'jti', 'a' || n FROM t");
    assert_int_equal(look(f, &r), APR_SUCCESS);
    assert_int_equal(ask_jti(f, &r, "a1500"), GONE);
    assert_int_equal(ask_jti(f, &r, "a999"), GONE); /* the last of its name */
    add_row(f, "jti", "", "pruned", ALWAYS);
    sql(f, "DELETE FROM api_changes");
    assert_int_equal(look(f, &r), APR_SUCCESS);
    assert_int_equal(ask_jti(f, &r, "pruned"), GONE);
    sql(f, "DELETE FROM api_revoked_tokens WHERE value = 'pruned'");
    sql(f, "DELETE FROM api_changes");
    sql(f, "UPDATE api_schema SET revision = 7");
    assert_int_equal(look(f, &r), APR_SUCCESS);
    assert_int_equal(ask_jti(f, &r, "pruned"), GOOD);
    assert_int_equal(ask_jti(f, &r, "a1"), GONE);
    sql(f, "DROP TRIGGER api_revoked_tokens_inserted");
    add_row(f, "jti", "", "unheard", ALWAYS);
    sql(f, "INSERT INTO api_changes (revision, key_hash) VALUES (8, 'token:')"); /* all of it */
    assert_int_equal(look(f, &r), APR_SUCCESS);
    assert_int_equal(ask_jti(f, &r, "a1"), GONE);
    assert_int_equal(ask_jti(f, &r, "unheard"), GONE);
    assert_string_equal(f->said, "");
}

/* Names with blanks, and none of them another's. */
static void test_odd_names(void **state)
{
    fixture_t *f = *state;
    ag_revocations_t r = open_revocations(f);

    assert_int_equal(look(f, &r), APR_SUCCESS);
    add_row(f, "subject", "", " a  b ", ALWAYS);
    add_row(f, "subject", "", "J\xC3\xB6rg", ALWAYS);
    assert_int_equal(look(f, &r), APR_SUCCESS);
    assert_int_equal(ask(f, &r, "{\"sub\":\" a  b \"}"), GONE);
    assert_int_equal(ask(f, &r, "{\"sub\":\"J\xC3\xB6rg\"}"), GONE);
    assert_int_equal(ask(f, &r, "{\"sub\":\"a  b\"}"), GOOD);
    assert_int_equal(ask(f, &r, "{\"sub\":\"j\xC3\xB6rg\"}"), GOOD);
}

/* Times that are none revoke more, not less. */
static void test_times_that_are_none(void **state)
{
    fixture_t *f = *state;
    ag_revocations_t r = open_revocations(f);

    sql(f, "PRAGMA ignore_check_constraints = 1");
    add_row(f, "jti", "", "1", "'soon', NULL");
    add_row(f, "jti", "", "2", "NULL, 'later'");
    add_row(f, "jti", "", "3", "-5, NULL");
    assert_int_equal(ask_jti(f, &r, "1"), GONE);
    assert_int_equal(ask_jti(f, &r, "2"), GONE);
    assert_int_equal(ask_jti(f, &r, "3"), GONE);
}

static void test_unreadable_at_first(void **state)
{
    fixture_t *f = *state;
    ag_revocations_t r = open_revocations(f);

    f->down = 1;
    assert_int_equal(ask_jti(f, &r, "1"), UNKNOWN);
    assert_int_equal(look(f, &r), APR_EGENERAL);
    assert_int_equal(ask_jti(f, &r, "1"), UNKNOWN);
    assert_int_equal(said(f, "AG0960"), 1);
    assert_int_equal(said(f, "until they can, tokens get 503"), 1);
    f->down = 0;
    sql(f, "ALTER TABLE api_revoked_tokens RENAME TO elsewhere");
    assert_int_equal(look(f, &r), APR_EGENERAL);
    assert_int_equal(ask_jti(f, &r, "1"), UNKNOWN);
    sql(f, "ALTER TABLE elsewhere RENAME TO api_revoked_tokens");
    assert_int_equal(look(f, &r), APR_SUCCESS);
    assert_int_equal(ask_jti(f, &r, "1"), GOOD);
    assert_int_equal(said(f, "AG0960"), 1);
}

static void test_unreadable_later(void **state)
{
    fixture_t *f = *state;
    ag_revocations_t r = open_revocations(f);
    int i;

    add_row(f, "jti", "", "1", ALWAYS);
    assert_int_equal(look(f, &r), APR_SUCCESS);
    for (i = 0; i < 3; i++) {
        static const char *const ways[][2] = {
            {"ALTER TABLE api_revoked_tokens RENAME TO x", "ALTER TABLE x RENAME TO api_revoked_tokens"},
            {"ALTER TABLE api_schema RENAME TO y", "ALTER TABLE y RENAME TO api_schema"},
            {"UPDATE api_schema SET version = 3", "UPDATE api_schema SET version = 4"},
        };

        sql(f, "UPDATE api_schema SET revision = revision + 1"); /* something was changed, and all must be read */
        sql(f, "%s", ways[i][0]);
        assert_int_equal(look(f, &r), APR_EGENERAL);
        assert_int_equal(ask_jti(f, &r, "1"), GONE);
        assert_int_equal(ask_jti(f, &r, "2"), GOOD);
        sql(f, "%s", ways[i][1]);
        f->now += 5 * SEC;
        assert_int_equal(look(f, &r), APR_SUCCESS);
        assert_int_equal(said(f, "AG0960"), i + 1);
        assert_int_equal(said(f, "what was read last goes on"), i + 1);
    }
    f->down = 1;
    f->now += 3600 * SEC;
    assert_int_equal(ask_jti(f, &r, "1"), GONE); /* however long */
    assert_int_equal(ask_jti(f, &r, "2"), GOOD);
    f->signal++; /* and now the tool has said that something holds that nobody can read */
    assert_int_equal(ask_jti(f, &r, "2"), UNKNOWN);
}

/* A row that this version does not understand may mean any token. */
static void test_an_unknown_kind(void **state)
{
    fixture_t *f = *state;
    ag_revocations_t r = open_revocations(f);

    sql(f, "PRAGMA ignore_check_constraints = 1");
    add_row(f, "family", "", "x", ALWAYS);
    assert_int_equal(ask_jti(f, &r, "1"), UNKNOWN);
    assert_int_equal(said(f, "of a kind that this version does not know"), 1);
}

static void test_tables_of_version_3(void **state)
{
    fixture_t *f = *state;
    ag_revocations_t r = open_revocations(f);

    sql(f, "UPDATE api_schema SET version = 3");
    add_row(f, "jti", "", "1", ALWAYS);
    assert_int_equal(ask_jti(f, &r, "1"), GOOD);
    assert_int_equal(look(f, &r), APR_SUCCESS);
    assert_int_equal(said(f, "AG0962"), 1);
    sql(f, "UPDATE api_schema SET version = 4");
    assert_int_equal(look(f, &r), APR_SUCCESS);
    assert_int_equal(ask_jti(f, &r, "1"), GONE);
}

/* Somebody else's; but one that cannot be asked is not taken for such a one. */
static void test_no_tables_of_ours(void **state)
{
    fixture_t *f = *state;
    ag_revocations_t r = open_revocations(f), other = open_revocations(f);

    sql(f, "ALTER TABLE api_schema RENAME TO y");
    assert_int_equal(look(f, &r), APR_SUCCESS);
    assert_int_equal(ask_jti(f, &r, "1"), GOOD);
    sql(f, "ALTER TABLE y RENAME TO api_schema");
    sql(f, "ALTER TABLE api_schema RENAME COLUMN revision TO number");
    assert_int_equal(look(f, &other), APR_EGENERAL);
    assert_int_equal(ask_jti(f, &other, "1"), UNKNOWN);
}

/* An empty list asks for nothing, a kind of tokens that forgot what revokes it is no good with any other. */
static void test_a_kind_that_forgot(void **state)
{
    fixture_t *f = *state;
    ag_revocations_t r = open_revocations(f);
    ag_principal_t who = {.issuer = ISSUER};

    assert_int_equal(look(f, &r), APR_SUCCESS);
    assert_int_equal(ag_revocations_ask(&r, &who, f->now, &f->log, f->p), GOOD);
    add_row(f, "jti", "", "1", ALWAYS);
    assert_int_equal(look(f, &r), APR_SUCCESS);
    assert_int_equal(ag_revocations_ask(&r, &who, f->now, &f->log, f->p), AG_R_INTERNAL_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_first_and_following),
        TEST(test_kinds_and_times),
        TEST(test_digest),
        TEST(test_pages),
        TEST(test_when_the_log_cannot_tell),
        TEST(test_odd_names),
        TEST(test_times_that_are_none),
        TEST(test_unreadable_at_first),
        TEST(test_unreadable_later),
        TEST(test_an_unknown_kind),
        TEST(test_tables_of_version_3),
        TEST(test_no_tables_of_ours),
        TEST(test_a_kind_that_forgot),
    };

    apr_initialize();
    return cmocka_run_group_tests_name("revocations", tests, NULL, NULL);
}
