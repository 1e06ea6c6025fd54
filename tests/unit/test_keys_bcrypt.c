/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_keys_bcrypt: imported keys that only a bcrypt hash is known of: found by how they begin,
 * verified once, guessed at slowly, and dropped like any other when they change.
 */
#include "../../src/keys/keys_bcrypt.h"
#include "../../src/keys/keys_poll.h"
#include "keys_fixture.h"

#include <apr_md5.h>

#define KEY "legacy01-correct-horse"

/* A hash of the least cost there is: 2 ms. */
static const char *bcrypt_of(fixture_t *f, const char *key, char kind)
{
    char *hash = apr_palloc(f->p, 64);

    assert_int_equal(apr_bcrypt_encode(key, 4, (const unsigned char *)"0123456789abcdef", 16, hash, 64), APR_SUCCESS);
    hash[2] = kind;
    return hash;
}

static void insert(fixture_t *f, const char *prefix, const char *hash, const char *client)
{
    sql(f, "INSERT INTO api_keys (key_hash, key_prefix, client_name) VALUES ('%s', '%s', '%s')", hash, prefix,
        client);
}

static void import(fixture_t *f, const char *key, const char *client)
{
    insert(f, apr_pstrmemdup(f->p, key, 8), bcrypt_of(f, key, 'y'), client);
}

static void spend(fixture_t *f)
{
    f->keys.budget->all = (apr_uint64_t)(apr_time_sec(f->now) / AG_BUDGET_SECONDS) << 24 | 1000;
}

static void test_found_and_cached(void **state)
{
    fixture_t *f = *state;

    import(f, KEY, "old");
    assert_string_equal(found(f, KEY)->client, "old");
    f->asked = 0;
    spend(f);
    assert_string_equal(found(f, KEY)->client, "old");
    assert_int_equal(f->asked, 0);
    assert_string_equal(f->said, "");
}

static void test_all_kinds(void **state)
{
    static const char kinds[] = "aby";
    fixture_t *f = *state;
    int i;

    for (i = 0; kinds[i]; i++) {
        const char *key = apr_psprintf(f->p, "kind-%c-0123456789", kinds[i]);

        insert(f, apr_pstrmemdup(f->p, key, 8), bcrypt_of(f, key, kinds[i]), "old");
        found(f, key);
    }
}

static void test_wrong_ones_are_remembered(void **state)
{
    fixture_t *f = *state;

    import(f, KEY, "old");
    assert_int_equal(result(f, "legacy01-wrong"), AG_KEY_UNKNOWN);
    f->asked = 0;
    spend(f);
    assert_int_equal(result(f, "legacy01-wrong"), AG_KEY_UNKNOWN);
    assert_int_equal(f->asked, 0);
    assert_int_equal(result(f, "legacy02-wrong"), AG_KEY_UNKNOWN); /* nothing to try */
}

/* Keys of our own shape are never bcrypt's: one query, as ever. */
static void test_our_own_keys_cost_one_query(void **state)
{
    fixture_t *f = *state;
    char key[AG_KEY_MAX + 1];

    found(f, f->key);
    ag_key_make(key, "agk");
    f->asked = 0;
    assert_int_equal(result(f, key), AG_KEY_UNKNOWN);
    assert_int_equal(f->asked, 1);
}

/* A bcrypt hash is made without the pepper, so whoever can write to the database could make one and would
 * be in: under a pepper none is asked for, nor one that was cached without. */
static void test_never_under_a_pepper(void **state)
{
    fixture_t *f = *state;
    ag_key_realm_t peppered = f->realm;
    const ag_key_t *key;

    peppered.id.lo++;
    peppered.pepper = (const unsigned char *)"0123456789abcdef";
    peppered.pepper_size = 16;
    import(f, KEY, "old");
    found(f, KEY);
    f->asked = 0;
    assert_int_equal(find_in(&key, f, &peppered, KEY), AG_KEY_UNKNOWN);
    assert_int_equal(f->asked, 1);
}

/* bcrypt does not look behind the 72nd byte; a longer key is another key. */
static void test_72_bytes(void **state)
{
    fixture_t *f = *state;
    char key[74] = "long-key";

    memset(key + 8, 'x', 64);
    key[72] = '\0';
    import(f, key, "old");
    found(f, key);
    key[72] = 'y';
    key[73] = '\0';
    assert_int_equal(result(f, key), AG_KEY_UNKNOWN);
    assert_false(ag_keys_bcrypt_is(key, 73, bcrypt_of(f, key, 'y'), f->p));
}

static void test_revoked(void **state)
{
    fixture_t *f = *state;

    import(f, KEY, "old");
    assert_true(found(f, KEY)->active);
    sql(f, "UPDATE api_keys SET is_active = 0 WHERE client_name = 'old'");
    f->now += SEC;
    assert_false(found(f, KEY)->active);
    sql(f, "DELETE FROM api_keys WHERE client_name = 'old'");
    f->now += SEC;
    assert_int_equal(result(f, KEY), AG_KEY_UNKNOWN);
}

/* When its time to live is over the row is read again, and that is all. */
static void test_the_cost_is_paid_once(void **state)
{
    fixture_t *f = *state;

    import(f, KEY, "old");
    found(f, KEY);
    f->now += 301 * SEC;
    spend(f);
    found(f, KEY);
    f->now += 299 * SEC;
    f->asked = 0;
    found(f, KEY);
    assert_int_equal(f->asked, 1); /* the log */
}

/* A new hash is another secret: what was good before is tried anew. */
static void test_hash_changed(void **state)
{
    fixture_t *f = *state;

    import(f, KEY, "old");
    found(f, KEY);
    sql(f, "UPDATE api_keys SET key_hash = '%s' WHERE client_name = 'old'", bcrypt_of(f, "legacy01-another", 'y'));
    f->now += SEC;
    assert_int_equal(result(f, KEY), AG_KEY_UNKNOWN);
    found(f, "legacy01-another");
}

static void test_made_while_remembered_as_unknown(void **state)
{
    fixture_t *f = *state;

    f->realm.negative = 3600 * SEC;
    assert_int_equal(result(f, KEY), AG_KEY_UNKNOWN);
    import(f, KEY, "old");
    f->now += SEC;
    found(f, KEY);
}

static void test_those_that_begin_alike(void **state)
{
    fixture_t *f = *state;
    int i;

    for (i = 0; i < AG_BCRYPT_TRIES; i++) {
        import(f, apr_psprintf(f->p, "alike---%d", i), apr_psprintf(f->p, "client%d", i));
    }
    assert_string_equal(found(f, "alike---7")->client, "client7");
    assert_string_equal(f->said, "");
    f->now += 3601 * SEC; /* the cache alone would not do any more */
    spend(f);
    assert_string_equal(found(f, "alike---7")->client, "client7"); /* no try, of none before it */
    f->now += 20 * SEC;
    import(f, "alike---8", "client8");
    assert_int_equal(result(f, "alike---8"), AG_KEY_UNKNOWN);
    assert_non_null(strstr(f->said, "AG0423"));
}

/* Who guesses is stopped, with 503 and not with an answer; others go on. */
static void test_budget_of_one(void **state)
{
    fixture_t *f = *state;
    int i;

    import(f, KEY, "old");
    import(f, "legacy02-other", "other");
    for (i = 0; i < AG_BUDGET_NAME; i++) {
        assert_int_equal(result(f, apr_psprintf(f->p, "legacy01-guess%d", i)), AG_KEY_UNKNOWN);
    }
    assert_string_equal(f->said, "");
    assert_int_equal(result(f, "legacy01-one-more"), AG_KEY_UNAVAILABLE);
    assert_int_equal(result(f, "legacy01-and-more"), AG_KEY_UNAVAILABLE);
    assert_int_equal(result(f, KEY), AG_KEY_UNAVAILABLE);
    assert_non_null(strstr(f->said, "AG0422"));
    assert_null(strstr(strstr(f->said, "AG0422") + 1, "AG0422"));
    found(f, "legacy02-other");
    f->now += AG_BUDGET_SECONDS * SEC;
    found(f, KEY);
}

static void test_budget_of_all(void **state)
{
    fixture_t *f = *state;
    int i, refused = 0;

    for (i = 0; i < AG_BUDGET_ALL + 10; i++) {
        const char *key = apr_psprintf(f->p, "key%05d-0123456789", i);

        import(f, key, "old");
        refused += result(f, key) == AG_KEY_UNAVAILABLE;
    }
    assert_int_equal(refused, 10);
}

/* A hash that would take a worker for minutes is not tried at all. */
static void test_dear_hash(void **state)
{
    fixture_t *f = *state;
    char *hash = apr_pstrdup(f->p, bcrypt_of(f, KEY, 'y'));

    hash[4] = '3';
    hash[5] = '1';
    insert(f, "legacy01", hash, "old");
    assert_int_equal(result(f, KEY), AG_KEY_UNKNOWN);
    assert_non_null(strstr(f->said, "AG0421"));
}

static void test_stored_texts_that_are_none(void **state)
{
    static const char *const none[] = {"", "$2y$", "$2y$10$", "$2x$04$", "$1$abc", "$2y$1x$aaaaaaaa", "plain"};
    fixture_t *f = *state;
    int i;

    for (i = 0; i < (int)(sizeof none / sizeof *none); i++) {
        assert_false(ag_keys_bcrypt_is("plain", 5, none[i], f->p));
    }
}

/* The stored hash itself opens nothing, and neither does what shares its beginning. */
static void test_the_hash_is_no_key(void **state)
{
    fixture_t *f = *state;

    import(f, KEY, "old");
    assert_int_equal(result(f, bcrypt_of(f, KEY, 'y')), AG_KEY_UNKNOWN);
    assert_int_equal(result(f, "legacy01"), AG_KEY_UNKNOWN);
    assert_int_equal(result(f, KEY "x"), AG_KEY_UNKNOWN);
}

static apr_status_t lend_none(void *ctx, ag_db_t *db, apr_pool_t *p)
{
    (void)ctx;
    (void)db;
    (void)p;
    return APR_EGENERAL;
}

/* A key that is known by its SHA-256 too is found by that, and nothing is tried. */
static void test_sha256_comes_first(void **state)
{
    fixture_t *f = *state;

    import(f, KEY, "old");
    insert(f, "lega...", hash_of(f, KEY), "new");
    spend(f);
    assert_string_equal(found(f, KEY)->client, "new");
    change(f, KEY, "is_active = 0");
    f->now += SEC;
    assert_false(found(f, KEY)->active);
}

/* Goes away between the two queries. */
static void go_away(void *ctx, ag_db_t *db)
{
    fixture_t *f = ctx;

    (void)db;
    f->keys.db.release = take_back;
    f->keys.db.acquire = lend_none;
}

static void test_the_second_query_fails(void **state)
{
    fixture_t *f = *state;

    import(f, KEY, "old");
    found(f, f->key);
    f->keys.db.release = go_away;
    assert_int_equal(result(f, KEY), AG_KEY_UNAVAILABLE);
    f->keys.db.acquire = lend;
    found(f, KEY);
}

/* A table of its own is asked by the operator's query alone. */
static void test_own_query(void **state)
{
    fixture_t *f = *state;

    import(f, KEY, "old");
    f->realm.query = "SELECT client_name FROM api_keys WHERE key_hash = %s";
    assert_int_equal(result(f, KEY), AG_KEY_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_found_and_cached),
        TEST(test_all_kinds),
        TEST(test_wrong_ones_are_remembered),
        TEST(test_our_own_keys_cost_one_query),
        TEST(test_never_under_a_pepper),
        TEST(test_72_bytes),
        TEST(test_revoked),
        TEST(test_the_cost_is_paid_once),
        TEST(test_hash_changed),
        TEST(test_made_while_remembered_as_unknown),
        TEST(test_those_that_begin_alike),
        TEST(test_budget_of_one),
        TEST(test_budget_of_all),
        TEST(test_dear_hash),
        TEST(test_stored_texts_that_are_none),
        TEST(test_the_hash_is_no_key),
        TEST(test_sha256_comes_first),
        TEST(test_the_second_query_fails),
        TEST(test_own_query),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
