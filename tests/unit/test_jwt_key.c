/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configured keys (ApiGuardJWTKey): which are refused, what names a set, how a secret ends.
 */
#include "jwt_maker.h"

static void refuse(const maker_t *m, const char *alg, const char *text, size_t n, const char *wanted)
{
    ag_jwt_keyset_t set = {0};
    const char *error = ag_jwt_load_key(&set, ag_alg_find(alg), NULL, text, n, m->p);

    if (!error || !strstr(error, wanted)) {
        fail_msg("%s: got \"%s\", wanted \"%s\"", alg, error ? error : "(none)", wanted);
    }
    assert_int_equal(set.n, 0);
    assert_int_equal(ERR_peek_error(), 0);
}

static void refuse_pem(const maker_t *m, const char *alg, const char *pem, const char *wanted)
{
    refuse(m, alg, pem, strlen(pem), wanted);
}

static void test_bad_secrets(void **state)
{
    const maker_t *m = *state;

    refuse(m, "HS256", "", 0, "empty");
    refuse(m, "HS256", SECRET, 31, "31 bytes, HS256 needs at least 32");
    refuse(m, "HS384", SECRET, 47, "at least 48");
    refuse(m, "HS512", SECRET, 63, "at least 64");
    refuse_pem(m, "HS256", public_pem(m->rsa, m->p), "PEM");
    refuse_pem(m, "HS256", private_pem(m->rsa, m->p), "PEM");
    refuse_pem(m, "HS512", certificate_pem(m->rsa, m->p), "PEM");
    refuse(m, "none", SECRET, 64, "no such algorithm");
}

static void test_bad_keys(void **state)
{
    const maker_t *m = *state;
    EVP_PKEY *small = EVP_RSA_gen(1024);
    char *pem = public_pem(m->rsa, m->p);

    refuse(m, "RS256", "", 0, "empty");
    refuse_pem(m, "RS256", "hello", "no public key");
    refuse_pem(m, "RS256", SECRET, "no public key");
    refuse_pem(m, "RS256", private_pem(m->rsa, m->p), "private key");
    refuse_pem(m, "EdDSA", private_pem(m->ed, m->p), "private key");
    refuse_pem(m, "RS256", apr_pstrcat(m->p, pem, private_pem(m->rsa, m->p), NULL), "private");
    refuse_pem(m, "RS256", public_pem(small, m->p), "1024 bits");
    refuse_pem(m, "PS512", certificate_pem(small, m->p), "1024 bits");
    refuse_pem(m, "RS256", public_pem(m->p256, m->p), "not an RSA key");
    refuse_pem(m, "PS256", public_pem(m->ed, m->p), "not an RSA key");
    refuse_pem(m, "ES256", public_pem(m->rsa, m->p), "P-256");
    refuse_pem(m, "ES384", public_pem(m->p256, m->p), "P-384");
    refuse_pem(m, "ES384", certificate_pem(m->p256, m->p), "P-384");
    refuse_pem(m, "EdDSA", public_pem(m->p256, m->p), "Ed25519");
    pem[80] = '!';
    refuse_pem(m, "RS256", pem, "no public key");
    refuse(m, "RS256", public_pem(m->rsa, m->p), 100, "no public key");
    EVP_PKEY_free(small);
}

static void test_bad_kid(void **state)
{
    static const char *const kids[] = {"", "a b", "a\n", "\xC3\xA4"};
    const maker_t *m = *state;
    ag_jwt_keyset_t set = {0};
    char *kid = apr_palloc(m->p, 258);
    int i;

    for (i = 0; i < N_OF(kids); i++) {
        assert_non_null(ag_jwt_load_key(&set, AG_ALG_HS256, kids[i], SECRET, 64, m->p));
    }
    memset(kid, 'k', 257);
    kid[257] = '\0';
    assert_non_null(ag_jwt_load_key(&set, AG_ALG_HS256, kid, SECRET, 64, m->p));
    assert_null(ag_jwt_load_key(&set, AG_ALG_HS256, kid + 1, SECRET, 64, m->p));
    assert_string_equal(set.keys[0].kid, kid + 1);
}

/* A certificate brings the same key as its PEM, and bytes with NULs are a secret too. */
static void test_forms(void **state)
{
    static const char binary[40] = {1, 0, 2, 0, 3};
    const maker_t *m = *state;
    ag_jwt_keyset_t set, same = {0};

    load_key(&set, "RS256", public_pem(m->rsa, m->p), m->p);
    load_key(&same, "RS256", certificate_pem(m->rsa, m->p), m->p);
    assert_int_equal(verifies(make_plain("RS256", m->rsa, NULL, "{}", m->p), same.keys, m->p), 1);
    assert_true(ag_id_equal(set.id, same.id));
    assert_null(ag_jwt_load_key(&set, AG_ALG_HS256, NULL, binary, sizeof binary, m->p));
    assert_int_equal(set.keys[0].secret_size, 40);
    assert_memory_equal(set.keys[0].secret, binary, 40);
    assert_ptr_not_equal(set.keys[0].secret, binary);
}

/* Whatever decides changes the id, and nothing else does. */
static void test_id(void **state)
{
    static const struct {
        ag_alg_e alg;
        const char *kid, *secret, *issuer, *audience;
    } cases[] = {
        {AG_ALG_HS256, NULL, SECRET, NULL, NULL},     {AG_ALG_HS512, NULL, SECRET, NULL, NULL},
        {AG_ALG_HS256, "a", SECRET, NULL, NULL},      {AG_ALG_HS256, "b", SECRET, NULL, NULL},
        {AG_ALG_HS256, NULL, SECRET "x", NULL, NULL}, {AG_ALG_HS256, NULL, SECRET, "a", NULL},
        {AG_ALG_HS256, NULL, SECRET, NULL, "a"},      {AG_ALG_HS256, NULL, SECRET, "", NULL},
        {AG_ALG_HS256, NULL, SECRET, "a", "a"},
    };
    const maker_t *m = *state;
    ag_id_t ids[N_OF(cases)];
    int i, j;

    for (i = 0; i < N_OF(cases) * 2; i++) {
        int at = i % N_OF(cases);
        ag_jwt_keyset_t set = {
            .issuer = cases[at].issuer, .audience = cases[at].audience, .origin = i < N_OF(cases) ? "a" : "b"};

        assert_null(
            ag_jwt_load_key(&set, cases[at].alg, cases[at].kid, cases[at].secret, strlen(cases[at].secret), m->p));
        assert_true(i < N_OF(cases) || ag_id_equal(ids[at], set.id));
        ids[at] = set.id;
    }
    for (i = 0; i < N_OF(cases); i++) {
        for (j = 0; j < i; j++) {
            assert_false(ag_id_equal(ids[i], ids[j]));
        }
    }
}

/* A secret is gone when its pool is: its bytes are looked at by a cleanup that runs after. */
static const unsigned char *watched;
static int wiped;

static apr_status_t look(void *data)
{
    static const unsigned char zero[64] = {0};

    (void)data;
    wiped = memcmp(watched, zero, 64) == 0;
    return APR_SUCCESS;
}

static void test_wiped(void **state)
{
    const maker_t *m = *state;
    ag_jwt_keyset_t set;
    apr_pool_t *p;

    apr_pool_create(&p, m->p);
    apr_pool_cleanup_register(p, NULL, look, apr_pool_cleanup_null); /* last in runs first */
    load_key(&set, "HS256", SECRET, p);
    watched = set.keys[0].secret;
    assert_memory_equal(watched, SECRET, 64);
    wiped = 0;
    apr_pool_destroy(p);
    assert_int_equal(wiped, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_secrets), cmocka_unit_test(test_bad_keys), cmocka_unit_test(test_bad_kid),
        cmocka_unit_test(test_forms),       cmocka_unit_test(test_id),       cmocka_unit_test(test_wiped),
    };

    return cmocka_run_group_tests(tests, maker_start, maker_stop);
}
