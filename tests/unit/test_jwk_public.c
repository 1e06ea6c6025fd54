/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is published of a key that signs: its public part alone, by the names that RFC 7638 and RFC 8037 have.
 */
#include "../../src/issue/jwk_public.h"

#include "jwt_maker.h"

#include "../../src/issue/signing_key.h"

/* RFC 7638 s3.1. */
static void test_thumbprint(void **state)
{
    static const char members[] =
        "\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxu"
        "hDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY"
        "368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksI"
        "NHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw\"";
    const maker_t *m = *state;

    assert_string_equal(ag_jwk_thumbprint(members, m->p), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

static void test_members(void **state)
{
    static const char *const algs[] = {"RS256", "PS512", "ES256", "ES384", "ES512", "EdDSA"};
    const maker_t *m = *state;
    int i;

    for (i = 0; i < N_OF(algs); i++) {
        ag_alg_e alg = ag_alg_find(algs[i]);
        const char *members = ag_jwk_members(alg, key_for(m, algs[i]), m->p);
        const char *text;
        ag_jwt_keyset_t set = {0};

        assert_non_null(members);
        text = apr_pstrcat(m->p, "{\"keys\":[", ag_jwk_public(members, alg, "k\"1", m->p), "]}", NULL);
        assert_null(strstr(text, "\"d\""));
        assert_null(ag_jwt_load_jwks(&set, text, strlen(text), m->p));
        assert_null(set.left_out);
        assert_int_equal(set.n, 1);
        assert_int_equal(set.keys->algs, 1u << alg);
        assert_string_equal(set.keys->kid, "k\"1");
        assert_int_equal(EVP_PKEY_eq(set.keys->pkey, key_for(m, algs[i])), 1);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

/* A secret is not published, and names itself by no thumbprint. */
static void test_secret(void **state)
{
    const maker_t *m = *state;
    ag_signing_key_t key = {.alg = AG_ALG_HS256};
    char *token;

    assert_null(ag_signing_key_open(&key, SECRET, strlen(SECRET), m->p));
    assert_null(key.jwk);
    assert_null(key.kid);
    assert_null(ag_signing_key_sign(&token, &key, "{}", m->p));
    assert_null(ag_signing_key_open(&key, SECRET, 32, m->p));
    assert_non_null(strstr(ag_signing_key_open(&key, SECRET, 31, m->p), "31 bytes"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thumbprint),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_secret),
    };

    return cmocka_run_group_tests(tests, maker_start, maker_stop);
}
