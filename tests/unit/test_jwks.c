/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_jwks: key sets: what is passed over, what is left out and told.
 */
#include "jwks_fixture.h"

/* ---- what is passed over --------------------------------------------------------------------- */

/* Meant for something else: not a word of it. */
static void test_skipped(void **state)
{
    const maker_t *m = *state;
    const char *const others[] = {
        jwk_of(m->rsa, "\"use\":\"enc\",", m->p),           jwk_of(m->rsa, "\"use\":\"\",", m->p),
        jwk_of(m->rsa, "\"key_ops\":[\"encrypt\"],", m->p), jwk_of(m->rsa, "\"key_ops\":[],", m->p),
        jwk_of(m->rsa, "\"alg\":\"RSA-OAEP\",", m->p),      jwk_of(m->p256, "\"alg\":\"ECDH-ES+A256KW\",", m->p),
    };
    const char *mine = jwk_of(m->ed, "", m->p);
    int i;

    for (i = 0; i < N_OF(others); i++) {
        assert_null(load_good(set_of(m->p, others[i], mine, NULL), 1, m->p).left_out);
        load_bad(set_of(m->p, others[i], NULL), "no key that can verify", m->p);
    }
    /* An encryption key may share its kid with a signing key. */
    load_good(set_of(m->p, jwk_of(m->rsa, "\"kid\":\"a\",\"use\":\"enc\",", m->p),
                     jwk_of(m->ed, "\"kid\":\"a\",", m->p), NULL),
              1, m->p);
}

/* Of a kind that is not known here (RFC 7517 s5). */
static void test_strange(void **state)
{
    const maker_t *m = *state;
    const struct {
        const char *jwk, *wanted;
    } cases[] = {
        {jwk_of(m->rsa, "\"alg\":\"none\",", m->p), "\"alg\" is not known"},
        {jwk_of(m->p256, "\"alg\":\"ES256K\",", m->p), "\"alg\" is not known"},
        {"{\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\",\"pub\":\"AA\"}", "\"kty\" is not known"},
        {"{\"kty\":\"rsa\"}", "\"kty\" is not known"},
        {"{\"kty\":\"EC\",\"crv\":\"P-224\",\"x\":\"AA\",\"y\":\"AA\"}", "\"crv\" is not known"},
        {"{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\",\"y\":\"AA\"}", "\"crv\""},
        {"{\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"AA\",\"y\":\"AA\"}", "\"crv\""},
        {"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"}", "\"crv\" is not known"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"AA\"}", "\"crv\" is not known"},
        {"{\"kty\":\"OKP\",\"crv\":\"P-256\",\"x\":\"AA\"}", "\"crv\" is not known"},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        left_out(m, cases[i].jwk, cases[i].wanted);
    }
}

/* null is a member that is not there: many a library writes what it does not have. */
static void test_null(void **state)
{
    const maker_t *m = *state;
    const char *nulls = "\"use\":null,\"key_ops\":null,\"alg\":null,\"kid\":null,\"x5c\":null,";
    ag_jwt_keyset_t set = load_good(set_of(m->p, jwk_of(m->rsa, nulls, m->p), NULL), 1, m->p);
    ag_jwt_keyset_t plain = load_good(set_of(m->p, jwk_of(m->rsa, "", m->p), NULL), 1, m->p);

    assert_null(set.left_out);
    assert_true(ag_id_equal(plain.id, set.id));
}

/* What an editor or a download leaves around a text. */
static void test_wrapping(void **state)
{
    const maker_t *m = *state;
    const char *set = set_of(m->p, jwk_of(m->ed, "", m->p), NULL);
    const char *marked = apr_pstrcat(m->p, "\xEF\xBB\xBF", set, "\r\n", NULL);
    char *padded = apr_pcalloc(m->p, strlen(set) + 3);
    ag_jwt_keyset_t loaded = {0};

    load_good(marked, 1, m->p);
    memcpy(padded, set, strlen(set));
    assert_null(ag_jwt_load_jwks(&loaded, padded, strlen(set) + 3, m->p));
    load_bad(apr_pstrcat(m->p, "\xEF\xBB\xBF\xEF\xBB\xBF", set, NULL), "not a JWK set", m->p);
    load_bad("\xEF\xBB\xBF", "not a JWK set", m->p);
}

/* ---- a secret that was published ------------------------------------------------------------- */

/* An issuer that kept its signing secrets in the set it publishes told them to everybody: an HS256 token
 * made with one was as good as a real one. It is so whatever becomes of the public keys of that set. */
static void test_published_secret(void **state)
{
    const maker_t *m = *state;
    const char *secret = oct_of(SECRET, 64, "\"kid\":\"s\",", m->p);
    const char *beside[] = {jwk_of(m->rsa, "", m->p), jwk_of(m->ed, "\"use\":\"enc\",", m->p),
                            "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", "{\"kty\":\"AKP\",\"pub\":\"AAAA\"}"};
    ag_jwt_keyset_t set;
    int i;

    for (i = 0; i < N_OF(beside); i++) {
        set = load_good(set_of(m->p, secret, beside[i], jwk_of(m->p256, "", m->p), secret, NULL), i ? 1 : 2, m->p);
        assert_null(set.keys[0].secret);
        assert_null(set.keys[set.n - 1].secret);
        assert_non_null(strstr(set.left_out, "key 1 (kid s): it is a secret in a set with public keys"));
    }
    load_bad(set_of(m->p, secret, beside[2], NULL), "it is a secret", m->p);
    load_good(set_of(m->p, secret, oct_of(SECRET, 32, "", m->p), NULL), 2, m->p);
}

/* ---- what is wrong --------------------------------------------------------------------------- */

static void test_bad_sets(void **state)
{
    const maker_t *m = *state;

    load_bad("", "not a JWK set", m->p);
    load_bad("{}", "not a JWK set", m->p);
    load_bad("[]", "not a JWK set", m->p);
    load_bad("{\"keys\":{}}", "not a JWK set", m->p);
    load_bad("{\"keys\":[],\"keys\":[]}", "not a JWK set", m->p);
    load_bad("{\"keys\":[]}x", "not a JWK set", m->p);
    load_bad(jwk_of(m->ed, "", m->p), "not a JWK set", m->p); /* a key alone */
    load_bad(public_pem(m->ed, m->p), "not a JWK set", m->p);
    load_bad("{\"keys\":[]}", "no key that can verify", m->p);
}

/* The first 256 count; of those that are left out five are named. */
static void test_flood(void **state)
{
    const maker_t *m = *state;
    char *flood = jwk_of(m->ed, "", m->p);
    ag_jwt_keyset_t set;
    int i;

    for (i = 0; i < 255; i++) {
        flood = apr_pstrcat(m->p, flood, ",{}", NULL);
    }
    flood = apr_pstrcat(m->p, "{\"keys\":[", flood, ",", jwk_of(m->rsa, "", m->p), "]}", NULL);
    set = load_good(flood, 1, m->p);
    assert_ptr_equal(strstr(set.left_out, "256 of 257 keys are left out: key 2: "), set.left_out);
    assert_non_null(strstr(set.left_out, "key 6: "));
    assert_non_null(strstr(set.left_out, "; and others"));
    assert_null(strstr(set.left_out, "key 7"));
}

/* A kid is told where it can do no harm in a log. */
static void test_names(void **state)
{
    const maker_t *m = *state;

    left_out(m, "{\"kid\":\"2024-key\",\"kty\":7}", "(kid 2024-key): its \"kty\"");
    left_out(m, "{\"kid\":\"a b\",\"kty\":7}", ": its \"kty\"");
    left_out(m, "{\"kid\":\"\\u001b[2J\",\"kty\":7}", ": its \"kty\"");
}

/* RFC 7517 s4.5: type and algorithm tell keys of one `kid` apart. Where they do not, each is tried. */
static void test_one_kid(void **state)
{
    static const char *const algs[] = {"RS256", "RS512", "ES256", "EdDSA"};
    const maker_t *m = *state;
    ag_jwt_keyset_t set =
        load_good(set_of(m->p, jwk_of(m->rsa, "\"kid\":\"a\",\"alg\":\"RS256\",", m->p),
                         jwk_of(m->rsa, "\"kid\":\"a\",\"alg\":\"RS512\",", m->p),
                         jwk_of(m->p256, "\"kid\":\"a\",", m->p), jwk_of(m->ed, "\"kid\":\"a\",", m->p),
                         jwk_of(m->rsa2, "\"kid\":\"a\",\"alg\":\"RS256\",", m->p), NULL),
                  5, m->p);
    int i, j;

    assert_null(set.left_out);
    for (i = 0; i < N_OF(algs); i++) {
        const char *token = make_plain(algs[i], key_for(m, algs[i]), "a", "{}", m->p);

        for (j = 0; j < set.n; j++) {
            assert_int_equal(verifies(token, &set.keys[j], m->p), j == i);
        }
    }
    assert_true(verifies(make_plain("RS256", m->rsa2, "a", "{}", m->p), &set.keys[4], m->p));
    load_bad(set_of(m->p, jwk_of(m->rsa, "\"kid\":\"a\",\"kid\":\"b\",", m->p), NULL), "not a JWK set", m->p);
    load_good(set_of(m->p, jwk_of(m->rsa, "", m->p), jwk_of(m->rsa2, "", m->p), NULL), 2, m->p);
}

/* ---- certificates in the place of keys -------------------------------------------------------- */

/* A member of such a map. */
static const char *certificate_of(const char *kid, EVP_PKEY *key, apr_pool_t *p)
{
    char text[8192];
    ag_buf_t b;

    ag_buf_init(&b, text, sizeof text);
    ag_json_string(&b, certificate_pem(key, p));
    return apr_psprintf(p, "\"%s\":%s", kid, text);
}

static void test_certificates(void **state)
{
    const maker_t *m = *state;
    EVP_PKEY *keys[] = {m->rsa, m->p256, m->p384, m->p521, m->ed};
    static const char *const algs[] = {"RS256", "ES256", "ES384", "ES512", "EdDSA"};
    const char *text = "{";
    ag_jwt_keyset_t set;
    int i;

    for (i = 0; i < N_OF(keys); i++) {
        text = apr_pstrcat(m->p, text, i ? "," : "", certificate_of(algs[i], keys[i], m->p), NULL);
    }
    set = load_good(apr_pstrcat(m->p, text, "}", NULL), 5, m->p);
    for (i = 0; i < N_OF(keys); i++) {
        assert_string_equal(set.keys[i].kid, algs[i]);
        assert_true(verifies(make_plain(algs[i], keys[i], "a", "{}", m->p), &set.keys[i], m->p));
    }
    assert_true(verifies(make_plain("PS256", m->rsa, NULL, "{}", m->p), &set.keys[0], m->p));
    assert_false(verifies(make_plain("RS512", m->rsa, NULL, "{}", m->p), &set.keys[0], m->p));
}

static void test_no_certificates(void **state)
{
    const maker_t *m = *state;
    EVP_PKEY *small = EVP_RSA_gen(1024), *other = EVP_EC_gen("secp256k1");
    const char *good = certificate_of("a", m->rsa, m->p);
    ag_jwt_keyset_t set = load_good(apr_psprintf(m->p, "{%s,%s,%s,\"d\":\"-----BEGIN CERTIFICATE-----\",%s}", good,
                                                 certificate_of("b", small, m->p), certificate_of("c", other, m->p),
                                                 certificate_of("e e", m->rsa, m->p)),
                                    1, m->p);

    assert_non_null(strstr(set.left_out, "4 of 5 keys are left out: key 2 (kid b): the RSA key has 1024 bits"));
    assert_non_null(strstr(set.left_out, "key 3 (kid c): its key is of a type or curve that is not known here"));
    assert_non_null(strstr(set.left_out, "key 4 (kid d): it is no certificate in PEM form"));
    assert_non_null(strstr(set.left_out, "key 5: its name is not 1 to 256"));
    load_bad("{\"a\":\"-----BEGIN CERTIFICATE-----\"}", "the set holds no key", m->p);
    load_bad("{}", "not a JWK set", m->p);
    load_bad(apr_psprintf(m->p, "{%s,\"b\":1}", good), "not a JWK set", m->p);
    load_bad(apr_psprintf(m->p, "{%s,\"b\":\"-----BEGIN PUBLIC KEY-----\"}", good), "not a JWK set", m->p);
    load_bad(apr_psprintf(m->p, "{%s,%s}", good, good), "not a JWK set", m->p);
    load_bad(apr_psprintf(m->p, "{%s,\"keys\":1}", good), "not a JWK set", m->p);
    EVP_PKEY_free(small);
    EVP_PKEY_free(other);
}

/* Whoever has read it over the network could sign with it. */
static void test_a_secret_that_is_fetched(void **state)
{
    const maker_t *m = *state;
    ag_jwt_keyset_t set = {.ring = (struct ag_keyring_t *)&set};
    const char *text = set_of(m->p, oct_of(SECRET, 32, "", m->p), NULL);

    assert_non_null(strstr(load(&set, text, m->p), "it is a secret in a set"));
    set.ring = NULL;
    assert_null(load(&set, text, m->p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_skipped),
        cmocka_unit_test(test_strange),
        cmocka_unit_test(test_null),
        cmocka_unit_test(test_wrapping),
        cmocka_unit_test(test_published_secret),
        cmocka_unit_test(test_bad_sets),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_one_kid),
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_no_certificates),
        cmocka_unit_test(test_a_secret_that_is_fetched),
    };

    return cmocka_run_group_tests(tests, maker_start, maker_stop);
}
