/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cred_jwt: tokens as credentials. A token is verified once and remembered under its realm; its times are
 * checked on every request.
 */
#include "token_fixture.h"

#include "../../src/cred/revocable.h"

static apr_size_t remembered(const house_t *h)
{
    apr_size_t slots, used;

    ag_cache_fill(h->tokens, &slots, &used);
    return used;
}

/* The second time nothing is verified: a key that no longer fits makes no difference. */
static void forget_key(house_t *h)
{
    ag_keyset_source_t *source = APR_ARRAY_IDX(h->policy->jwt_keys, 0, ag_keyset_source_t *);
    ag_id_t id = source->set.id;

    source->set = source_of(h, "x" SECRET)->set;
    source->set.id = id; /* the same realm still */
}

static void test_remembered(void **state)
{
    house_t h = open_house(*state);
    const char *token = token_of(&h, CLAIMS);
    ag_principal_t *first, *again;

    assert_int_equal(check(&h, &first, token), AG_R_NONE);
    assert_int_equal(remembered(&h), 1);
    forget_key(&h);
    assert_int_equal(check(&h, &again, token), AG_R_NONE);
    assert_ptr_not_equal(first, again);
    assert_string_equal(again->kind->name, "jwt");
    assert_string_equal(again->issuer, "https://id");
    assert_string_equal(again->client, "acme");
    assert_string_equal(again->user, "joe");
    assert_int_equal(again->scopes.n, 2);
    assert_true(ag_id_equal(again->realm, h.call.jwt_realm));
    assert_true(ag_id_equal(first->realm, again->realm));
    assert_memory_equal(first->revocable, again->revocable, sizeof *first->revocable);
    assert_string_equal(json_string_value(json_object_get(ag_claims(again, h.p), "azp")), "acme");
    assert_true(json_equal(ag_claims(first, h.p), ag_claims(again, h.p)));
    h.request.now += 31 * SEC; /* not even its signature matters within the five minutes */
    assert_int_equal(check(&h, &again, token), AG_R_NONE);
}

/* One byte more or less is another token. */
static void test_other_token(void **state)
{
    house_t h = open_house(*state);
    char *token = apr_pstrdup(h.p, token_of(&h, CLAIMS));
    apr_size_t n = strlen(token);
    ag_principal_t *who;
    int i;

    assert_int_equal(check(&h, &who, token), AG_R_NONE);
    for (i = 0; i < 20; i++) {
        apr_size_t at = n - 2 - (apr_size_t)i * 7;
        char was = token[at];

        token[at] = was == 'A' ? 'B' : 'A';
        if (was != '.') {
            assert_int_equal(check(&h, &who, token), AG_R_TOKEN_INVALID);
        }
        token[at] = was;
    }
    assert_int_equal(remembered(&h), 1); /* refusals are not kept */
    token[n - 1] = '\0';
    assert_int_equal(check(&h, &who, token), AG_R_TOKEN_INVALID);
}

static void test_times(void **state)
{
    house_t h = open_house(*state);
    const char *token = token_of(&h, CLAIMS);
    ag_principal_t *who;

    assert_int_equal(check(&h, &who, token), AG_R_NONE);
    forget_key(&h);
    h.request.now = apr_time_from_sec(NOW + 130) - 1; /* exp and 30 s of leeway */
    assert_int_equal(check(&h, &who, token), AG_R_NONE);
    h.request.now++;
    assert_int_equal(check(&h, &who, token), AG_R_TOKEN_EXPIRED);
    assert_string_equal(h.call.detail, "The token has expired");
    assert_string_equal(h.call.shown->client, "acme"); /* whose it was is told to the log */
}

static void test_not_yet(void **state)
{
    house_t h = open_house(*state);
    const char *token = token_of(&h, "{\"sub\":\"joe\",\"nbf\":1700000010,\"exp\":1700000100}");
    ag_principal_t *who;

    h.request.now = apr_time_from_sec(NOW - 20);
    assert_int_equal(check(&h, &who, token), AG_R_NONE);
    forget_key(&h);
    assert_int_equal(check(&h, &who, token), AG_R_NONE); /* the moment itself is good */
    h.request.now--; /* and a clock that goes back does not use what it remembers of later */
    assert_int_equal(check(&h, &who, token), AG_R_TOKEN_INVALID);
}

static apr_status_t read_nothing(void *ctx, apr_time_t now, const ag_log_t *log, apr_pool_t *p)
{
    (void)ctx;
    (void)now;
    (void)log;
    (void)p;
    return APR_SUCCESS;
}

/* Remembered or verified anew, a token that is revoked is told whose it was; the next one is not asked about it. */
static void test_revoked(void **state)
{
    static const apr_uint64_t signal;
    house_t h = open_house(*state);
    ag_revocations_t revocations = {.sip = &h.sip};
    ag_revocation_t entry = {{0, 0}, AG_REVOKED_ALWAYS, APR_INT64_MAX};
    const char *token = token_of(&h, CLAIMS), *other = token_of(&h, "{\"sub\":\"ann\",\"exp\":1700000100}");
    ag_principal_t *who;

    assert_int_equal(ag_revoked_make(&revocations.revoked, h.p), APR_SUCCESS);
    revocations.poll.signal = &signal;
    ag_revocations_open(&revocations);
    revocations.poll.shared->last_good = revocations.poll.shared->last_try = h.request.now;
    revocations.poll.read = read_nothing;
    h.engine.revocations = &revocations;
    assert_int_equal(check(&h, &who, token), AG_R_REVOCATIONS_UNAVAILABLE); /* nothing was read so far */
    assert_int_equal(ag_revoked_replace(revocations.revoked, NULL, 0, 0, 1), APR_SUCCESS);
    assert_int_equal(check(&h, &who, token), AG_R_NONE);
    entry.id = ag_revocable_id(AG_REVOKE_SUBJECT, "https://id", "joe", &h.sip, h.p);
    assert_int_equal(ag_revoked_change(revocations.revoked, &entry, 1, 1, 2), APR_SUCCESS);
    assert_int_equal(check(&h, &who, token), AG_R_TOKEN_REVOKED);
    assert_string_equal(h.call.shown->user, "joe");
    assert_ptr_equal(h.call.shown->kind, AG_KIND(jwt));
    assert_int_equal(h.call.guess, 0);
    assert_int_equal(check(&h, &who, other), AG_R_NONE);
    h.engine.revocations = NULL;
    assert_int_equal(check(&h, &who, token), AG_R_NONE); /* without a database */
}

/* After five minutes it is verified anew. */
static void test_memo_ends(void **state)
{
    house_t h = open_house(*state);
    const char *token = token_of(&h, "{\"sub\":\"joe\",\"exp\":1800000000}");
    ag_principal_t *who;

    assert_int_equal(check(&h, &who, token), AG_R_NONE);
    forget_key(&h);
    h.request.now += 300 * SEC - 1;
    assert_int_equal(check(&h, &who, token), AG_R_NONE);
    h.request.now++;
    assert_int_equal(check(&h, &who, token), AG_R_TOKEN_INVALID);
}

/* A token accepted under one configuration is no hit under another. */
static void test_realms(void **state)
{
    house_t h = open_house(*state), other;
    const char *token = token_of(&h, CLAIMS);
    ag_principal_t *who;

    assert_int_equal(check(&h, &who, token), AG_R_NONE);
    other = h;
    other.policy = ag_policy_make(h.p);
    other.policy->jwt_keys = apr_array_make(h.p, 1, sizeof(ag_keyset_source_t *));
    APR_ARRAY_PUSH(other.policy->jwt_keys, ag_keyset_source_t *) = source_of(&h, "x" SECRET);
    assert_int_equal(check(&other, &who, token), AG_R_TOKEN_INVALID);
    assert_null(other.call.shown);
    assert_int_equal(check(&h, &who, token), AG_R_NONE);
}

/* A record that cannot be read is no answer: the token is verified. */
static void test_garbled_record(void **state)
{
    house_t h = open_house(*state);
    const char *token = token_of(&h, CLAIMS);
    ag_principal_t *who;
    ag_id_t id;

    assert_int_equal(check(&h, &who, token), AG_R_NONE);
    id = ag_id_mix(h.call.jwt_realm, ag_sip(&h.sip, token, strlen(token)));
    assert_true(ag_cache_put(h.tokens, id, "garbled", 7, h.request.now));
    assert_int_equal(check(&h, &who, token), AG_R_NONE);
    assert_string_equal(who->client, "acme");
    assert_true(ag_cache_put(h.tokens, id, "garbled", 7, h.request.now));
    forget_key(&h);
    assert_int_equal(check(&h, &who, token), AG_R_TOKEN_INVALID);
}

/* Every child can write to the cache: a record that says of anything that it was verified is a miss where that
 * is no token, or where it names no issuer. */
static void test_forged_record(void **state)
{
    static const struct {
        const char *text, *issuer;
    } cases[] = {{"nodotsatall", "https://id"}, {"one.dot", "https://id"}, {"a.b.c", NULL}};
    house_t h = open_house(*state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const char *text = cases[i].text;
        ag_principal_t forged = {.issuer = cases[i].issuer, .client = "acme"}, *who;
        ag_token_memo_t memo = {0, 0};
        char record[AG_TOKEN_RECORD_SIZE];
        apr_size_t n = ag_token_memo_write(record, sizeof record, &memo, &forged);
        ag_id_t id = ag_id_mix(ag_policy_realm(h.policy), ag_sip(&h.sip, text, strlen(text)));

        assert_true(ag_cache_put(h.tokens, id, record, n, h.request.now));
        assert_int_equal(check(&h, &who, text), AG_R_TOKEN_INVALID);
    }
}

/* Where several issuers are accepted, whose name holds an `@` might be another one's user. The start refuses such a
 * section; one that is only put together for a request does not get past here. */
static void test_unclear_issuer(void **state)
{
    static const char *issuers[] = {"https://a@b", "https://c"};
    house_t h = open_house(*state);
    const char *token = token_of(&h, "{\"iss\":\"https://a@b\",\"sub\":\"joe\"," TIMES "}");
    ag_principal_t *who;
    int i;

    h.policy->issuers.words.n = 2;
    h.policy->issuers.words.v = issuers;
    h.policy->issuers.names = issuers;
    APR_ARRAY_IDX(h.policy->jwt_keys, 0, ag_keyset_source_t *)->set.issuer = "https://a@b";
    for (i = 0; i < 2; i++) { /* verified, and remembered */
        assert_int_equal(check(&h, &who, token), AG_R_TOKEN_INVALID);
        assert_string_equal(h.call.detail, "The token's iss cannot be told from another issuer here");
    }
}

/* Names too long for a record: verified each time, and accepted. */
static void test_long_names(void **state)
{
    house_t h = open_house(*state);
    char *scope = apr_palloc(h.p, AG_TOKEN_RECORD_SIZE + 1);
    ag_principal_t *who;

    memset(scope, 's', AG_TOKEN_RECORD_SIZE);
    scope[AG_TOKEN_RECORD_SIZE] = '\0';
    scope = apr_psprintf(h.p, "{\"sub\":\"joe\",\"scope\":\"%s\"," TIMES "}", scope);
    assert_int_equal(check(&h, &who, token_of(&h, scope)), AG_R_NONE);
    assert_int_equal(remembered(&h), 0);
}

static void test_no_token(void **state)
{
    static const char *const texts[] = {"", ".", "..", "a.b", "a.b.c.d", "a.b.", "a b.c.d"};
    house_t h = open_house(*state);
    char *big = apr_palloc(h.p, AG_JWT_MAX_SIZE + 2);
    ag_principal_t *who;
    int i;

    for (i = 0; i < N_OF(texts); i++) {
        assert_int_equal(check(&h, &who, texts[i]), AG_R_TOKEN_INVALID);
        assert_string_equal(h.call.detail, "The token does not have the form of a signed JWT");
    }
    memset(big, 'a', AG_JWT_MAX_SIZE + 1);
    big[5] = big[10] = '.';
    big[AG_JWT_MAX_SIZE + 1] = '\0';
    assert_int_equal(check(&h, &who, big), AG_R_TOKEN_INVALID);
    assert_string_equal(h.call.detail, "The token is too long");
    h.policy->jwt_keys = NULL;
    assert_int_equal(check(&h, &who, token_of(&h, CLAIMS)), AG_R_KEYSET_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_remembered),    cmocka_unit_test(test_other_token),
        cmocka_unit_test(test_times),         cmocka_unit_test(test_not_yet),
        cmocka_unit_test(test_memo_ends),     cmocka_unit_test(test_revoked),
        cmocka_unit_test(test_realms),        cmocka_unit_test(test_garbled_record),
        cmocka_unit_test(test_forged_record), cmocka_unit_test(test_unclear_issuer),
        cmocka_unit_test(test_long_names),    cmocka_unit_test(test_no_token),
    };

    return cmocka_run_group_tests_name("cred: tokens", tests, maker_start, maker_stop);
}
