/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token_fixture: a section that asks for tokens, and a request with one.
 */
#ifndef AG_TOKEN_FIXTURE_H
#define AG_TOKEN_FIXTURE_H

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
    ag_cred_engine_t engine;
    ag_cred_call_t call; /* of the last question */
} house_t;

static inline const char *header(const ag_request_t *request, const char *name)
{
    const house_t *h = request->ctx;

    return strcasecmp(name, "Authorization") == 0 ? h->authorization
           : strcasecmp(name, "X-API-Key") == 0   ? h->key_field
                                                  : NULL;
}

static inline void spellings(const ag_request_t *request, const char *name, ag_spelling_fn each, void *ctx)
{
    const char *value = header(request, name);

    if (value) {
        each(ctx, name, value);
    }
}

static inline ag_keyset_source_t *source_of(house_t *h, const char *secret)
{
    ag_keyset_source_t *source = apr_pcalloc(h->p, sizeof *source);

    source->source = "file:k";
    source->alg = AG_ALG_HS256;
    assert_null(ag_jwt_load_key(&source->set, AG_ALG_HS256, NULL, secret, 64, h->p));
    return source;
}

static inline house_t open_house(const maker_t *m)
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

static inline const char *token_of(const house_t *h, const char *claims)
{
    return make_plain("HS256", NULL, NULL, claims, h->p);
}

static inline ag_reason_e check(house_t *h, ag_principal_t **who, const char *token)
{
    ag_credential_t found = {.type = &ag_cred_jwt, .text = token, .n = strlen(token)};
    ag_reason_e reason;

    memset(&h->call, 0, sizeof h->call);
    h->call.request = &h->request;
    h->engine.tokens = h->tokens;
    h->engine.sip = &h->sip;
    h->call.engine = &h->engine;
    ag_policy_jwt(&h->call.jwt, h->policy, h->p);
    h->call.jwt_realm = ag_policy_realm(h->policy);
    *who = NULL;
    reason = ag_cred_check(who, &h->call, &found);
    assert_int_equal(reason == AG_R_NONE, *who != NULL);
    return reason;
}

#endif
