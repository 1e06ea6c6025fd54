/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cred_introspect: what follows from an issuer's answer, what is remembered of it and for how long.
 */
#include "introspect_fixture.h"

static int is_told(const house_t *h, const char *part)
{
    return h->call.detail && strstr(h->call.detail, part);
}

/* Its names come from the memo, its claims from the text. */
static void test_remembered(void **state)
{
    house_t *h = open_house(*state);
    ag_principal_t *who;
    int i;

    for (i = 0; i < 3; i++) {
        assert_int_equal(told(h, &who, "t", i ? NOT : GOOD), AG_R_NONE);
        assert_string_equal(who->kind->name, "introspect");
        assert_string_equal(who->client, "shop");
        assert_string_equal(who->user, "joe");
        assert_string_equal(who->issuer, "");
        assert_int_equal(who->scopes.n, 2);
        assert_non_null(who->revocable);
        assert_true(who->revocable->subject.lo != 0);
        assert_true(ag_id_equal(who->realm, h->realm));
        assert_int_equal(json_integer_value(ag_json_claim(ag_claims(who, h->p), "t.x")), 1);
    }
    assert_int_equal(h->asked, 1);
    h->request.now += 60 * SEC - 1;
    assert_int_equal(check(h, &who, "t"), AG_R_NONE);
    h->request.now++;
    assert_int_equal(check(h, &who, "t"), AG_R_TOKEN_INVALID);
    assert_int_equal(h->asked, 2);
}

/* However long its answer would be remembered. */
static void test_expires(void **state)
{
    house_t *h = open_house(*state);
    ag_principal_t *who;

    h->whom.cache = 3600;
    assert_int_equal(told(h, &who, "t", GOOD), AG_R_NONE);
    h->request.now = NOW + 130 * SEC - 1;
    assert_int_equal(check(h, &who, "t"), AG_R_NONE);
    h->request.now++;
    assert_int_equal(check(h, &who, "t"), AG_R_TOKEN_EXPIRED);
    assert_string_equal(h->call.shown->client, "shop");
    assert_int_equal(h->call.guess, 0);
    assert_int_equal(h->asked, 1);
}

static void test_inactive(void **state)
{
    house_t *h = open_house(*state);
    ag_principal_t *who;
    int i;

    for (i = 0; i < 3; i++) {
        assert_int_equal(told(h, &who, "t", i ? GOOD : NOT), AG_R_TOKEN_INVALID);
        assert_true(is_told(h, "not active"));
        assert_int_equal(h->call.guess, 1);
    }
    assert_int_equal(h->asked, 1);
    h->request.now += 10 * SEC;
    assert_int_equal(check(h, &who, "t"), AG_R_NONE);
}

/* A client whose token has ended guesses nothing, however often it tries. */
static void test_was_good(void **state)
{
    house_t *h = open_house(*state);
    ag_principal_t *who;
    int i;

    assert_int_equal(told(h, &who, "t", GOOD), AG_R_NONE);
    for (i = 0; i < 5; i++) {
        h->request.now += 61 * SEC;
        assert_int_equal(told(h, &who, "t", NOT), AG_R_TOKEN_INVALID);
        assert_int_equal(h->call.guess, 0);
    }
    assert_int_equal(h->asked, 6);
    h->request.now += 86400 * SEC;
    assert_int_equal(check(h, &who, "t"), AG_R_TOKEN_INVALID);
    assert_int_equal(h->call.guess, 1);
}

static void test_realms(void **state)
{
    house_t *h = open_house(*state);
    ag_principal_t *who;

    assert_int_equal(told(h, &who, "t", GOOD), AG_R_NONE);
    h->realm.lo++;
    assert_int_equal(told(h, &who, "t", NOT), AG_R_TOKEN_INVALID);
    h->realm.lo--;
    assert_int_equal(check(h, &who, "t"), AG_R_NONE);
    assert_int_equal(h->asked, 2);
}

/* ---- what a section demands ------------------------------------------------------------------------ */

static void test_claims(void **state)
{
    static const char *audiences[] = {"api"}, *issuers[] = {"https://a", "https://b"}, *required[] = {"exp"};
    static const struct {
        const char *says, *detail;
    } cases[] = {
        {"{\"active\":true,\"client_id\":\"c\",\"exp\":1700000009,\"aud\":\"api\",\"iss\":\"https://a\"}", NULL},
        {"{\"active\":true,\"client_id\":\"c\",\"exp\":1700000009,\"aud\":\"api\"}", "no iss"},
        {"{\"active\":true,\"client_id\":\"c\",\"exp\":1700000009,\"aud\":\"api\",\"iss\":\"https://c\"}",
         "iss is an"},
        {"{\"active\":true,\"client_id\":\"c\",\"exp\":1700000009,\"aud\":\"api\",\"iss\":7}", "iss is malformed"},
        {"{\"active\":true,\"client_id\":\"c\",\"exp\":1700000009,\"aud\":[\"x\"],\"iss\":\"https://a\"}",
         "aud names"},
        {"{\"active\":true,\"client_id\":\"c\",\"exp\":1700000009,\"iss\":\"https://a\"}", "no aud"},
        {"{\"active\":true,\"client_id\":\"c\",\"aud\":\"api\",\"iss\":\"https://a\"}", "no exp"},
        {"{\"active\":true,\"client_id\":\"c\",\"exp\":\"1\",\"aud\":\"api\",\"iss\":\"https://a\"}", "not a time"},
        {"{\"active\":true,\"exp\":1700000009,\"aud\":\"api\",\"iss\":\"https://a\"}", "neither a client"},
        {"{\"active\":true,\"client_id\":\"c\",\"exp\":1700000009,\"nbf\":1700000099,\"aud\":\"api\",\"iss\":"
         "\"https://a\"}",
         "not valid yet"},
        {"{\"active\":true,\"client_id\":\"c\",\"exp\":1700000009,\"aud\":\"api\",\"iss\":\"https://a\","
         "\"cnf\":{\"jkt\":\"x\"}}",
         "not supported"},
    };
    house_t *h = open_house(*state);
    ag_principal_t *who;
    int i, k;

    h->jwt.audiences = (ag_words_t){1, audiences};
    h->jwt.issuers = (ag_words_t){2, issuers};
    h->jwt.required = (ag_words_t){1, required};
    for (i = 0; i < N_OF(cases); i++) {
        const char *token = apr_psprintf(h->p, "token-%d", i);

        for (k = 0; k < 2; k++) { /* the second time from the cache, with the same words */
            ag_reason_e reason = told(h, &who, token, k ? ENDLESS : cases[i].says);

            assert_int_equal(reason, cases[i].detail ? AG_R_TOKEN_INVALID : AG_R_NONE);
            assert_true(!cases[i].detail || is_told(h, cases[i].detail));
            assert_int_equal(h->call.guess, 0);
        }
        assert_int_equal(h->asked, i + 1);
    }
}

/* One that is not named is that of the section, where it has but one. */
static void test_issuer(void **state)
{
    static const char *one[] = {"https://a"};
    static const ag_jwt_keyset_t a = {.issuer = "https://a"}, b = {.issuer = "https://b"};
    const ag_jwt_keyset_t *sets[] = {&a, &b};
    house_t *h = open_house(*state);
    ag_principal_t *who;

    h->jwt.issuers = (ag_words_t){1, one};
    assert_int_equal(told(h, &who, "1", ENDLESS), AG_R_NONE);
    assert_string_equal(who->issuer, "https://a");
    h->jwt.issuers.n = 0;
    h->jwt.sets = sets;
    h->jwt.n_sets = 1;
    assert_int_equal(told(h, &who, "2", ENDLESS), AG_R_NONE);
    assert_string_equal(who->issuer, "https://a");
    assert_int_equal(told(h, &who, "3", "{\"active\":true,\"client_id\":\"c\",\"iss\":\"https://b\"}"),
                     AG_R_TOKEN_INVALID);
    h->jwt.n_sets = 2;
    assert_int_equal(told(h, &who, "4", ENDLESS), AG_R_TOKEN_INVALID);
    assert_int_equal(told(h, &who, "5", "{\"active\":true,\"client_id\":\"c\",\"iss\":\"https://b\"}"), AG_R_NONE);
    assert_string_equal(who->issuer, "https://b");
}

/* An answer that did not satisfy the section, and does by now. */
static void test_not_yet(void **state)
{
    house_t *h = open_house(*state);
    ag_principal_t *who;

    h->says = "{\"active\":true,\"client_id\":\"c\",\"nbf\":1700000050}";
    assert_int_equal(check(h, &who, "t"), AG_R_TOKEN_INVALID);
    h->request.now += 19 * SEC;
    assert_int_equal(check(h, &who, "t"), AG_R_TOKEN_INVALID);
    assert_int_equal(h->asked, 1);
    h->request.now += SEC;
    assert_int_equal(check(h, &who, "t"), AG_R_NONE);
    assert_int_equal(check(h, &who, "t"), AG_R_NONE);
    assert_int_equal(h->asked, 2);
}

static void test_no_token(void **state)
{
    house_t *h = open_house(*state);
    char *big = apr_pcalloc(h->p, AG_JWT_MAX_SIZE + 2);
    const char *const texts[] = {"a b", "a\x7F", "\xC3\xA4", memset(big, 'a', AG_JWT_MAX_SIZE + 1)};
    ag_principal_t *who;
    int i;

    for (i = 0; i < N_OF(texts); i++) {
        assert_int_equal(told(h, &who, texts[i], GOOD), AG_R_TOKEN_INVALID);
        assert_string_equal(h->call.detail, ag_jwt_cause(i < 3 ? AG_JWT_CHARACTERS : AG_JWT_TOO_LONG, NULL, h->p));
        assert_int_equal(h->call.guess, 1);
    }
    assert_int_equal(h->asked, 0);
}

/* ---- records --------------------------------------------------------------------------------------- */

static void test_too_long(void **state)
{
    house_t *h = open_house(*state);
    char *pad = apr_pcalloc(h->p, AG_INTROSPECT_RECORD_SIZE + 1);
    ag_principal_t *who;
    int i;

    memset(pad, 'x', AG_INTROSPECT_RECORD_SIZE);
    h->says = apr_psprintf(h->p, "{\"active\":true,\"client_id\":\"c\",\"pad\":\"%s\"}", pad);
    for (i = 1; i < 4; i++) {
        assert_int_equal(check(h, &who, "t"), AG_R_NONE);
        assert_int_equal(h->asked, i);
    }
    assert_non_null(strstr(h->log, "AG0947: "));
    assert_null(strstr(strstr(h->log, "AG0947: ") + 1, "AG0947: "));
}

/* Every child can write to the cache. */
static void test_garbled_record(void **state)
{
    static const apr_uint64_t sizes[] = {1, 8, 100, 1 << 20, APR_UINT64_MAX, APR_UINT64_MAX - 7};
    house_t *h = open_house(*state);
    ag_id_t id = ag_id_mix(h->realm, ag_sip(&h->sip, "t", 1));
    ag_principal_t *who;
    char record[256];
    int i;

    for (i = 0; i < N_OF(sizes); i++) {
        memset(record, '+', sizeof record);
        memcpy(record, &sizes[i], sizeof sizes[i]);
        assert_true(ag_cache_put(h->engine.introspect.answers, id, record, sizeof record, h->request.now));
        assert_int_equal(told(h, &who, "t", GOOD), AG_R_NONE);
        assert_int_equal(h->asked, i + 1);
    }
}

/* ---- banned addresses ------------------------------------------------------------------------------- */

static void test_banned(void **state)
{
    house_t *h = open_house(*state);
    ag_principal_t *who;

    assert_int_equal(told(h, &who, "good", GOOD), AG_R_NONE);
    assert_int_equal(told(h, &who, "bad", NOT), AG_R_TOKEN_INVALID);
    h->known_only = 1;
    assert_int_equal(told(h, &who, "new", GOOD), AG_R_BANNED);
    assert_int_equal(check(h, &who, "bad"), AG_R_BANNED);
    assert_int_equal(check(h, &who, "good"), AG_R_NONE);
    assert_int_equal(h->asked, 2);
    h->request.now += 61 * SEC; /* it may be asked about again, since it was good */
    assert_int_equal(check(h, &who, "good"), AG_R_NONE);
    assert_int_equal(h->asked, 3);
}

/* Nor with one that is known to have ended, however good it was. */
static void test_banned_with_one_that_ended(void **state)
{
    house_t *h = open_house(*state);
    ag_principal_t *who;

    assert_int_equal(told(h, &who, "t", GOOD), AG_R_NONE);
    h->request.now += 61 * SEC;
    assert_int_equal(told(h, &who, "t", NOT), AG_R_TOKEN_INVALID);
    h->known_only = 1;
    assert_int_equal(told(h, &who, "t", GOOD), AG_R_BANNED);
    assert_int_equal(h->asked, 2);
}

/* Nobody knows how old an answer is that was stored later than now: a clock was set back. */
static void test_another_clock(void **state)
{
    house_t *h = open_house(*state);
    ag_principal_t *who;

    assert_int_equal(told(h, &who, "t", GOOD), AG_R_NONE);
    h->request.now -= 3 * SEC;
    assert_int_equal(told(h, &who, "t", NOT), AG_R_TOKEN_INVALID);
    h->request.now -= 3 * SEC;
    assert_int_equal(told(h, &who, "t", GOOD), AG_R_NONE);
    assert_int_equal(h->asked, 3);
    h->request.now -= 2 * SEC;
    assert_int_equal(told(h, &who, "t", NOT), AG_R_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_remembered),
        TEST(test_expires),
        TEST(test_inactive),
        TEST(test_was_good),
        TEST(test_realms),
        TEST(test_claims),
        TEST(test_issuer),
        TEST(test_not_yet),
        TEST(test_no_token),
        TEST(test_too_long),
        TEST(test_garbled_record),
        TEST(test_banned),
        TEST(test_banned_with_one_that_ended),
        TEST(test_another_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
