/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests by published vectors or another implementation, encodings by RFC 4648 and by all that is
 * almost right.
 */
#include "unit.h"

#include <openssl/evp.h>
#include <openssl/params.h>

#include "../../src/base/digest.h"

/* ---- SipHash --------------------------------------------------------------------------------- */

/* The 16 bytes as the authors print them: both words least significant byte first. */
static const char *sip_hex(const ag_sip_key_t *key, const void *data, apr_size_t n)
{
    static char hex[33];
    unsigned char bytes[16];
    ag_id_t id = ag_sip(key, data, n);
    int i;

    for (i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(id.lo >> 8 * i);
        bytes[8 + i] = (unsigned char)(id.hi >> 8 * i);
    }
    return ag_hex(hex, bytes, 16);
}

/* As OpenSSL has it: one round a word, three at the end. */
static void openssl_sip(unsigned char out[16], const void *key, const void *data, size_t n)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
    size_t size = 16;
    unsigned one = 1, three = 3;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_size_t("size", &size), OSSL_PARAM_construct_uint("c-rounds", &one),
                           OSSL_PARAM_construct_uint("d-rounds", &three), OSSL_PARAM_construct_end()};

    assert_true(EVP_MAC_CTX_set_params(ctx, params));
    assert_true(EVP_MAC_init(ctx, key, 16, NULL));
    assert_true(EVP_MAC_update(ctx, data, n));
    assert_true(EVP_MAC_final(ctx, out, &size, 16));
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
}

/* All keys, high bytes, lengths past 255 (the length is taken modulo 256). */
static void test_sip(void **state)
{
    unsigned char raw[16], data[600], out[16];
    ag_sip_key_t key;
    char hex[33];
    apr_size_t n;
    int i;

    (void)state;
    srand(3);
    for (n = 0; n < sizeof data; n++) {
        for (i = 0; i < 16; i++) {
            raw[i] = (unsigned char)rand();
        }
        for (i = 0; i < (int)n; i++) {
            data[i] = (unsigned char)rand();
        }
        key.k0 = key.k1 = 0;
        for (i = 7; i >= 0; i--) {
            key.k0 = key.k0 << 8 | raw[i];
            key.k1 = key.k1 << 8 | raw[8 + i];
        }
        openssl_sip(out, raw, data, n);
        assert_string_equal(sip_hex(&key, data, n), ag_hex(hex, out, 16));
    }
}

static void test_ids(void **state)
{
    ag_id_t a = {1, 2}, b = {1, 3}, c = {2, 2}, mixed = ag_id_mix(b, c);
    unsigned char hash[AG_SHA256_SIZE];
    ag_id_t id = ag_id_of("abc", 3);

    (void)state;
    assert_true(ag_id_equal(a, a));
    assert_false(ag_id_equal(a, b));
    assert_false(ag_id_equal(a, c));
    assert_true(mixed.hi == 3 && mixed.lo == 1);
    ag_sha256(hash, "abc", 3);
    assert_memory_equal(&id, hash, 16);
}

/* ---- SHA-256, HMAC, CRC-32 ------------------------------------------------------------------- */

/* FIPS 180-4's examples. */
static void test_sha256(void **state)
{
    unsigned char hash[AG_SHA256_SIZE];
    char hex[65];

    (void)state;
    ag_sha256(hash, "", 0);
    assert_string_equal(ag_hex(hex, hash, sizeof hash),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    ag_sha256(hash, "abc", 3);
    assert_string_equal(ag_hex(hex, hash, sizeof hash),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    ag_sha256(hash, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56);
    assert_string_equal(ag_hex(hex, hash, sizeof hash),
                        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* RFC 4231 s4.3 and s4.7 (a key longer than a block). */
static void test_hmac(void **state)
{
    static const char big[] = "Test Using Larger Than Block-Size Key - Hash Key First";
    unsigned char hash[AG_SHA256_SIZE], key[131];
    char hex[65];

    (void)state;
    ag_hmac_sha256(hash, "Jefe", 4, "what do ya want for nothing?", 28);
    assert_string_equal(ag_hex(hex, hash, sizeof hash),
                        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    ag_hmac_sha256(hash, key, sizeof key, big, strlen(big));
    assert_string_equal(ag_hex(hex, hash, sizeof hash),
                        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* The definition, one bit at a time: the reflected polynomial 0x04C11DB7. */
static apr_uint32_t crc_slowly(const unsigned char *data, int n)
{
    apr_uint32_t crc = 0xFFFFFFFF;
    int bit;

    for (bit = 0; bit < 8 * n; bit++) {
        crc ^= (apr_uint32_t)(data[bit / 8] >> bit % 8 & 1);
        crc = crc & 1 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
    }
    return ~crc;
}

static void test_crc32(void **state)
{
    unsigned char data[256];
    int i;

    (void)state;
    assert_int_equal(ag_crc32("123456789", 9), 0xcbf43926);
    assert_int_equal(ag_crc32("", 0), 0);
    assert_int_equal(ag_crc32("a", 1), 0xe8b7be43);
    for (i = 0; i < 256; i++) {
        data[i] = (unsigned char)(255 - i);
        assert_int_equal(ag_crc32(data, (apr_size_t)i + 1), crc_slowly(data, i + 1));
    }
}

/* ---- encodings ------------------------------------------------------------------------------- */

static void test_hex(void **state)
{
    char out[7] = "xxxxxx";

    (void)state;
    assert_ptr_equal(ag_hex(out, "\x00\xAF\x5e", 3), out);
    assert_string_equal(out, "00af5e");
    assert_string_equal(ag_hex(out, "", 0), "");
}

typedef struct {
    const char *text;
    const char *bytes; /* NULL: refused */
} encoded_t;

static void run(int (*decode)(unsigned char *out, const char *text, apr_size_t n), const encoded_t *cases, int n)
{
    unsigned char out[64];
    int i;

    for (i = 0; i < n; i++) {
        int wanted = cases[i].bytes ? (int)strlen(cases[i].bytes) : -1;
        int size = decode(out, cases[i].text, strlen(cases[i].text));

        if (size != wanted || (size > 0 && memcmp(out, cases[i].bytes, (size_t)size) != 0)) {
            fail_msg("%s: %d, wanted %d", cases[i].text, size, wanted);
        }
    }
}

static void test_base64url(void **state)
{
    static const encoded_t cases[] = {
        {"", ""},           {"Zg", "f"},          {"Zm8", "fo"},          {"Zm9v", "foo"},
        {"Zm9vYg", "foob"}, {"Zm9vYmE", "fooba"}, {"Zm9vYmFy", "foobar"}, {"-_-_", "\xFB\xFF\xBF"},
        {"_w", "\xFF"},     {"Z", NULL},          {"Zm9vY", NULL},        {"Zg==", NULL},
        {"Zm8=", NULL},     {"Zh", NULL},         {"Zv", NULL},           {"Zm9", NULL},
        {"Zm8\n", NULL},    {"+/+/", NULL},       {" Zg", NULL},          {"Z g", NULL},
        {"Zg ", NULL},      {"Zm.v", NULL},       {"Zm\xC3\xA9", NULL},   {"=", NULL},
        {"====", NULL},
    };
    unsigned char out[4];

    (void)state;
    run(ag_base64url_decode, cases, N_OF(cases));
    assert_int_equal(ag_base64url_decode(out, "Zg\0\0", 4), -1);
    assert_int_equal(ag_base64url_decode(out, "AAAA", 4), 3);
    assert_memory_equal(out, "\0\0\0", 3);
}

/* The other way round. */
static void test_base64url_written(void **state)
{
    static const encoded_t cases[] = {
        {"", ""},           {"Zg", "f"},          {"Zm8", "fo"},          {"Zm9v", "foo"},
        {"Zm9vYg", "foob"}, {"Zm9vYmE", "fooba"}, {"Zm9vYmFy", "foobar"}, {"-_-_", "\xFB\xFF\xBF"},
        {"_w", "\xFF"},
    };
    int i;

    (void)state;
    for (i = 0; i < N_OF(cases); i++) {
        char out[AG_BASE64URL_SIZE(6)];

        assert_string_equal(ag_base64url(out, cases[i].bytes, strlen(cases[i].bytes)), cases[i].text);
        assert_int_equal(strlen(out) + 1, AG_BASE64URL_SIZE(strlen(cases[i].bytes)));
    }
}

static void test_base64(void **state)
{
    static const encoded_t cases[] = {
        {"", ""},
        {"Zg==", "f"},
        {"Zm8=", "fo"},
        {"Zm9v", "foo"},
        {"+/+/", "\xFB\xFF\xBF"},
        {"Zm9vYg==", "foob"},
        {"Zg", NULL},
        {"Zm8", NULL},
        {"Zg=", NULL},
        {"Zg===", NULL},
        {"Zh==", NULL},
        {"Zm9=", NULL},
        {"Z===", NULL},
        {"====", NULL},
        {"Zg==Zg==", NULL},
        {"-_-_", NULL},
        {"Zm9v\n", NULL},
        {"Zm=v", NULL},
        {"Zm8=\n\n\n\n", NULL},
        {"=m8=", NULL},
    };

    (void)state;
    run(ag_base64_decode, cases, N_OF(cases));
}

/* With padding or without, in either alphabet, but not in both. */
static void test_base64any(void **state)
{
    static const encoded_t cases[] = {
        {"", ""},         {"Zg", "f"},          {"Zm8", "fo"},    {"Zm9v", "foo"},          {"Zg==", "f"},
        {"Zm8=", "fo"},   {"Zm9vYg==", "foob"}, {"Zg=", "f"},     {"-_-_", "\xFB\xFF\xBF"}, {"+/+/", "\xFB\xFF\xBF"},
        {"/w==", "\xFF"}, {"_w==", "\xFF"},     {"+_+_", NULL},   {"-/-/", NULL},           {"Zh==", NULL},
        {"Zm9=", NULL},   {"Zm9v=", NULL},      {"Zm9v==", NULL}, {"Zg===", NULL},          {"Zg==Zg==", NULL},
        {"=", NULL},      {"==", NULL},         {"===", NULL},    {"====", NULL},           {"Z===", NULL},
        {"Zm 8", NULL},   {"Zm8\n", NULL},
    };

    (void)state;
    run(ag_base64any_decode, cases, N_OF(cases));
}

/* Every text of three characters has one meaning or none: no two stand for the same bytes. */
static void test_base64url_canonical(void **state)
{
    static unsigned char seen[65536];
    unsigned char out[3];
    int a, b, c, good = 0;

    (void)state;
    for (a = 1; a < 128; a++) {
        for (b = 1; b < 128; b++) {
            for (c = 1; c < 128; c++) {
                char text[] = {(char)a, (char)b, (char)c};

                if (ag_base64url_decode(out, text, 3) == 2) {
                    assert_false(seen[out[0] << 8 | out[1]]);
                    seen[out[0] << 8 | out[1]] = 1;
                    good++;
                }
            }
        }
    }
    assert_int_equal(good, 65536);
}

/* ---- secrets --------------------------------------------------------------------------------- */

static void test_equal(void **state)
{
    (void)state;
    assert_true(ag_equal("abc", "abc", 3));
    assert_true(ag_equal("abc", "abd", 2));
    assert_true(ag_equal("a", "b", 0));
    assert_false(ag_equal("abc", "abd", 3));
    assert_false(ag_equal("abc", "xbc", 3));
    assert_false(ag_equal("a\0b", "a\0c", 3));
}

static void test_random_and_wipe(void **state)
{
    static const unsigned char zero[32];
    unsigned char a[32] = {0}, b[32] = {0};

    (void)state;
    assert_int_equal(ag_random(a, sizeof a), APR_SUCCESS);
    assert_int_equal(ag_random(b, sizeof b), APR_SUCCESS);
    assert_memory_not_equal(a, zero, sizeof a);
    assert_memory_not_equal(a, b, sizeof a);
    memset(b, 'x', sizeof b);
    ag_wipe(b, 31);
    assert_memory_equal(b, zero, 31);
    assert_int_equal(b[31], 'x');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_sip),
        TEST(test_ids),
        TEST(test_sha256),
        TEST(test_hmac),
        TEST(test_crc32),
        TEST(test_hex),
        TEST(test_base64url),
        TEST(test_base64url_written),
        cmocka_unit_test(test_base64url_written),
        TEST(test_base64),
        TEST(test_base64any),
        TEST(test_base64url_canonical),
        TEST(test_equal),
        TEST(test_random_and_wipe),
    };

    return cmocka_run_group_tests_name("base digest", tests, NULL, NULL);
}
