/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token that is bound to a client certificate (RFC 8705): which bindings are understood, and that the proof is asked
 * for on each request, remembered or not.
 */
#include "token_fixture.h"

#include "../../src/cred/jwt_cause.h"
#include "../../src/cred/token_binding.h"

#define THUMB "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" /* of 00 01 02 ... 1F */

/* ---- reading --------------------------------------------------------------------------------- */

static void test_read(void **state)
{
    static const struct {
        const char *claims;
        int cause; /* -1: none */
        const char *bound_to;
    } cases[] = {
        {"{}", -1, NULL},
        {"{\"x5t#S256\":\"" THUMB "\"}", -1, NULL}, /* not a confirmation */
        {"{\"cnf\":{\"x5t#S256\":\"" THUMB "\"}}", -1, THUMB},
        /* RFC 9449, RFC 7800: methods whose proof nobody asks for here */
        {"{\"cnf\":{\"jkt\":\"" THUMB "\"}}", AG_JWT_CONFIRMATION, NULL},
        {"{\"cnf\":{\"jwk\":{\"kty\":\"oct\"}}}", AG_JWT_CONFIRMATION, NULL},
        {"{\"cnf\":{\"kid\":\"k\"}}", AG_JWT_CONFIRMATION, NULL},
        {"{\"cnf\":{\"x5t\":\"" THUMB "\"}}", AG_JWT_CONFIRMATION, NULL},
        {"{\"cnf\":{\"X5T#S256\":\"" THUMB "\"}}", AG_JWT_CONFIRMATION, NULL},
        {"{\"cnf\":{}}", AG_JWT_CONFIRMATION, NULL},
        {"{\"cnf\":{\"x5t#S256\":\"" THUMB "\",\"jkt\":\"" THUMB "\"}}", AG_JWT_CONFIRMATION, NULL},
        {"{\"cnf\":{\"jkt\":null,\"x5t#S256\":\"" THUMB "\"}}", AG_JWT_CONFIRMATION, NULL},
        /* of another form than any issuer writes */
        {"{\"cnf\":null}", AG_JWT_MALFORMED, NULL},
        {"{\"cnf\":\"" THUMB "\"}", AG_JWT_MALFORMED, NULL},
        {"{\"cnf\":[{\"x5t#S256\":\"" THUMB "\"}]}", AG_JWT_MALFORMED, NULL},
        {"{\"cnf\":{\"x5t#S256\":null}}", AG_JWT_MALFORMED, NULL},
        {"{\"cnf\":{\"x5t#S256\":[\"" THUMB "\"]}}", AG_JWT_MALFORMED, NULL},
        {"{\"cnf\":{\"x5t#S256\":\"\"}}", AG_JWT_MALFORMED, NULL},
        {"{\"cnf\":{\"x5t#S256\":\"" THUMB "=\"}}", AG_JWT_MALFORMED, NULL},
        {"{\"cnf\":{\"x5t#S256\":\"" THUMB "A\"}}", AG_JWT_MALFORMED, NULL},
        {"{\"cnf\":{\"x5t#S256\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9\"}}", AG_JWT_MALFORMED,
         NULL}, /* bits */
        {"{\"cnf\":{\"x5t#S256\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh+\"}}", AG_JWT_MALFORMED, NULL},
        {"{\"cnf\":{\"x5t#S256\":\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\"}}",
         AG_JWT_MALFORMED, NULL},
    };
    const maker_t *m = *state;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        json_t *claims = ag_json_object(cases[i].claims, strlen(cases[i].claims), m->p);
        const char *wanted = cases[i].cause < 0 ? NULL : ag_jwt_cause(cases[i].cause, "cnf", m->p);
        const char *bound_to = "?", *error = ag_token_binding_read(&bound_to, claims, 0, m->p);

        if (!error != !wanted || (error && strcmp(error, wanted))) {
            fail_msg("%s: got \"%s\"", cases[i].claims, error ? error : "(none)");
        }
        assert_int_equal(bound_to == NULL, cases[i].bound_to == NULL);
        assert_true(!bound_to || strcmp(bound_to, cases[i].bound_to) == 0);
        error = ag_token_binding_read(&bound_to, claims, 1, m->p);
        assert_int_equal(error == NULL, bound_to != NULL);
    }
}

/* ---- proving --------------------------------------------------------------------------------- */

typedef struct {
    const char *pem;   /* as mod_ssl tells it */
    const char *thumb; /* by OpenSSL's own digest of a certificate */
} shown_t;

static shown_t make_certificate(const maker_t *m, EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size;
    shown_t made;
    char *text;
    long n;

    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 60);
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    assert_int_equal(X509_digest(certificate, EVP_sha256(), digest, &size), 1);
    assert_int_equal(PEM_write_bio_X509(bio, certificate), 1);
    n = BIO_get_mem_data(bio, &text);
    made.pem = apr_pstrmemdup(m->p, text, (apr_size_t)n);
    made.thumb = b64(digest, size, m->p);
    X509_free(certificate);
    BIO_free(bio);
    return made;
}

static const char *shown; /* the certificate of the connection, or NULL */
static int asked;

static const char *tls(const ag_request_t *request, const char *name)
{
    (void)request;
    asked++;
    return strcmp(name, "SSL_CLIENT_CERT") == 0 ? shown : NULL;
}

static void expect_proof(const char *bound_to, const char *pem, int cause, const maker_t *m)
{
    ag_request_t request = {.pool = m->p, .tls = tls};
    const char *error;

    shown = pem;
    error = ag_token_binding_prove(bound_to, &request);
    assert_int_equal(ERR_peek_error(), 0);
    if (cause < 0) {
        assert_null(error);
    }
    else {
        assert_string_equal(error, ag_jwt_cause(cause, NULL, m->p));
    }
}

static void test_prove(void **state)
{
    const maker_t *m = *state;
    shown_t mine = make_certificate(m, m->p256), other = make_certificate(m, m->p256);
    char *cut = apr_pstrdup(m->p, mine.pem);

    expect_proof(mine.thumb, mine.pem, -1, m);
    expect_proof(mine.thumb, apr_pstrcat(m->p, mine.pem, other.pem, NULL), -1, m); /* the first is the client's */
    expect_proof(mine.thumb, apr_pstrcat(m->p, other.pem, mine.pem, NULL), AG_JWT_OTHER_CERTIFICATE, m);
    expect_proof(mine.thumb, make_certificate(m, m->rsa).pem, AG_JWT_OTHER_CERTIFICATE, m);
    expect_proof(THUMB, mine.pem, AG_JWT_OTHER_CERTIFICATE, m);
    expect_proof("", mine.pem, AG_JWT_OTHER_CERTIFICATE, m); /* a garbled record */
    expect_proof(mine.thumb, NULL, AG_JWT_NO_CERTIFICATE, m);
    expect_proof(mine.thumb, "", AG_JWT_NO_CERTIFICATE, m);
    expect_proof(mine.thumb, "no certificate", AG_JWT_NO_CERTIFICATE, m);
    cut[strlen(cut) / 2] = '\0';
    expect_proof(mine.thumb, cut, AG_JWT_NO_CERTIFICATE, m);
}

/* ---- remembering ----------------------------------------------------------------------------- */

static void test_each_request(void **state)
{
    const maker_t *m = *state;
    shown_t mine = make_certificate(m, m->p256), other = make_certificate(m, m->p384);
    house_t h = open_house(m);
    const char *token =
        token_of(&h, apr_psprintf(m->p, "{\"sub\":\"joe\",\"cnf\":{\"x5t#S256\":\"%s\"}," TIMES "}", mine.thumb));
    ag_principal_t *who;
    int i;

    h.request.tls = tls;
    for (i = 0; i < 2; i++) { /* the first time round without anything remembered */
        shown = NULL;
        assert_int_equal(check(&h, &who, token), AG_R_TOKEN_INVALID);
        assert_non_null(strstr(h.call.detail, "none was shown"));
        assert_string_equal(h.call.shown->user, "joe"); /* whose it is, the log is told */
        assert_false(h.call.guess);
        shown = other.pem;
        assert_int_equal(check(&h, &who, token), AG_R_TOKEN_INVALID);
        assert_non_null(strstr(h.call.detail, "another client certificate"));
        shown = mine.pem;
        assert_int_equal(check(&h, &who, token), AG_R_NONE);
        assert_string_equal(who->bound_to, mine.thumb);
    }
}

/* Where a token is bound to nothing, nobody asks for a certificate. */
static void test_unbound(void **state)
{
    house_t h = open_house(*state);
    const char *token = token_of(&h, CLAIMS);
    ag_principal_t *who;

    h.request.tls = tls;
    asked = 0;
    assert_int_equal(check(&h, &who, token), AG_R_NONE);
    assert_int_equal(check(&h, &who, token), AG_R_NONE);
    assert_null(who->bound_to);
    assert_int_equal(asked, 0);
    h.policy = apr_pmemdup(h.request.pool, h.policy, sizeof *h.policy); /* another section */
    h.policy->token_binding = AG_BINDING_REQUIRE;
    assert_int_equal(check(&h, &who, token), AG_R_TOKEN_INVALID); /* another realm: nothing is remembered */
    assert_string_equal(h.call.detail, "The token has no cnf, which is required here");
    assert_int_equal(asked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_prove),
        cmocka_unit_test(test_each_request),
        cmocka_unit_test(test_unbound),
    };

    return cmocka_run_group_tests(tests, maker_start, maker_stop);
}
