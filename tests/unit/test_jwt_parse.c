/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking tokens apart: what has the form of one, what its header may say, what claims may be.
 */
#include "jwt_maker.h"

#define FORM "form of a signed JWT"
#define ALG  "alg is not an algorithm"
#define EXT  "an extension"
#define TYP  "typ is malformed"
#define KID  "kid is malformed"

typedef struct case_t {
    const char *text;
    const char *error; /* a part of the error text; NULL: accepted */
} case_t;

static void expect(const char *error, const char *wanted, const char *what)
{
    if (!wanted != !error || (wanted && !strstr(error, wanted))) {
        fail_msg("%s: got \"%s\", wanted \"%s\"", what, error ? error : "(none)", wanted ? wanted : "(none)");
    }
}

/* ---- the shape ------------------------------------------------------------------------------- */

static void test_shape(void **state)
{
    static const struct {
        const char *text;
        int shape;
    } cases[] = {
        {"a.b.c", 1},   {"aA0-_.b.c", 1}, {"", 0},        {".", 0},       {"..", 0},     {"a.b", 0},
        {"a.b.", 0},    {".b.c", 0},      {"a..c", 0},    {"a.b.c.d", 0}, {"a.b.c.", 0}, {"a.b.c=", 0},
        {"a.b.c\n", 0}, {" a.b.c", 0},    {"a.b.c!!", 0}, {"a.b.c+", 0},  {"a.b.c/", 0}, {"a.b.\xC3\xA4", 0},
        {"agk_abc", 0}, {"a.b.c.d.e", 0}, /* an encrypted token (RFC 7516) */
    };
    int i;

    (void)state;
    for (i = 0; i < N_OF(cases); i++) {
        if (ag_jwt_shape(cases[i].text, strlen(cases[i].text)) != cases[i].shape) {
            fail_msg("shape of \"%s\" is not %d", cases[i].text, cases[i].shape);
        }
    }
    assert_int_equal(ag_jwt_shape("a.b\0.c", 6), 0);
    assert_int_equal(ag_jwt_shape("a.b.c.d", 5), 1); /* no byte behind the end is read */
}

/* The token of RFC 7515 appendix A.1, and what a careless reader would take for it. */
#define A1_HEAD "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
#define A1_BODY                                                                                                      \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"                   \
    "fQ"
#define A1_SIG "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

static void test_text(void **state)
{
    static const case_t cases[] = {
        {A1_HEAD "." A1_BODY "." A1_SIG, NULL},
        {A1_HEAD "." A1_BODY "." A1_SIG "=", FORM},
        {A1_HEAD "." A1_BODY "." A1_SIG "!!", FORM},
        {A1_HEAD "." A1_BODY "." A1_SIG "\n", FORM},
        {A1_HEAD "." A1_BODY "." A1_SIG ".x", FORM},
        {A1_HEAD "." A1_BODY "." A1_SIG ".", FORM},
        {A1_HEAD "." A1_BODY ".", FORM},
        {A1_HEAD "." A1_BODY, FORM},
        {A1_HEAD ".." A1_SIG, FORM},
        {" " A1_HEAD "." A1_BODY "." A1_SIG, FORM},
        {A1_HEAD "." A1_BODY ".dBjftJeZ4CVP+mB92K27uhbUJU1p1r/wW1gFWFOEjXk", FORM},
        /* the last character holds two spare bits: k and l give the same bytes */
        {A1_HEAD "." A1_BODY ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl", FORM},
        {A1_HEAD "." A1_BODY ".A", FORM},
        {A1_HEAD "A." A1_BODY "." A1_SIG, FORM},
        {"e." A1_BODY "." A1_SIG, FORM},
    };
    const maker_t *m = *state;
    ag_jwt_t jwt;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const char *text = cases[i].text;

        expect(ag_jwt_parse(&jwt, text, strlen(text), m->p), cases[i].error, text);
    }
}

static void test_parts(void **state)
{
    static const char text[] = A1_HEAD "." A1_BODY "." A1_SIG;
    const maker_t *m = *state;
    ag_jwt_t jwt;

    assert_null(ag_jwt_parse(&jwt, text, sizeof text - 1, m->p));
    assert_int_equal(jwt.alg, AG_ALG_HS256);
    assert_null(jwt.kid);
    assert_ptr_equal(jwt.text, text);
    assert_int_equal(jwt.signed_size, strlen(A1_HEAD "." A1_BODY));
    assert_int_equal(jwt.payload_size, strlen(A1_BODY));
    assert_memory_equal(jwt.payload, A1_BODY, strlen(A1_BODY));
    assert_int_equal(jwt.signature_size, 32);
    assert_int_equal(jwt.signature[0], 0x74);
    assert_string_equal(json_string_value(json_object_get(ag_jwt_claims(&jwt, m->p), "iss")), "joe");
}

static void test_size(void **state)
{
    const maker_t *m = *state;
    char *text = apr_palloc(m->p, 40000);
    apr_size_t head = strlen(A1_HEAD ".");
    ag_jwt_t jwt;

    memset(text, 'A', 40000);
    memcpy(text, A1_HEAD ".", head);
    memcpy(text + AG_JWT_MAX_SIZE - 5, ".AAAA", 5);
    assert_null(ag_jwt_parse(&jwt, text, AG_JWT_MAX_SIZE, m->p));
    text[AG_JWT_MAX_SIZE - 5] = 'A';
    text[AG_JWT_MAX_SIZE - 4] = '.';
    expect(ag_jwt_parse(&jwt, text, AG_JWT_MAX_SIZE + 1, m->p), "too long", "a byte too many");
    expect(ag_jwt_parse(&jwt, text, 40000, m->p), "too long", "much too long");
}

/* ---- the header ------------------------------------------------------------------------------ */

#define K64  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define K256 K64 K64 K64 K64

static const case_t headers[] = {
    {"{\"alg\":\"HS256\"}", NULL},
    {" {\"alg\" : \"EdDSA\"}\r\n", NULL},
    /* RFC 8725 s3.1, and case is part of the name (RFC 7515 s4.1.1) */
    {"{\"alg\":\"none\"}", ALG},
    {"{\"alg\":\"None\"}", ALG},
    {"{\"alg\":\"NONE\"}", ALG},
    {"{\"alg\":\"nOnE\"}", ALG},
    {"{\"alg\":\"hs256\"}", ALG},
    {"{\"alg\":\"HS256 \"}", ALG},
    {"{\"alg\":\"HS2567\"}", ALG},
    {"{\"alg\":\"HS25\"}", ALG},
    {"{\"alg\":\"ES256K\"}", ALG},
    {"{\"alg\":\"\"}", ALG},
    {"{\"alg\":256}", ALG},
    {"{\"alg\":null}", ALG},
    {"{\"alg\":[\"HS256\"]}", ALG},
    {"{\"typ\":\"JWT\"}", ALG},
    {"{}", ALG},
    {"{\"alg\":\"HS256\\u0000\"}", FORM},
    {"{\"alg\":\"HS256\",\"alg\":\"none\"}", FORM},
    {"{\"alg\":\"HS256\",\"x\":{\"a\":1,\"a\":2}}", FORM},
    {"{\"alg\":\"HS256\"}x", FORM},
    {"{\"alg\":\"HS256\"}{}", FORM},
    {"\xEF\xBB\xBF{\"alg\":\"HS256\"}", FORM},
    {"{\"alg\":\"HS256\",\"x\":\"\xFF\"}", FORM},
    {"[\"HS256\"]", FORM},
    {"\"HS256\"", FORM},
    {"null", FORM},
    {"{'alg':'HS256'}", FORM},
    /* RFC 7515 s4.1.11, RFC 7797 */
    {"{\"alg\":\"HS256\",\"crit\":[\"exp\"],\"exp\":1}", EXT},
    {"{\"alg\":\"HS256\",\"crit\":[]}", EXT},
    {"{\"alg\":\"HS256\",\"crit\":null}", EXT},
    {"{\"alg\":\"HS256\",\"b64\":false,\"crit\":[\"b64\"]}", EXT},
    {"{\"alg\":\"HS256\",\"b64\":false}", EXT},
    {"{\"alg\":\"HS256\",\"b64\":0}", EXT},
    {"{\"alg\":\"HS256\",\"b64\":true}", NULL},
    {"{\"alg\":\"HS256\",\"typ\":\"JWT\"}", NULL},
    {"{\"alg\":\"HS256\",\"typ\":\"jwt\"}", NULL},
    {"{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}", NULL},
    {"{\"alg\":\"HS256\",\"typ\":\"AT+JWT\"}", NULL},
    {"{\"alg\":\"HS256\",\"typ\":\"application/at+jwt\"}", NULL},
    /* of which type a section takes, test_jwt_type.c asks */
    {"{\"alg\":\"HS256\",\"typ\":\"logout+jwt\"}", NULL},
    {"{\"alg\":\"HS256\",\"typ\":\"\"}", NULL},
    {"{\"alg\":\"HS256\",\"typ\":7}", TYP},
    {"{\"alg\":\"HS256\",\"typ\":null}", TYP},
    {"{\"alg\":\"HS256\",\"typ\":[\"JWT\"]}", TYP},
    {"{\"alg\":\"HS256\",\"kid\":\"a\"}", NULL},
    {"{\"alg\":\"HS256\",\"kid\":\"" K256 "\"}", NULL},
    {"{\"alg\":\"HS256\",\"kid\":\"" K256 "x\"}", KID},
    {"{\"alg\":\"HS256\",\"kid\":\"\"}", KID},
    {"{\"alg\":\"HS256\",\"kid\":7}", KID},
    {"{\"alg\":\"HS256\",\"kid\":null}", KID},
    {"{\"alg\":\"HS256\",\"kid\":{\"a\":1}}", KID},
    {"{\"alg\":\"HS256\",\"kid\":\"a b\"}", KID},
    {"{\"alg\":\"HS256\",\"kid\":\"a\\nb\"}", KID},
    {"{\"alg\":\"HS256\",\"kid\":\"\xC3\xA4\"}", KID},
    {"{\"alg\":\"HS256\",\"kid\":\"a\\u0000\"}", FORM},
    /* a key that comes along, or an address of one, is not looked at */
    {"{\"alg\":\"HS256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AAAA\"}}", NULL},
    {"{\"alg\":\"RS256\",\"jku\":\"https://x/\",\"x5u\":\"file:/\",\"x5c\":[]}", NULL},
};

static void test_header(void **state)
{
    const maker_t *m = *state;
    ag_jwt_t jwt;
    int i;

    for (i = 0; i < N_OF(headers); i++) {
        char *text = apr_pstrcat(m->p, b64_text(headers[i].text, m->p), ".e30.c2ln", NULL);

        expect(ag_jwt_parse(&jwt, text, strlen(text), m->p), headers[i].error, headers[i].text);
    }
}

static void test_kid(void **state)
{
    const maker_t *m = *state;
    char *text = make_plain("HS256", NULL, "key-1", "{}", m->p);
    ag_jwt_t jwt;

    assert_null(ag_jwt_parse(&jwt, text, strlen(text), m->p));
    assert_string_equal(jwt.kid, "key-1");
}

/* ---- the claims ------------------------------------------------------------------------------ */

/* `n` times `piece`, inside a member. */
static char *nest(const char *before, const char *piece, int n, apr_pool_t *p)
{
    apr_size_t size = strlen(piece);
    char *text = apr_palloc(p, strlen(before) + size * (apr_size_t)n + 1);
    char *at = apr_cpystrn(text, before, strlen(before) + 1);

    while (n--) {
        at = apr_cpystrn(at, piece, size + 1);
    }
    return text;
}

static int claims_of(const char *claims, apr_pool_t *p)
{
    char *text = make_plain("HS256", NULL, NULL, claims, p);
    ag_jwt_t jwt;

    return !ag_jwt_parse(&jwt, text, strlen(text), p) && ag_jwt_claims(&jwt, p);
}

static void test_claims(void **state)
{
    static const struct {
        const char *claims;
        int good;
    } cases[] = {
        {"{}", 1},
        {"{\"a\":{\"b\":[1,2.5,null,true,\"x\"]}}", 1},
        {"{\"sub\":\"a\",\"sub\":\"b\"}", 0},
        {"{\"a\":{\"b\":1,\"b\":1}}", 0},
        {"[1,2]", 0},
        {"\"text\"", 0},
        {"1", 0},
        {"null", 0},
        {"{\"sub\":\"a\\u0000b\"}", 0},
        {"{\"a\\u0000\":1}", 0},
        {"{\"sub\":\"\xC0\xAF\"}", 0},
        {"{\"exp\":1e999}", 0},
        {"{\"exp\":99999999999999999999}", 0},
        {"{\"exp\":NaN}", 0},
        {"{} ", 1},
        {"{}x", 0},
        {"{\"a\":1,}", 0},
        {"{\"a\":01}", 0},
        {"{", 0},
    };
    const maker_t *m = *state;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        if (claims_of(cases[i].claims, m->p) != cases[i].good) {
            fail_msg("claims %s: not %d", cases[i].claims, cases[i].good);
        }
    }
    assert_int_equal(claims_of(nest("{\"a\":", "[", 10000, m->p), m->p), 0);
    assert_int_equal(claims_of(nest("{\"a\":", "[", 100000, m->p), m->p), 0);
    assert_int_equal(claims_of(nest("{\"a\":", "{\"a\":", 2300, m->p), m->p), 0);
}

/* A principal reads its claims from the payload it carries. */
static void test_claims_of_principal(void **state)
{
    const maker_t *m = *state;
    ag_principal_t who = {0};

    assert_null(ag_jwt_claims_of(&who, m->p));
    who.raw = "eyJhIjo3fQ"; /* {"a":7} */
    who.raw_size = 10;
    assert_int_equal(json_integer_value(json_object_get(ag_jwt_claims_of(&who, m->p), "a")), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape),  cmocka_unit_test(test_text),
        cmocka_unit_test(test_parts),  cmocka_unit_test(test_size),
        cmocka_unit_test(test_header), cmocka_unit_test(test_kid),
        cmocka_unit_test(test_claims), cmocka_unit_test(test_claims_of_principal),
    };

    return cmocka_run_group_tests(tests, maker_start, maker_stop);
}
