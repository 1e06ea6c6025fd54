/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key sets: what each kind of key serves, what is passed over, what is left out and told.
 */
#include "jwt_maker.h"

#define BIT(alg) (1u << AG_ALG_##alg)

static const char *load(ag_jwt_keyset_t *set, const char *text, apr_pool_t *p)
{
    const char *error = ag_jwt_load_jwks(set, text, strlen(text), p);

    assert_int_equal(ERR_peek_error(), 0);
    assert_int_equal(error == NULL, set->n > 0);
    return error;
}

/* The set must load, with `n` keys. */
static ag_jwt_keyset_t load_good(const char *text, int n, apr_pool_t *p)
{
    ag_jwt_keyset_t set = {0};
    const char *error = load(&set, text, p);

    if (error || set.n != n) {
        fail_msg("%s: %d keys, wanted %d, in %s", error ? error : "no error", set.n, n, text);
    }
    return set;
}

static void load_bad(const char *text, const char *wanted, apr_pool_t *p)
{
    ag_jwt_keyset_t set = {0};
    const char *error = load(&set, text, p);

    if (!error || !strstr(error, wanted)) {
        fail_msg("got \"%s\", wanted \"%s\", for %s", error ? error : "(none)", wanted, text);
    }
}

/* ---- what a key serves ----------------------------------------------------------------------- */

static void test_serves(void **state)
{
    const maker_t *m = *state;
    const struct {
        const char *jwk;
        unsigned algs;
    } cases[] = {
        {jwk_of(m->rsa, "", m->p), BIT(RS256) | BIT(PS256)},
        {jwk_of(m->rsa, "\"alg\":\"RS384\",", m->p), BIT(RS384)},
        {jwk_of(m->rsa, "\"alg\":\"PS512\",", m->p), BIT(PS512)},
        {jwk_of(m->p256, "", m->p), BIT(ES256)},
        {jwk_of(m->p384, "", m->p), BIT(ES384)},
        {jwk_of(m->p384, "\"alg\":\"ES384\",", m->p), BIT(ES384)},
        {jwk_of(m->p521, "", m->p), BIT(ES512)},
        {jwk_of(m->p521, "\"alg\":\"ES512\",", m->p), BIT(ES512)},
        {jwk_of(m->ed, "", m->p), BIT(EDDSA)},
        {jwk_of(m->ed, "\"alg\":\"Ed25519\",", m->p), BIT(EDDSA)},
        {jwk_of(m->ed, "\"alg\":\"EdDSA\",\"use\":\"sig\",", m->p), BIT(EDDSA)},
        {oct_of(SECRET, 32, "", m->p), BIT(HS256)},
        {oct_of(SECRET, 47, "", m->p), BIT(HS256)},
        {oct_of(SECRET, 48, "", m->p), BIT(HS256) | BIT(HS384)},
        {oct_of(SECRET, 64, "", m->p), BIT(HS256) | BIT(HS384) | BIT(HS512)},
        {oct_of(SECRET, 64, "\"alg\":\"HS256\",", m->p), BIT(HS256)},
        {oct_of(SECRET, 32, "\"key_ops\":[\"sign\",\"verify\"],", m->p), BIT(HS256)},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_jwt_keyset_t set = load_good(set_of(m->p, cases[i].jwk, NULL), 1, m->p);

        assert_int_equal(set.keys[0].algs, cases[i].algs);
        assert_int_equal(set.keys[0].pkey == NULL, set.keys[0].secret != NULL);
    }
}

static void test_verifies(void **state)
{
    static const char *const algs[] = {"RS256", "PS256", "ES256", "ES384", "EdDSA", "HS512"};
    const maker_t *m = *state;
    int i, j;
    ag_jwt_keyset_t set = load_good(set_of(m->p, jwk_of(m->rsa, "\"kid\":\"0\",", m->p), jwk_of(m->p256, "", m->p),
                                           jwk_of(m->p384, "", m->p), jwk_of(m->ed, "", m->p), NULL),
                                    4, m->p);
    static const int key_of[] = {0, 0, 1, 2, 3, -1};

    assert_string_equal(set.keys[0].kid, "0");
    assert_null(set.keys[1].kid);
    for (i = 0; i < N_OF(algs); i++) {
        const char *token = make_plain(algs[i], key_for(m, algs[i]), NULL, "{}", m->p);

        for (j = 0; j < set.n; j++) {
            assert_int_equal(verifies(token, &set.keys[j], m->p), j == key_of[i]);
        }
    }
}

/* RFC 7518 s6.2.1.2 wants the zeros at the front of a coordinate; without them it still is one. */
static void test_padding(void **state)
{
    const maker_t *m = *state;
    unsigned char x[32] = {1};
    EVP_PKEY *key = NULL;
    ag_jwt_keyset_t set;
    char *jwk;

    while (x[0]) { /* one key in 256 */
        BIGNUM *number = NULL;

        EVP_PKEY_free(key);
        key = EVP_EC_gen("P-256");
        EVP_PKEY_get_bn_param(key, "qx", &number);
        BN_bn2binpad(number, x, 32);
        BN_free(number);
    }
    jwk = apr_psprintf(m->p, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}", b64(x + 1, 31, m->p),
                       param64(key, "qy", 32, m->p));
    set = load_good(set_of(m->p, jwk, NULL), 1, m->p);
    assert_int_equal(verifies(make_plain("ES256", key, NULL, "{}", m->p), set.keys, m->p), 1);
    EVP_PKEY_free(key);
}

/* Private members are not looked at: wrong or right, they change nothing. */
static void test_private_members(void **state)
{
    const maker_t *m = *state;
    ag_jwt_keyset_t plain = load_good(set_of(m->p, jwk_of(m->rsa, "", m->p), NULL), 1, m->p);
    ag_jwt_keyset_t set =
        load_good(set_of(m->p, jwk_of(m->rsa, "\"d\":\"!\",\"p\":7,\"q\":null,", m->p), NULL), 1, m->p);

    assert_true(ag_id_equal(plain.id, set.id));
}

/* The same key under the same binding has the same id in PEM and as a JWK; another has not. */
static void test_id(void **state)
{
    const maker_t *m = *state;
    const char *pem = public_pem(m->p256, m->p);
    ag_jwt_keyset_t one = load_good(set_of(m->p, jwk_of(m->p256, "", m->p), NULL), 1, m->p);
    ag_jwt_keyset_t two = load_good(set_of(m->p, jwk_of(m->p256, "", m->p), jwk_of(m->ed, "", m->p), NULL), 2, m->p);
    ag_jwt_keyset_t kid = load_good(set_of(m->p, jwk_of(m->p256, "\"kid\":\"a\",", m->p), NULL), 1, m->p);
    ag_jwt_keyset_t set = {0};

    assert_null(ag_jwt_load_key(&set, AG_ALG_ES256, NULL, pem, strlen(pem), m->p));
    assert_true(ag_id_equal(one.id, set.id));
    assert_false(ag_id_equal(one.id, two.id));
    assert_false(ag_id_equal(one.id, kid.id));
}

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

/* Beside the one key that is good, this one is left out, and told with `wanted`; alone it is an error. */
static void left_out(const maker_t *m, const char *jwk, const char *wanted)
{
    const char *good = strstr(jwk, "\"oct\"") ? oct_of(SECRET, 32, "", m->p) : jwk_of(m->ed, "", m->p);
    ag_jwt_keyset_t plain = load_good(set_of(m->p, good, NULL), 1, m->p);
    ag_jwt_keyset_t set = load_good(set_of(m->p, good, jwk, NULL), 1, m->p);

    if (!set.left_out || !strstr(set.left_out, "1 of 2 keys is left out: key 2") || !strstr(set.left_out, wanted)) {
        fail_msg("told \"%s\", wanted \"%s\", for %s", set.left_out ? set.left_out : "(none)", wanted, jwk);
    }
    assert_true(ag_id_equal(plain.id, set.id)); /* it adds nothing to what is accepted */
    load_bad(set_of(m->p, jwk, NULL), "no key that can verify a token: key 1", m->p);
    load_bad(set_of(m->p, jwk, NULL), wanted, m->p);
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

/* The values of a JWK with padding, or in the other alphabet. */
static char *spelled(const char *jwk, const char *name, int padded, apr_pool_t *p)
{
    const char *from = strstr(jwk, apr_psprintf(p, "\"%s\":\"", name)) + strlen(name) + 4;
    size_t n = strcspn(from, "\"");
    char *value = apr_pstrmemdup(p, from, n), *at;

    for (at = value; *at; at++) {
        *at = *at == '-' ? '+' : *at == '_' ? '/' : *at;
    }
    return apr_psprintf(p, "%.*s%s%s%s", (int)(from - jwk), jwk, value, padded ? &"==="[3 - (4 - n % 4) % 4] : "",
                        from + n);
}

static void test_spelling(void **state)
{
    const maker_t *m = *state;
    const char *rsa = jwk_of(m->rsa, "", m->p), *secret = oct_of(SECRET, 32, "", m->p);
    ag_jwt_keyset_t rsa_set = load_good(set_of(m->p, rsa, NULL), 1, m->p);
    ag_jwt_keyset_t secret_set = load_good(set_of(m->p, secret, NULL), 1, m->p);
    int padded;

    for (padded = 0; padded < 2; padded++) {
        ag_jwt_keyset_t set = load_good(set_of(m->p, spelled(rsa, "n", padded, m->p), NULL), 1, m->p);

        assert_true(ag_id_equal(rsa_set.id, set.id));
        set = load_good(set_of(m->p, spelled(secret, "k", padded, m->p), NULL), 1, m->p);
        assert_true(ag_id_equal(secret_set.id, set.id));
    }
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

/* Left out, however good the others are. */
static void test_bad_keys(void **state)
{
    const maker_t *m = *state;
    EVP_PKEY *small = EVP_RSA_gen(1024);
    const struct {
        const char *jwk, *wanted;
    } cases[] = {
        {"7", "not an object"},
        {"null", "not an object"},
        {"{}", "\"kty\" is missing"},
        {"{\"kty\":7}", "\"kty\" is missing"},
        {jwk_of(m->rsa, "\"alg\":7,", m->p), "\"alg\" is not text"},
        {jwk_of(m->rsa, "\"use\":7,", m->p), "malformed"},
        {jwk_of(m->rsa, "\"key_ops\":\"verify\",", m->p), "malformed"},
        {jwk_of(m->rsa, "\"kid\":7,", m->p), "\"kid\" is not"},
        {jwk_of(m->rsa, "\"kid\":\"\",", m->p), "\"kid\" is not"},
        {jwk_of(m->rsa, "\"kid\":\"a b\",", m->p), "\"kid\" is not"},
        {jwk_of(m->rsa, "\"alg\":\"HS256\",", m->p), "HS256 does not fit its \"kty\""},
        {jwk_of(m->rsa, "\"alg\":\"ES256\",", m->p), "does not fit"},
        {jwk_of(m->p256, "\"alg\":\"ES384\",", m->p), "curve is another"},
        {jwk_of(m->p384, "\"alg\":\"ES256\",", m->p), "curve is another"},
        {jwk_of(m->p256, "\"alg\":\"EdDSA\",", m->p), "does not fit"},
        {oct_of(SECRET, 64, "\"alg\":\"RS256\",", m->p), "does not fit"},
        {oct_of(SECRET, 31, "", m->p), "31 bytes"},
        {oct_of(SECRET, 47, "\"alg\":\"HS384\",", m->p), "shorter than the hash"},
        {oct_of("", 0, "", m->p), "\"k\" is missing"},
        {"{\"kty\":\"oct\"}", "\"k\" is missing"},
        {"{\"kty\":\"oct\",\"k\":7}", "\"k\" is missing"},
        {"{\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\"}", "\"k\""},
        {"{\"kty\":\"RSA\",\"e\":\"AQAB\",\"x5c\":[\"MIIC\"]}", "\"n\" is missing"},
        {oct_of(public_pem(m->rsa, m->p), 300, "", m->p), "PEM"},
        {jwk_of(small, "", m->p), "1024 bits"},
        {"{\"kty\":\"RSA\",\"e\":\"AQAB\"}", "\"n\" is missing"},
        {"{\"kty\":\"RSA\",\"n\":\"AQAB\"}", "\"e\" is missing"},
        {"{\"kty\":\"EC\",\"x\":\"AA\",\"y\":\"AA\"}", "\"crv\" is missing"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\"}", "\"y\" is missing"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"AQ\"}", "valid public key"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}", "valid public key"},
        {"{\"kty\":\"OKP\",\"x\":\"AA\"}", "\"crv\" is missing"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}", "\"x\" is missing"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}", "valid public key"},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        left_out(m, cases[i].jwk, cases[i].wanted);
    }
    EVP_PKEY_free(small);
}

static char *rsa_set(const char *n, const char *e, apr_pool_t *p)
{
    return apr_psprintf(p, "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}]}", n, e);
}

/* RSA keys of good size that OpenSSL would take: with an exponent of 0, 1, 2 or a huge one, or with
 * an even modulus. */
static void test_unsound_rsa(void **state)
{
    const maker_t *m = *state;
    const char *exponents[] = {"AA", "AQ", "Ag", b64("\1\0\0\0\0\0\0\0\1", 9, m->p)};
    const char *n = param64(m->rsa, "n", 0, m->p);
    unsigned char even[256];
    int i;

    for (i = 0; i < N_OF(exponents); i++) {
        load_bad(rsa_set(n, exponents[i], m->p), "key 1: the", m->p);
    }
    load_good(rsa_set(n, "Aw", m->p), 1, m->p);
    memset(even, 0xFE, sizeof even);
    load_bad(rsa_set(b64(even, sizeof even, m->p), "AQAB", m->p), "valid public key", m->p);
}

/* A coordinate of a byte too many, also one of zero. */
static void test_long_coordinate(void **state)
{
    const maker_t *m = *state;

    load_bad(apr_psprintf(m->p,
                          "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\","
                          "\"y\":\"%s\"}]}",
                          param64(m->p256, "qx", 33, m->p), param64(m->p256, "qy", 32, m->p)),
             "\"x\" is too long", m->p);
    load_bad(apr_psprintf(m->p,
                          "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"%s\","
                          "\"y\":\"%s\"}]}",
                          param64(m->p384, "qx", 48, m->p), param64(m->p384, "qy", 200, m->p)),
             "\"y\" is too long", m->p);
    load_bad(set_of(m->p, oct_of(apr_pcalloc(m->p, 4000), 4000, "", m->p), NULL), "\"k\"", m->p);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_serves),
        cmocka_unit_test(test_verifies),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_private_members),
        cmocka_unit_test(test_id),
        cmocka_unit_test(test_skipped),
        cmocka_unit_test(test_strange),
        cmocka_unit_test(test_null),
        cmocka_unit_test(test_wrapping),
        cmocka_unit_test(test_spelling),
        cmocka_unit_test(test_published_secret),
        cmocka_unit_test(test_bad_sets),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_bad_keys),
        cmocka_unit_test(test_unsound_rsa),
        cmocka_unit_test(test_long_coordinate),
        cmocka_unit_test(test_one_kid),
    };

    return cmocka_run_group_tests(tests, maker_start, maker_stop);
}
