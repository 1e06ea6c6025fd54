/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client certificate as the credential: what mod_ssl says of it is asked on each request, and nothing that the request
 * carries stands for it. A name that is remembered is the certificate's and the directive's.
 */
#include "certificate_maker.h"
#include "cred_fixture.h"

#include "../../src/cred/token_memo.h"

enum { CERT = 1 << AG_CRED_cert };

/* What mod_ssl would say. */
static const char *verified, *pem, *session;
static int read_pem;

static const char *tls(const ag_request_t *request, const char *name)
{
    (void)request;
    read_pem += strcmp(name, "SSL_CLIENT_CERT") == 0;
    if (strcmp(name, "SSL_SESSION_RESUMED") == 0) {
        return session;
    }
    return strcmp(name, "SSL_CLIENT_VERIFY") == 0 ? verified : strcmp(name, "SSL_CLIENT_CERT") == 0 ? pem : NULL;
}

typedef struct {
    apr_pool_t *p;
    ag_cred_engine_t engine;
    ag_request_t request;
    ag_certificate_t wanted;
    ag_cred_call_t call; /* of the last question */
    ag_principal_t *who;
} house_t;

static house_t open_house(const char *const *fields, apr_pool_t *p)
{
    static const ag_sip_key_t sip = {1, 2};
    apr_size_t size = ag_cache_bytes(64, AG_TOKEN_RECORD_SIZE);
    house_t h = {.p = p, .engine = {.sip = &sip}};

    assert_int_equal(ag_cache_attach(&h.engine.tokens, apr_pcalloc(p, size), size, AG_TOKEN_RECORD_SIZE, 1, p),
                     APR_SUCCESS);
    h.request = make_request(fields, p);
    h.request.tls = tls;
    read_pem = 0;
    return h;
}

/* The kind that was found, or why none was; of a certificate it is checked. */
static const char *ask(house_t *h, unsigned accepted)
{
    ag_key_from_t from = from_of(H | BEARER, h->p);
    ag_credential_t found;
    ag_reason_e reason = ag_cred_find(&found, &h->request, &from, accepted);

    h->who = NULL;
    memset(&h->call, 0, sizeof h->call);
    h->call.request = &h->request;
    h->call.engine = &h->engine;
    h->call.certificate = &h->wanted;
    if (reason == AG_R_NONE && found.type->kind != AG_KIND(cert)) {
        return found.type->kind->name;
    }
    reason = reason == AG_R_NONE ? ag_cred_check(&h->who, &h->call, &found) : reason;
    assert_true((reason == AG_R_NONE) == (h->who != NULL));
    return h->who ? h->who->client : ag_reason(reason)->code;
}

static const char *joe_of(apr_pool_t *p)
{
    static const made_t made[] = {{"CN", 0, "joe", 0}, {NULL, GEN_DNS, "joe.example", 0}, {NULL, 0, NULL, 0}};

    return make_certificate(made, p);
}

static const char *eve_of(apr_pool_t *p)
{
    static const made_t made[] = {{"CN", 0, "eve", 0}, {NULL, GEN_DNS, "eve.example", 0}, {NULL, 0, NULL, 0}};

    return make_certificate(made, p);
}

static void test_verified(void **state)
{
    static const char *const others[] = {
        "GENEROUS", "FAILED:certificate has expired", "FAILED:(null)", "success", "SUCCESS ", "SUCCESSFUL", "none"};
    house_t h = open_house(NULL, *state);
    int i;

    pem = joe_of(*state);
    verified = "SUCCESS";
    assert_string_equal(ask(&h, CERT), "joe"); /* which is remembered, and helps none of the others */
    assert_ptr_equal(h.who->kind, AG_KIND(cert));
    assert_ptr_equal(h.call.shown, h.who);
    assert_string_equal(h.who->issuer, "");
    for (i = 0; i < N_OF(others); i++) {
        verified = others[i];
        assert_string_equal(ask(&h, CERT), "certificate_invalid");
        assert_string_equal(h.call.detail, "The client certificate could not be verified");
        assert_int_equal(h.call.guess, 0);
    }
    verified = "NONE";
    assert_string_equal(ask(&h, CERT), "credential_missing");
    verified = NULL;
    assert_string_equal(ask(&h, CERT), "credential_missing");
    verified = "SUCCESS";
    pem = NULL;
    assert_string_equal(ask(&h, CERT), "certificate_invalid");
    assert_string_equal(h.call.detail, "The client certificate could not be read");
}

/* What the request carries goes first, whatever it is worth; where it carries none, the certificate counts. */
static void test_beside(void **state)
{
    static const char *const key[] = {"X-API-Key", "k", NULL}, *token[] = {"Authorization", "Bearer a.b.c", NULL},
                             *two[] = {"X-API-Key", "k", "Authorization", "Bearer l", NULL},
                             *empty[] = {"X-API-Key", " ", "Authorization", "Bearer", NULL};
    house_t h = open_house(key, *state);

    pem = joe_of(*state);
    verified = "SUCCESS";
    assert_string_equal(ask(&h, KEY | CERT), "key");
    assert_string_equal(ask(&h, CERT), "joe"); /* no key is read here */
    h = open_house(token, *state);
    assert_string_equal(ask(&h, JWT | CERT), "jwt");
    assert_string_equal(ask(&h, KEY | JWT | CERT), "jwt");
    h = open_house(two, *state);
    assert_string_equal(ask(&h, KEY | CERT), "credential_ambiguous");
    h = open_house(empty, *state);
    assert_string_equal(ask(&h, KEY | JWT | CERT), "joe");
    assert_string_equal(ask(&h, KEY | JWT), "credential_missing");
}

static void test_no_field_is_one(void **state)
{
    static const char *const fields[] = {"SSL_CLIENT_VERIFY", "SUCCESS", "Authorization", "ClientCertificate SUCCESS",
                                         NULL};
    house_t h = open_house(fields, *state);
    ag_key_from_t from = from_of(ALL, *state);
    ag_credential_t found;

    verified = NULL;
    assert_string_equal(ask(&h, CERT), "credential_missing");
    assert_string_equal(ask(&h, KEY | JWT | CERT), "credential_missing");
    verified = "SUCCESS"; /* it is never sent in clear */
    h = open_house(NULL, *state);
    assert_int_equal(ag_cred_sent(&found, &h.request, &from), 0);
    assert_null(found.type);
}

/* Another certificate on the same connection, and the same one under another directive, are read anew. */
static void test_remembered(void **state)
{
    house_t h = open_house(NULL, *state);
    const char *joe = joe_of(*state);

    verified = "SUCCESS";
    pem = joe;
    assert_string_equal(ask(&h, CERT), "joe");
    pem = eve_of(*state);
    assert_string_equal(ask(&h, CERT), "eve");
    pem = joe;
    assert_string_equal(ask(&h, CERT), "joe");
    assert_int_equal(read_pem, 3);
    h.wanted.part = AG_CERT_SAN_DNS;
    h.wanted.id.lo = 7;
    assert_string_equal(ask(&h, CERT), "joe.example");
    h.wanted.issuer = "CN=Another";
    h.wanted.id.lo = 8;
    assert_string_equal(ask(&h, CERT), "certificate_invalid");
    assert_non_null(strstr(h.call.detail, "issuer"));
    h.wanted.id.lo = 0;
    assert_string_equal(ask(&h, CERT), "joe"); /* that it was remembered is seen by this */
}

/* Every child can write to the cache: what is no name there is read anew. */
static void test_spoilt(void **state)
{
    static const struct {
        const char *record;
        apr_size_t n;
    } spoilt[] = {{"", 1}, {"adm", 3}, {"a\0dmin", 7}};
    int i;

    verified = "SUCCESS";
    pem = joe_of(*state);
    for (i = 0; i < N_OF(spoilt); i++) {
        house_t h = open_house(NULL, *state);
        ag_id_t id = ag_sip(h.engine.sip, pem, strlen(pem));

        id.hi ^= APR_UINT64_C(0xCE27CE27CE27CE27);
        ag_cache_put(h.engine.tokens, id, spoilt[i].record, spoilt[i].n, NOW);
        assert_string_equal(ask(&h, CERT), "joe");
    }
}

/* mod_ssl says SUCCESS of a resumed session, whatever it was at first. */
static void test_resumed(void **state)
{
    static const char *const others[] = {"Resumed", NULL};
    house_t h = open_house(NULL, *state);
    int i;

    verified = "SUCCESS";
    h.engine.any_certificate = 1;
    for (i = 0; i < N_OF(others); i++) {
        pem = joe_of(*state);
        session = others[i];
        assert_string_equal(ask(&h, CERT), "certificate_invalid");
        assert_non_null(strstr(h.call.detail, "resumed"));
        session = "Initial";
        assert_string_equal(ask(&h, CERT), "joe");
        session = others[i];
        assert_string_equal(ask(&h, CERT), "joe");
        h.engine.host.lo = 5; /* another virtual host knows other authorities */
        assert_string_equal(ask(&h, CERT), "certificate_invalid");
        h.engine.host.lo = 0;
        h.request.now = NOW + apr_time_from_sec(3600);
        assert_string_equal(ask(&h, CERT), "certificate_invalid");
        h.request.now = NOW - 1;
        assert_string_equal(ask(&h, CERT), "certificate_invalid");
        h.request.now = NOW;
        pem = eve_of(*state);
        assert_string_equal(ask(&h, CERT), "certificate_invalid");
    }
    h.engine.any_certificate = 0;
    assert_string_equal(ask(&h, CERT), "eve");
}

static void test_banned(void **state)
{
    house_t h = open_house(NULL, *state);
    ag_credential_t found = {.type = &ag_cred_cert};
    ag_principal_t *who = NULL;

    pem = joe_of(*state);
    verified = "SUCCESS";
    assert_string_equal(ask(&h, CERT), "joe");
    h.call.known_only = 1;
    found.text = "SUCCESS";
    assert_int_equal(ag_cred_check(&who, &h.call, &found), AG_R_NONE);
    found.text = "GENEROUS";
    who = NULL;
    assert_int_equal(ag_cred_check(&who, &h.call, &found), AG_R_BANNED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_verified), TEST(test_beside),  TEST(test_no_field_is_one), TEST(test_remembered),
        TEST(test_spoilt),   TEST(test_resumed), TEST(test_banned),
    };

    return cmocka_run_group_tests_name("cred_cert", tests, NULL, NULL);
}
