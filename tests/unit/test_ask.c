/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests for a token, as texts: what is read of them, what refuses them, what is granted.
 */
#include "unit.h"

#include "../../src/issue/ask.h"

#define FORM "application/x-www-form-urlencoded"
#define CC   "grant_type=client_credentials"

static ag_reason_e read_it(ag_ask_t *ask, const char **detail, const char *type, const char *authorization,
                           const char *body, apr_pool_t *p)
{
    ag_ask_sent_t asked = {.type = type, .authorization = authorization};

    asked.body = body ? apr_pstrdup(p, body) : NULL;
    asked.size = body ? strlen(body) : 0;
    return ag_ask_read(ask, detail, &asked, p);
}

static void test_read(void **state)
{
    static const struct {
        const char *type, *authorization, *body, *id, *secret, *scope;
    } cases[] = {
        {FORM, NULL, CC "&client_id=a&client_secret=b", "a", "b", NULL},
        {FORM "; charset=utf-8", NULL, "client_id=a&client_secret=b&" CC "&scope=x+y", "a", "b", "x y"},
        {"APPLICATION/x-www-form-urlencoded;x", NULL, "&&" CC "&client_id=%41%2b&client_secret=%c3%A4&", "A+",
         "\xC3\xA4", NULL},
        {FORM, "Basic YTpi", CC, "a", "b", NULL},
        {FORM, "basic \t YTpiOmM=", CC, "a", "b:c", NULL},
        {FORM, " BASIC JTNBOiUyQiUyNQ==", CC "&client_secret=&scope=", ":", "+%", NULL},
        {FORM, "", CC "&client_id=a&client_secret=b", "a", "b", NULL},
        {FORM, "Basic YTpi", CC "&client_id=a", "a", "b", NULL},
        {FORM, NULL, "client_id=a&client_secret=b&" CC "&novalue&=x&y=", "a", "b", NULL},
    };
    apr_pool_t *p = *state;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_ask_t ask;
        const char *detail;

        if (read_it(&ask, &detail, cases[i].type, cases[i].authorization, cases[i].body, p) != AG_R_NONE) {
            fail_msg("case %d: %s", i, detail);
        }
        assert_null(detail);
        assert_string_equal(ask.client_id, cases[i].id);
        assert_string_equal(ask.secret, cases[i].secret);
        assert_int_equal(ask.scope == NULL, cases[i].scope == NULL);
        assert_string_equal(ask.scope ? ask.scope : "", cases[i].scope ? cases[i].scope : "");
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *type, *authorization, *body;
        ag_reason_e reason;
    } cases[] = {
        {NULL, NULL, CC "&client_id=a&client_secret=b", AG_R_TOKEN_REQUEST_INVALID},
        {"text/plain", NULL, CC "&client_id=a&client_secret=b", AG_R_TOKEN_REQUEST_INVALID},
        {FORM, NULL, NULL, AG_R_TOKEN_REQUEST_INVALID},
        {FORM, NULL, CC "&client_id=a&client_secret=b&scope=%", AG_R_TOKEN_REQUEST_INVALID},
        {FORM, NULL, CC "&client_id=a&client_secret=b&scope=%4", AG_R_TOKEN_REQUEST_INVALID},
        {FORM, NULL, CC "&client_id=a&client_secret=b&scope=%4g", AG_R_TOKEN_REQUEST_INVALID},
        {FORM, NULL, CC "&client_id=a&client_secret=b&%00=", AG_R_TOKEN_REQUEST_INVALID},
        {FORM, NULL, CC "&client_id=a&client_secret=b&=1&=2", AG_R_TOKEN_REQUEST_INVALID},
        {FORM, NULL, CC "&client_id=a&client_secret=b&scope=&scope=x", AG_R_TOKEN_REQUEST_INVALID},
        {FORM, "Basic", CC, AG_R_CREDENTIAL_MISSING},
        {FORM, "Basic ", CC, AG_R_TOKEN_REQUEST_INVALID},
        {FORM, "BasicYTpi", CC, AG_R_CREDENTIAL_MISSING},
        {FORM, "Basic YTpi, Basic YTpi", CC, AG_R_TOKEN_REQUEST_INVALID},
        {FORM, "Basic YTo=", CC, AG_R_CREDENTIAL_MISSING},
        {FORM, "Basic OmI=", CC, AG_R_CREDENTIAL_MISSING},
        {FORM, "Basic OmI=", CC "&client_id=a", AG_R_TOKEN_REQUEST_INVALID},
        {FORM, "Basic YTpi", CC "&client_id=A", AG_R_TOKEN_REQUEST_INVALID},
        {FORM, "Basic YTpi", CC "&client_secret=b", AG_R_TOKEN_REQUEST_INVALID},
        {FORM, "Negotiate x", CC, AG_R_CREDENTIAL_MISSING},
        {FORM, NULL, CC "&client_id=a", AG_R_CREDENTIAL_MISSING},
        {FORM, NULL, CC, AG_R_CREDENTIAL_MISSING},
        {FORM, NULL, "grant_type=password&client_id=a&client_secret=b", AG_R_GRANT_UNSUPPORTED},
        {FORM, NULL, "grant_type=password", AG_R_CREDENTIAL_MISSING},
        {FORM, NULL, "grant_type=client_credentials+&client_id=a&client_secret=b", AG_R_GRANT_UNSUPPORTED},
    };
    apr_pool_t *p = *state;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_ask_t ask;
        const char *detail;
        ag_reason_e reason = read_it(&ask, &detail, cases[i].type, cases[i].authorization, cases[i].body, p);

        if (reason != cases[i].reason) {
            fail_msg("case %d: %s", i, ag_reason(reason)->code);
        }
        assert_non_null(detail);
        assert_null(strpbrk(detail, "\"\\")); /* RFC 6749 s5.2 */
    }
}

static void test_query(void **state)
{
    ag_ask_sent_t asked = {.type = FORM, .args = "client_id=a", .body = apr_pstrdup(*state, CC)};
    ag_ask_t ask;
    const char *detail;

    asked.size = strlen(asked.body);
    assert_int_equal(ag_ask_read(&ask, &detail, &asked, *state), AG_R_TOKEN_REQUEST_INVALID);
    asked.args = "";
    assert_int_equal(ag_ask_read(&ask, &detail, &asked, *state), AG_R_CREDENTIAL_MISSING);
}

static void test_whose(void **state)
{
    ag_principal_t who = {.client = "shop", .key_id = "agk_1"};
    ag_ask_t ask = {.client_id = "shop"};

    (void)state;
    assert_true(ag_ask_is_by(&ask, &who));
    ask.client_id = "agk_1";
    assert_true(ag_ask_is_by(&ask, &who));
    ask.client_id = "Shop";
    assert_false(ag_ask_is_by(&ask, &who));
    ask.client_id = "";
    who.key_id = "";
    assert_false(ag_ask_is_by(&ask, &who));
    who.key_id = NULL;
    assert_false(ag_ask_is_by(&ask, &who));
}

static void test_granted(void **state)
{
    static const char *held[] = {"read", "orders:*", "a\"b", "x*", "read", "\xC3\xA4"};
    static const struct {
        const char *scope, *granted; /* NULL: refused */
    } cases[] = {
        {NULL, "read"},
        {"read", "read"},
        {"orders:1 read orders:1", "orders:1,read"},
        {"orders:", "orders:"},
        {"x", "x"},
        {"xyz", "xyz"},
        {"write", NULL},
        {"read write", NULL},
        {"orders:*", NULL},
        {"*", NULL},
        {"a\"b", NULL},
        {"\xC3\xA4", NULL},
        {"x\ty", NULL},
        {"   ", ""},
    };
    ag_principal_t who = {.client = "shop", .scopes = {N_OF(held), held}, .wildcards = 1};
    apr_pool_t *p = *state;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_ask_t ask = {.scope = cases[i].scope};
        const char *error = ag_ask_grant(&ask, &who, p);
        const char *text = error ? "" : joined(&ask.granted, p);

        if ((error == NULL) != (cases[i].granted != NULL) || (!error && strcmp(text, cases[i].granted) != 0)) {
            fail_msg("case %d: %s, \"%s\"", i, error ? error : "granted", text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_read), TEST(test_refused), TEST(test_query), TEST(test_whose), TEST(test_granted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
