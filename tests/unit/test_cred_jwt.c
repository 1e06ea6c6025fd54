/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens as credentials, and the guard's credential step. A token is verified once and remembered
 * under its realm; its times are checked on every request.
 */
#include "jwt_ask.h"

#include "../../src/cred/cred.h"
#include "../../src/cred/token_memo.h"
#include "../../src/guard/guard.h"

#define SEC    APR_USEC_PER_SEC
#define TIMES  "\"iat\":1699999990,\"nbf\":1699999990,\"exp\":1700000100"
#define CLAIMS "{\"iss\":\"https://id\",\"sub\":\"joe\",\"azp\":\"acme\",\"scope\":\"a b\"," TIMES "}"

typedef struct {
    const maker_t *m;
    apr_pool_t *p;
    ag_cache_t *tokens;
    ag_sip_key_t sip;
    ag_request_t request;
    ag_policy_t *policy;
    const char *authorization, *key_field;
    ag_cred_call_t call; /* of the last question */
} house_t;

static const char *header(const ag_request_t *request, const char *name)
{
    const house_t *h = request->ctx;

    return strcasecmp(name, "Authorization") == 0 ? h->authorization
           : strcasecmp(name, "X-API-Key") == 0   ? h->key_field
                                                  : NULL;
}

static void spellings(const ag_request_t *request, const char *name, ag_spelling_fn each, void *ctx)
{
    const char *value = header(request, name);

    if (value) {
        each(ctx, name, value);
    }
}

static ag_keyset_source_t *source_of(house_t *h, const char *secret)
{
    ag_keyset_source_t *source = apr_pcalloc(h->p, sizeof *source);

    source->source = "file:k";
    source->alg = AG_ALG_HS256;
    assert_null(ag_jwt_load_key(&source->set, AG_ALG_HS256, NULL, secret, 64, h->p));
    return source;
}

static house_t open_house(const maker_t *m)
{
    apr_size_t size = ag_cache_bytes(64, AG_TOKEN_RECORD_SIZE);
    house_t h;

    memset(&h, 0, sizeof h);
    h.m = m;
    h.p = m->p;
    h.sip.k0 = 1;
    assert_int_equal(ag_cache_attach(&h.tokens, apr_palloc(h.p, size), size, AG_TOKEN_RECORD_SIZE, 1, h.p),
                     APR_SUCCESS);
    h.request.pool = h.p;
    h.request.method = "GET";
    h.request.path = "/api";
    h.request.now = apr_time_from_sec(NOW);
    h.request.header = header;
    h.request.spellings = spellings;
    h.request.authorization = "Authorization";
    h.policy = ag_policy_make(h.p);
    h.policy->jwt_keys = apr_array_make(h.p, 1, sizeof(ag_keyset_source_t *));
    APR_ARRAY_PUSH(h.policy->jwt_keys, ag_keyset_source_t *) = source_of(&h, SECRET);
    return h;
}

static const char *token_of(const house_t *h, const char *claims)
{
    return make_plain("HS256", NULL, NULL, claims, h->p);
}

static ag_reason_e check(house_t *h, ag_principal_t **who, const char *token)
{
    ag_reason_e reason;

    memset(&h->call, 0, sizeof h->call);
    h->call.request = &h->request;
    h->call.tokens = h->tokens;
    h->call.sip = &h->sip;
    ag_policy_jwt(&h->call.jwt, h->policy, h->p);
    h->call.jwt_realm = ag_policy_realm(h->policy);
    *who = NULL;
    reason = ag_cred_jwt.check(who, &h->call, token, strlen(token));
    assert_int_equal(reason == AG_R_NONE, *who != NULL);
    return reason;
}

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
    assert_string_equal(again->kind, "jwt");
    assert_string_equal(again->issuer, "https://id");
    assert_string_equal(again->client, "acme");
    assert_string_equal(again->user, "joe");
    assert_int_equal(again->scopes.n, 2);
    assert_true(ag_id_equal(again->realm, h.call.jwt_realm));
    assert_true(ag_id_equal(first->realm, again->realm));
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
        ag_principal_t forged = {.kind = "jwt", .issuer = cases[i].issuer, .client = "acme"}, *who;
        ag_token_memo_t memo = {0, 0};
        char record[AG_TOKEN_RECORD_SIZE];
        apr_size_t n = ag_token_memo_write(record, sizeof record, &memo, &forged);
        ag_id_t id = ag_id_mix(ag_policy_realm(h.policy), ag_sip(&h.sip, text, strlen(text)));

        assert_true(ag_cache_put(h.tokens, id, record, n, h.request.now));
        assert_int_equal(check(&h, &who, text), AG_R_TOKEN_INVALID);
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
        assert_string_equal(h.call.detail, "the token is malformed");
    }
    memset(big, 'a', AG_JWT_MAX_SIZE + 1);
    big[5] = big[10] = '.';
    big[AG_JWT_MAX_SIZE + 1] = '\0';
    assert_int_equal(check(&h, &who, big), AG_R_TOKEN_INVALID);
    assert_string_equal(h.call.detail, "the token is malformed");
    h.policy->jwt_keys = NULL;
    assert_int_equal(check(&h, &who, token_of(&h, CLAIMS)), AG_R_KEYSET_UNAVAILABLE);
}

/* ---- the guard's step ------------------------------------------------------------------------ */

/* Every pointer it leaves behind is the pool's: the house may move. */
static ag_verdict_t identify(house_t *h)
{
    ag_engine_t engine = {.tokens = h->tokens, .sip = &h->sip};
    ag_exchange_t exchange = {.engine = &engine};
    ag_check_t one = {.exchange = &exchange, .policy = h->policy};
    ag_reason_e reason;

    h->request.ctx = h;
    exchange.request = h->request;
    one.verdict.candidate = AG_R_SCOPE_INSUFFICIENT;
    one.verdict.wanted = "a";
    reason = ag_guard_identify(&one);
    assert_int_equal(reason, one.verdict.reason);
    return one.verdict;
}

static void test_identify(void **state)
{
    house_t h = open_house(*state);
    ag_verdict_t verdict;

    h.authorization = apr_pstrcat(h.p, "Bearer ", token_of(&h, CLAIMS), NULL);
    verdict = identify(&h);
    assert_int_equal(verdict.reason, AG_R_NONE);
    assert_string_equal(verdict.kind, "jwt");
    assert_string_equal(verdict.who->client, "acme");
    assert_int_equal(verdict.candidate, AG_R_NONE); /* the Require tree is asked again */
    assert_null(verdict.wanted);
    h.request.now += 1000 * SEC;
    verdict = identify(&h);
    assert_int_equal(verdict.reason, AG_R_TOKEN_EXPIRED);
    assert_null(verdict.who);
    assert_string_equal(verdict.kind, "jwt");
    assert_non_null(strstr(verdict.detail, "he token has expired"));
}

static void test_identify_refused(void **state)
{
    house_t h = open_house(*state);
    ag_verdict_t verdict = identify(&h);

    assert_int_equal(verdict.reason, AG_R_CREDENTIAL_MISSING);
    assert_null(verdict.who);
    assert_null(verdict.kind);
    h.key_field = "one, two";
    verdict = identify(&h);
    assert_int_equal(verdict.reason, AG_R_CREDENTIAL_AMBIGUOUS);
    h.key_field = "one"; /* no database is there */
    verdict = identify(&h);
    assert_int_equal(verdict.reason, AG_R_KEYSTORE_UNAVAILABLE);
    assert_string_equal(verdict.kind, "key");
}

/* No credential at all is anonymous; a wrong one never is. */
static void test_anonymous(void **state)
{
    house_t h = open_house(*state);
    ag_verdict_t verdict;

    h.policy->anonymous = 1;
    verdict = identify(&h);
    assert_int_equal(verdict.reason, AG_R_NONE);
    assert_string_equal(verdict.who->kind, "anonymous");
    assert_string_equal(verdict.who->client, "anonymous");
    assert_string_equal(verdict.who->issuer, "");
    assert_null(verdict.who->user);
    assert_int_equal(verdict.who->scopes.n, 0);
    assert_int_equal(verdict.candidate, AG_R_NONE);
    h.authorization = "Bearer a.b.c";
    verdict = identify(&h);
    assert_int_equal(verdict.reason, AG_R_TOKEN_INVALID);
    assert_null(verdict.who);
    h.authorization = "Bearer a.b.c, Bearer a.b.c";
    assert_int_equal(identify(&h).reason, AG_R_CREDENTIAL_AMBIGUOUS);
    h.authorization = "Bearer"; /* nothing behind it, and a field without a value: none at all */
    assert_string_equal(identify(&h).who->kind, "anonymous");
    h.authorization = NULL;
    h.key_field = "";
    assert_string_equal(identify(&h).who->kind, "anonymous");
    h.key_field = "wrong";
    assert_int_not_equal(identify(&h).reason, AG_R_NONE);
}

/* What is kept of a sub-request's refusal is all the keeper's own. */
static void test_keep(void **state)
{
    char detail[] = "why", wanted[] = "read", name[] = "X-Key", vary[] = "X-Key";
    char advice[] = "send", both[] = "one";
    ag_key_source_t source = {AG_FROM_HEADER, name};
    ag_quota_line_t line = {.dry_run = 1};
    house_t h = open_house(*state);
    ag_policy_t *policy = ag_policy_make(h.p);
    ag_check_t check = {
        .policy = policy,
        .verdict = {
            .reason = AG_R_SCOPE_INSUFFICIENT, .detail = detail, .wanted = wanted, .lines = &line, .n_lines = 1}};
    const ag_check_t *kept;

    policy->key_from = (ag_key_from_t){&source, 1, vary, 0, 0, advice, both};
    policy->providers = AG_CRED_KEY;
    policy->invalid_key_status = 403;
    kept = ag_check_keep(&check, h.p);
    detail[0] = wanted[0] = name[0] = vary[0] = advice[0] = both[0] = '?';
    memset(&source, 0, sizeof source);
    memset(policy, 0, sizeof *policy);
    memset(&check, 0, sizeof check);
    assert_int_equal(kept->verdict.reason, AG_R_SCOPE_INSUFFICIENT);
    assert_string_equal(kept->verdict.detail, "why");
    assert_string_equal(kept->verdict.wanted, "read");
    assert_int_equal(kept->verdict.n_lines, 0);
    assert_int_equal(kept->policy->invalid_key_status, 403);
    assert_int_equal(kept->policy->key_from.n, 1);
    assert_string_equal(kept->policy->key_from.sources[0].name, "X-Key");
    assert_string_equal(kept->policy->key_from.vary, "X-Key");
    assert_string_equal(kept->policy->key_from.advice, "send");
    assert_string_equal(kept->policy->key_from.advice_both, "one");
    assert_int_equal(ag_policy_types(kept->policy), AG_CRED_KEY);
    check.policy = ag_policy_make(h.p); /* and where nothing was said there is nothing to copy */
    kept = ag_check_keep(&check, h.p);
    assert_null(kept->verdict.detail);
    assert_null(kept->verdict.wanted);
    assert_int_equal(ag_policy_types(kept->policy), AG_CRED_KEY);
}

/* A refusal that stands is not asked away. */
static void test_refused_before(void **state)
{
    house_t h = open_house(*state);
    ag_exchange_t exchange = {0};
    ag_check_t one = {.exchange = &exchange, .policy = h.policy};

    h.policy->anonymous = 1;
    one.verdict.reason = AG_R_RATE_EXCEEDED;
    assert_int_equal(ag_guard_identify(&one), AG_R_RATE_EXCEEDED);
    assert_null(one.verdict.who);
}

/* A provider that the section does not name reads nothing. */
static void test_providers(void **state)
{
    house_t h = open_house(*state);

    h.policy->providers = AG_CRED_KEY;
    h.policy->key_from.n = 1; /* X-API-Key alone */
    h.policy->key_from.places = AG_FROM_BIT(AG_FROM_HEADER);
    h.authorization = apr_pstrcat(h.p, "Bearer ", token_of(&h, CLAIMS), NULL);
    assert_int_equal(identify(&h).reason, AG_R_CREDENTIAL_MISSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_remembered),     cmocka_unit_test(test_other_token),
        cmocka_unit_test(test_times),          cmocka_unit_test(test_not_yet),
        cmocka_unit_test(test_memo_ends),      cmocka_unit_test(test_realms),
        cmocka_unit_test(test_garbled_record), cmocka_unit_test(test_forged_record),
        cmocka_unit_test(test_long_names),     cmocka_unit_test(test_no_token),
        cmocka_unit_test(test_identify),       cmocka_unit_test(test_identify_refused),
        cmocka_unit_test(test_anonymous),      cmocka_unit_test(test_refused_before),
        cmocka_unit_test(test_providers),      cmocka_unit_test(test_keep),
    };

    return cmocka_run_group_tests_name("cred: tokens", tests, maker_start, maker_stop);
}
