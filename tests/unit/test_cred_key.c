/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key that was found may still not do this now: status, expiry, address and endpoint are judged
 * on every request, a cached key's too.
 */
#include "keys_fixture.h"

#include "../../src/cred/cred.h"
#include "../../src/guard/guard.h"

#define N_OF(array) ((int)(sizeof(array) / sizeof *(array)))

typedef struct {
    ag_reason_e reason;
    ag_principal_t *who;
    ag_cred_engine_t engine;
    ag_cred_call_t call;
} answer_t;

static answer_t ask(fixture_t *f, const char *text, const char *request_line, const char *address)
{
    ag_request_t *request = apr_pcalloc(f->p, sizeof *request);
    const char *space = strchr(request_line, ' ');
    ag_credential_t found = {.type = &ag_cred_key, .text = text, .n = strlen(text)};
    answer_t a;

    request->pool = f->p;
    request->method = apr_pstrmemdup(f->p, request_line, (apr_size_t)(space - request_line));
    request->path = space + 1;
    request->now = f->now;
    request->log = &f->log;
    assert_true(ag_ip_parse(&request->ip, address));
    memset(&a, 0, sizeof a);
    a.call.request = request;
    a.engine.keys = &f->keys;
    a.engine.key_realm = f->realm;
    a.call.engine = &a.engine;
    a.reason = ag_cred_check(&a.who, &a.call, &found);
    assert_int_equal(a.reason == AG_R_NONE, a.who != NULL);
    return a;
}

static ag_reason_e reason_of(fixture_t *f, const char *key)
{
    return ask(f, key, "GET /api", "192.0.2.1").reason;
}

static void test_principal(void **state)
{
    fixture_t *f = *state;
    const char *key = new_key(f, "roles = 'dev ops', rate_limit = '5/min 9/h', "
                                 "allowed_ips = '192.0.2.0/24', allowed_endpoints = '/api /b'");
    answer_t a = ask(f, key, "GET /api", "192.0.2.1");

    assert_int_equal(a.reason, AG_R_NONE);
    assert_string_equal(a.who->kind->name, "key");
    assert_string_equal(a.who->issuer, "");
    assert_string_equal(a.who->client, "acme");
    assert_null(a.who->user);
    assert_string_equal(a.who->key_id, ag_key_public(key, strlen(key), f->p));
    assert_int_equal(a.who->scopes.n, 2);
    assert_string_equal(a.who->scopes.v[1], "write");
    assert_int_equal(a.who->roles.n, 2);
    assert_int_equal(a.who->endpoints.n, 2);
    assert_int_equal(a.who->n_rates, 2);
    assert_int_equal(a.who->rates[1].n, 9);
    assert_non_null(a.who->networks);
    assert_true(ag_id_equal(a.who->realm, f->realm.id));
    assert_null(a.who->parse_claims);
    assert_ptr_equal(a.call.shown, a.who);
}

static void test_status(void **state)
{
    fixture_t *f = *state;
    const char *soon = new_key(f, "expires_at = 1700000010");
    answer_t a;

    assert_int_equal(reason_of(f, f->key), AG_R_NONE);
    assert_int_equal(reason_of(f, new_key(f, "is_active = 0")), AG_R_KEY_REVOKED);
    assert_int_equal(reason_of(f, new_key(f, "expires_at = 1699999999")), AG_R_KEY_EXPIRED);
    assert_int_equal(reason_of(f, new_key(f, "is_active = 0, expires_at = 1")), AG_R_KEY_REVOKED);
    assert_int_equal(reason_of(f, soon), AG_R_NONE);
    f->down = 1; /* from now on it comes from the cache */
    f->now += 9 * SEC + 999999;
    assert_int_equal(reason_of(f, soon), AG_R_NONE);
    f->now += 1; /* the moment itself is too late */
    assert_int_equal(reason_of(f, soon), AG_R_KEY_EXPIRED);
    a = ask(f, soon, "GET /api", "192.0.2.1");
    assert_non_null(a.call.shown); /* whose it was is told to the log */
    assert_string_equal(a.call.shown->client, "acme");
}

static void test_address(void **state)
{
    fixture_t *f = *state;
    const char *key = new_key(f, "allowed_ips = '192.0.2.0/24 2001:db8::/32'");
    const char *broken = new_key(f, "allowed_ips = 'nonsense'");

    assert_int_equal(ask(f, key, "GET /", "192.0.2.9").reason, AG_R_NONE);
    assert_int_equal(ask(f, key, "GET /", "192.0.3.1").reason, AG_R_IP_DENIED);
    assert_int_equal(ask(f, key, "GET /", "2001:db8::1").reason, AG_R_NONE);
    assert_int_equal(ask(f, key, "GET /", "192.0.3.1").reason, AG_R_IP_DENIED); /* from the cache */
    assert_int_equal(ask(f, broken, "GET /", "192.0.2.9").reason, AG_R_IP_DENIED);
    assert_int_equal(ask(f, f->key, "GET /", "203.0.113.9").reason, AG_R_NONE);
}

static void test_endpoints(void **state)
{
    static const struct {
        const char *list, *request;
        int yes;
    } cases[] = {
        {"GET /api/me", "GET /api/me", 1},
        {"GET /api/me", "POST /api/me", 0},
        {"GET /api/me", "GET /api/men", 0},
        {"GET /api/me", "GETS /api/me", 0},
        {"GET /api/me", "GE /api/me", 0},
        {"GET /api/me", "get /api/me", 0},
        {"* /api/me", "DELETE /api/me", 1},
        {"/api/me", "DELETE /api/me", 1},
        {"/api/*", "PUT /api/a/b", 1},
        {"/api/*", "PUT /other", 0},
        {"GET /api/*", "HEAD /api/a", 1},
        {"GET   /a", "GET /a", 0}, /* broken */
        {"HEAD /api/*", "GET /api/a", 0},
        {"HEAD /api/*", "HEAD /api/a", 1},
        {"GET /api/*", "HEAD /b", 0},
        {"GET /api/*", "HEADS /api/a", 0},
        {"POST /api/*", "HEAD /api/a", 0},
        {"GETS /api/*", "HEAD /api/a", 0},
        {"GET /a", "PUT /b", 0},
        {"G /a", "P /a", 0},
        {"G /a", "G /a", 1},
    };
    fixture_t *f = *state;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const char *set = apr_psprintf(f->p, "allowed_endpoints = '[\"POST /x\", \"%s\"]'", cases[i].list);
        const char *key = new_key(f, set);
        ag_reason_e reason = ask(f, key, cases[i].request, "192.0.2.1").reason;

        if (reason != (cases[i].yes ? AG_R_NONE : AG_R_ENDPOINT_DENIED)) {
            fail_msg("%s and %s: %s", cases[i].list, cases[i].request, ag_reason(reason)->code);
        }
    }
    assert_int_equal(reason_of(f, new_key(f, "allowed_endpoints = '[]'")), AG_R_ENDPOINT_DENIED);
}

/* What may become a slash or a dot segment behind us fits no pattern. */
static void test_doubtful_paths(void **state)
{
    static const char *const fine[] = {
        "/api/a b",          "/api/100%", "/api/%20%2", "/api/a;v=1/b", "/api/a;v=..",
        "/api/a..b/..c/d..", "/api/...",  "/api/;a",    "/api/",        "/api/%41%zz",
        "/api/a;/b",         "/api/a.;b", "/api/%",
    };
    static const char *const doubtful[] = {
        "/api/a%2Fb",       "/api/%20a%2fb",    "/api/..;/admin",      "/api/..;x=1/admin", "/api/..;",
        "/api/..%3b/admin", "/api/..%3B/admin", "/api/..%5c/admin",    "/api/..\\admin",    "/api/a\\..\\admin",
        "/api/a%5Cb",       "/api/.;/admin",    "/api/%2e%2e/admin",   "/api/.%2E/admin",   "/api/%2e%2e;/a",
        "/api/..",          "/api/a/..;/..;/b", "/api/.%2e%3bx/admin",
    };
    fixture_t *f = *state;
    const char *key = new_key(f, "allowed_endpoints = '/api/*'");
    int i;

    for (i = 0; i < N_OF(fine); i++) {
        const char *line = apr_pstrcat(f->p, "GET ", fine[i], NULL);

        if (ask(f, key, line, "192.0.2.1").reason != AG_R_NONE) {
            fail_msg("%s is refused", fine[i]);
        }
    }
    for (i = 0; i < N_OF(doubtful); i++) {
        const char *line = apr_pstrcat(f->p, "GET ", doubtful[i], NULL);

        if (ask(f, key, line, "192.0.2.1").reason != AG_R_ENDPOINT_DENIED) {
            fail_msg("%s is allowed", doubtful[i]);
        }
        assert_int_equal(ask(f, f->key, line, "192.0.2.1").reason, AG_R_NONE);
    }
}

/* The address is judged before the endpoint, the status before both. */
static void test_order(void **state)
{
    fixture_t *f = *state;
    const char *key = new_key(f, "allowed_ips = '10.0.0.0/8', allowed_endpoints = '/x'");

    assert_int_equal(reason_of(f, key), AG_R_IP_DENIED);
    change(f, key, "expires_at = 5");
    f->now += 2 * SEC;
    assert_int_equal(reason_of(f, key), AG_R_KEY_EXPIRED);
}

static void test_no_key(void **state)
{
    fixture_t *f = *state;
    char *big = apr_palloc(f->p, 514);
    answer_t a;
    int asked;

    memset(big, 'k', 513);
    big[513] = '\0';
    assert_int_equal(found(f, f->key)->active, 1);
    assert_int_equal(result(f, "unknown"), AG_KEY_UNKNOWN);
    assert_int_equal(reason_of(f, "unknown"), AG_R_KEY_INVALID);
    asked = f->asked;
    assert_int_equal(reason_of(f, ""), AG_R_KEY_INVALID);
    assert_int_equal(reason_of(f, big), AG_R_KEY_INVALID);
    assert_int_equal(f->asked, asked); /* the database is not asked about these */
    a = ask(f, "unknown", "GET /", "192.0.2.1");
    assert_null(a.call.shown);
    big[512] = '\0';
    assert_int_equal(reason_of(f, big), AG_R_KEY_INVALID);
    assert_true(f->asked > asked);
}

/* No answer is not "no such key": never 401, never let in. */
static void test_database_away(void **state)
{
    fixture_t *f = *state;
    ag_cred_engine_t engine = {.key_realm = f->realm};
    ag_cred_call_t call = {.engine = &engine};
    ag_principal_t *who = NULL;

    f->down = 1;
    assert_int_equal(reason_of(f, f->key), AG_R_KEYSTORE_UNAVAILABLE);
    assert_int_equal(ag_cred_key.check(&who, &call, "k", 1), AG_R_KEYSTORE_UNAVAILABLE);
    assert_null(who);
}

/* ---- the guard's step ------------------------------------------------------------------------ */

static const char *header(const ag_request_t *request, const char *name)
{
    return strcmp(name, "X-API-Key") == 0 ? request->ctx : NULL;
}

static void spellings(const ag_request_t *request, const char *name, ag_spelling_fn each, void *ctx)
{
    const char *value = header(request, name);

    if (value) {
        each(ctx, name, value);
    }
}

/* `basic`: the key comes from mod_auth_basic, not from the request. */
static ag_check_t *identify(fixture_t *f, const char *key, int basic)
{
    ag_engine_t *engine = apr_pcalloc(f->p, sizeof *engine);
    ag_exchange_t *exchange = apr_pcalloc(f->p, sizeof *exchange);
    ag_check_t *check = apr_pcalloc(f->p, sizeof *check);
    ag_reason_e reason;

    engine->cred.keys = &f->keys;
    engine->cred.key_realm = f->realm;
    exchange->engine = engine;
    exchange->request.pool = f->p;
    exchange->request.method = "GET";
    exchange->request.path = "/api";
    exchange->request.now = f->now;
    exchange->request.log = &f->log;
    exchange->request.header = header;
    exchange->request.spellings = spellings;
    exchange->request.authorization = "Authorization";
    exchange->request.ctx = basic ? NULL : (void *)(uintptr_t)key;
    check->exchange = exchange;
    check->policy = ag_policy_make(f->p);
    reason = basic ? ag_guard_identify_key(check, key) : ag_step_identify(check);
    assert_int_equal(reason, check->verdict.reason);
    return check;
}

static void test_identify(void **state)
{
    fixture_t *f = *state;
    const char *revoked = new_key(f, "is_active = 0");
    int basic;

    for (basic = 0; basic < 2; basic++) {
        ag_check_t *check = identify(f, f->key, basic);

        assert_int_equal(check->verdict.reason, AG_R_NONE);
        assert_string_equal(check->verdict.kind, "key");
        assert_string_equal(check->verdict.who->client, "acme");
        assert_true(ag_id_equal(check->verdict.who->realm, f->realm.id));
        assert_string_equal(check->credential.text, f->key);
        assert_int_equal(check->credential.n, strlen(f->key));
        assert_ptr_equal(check->credential.type, &ag_cred_key);
        assert_int_equal(check->credential.from, basic ? AG_FROM_BASIC : AG_FROM_HEADER);
        assert_int_equal(check->credential.places, 1u << check->credential.from);
        check = identify(f, revoked, basic);
        assert_int_equal(check->verdict.reason, AG_R_KEY_REVOKED);
        assert_null(check->verdict.who);
        assert_string_equal(check->verdict.shown->client, "acme"); /* for the log */
        assert_int_equal(identify(f, "unknown", basic)->verdict.reason, AG_R_KEY_INVALID);
        assert_int_equal(identify(f, "", basic)->verdict.reason, AG_R_CREDENTIAL_MISSING);
        assert_int_equal(identify(f, " ", basic)->verdict.reason, AG_R_CREDENTIAL_MISSING);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_principal),     TEST(test_status),   TEST(test_address),
        TEST(test_endpoints),     TEST(test_order),    TEST(test_no_key),
        TEST(test_database_away), TEST(test_identify), TEST(test_doubtful_paths),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests_name("cred: keys", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
