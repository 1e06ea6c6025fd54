/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_jwt: tokens, their headers and claims, and key sets. The first byte of an input chooses:
 *   t  the rest is a token          h  ... a header, of a token whose other parts are good
 *   c  ... claims, of a token with a good signature, which goes all the way to a principal
 *   k  ... a JWK set
 * Besides not crashing, an answer must be whole: accepted with a principal, or refused with a text.
 */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/hmac.h>

#include "../../src/cred/jwt.h"

#define NOW    APR_INT64_C(1700000000)
#define SECRET "0123456789abcdef0123456789abcdef"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static apr_pool_t *root;
static ag_jwt_keyset_t keys;

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

static void check_token(const char *text, size_t n, apr_pool_t *p)
{
    static const char *words[] = {"exp", "a.b"};
    const ag_jwt_keyset_t *sets[] = {&keys};
    ag_jwt_policy_t policy = {
        .sets = sets, .n_sets = 1, .types = AG_TYP_OTHER, .leeway = 30, .max_lifetime = 3600, .required = {1, words}};
    ag_principal_t *who;
    apr_time_t begins, expires;
    const char *detail;
    int forged;
    ag_reason_e reason =
        ag_jwt_check(&who, &begins, &expires, &detail, &forged, &policy, text, n, apr_time_from_sec(NOW), p);

    must((reason == AG_R_NONE) == (who != NULL));
    must((reason == AG_R_NONE) == (detail == NULL));
    must(!forged || reason == AG_R_TOKEN_INVALID);
    must(!who || ((who->client || who->user) && ag_claims(who, p)));
    must(!who || (expires > apr_time_from_sec(NOW) && begins <= apr_time_from_sec(NOW)));
    must(!who || !who->bound_to || strlen(who->bound_to) == 43);
    must(!ERR_peek_error());
}

static void run_token(const char *text, size_t n, apr_pool_t *p)
{
    ag_jwt_t jwt;
    const char *error = ag_jwt_parse(&jwt, text, n, p);

    must(error || (ag_jwt_shape(text, n) && jwt.alg != AG_ALG_NONE && jwt.signature_size));
    if (!error) {
        ag_jwt_claims(&jwt, p);
    }
    check_token(text, n, p);
}

static char *b64(const void *data, size_t n, apr_pool_t *p)
{
    char *out = apr_palloc(p, n / 3 * 4 + 8);
    char *at;

    EVP_EncodeBlock((unsigned char *)out, data, (int)n);
    for (at = out; *at && *at != '='; at++) {
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
    }
    *at = '\0';
    return out;
}

static void run_signed(const char *header, const char *claims, apr_pool_t *p)
{
    char *text = apr_pstrcat(p, header, ".", claims, NULL);
    unsigned char mac[32];

    HMAC(EVP_sha256(), SECRET, 32, (unsigned char *)text, strlen(text), mac, NULL);
    text = apr_pstrcat(p, text, ".", b64(mac, sizeof mac, p), NULL);
    run_token(text, strlen(text), p);
}

static void run_header(const char *data, size_t n, apr_pool_t *p)
{
    run_signed(b64(data, n, p), "eyJzdWIiOiJhIn0", p);
}

static void run_claims(const char *data, size_t n, apr_pool_t *p)
{
    run_signed("eyJhbGciOiJIUzI1NiJ9", b64(data, n, p), p);
}

static void run_keys(const char *data, size_t n, apr_pool_t *p)
{
    ag_jwt_keyset_t set = {0};
    const char *error = ag_jwt_load_jwks(&set, data, n, p);

    must((error == NULL) == (set.n > 0));
    must(!ERR_peek_error());
}

static void start(void)
{
    apr_initialize();
    apr_pool_create(&root, NULL);
    must(!ag_jwt_load_key(&keys, AG_ALG_HS256, NULL, SECRET, 32, root));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct {
        char name;
        void (*run)(const char *data, size_t n, apr_pool_t *p);
    } parts[] = {{'t', run_token}, {'h', run_header}, {'c', run_claims}, {'k', run_keys}};
    const char *text = (const char *)data;
    apr_pool_t *p;
    size_t i;

    if (!root) {
        start();
    }
    apr_pool_create(&p, root);
    for (i = 0; n && i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].name == text[0]) {
            parts[i].run(text + 1, n - 1, p);
        }
    }
    apr_pool_destroy(p);
    return 0;
}
