/* SPDX-License-Identifier: Apache-2.0 */
/*
 * introspect_fixture: a section whose tokens an endpoint is asked about; it says what the test has written.
 */
#ifndef AG_INTROSPECT_FIXTURE_H
#define AG_INTROSPECT_FIXTURE_H

#include "unit.h"

#include <apr_strings.h>

#include "../../src/cred/introspected.h"
#include "../../src/cred/jwt_cause.h"

#define SEC APR_USEC_PER_SEC

/* What it may say. */
#define GOOD                                                                                                         \
    "{\"active\":true,\"client_id\":\"shop\",\"sub\":\"joe\",\"scope\":\"a b\",\"exp\":1700000100,\"t\":{\"x\":1}}"
#define ENDLESS "{\"active\":true,\"client_id\":\"shop\"}"
#define NOT     "{\"active\":false}"

typedef struct {
    apr_pool_t *p;
    ag_sip_key_t sip;
    ag_introspection_t whom;
    ag_introspect_shared_t shared;
    ag_cred_engine_t engine;
    ag_request_t request;
    ag_jwt_policy_t jwt;
    ag_id_t realm;
    int known_only;
    ag_cred_call_t call; /* of the last question */
    /* The endpoint: */
    const char *says, *type, *error; /* body, Content-Type, or why it cannot be asked */
    long status;
    int asked;
    ag_fetch_t heard; /* the last question */
    const char *form; /* its; what was sent is wiped */
    const char *log;
} house_t;

static inline const char *answer_question(void *ctx, ag_fetched_t *out, const ag_fetch_t *fetch, apr_pool_t *p)
{
    house_t *h = ctx;

    memset(out, 0, sizeof *out);
    h->asked++;
    h->heard = *fetch;
    h->form = apr_pstrdup(p, fetch->form);
    out->status = h->status;
    out->type = h->type;
    out->body = h->says;
    out->length = strlen(h->says);
    return h->error;
}

static inline void write_log(const ag_log_t *log, ag_log_level_e level, apr_status_t rv, const char *text)
{
    house_t *h = log->ctx;

    (void)level, (void)rv;
    h->log = apr_pstrcat(h->p, h->log, text, "\n", NULL);
}

static inline ag_cache_t *new_cache(apr_size_t record, apr_pool_t *p)
{
    apr_size_t size = ag_cache_bytes(64, record);
    ag_cache_t *cache;

    assert_int_equal(ag_cache_attach(&cache, apr_palloc(p, size), size, record, 1, p), APR_SUCCESS);
    return cache;
}

static inline house_t *open_house(apr_pool_t *p)
{
    house_t *h = apr_pcalloc(p, sizeof *h);
    ag_fetch_port_t *port = apr_pcalloc(p, sizeof *port);
    ag_log_t *log = apr_pcalloc(p, sizeof *log);
    ag_introspect_engine_t *engine = &h->engine.introspect;

    h->p = p;
    h->whom = (ag_introspection_t){.url = "https://id/introspect",
                                   .user = "me",
                                   .password = "pw",
                                   .form = "",
                                   .id = {7, 7},
                                   .timeout = 2,
                                   .cache = 60,
                                   .negative = 10};
    port->run = answer_question;
    port->ctx = h;
    *log = (ag_log_t){write_log, h, AG_LOG_DEBUG};
    engine->fetch = port;
    engine->answers = new_cache(AG_INTROSPECT_RECORD_SIZE, p);
    engine->inactive = new_cache(1, p);
    engine->flights = apr_pcalloc(p, AG_SINGLE_FLIGHT_BYTES);
    assert_int_equal(ag_single_flights_init(engine->flights), APR_SUCCESS);
    engine->shared = &h->shared;
    engine->seats = 4;
    h->engine.sip = &h->sip;
    h->engine.recently_good_tokens = new_cache(AG_RECENTLY_GOOD_SIZE, p);
    h->request.pool = p;
    h->request.now = NOW;
    h->request.log = log;
    h->jwt.leeway = 30;
    h->realm = (ag_id_t){1, 2};
    h->type = "application/json";
    h->log = "";
    h->status = 200;
    return h;
}

static inline ag_reason_e check(house_t *h, ag_principal_t **who, const char *token)
{
    ag_credential_t found = {.type = &ag_cred_introspect, .text = token, .n = strlen(token)};
    ag_reason_e reason;

    memset(&h->call, 0, sizeof h->call);
    h->call.request = &h->request;
    h->call.engine = &h->engine;
    h->call.introspection = &h->whom;
    h->call.jwt = h->jwt;
    h->call.jwt_realm = h->realm;
    h->call.known_only = h->known_only;
    *who = NULL;
    reason = ag_cred_check(who, &h->call, &found);
    assert_int_equal(reason == AG_R_NONE, *who != NULL);
    return reason;
}

/* The same, of an answer. */
static inline ag_reason_e told(house_t *h, ag_principal_t **who, const char *token, const char *says)
{
    h->says = says;
    return check(h, who, token);
}

#endif
