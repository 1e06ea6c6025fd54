/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By what a token can be revoked: the ids of its claims are those of the rows of the table, for any issuer and for its
 * own, and no two kinds or issuers share one.
 */
#include "unit.h"

#include "../../src/cred/revocable.h"

#define TOKEN "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb2UifQ.c2ln"

static const ag_sip_key_t sip = {1, 2};

static ag_principal_t who_of(const char *client, const char *user)
{
    ag_principal_t who = {.issuer = "https://id", .client = client, .user = user};

    return who;
}

static const ag_revocable_t *set(ag_principal_t *who, const char *claims, const char *text, apr_pool_t *p)
{
    json_t *all = ag_json_object(claims, strlen(claims), p);

    assert_non_null(all);
    ag_revocable_set(who, all, text, strlen(text), &sip, p);
    return who->revocable;
}

static ag_id_t row(ag_revoke_e kind, const char *issuer, const char *value, apr_pool_t *p)
{
    return ag_revocable_id(kind, issuer, value, &sip, p);
}

static int is_none(ag_id_t id)
{
    return !(id.hi | id.lo);
}

static void test_claims_meet_rows(void **state)
{
    ag_principal_t who = who_of("shop", "joe");
    const ag_revocable_t *r =
        set(&who, "{\"jti\":\"17\",\"sub\":\"joe\",\"azp\":\"shop\",\"client_id\":\"x\",\"iat\":100}", TOKEN, *state);
    ag_id_t issuer = ag_revocable_issuer("https://id", &sip, *state);

    assert_true(ag_id_equal(r->jti, row(AG_REVOKE_JTI, NULL, "17", *state)));
    assert_true(ag_id_equal(r->subject, row(AG_REVOKE_SUBJECT, "", "joe", *state)));
    assert_true(ag_id_equal(r->client, row(AG_REVOKE_CLIENT, NULL, "shop", *state)));
    assert_true(ag_id_equal(ag_id_mix(r->jti, issuer), row(AG_REVOKE_JTI, "https://id", "17", *state)));
    assert_true(r->issued == apr_time_from_sec(100));
    assert_false(r->renamed);
}

static void test_rows_are_apart(void **state)
{
    ag_id_t ids[AG_REVOKE_KINDS * 3];
    int kind, i, k, n = 0;

    for (kind = 0; kind < AG_REVOKE_KINDS; kind++) {
        ids[n++] = row(kind, NULL, "a", *state);
        ids[n++] = row(kind, "a", "a", *state);
        ids[n++] = row(kind, "b", "a", *state);
    }
    for (i = 0; i < n; i++) {
        for (k = 0; k < i; k++) {
            assert_false(ag_id_equal(ids[i], ids[k]));
        }
    }
    assert_null(ag_revocable_kinds[AG_REVOKE_KINDS]);
}

/* What a token does not say, no row means. A number is an id, too. */
static void test_absent_claims(void **state)
{
    ag_principal_t who = who_of(NULL, NULL);
    const ag_revocable_t *r = set(&who, "{\"sub\":17,\"jti\":[\"a\"]}", TOKEN, *state);

    assert_true(is_none(r->jti));
    assert_true(is_none(r->client));
    assert_false(is_none(r->digest));
    assert_true(ag_id_equal(r->subject, row(AG_REVOKE_SUBJECT, NULL, "17", *state)));
    assert_true(r->issued < 0);
}

/* An iat that is none counts as before any time, and is never a number too large for one. */
static void test_issued(void **state)
{
    static const struct {
        const char *claims;
        apr_time_t issued;
    } cases[] = {{"{\"iat\":1.5}", 1500000}, {"{\"iat\":-1}", -1},   {"{\"iat\":1e300}", -1},
                 {"{\"iat\":\"1\"}", -1},    {"{\"iat\":true}", -1}, {"{\"iat\":0}", 0}};
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_principal_t who = who_of(NULL, NULL);

        assert_true(set(&who, cases[i].claims, TOKEN, *state)->issued == cases[i].issued);
    }
}

/* ApiGuardClaimMap may take names from elsewhere: then rows of those mean the token, too. */
static void test_names_of_other_claims(void **state)
{
    ag_principal_t who = who_of("shop", "joe@example.com");

    assert_true(set(&who, "{\"sub\":\"17\",\"azp\":\"shop\"}", TOKEN, *state)->renamed);
    who = who_of("shop", NULL);
    assert_true(set(&who, "{\"app\":\"shop\"}", TOKEN, *state)->renamed);
    who = who_of("shop", "17");
    assert_false(set(&who, "{\"sub\":17,\"client_id\":\"shop\"}", TOKEN, *state)->renamed);
}

/* `printf %s "${TOKEN%.*}" | sha256sum`: whoever makes another signature for the same token gets nothing by it. */
static void test_digest(void **state)
{
    static const struct {
        const char *text, *hashed;
    } cases[] = {
        {TOKEN, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb2UifQ"},
        {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb2UifQ.b3RoZXI", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb2UifQ"},
        {"opaque-token", "opaque-token"},
        {"a.b", "a.b"},
        {"a.b.c.d", "a.b.c.d"},
        {TOKEN "=", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb2UifQ"}, /* one issuer or another takes it for the same */
        {"v4.local.secret", "v4.local.secret"},
        {"enemy.b.c", "enemy.b.c"},
        {"ew.b.c.d.e", "ew.b.c.d.e"},
        {"e", "e"},
        {"", ""},
    };
    int i;

    (void)state;
    for (i = 0; i < N_OF(cases); i++) {
        unsigned char digest[AG_SHA256_SIZE];
        char hex[AG_REVOCABLE_DIGEST], wanted[AG_REVOCABLE_DIGEST];

        ag_revocable_digest(hex, cases[i].text, strlen(cases[i].text));
        ag_sha256(digest, cases[i].hashed, strlen(cases[i].hashed));
        assert_string_equal(hex, ag_hex(wanted, digest, sizeof digest));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_claims_meet_rows), TEST(test_rows_are_apart),        TEST(test_absent_claims),
        TEST(test_issued),           TEST(test_names_of_other_claims), TEST(test_digest),
    };

    return cmocka_run_group_tests_name("revocable", tests, NULL, NULL);
}
