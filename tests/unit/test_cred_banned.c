/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A banned address's token: one that was good within a day is verified, of others only so many a second
 * as the table of bans allows.
 */
#include "unit.h"

#include "jwt_maker.h"

#include "../../src/cred/cred.h"
#include "../../src/cred/token_memo.h"

#define NOW_S  "1700000000"
#define CLAIMS "{\"sub\":\"joe\",\"iat\":" NOW_S ",\"exp\":1700086399,\"jti\":\"%d\"}"

typedef struct {
    ag_request_t request;
    ag_cred_engine_t engine;
    ag_jwt_keyset_t set;
    const ag_jwt_keyset_t *sets[1];
    apr_pool_t *p;
} house_t;

static ag_cache_t *new_cache(apr_size_t record, apr_pool_t *p)
{
    apr_size_t size = ag_cache_bytes(64, record);
    ag_cache_t *cache;

    assert_int_equal(ag_cache_attach(&cache, apr_palloc(p, size), size, record, 1, p), APR_SUCCESS);
    return cache;
}

static house_t *open_house(apr_pool_t *p)
{
    static const ag_sip_key_t sip = {1, 2};
    apr_size_t size = sizeof(ag_ban_head_t) + 16 * sizeof(ag_ban_set_t);
    house_t *h = apr_pcalloc(p, sizeof *h);

    h->p = p;
    h->request.pool = p;
    h->request.now = NOW;
    assert_true(ag_ip_parse(&h->request.ip, "2001:db8::1"));
    h->engine.sip = &sip;
    h->engine.tokens = new_cache(AG_TOKEN_RECORD_SIZE, p);
    h->engine.recently_good_tokens = new_cache(AG_RECENTLY_GOOD_SIZE, p);
    h->engine.ban_server = 7;
    h->engine.ban_name = "api.test";
    assert_int_equal(ag_bans_attach(&h->engine.bans, apr_palloc(p, size), size, 1, &sip, p), APR_SUCCESS);
    assert_null(ag_jwt_load_key(&h->set, AG_ALG_HS256, NULL, SECRET, 64, p));
    h->sets[0] = &h->set;
    return h;
}

static void ban(house_t *h)
{
    ag_banned_t who = ag_ban_whom(&h->request.ip, h->engine.ban_server, h->engine.ban_name);
    ag_ban_rule_t rule = {.window = {.rate = {1, {60, 0}}, .algo = &ag_algo_sliding},
                          .duration = apr_time_from_sec(600)};
    apr_time_t until;

    assert_int_equal(ag_bans_count(&until, h->engine.bans, &rule, &who, NOW), AG_BAN_BEGINS);
}

static ag_reason_e ask(house_t *h, int number, int known_only)
{
    const char *claims = apr_psprintf(h->p, CLAIMS, number);
    const char *token = make_plain("HS256", NULL, NULL, claims, h->p);
    ag_cred_call_t call = {.request = &h->request, .engine = &h->engine, .known_only = known_only};
    ag_principal_t *who = NULL;

    call.jwt.sets = h->sets;
    call.jwt.n_sets = 1;
    call.jwt.types = AG_TYP_OTHER;
    return ag_cred_jwt.check(&who, &call, token, strlen(token));
}

static void test_budget(void **state)
{
    house_t *h = open_house(*state);
    int i;

    ban(h);
    for (i = 0; i < AG_BAN_BUDGET; i++) {
        assert_int_equal(ask(h, i, 1), AG_R_NONE);
    }
    assert_int_equal(ask(h, i, 1), AG_R_BANNED);
    assert_true(ag_ip_parse(&h->request.ip, "2001:db8::2")); /* of the same /64 */
    assert_int_equal(ask(h, i, 1), AG_R_BANNED);
    assert_int_equal(ask(h, 0, 1), AG_R_NONE); /* it is remembered */
    assert_int_equal(ask(h, i, 0), AG_R_NONE); /* a dry run */
    h->request.now += APR_USEC_PER_SEC;
    assert_int_equal(ask(h, i + 1, 1), AG_R_NONE);
}

static void test_recently_good(void **state)
{
    house_t *h = open_house(*state);
    int i;

    assert_int_equal(ask(h, -1, 0), AG_R_NONE);
    ban(h);
    for (i = 0; i <= AG_BAN_BUDGET; i++) {
        ask(h, i, 1);
    }
    assert_int_equal(ask(h, i, 1), AG_R_BANNED);
    h->engine.tokens = new_cache(AG_TOKEN_RECORD_SIZE, h->p); /* all that was verified is forgotten */
    assert_int_equal(ask(h, -1, 1), AG_R_NONE);
    h->engine.tokens = new_cache(AG_TOKEN_RECORD_SIZE, h->p);
    h->engine.recently_good_tokens = NULL;
    assert_int_equal(ask(h, -1, 1), AG_R_BANNED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_budget), TEST(test_recently_good)};

    return cmocka_run_group_tests_name("cred: banned addresses", tests, NULL, NULL);
}
