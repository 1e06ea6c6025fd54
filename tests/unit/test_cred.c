/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the one credential of a request: where it may stand, what is two, and what is none.
 */
#include "cred_fixture.h"

#define TOKEN "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"

static void run(const case_t *cases, int n, apr_pool_t *p)
{
    int i;

    for (i = 0; i < n; i++) {
        const case_t *c = &cases[i];
        ag_credential_t found;
        ag_reason_e reason = find(&found, c, p);
        int same = reason == c->reason;

        if (same && reason == AG_R_NONE) {
            same = strcmp(found.type->kind->name, c->kind) == 0 && strcmp(found.text, c->text) == 0
                   && found.n == strlen(c->text) && found.from == c->from;
        }
        if (same && reason == AG_R_CREDENTIAL_MISSING) {
            same = !found.type;
        }
        if (!same) {
            fail_msg("case %d: %s %s", i, ag_reason(reason)->code,
                     found.type && reason == AG_R_NONE ? found.text : "");
        }
    }
}

#define MISSING   AG_R_CREDENTIAL_MISSING
#define AMBIGUOUS AG_R_CREDENTIAL_AMBIGUOUS
#define NOTHING   NULL, NULL, 0

static void test_one_place(void **state)
{
    static const case_t cases[] = {
        {NULL, NULL, NULL, NULL, ALL, BOTH, MISSING, NOTHING},
        {"abc", NULL, NULL, NULL, H, KEY, AG_R_NONE, "key", "abc", AG_FROM_HEADER},
        {"", NULL, NULL, NULL, H, KEY, MISSING, NOTHING},
        {"abc", NULL, NULL, NULL, BEARER, BOTH, MISSING, NOTHING},
        {"abc", NULL, NULL, NULL, H, JWT, MISSING, NOTHING},
        {NULL, "Bearer abc", NULL, NULL, BEARER, KEY, AG_R_NONE, "key", "abc", AG_FROM_BEARER},
        {NULL, "bEARER  abc", NULL, NULL, BEARER, KEY, AG_R_NONE, "key", "abc", AG_FROM_BEARER},
        {NULL, "Bearer", NULL, NULL, BEARER, KEY, MISSING, NOTHING},
        {NULL, "Bearer\tabc", NULL, NULL, BEARER, KEY, AG_R_NONE, "key", "abc", AG_FROM_BEARER},
        {NULL, "Bearer abc", NULL, NULL, H, KEY, MISSING, NOTHING},
        {NULL, "Bearerabc", NULL, NULL, ALL, BOTH, MISSING, NOTHING},
        {NULL, "Digest abc", NULL, NULL, ALL, BOTH, MISSING, NOTHING},
        {NULL, "abc", NULL, NULL, ALL, BOTH, MISSING, NOTHING},
        {NULL, "", NULL, NULL, ALL, BOTH, MISSING, NOTHING},
        {NULL, "Negotiate " TOKEN, NULL, NULL, ALL, BOTH, MISSING, NOTHING},
        {NULL, NULL, "key=abc", NULL, C, KEY, AG_R_NONE, "key", "abc", AG_FROM_COOKIE},
        {NULL, NULL, "key=abc", NULL, H, KEY, MISSING, NOTHING},
        {NULL, NULL, "key=abc", NULL, C, JWT, MISSING, NOTHING},
        {NULL, NULL, NULL, "api_key=abc", Q, KEY, AG_R_NONE, "key", "abc", AG_FROM_QUERY},
        {NULL, NULL, NULL, "api_key=abc", C, KEY, MISSING, NOTHING},
        {NULL, NULL, NULL, "api_key=abc", Q, JWT, MISSING, NOTHING},
    };

    run(cases, N_OF(cases), *state);
}

/* RFC 7617: the password is the key, or the user where there is no password. */
static void test_basic(void **state)
{
    static const struct {
        const char *value, *text;
    } cases[] = {
        {"Basic dXNlcjphYmM=", "abc"}, /* user:abc */
        {"basic OmFiYw==", "abc"},     /* :abc */
        {"Basic YWJjOg==", "abc"},     /* abc: */
        {"Basic dTphOmI=", "a:b"},     /* u:a:b */
        {"Basic dTphLGI=", "a,b"},     /* u:a,b */
        {"Basic YWJj", "YWJj"},        /* no colon: as it stands, refused later */
        {"Basic dTogIA==", "u"},       /* u:, two blanks */
        {"Basic !!!!", "!!!!"},         {"Basic dXNlcjphYmM", "dXNlcjphYmM"}, /* without its padding */
        {"Basic dQA6YWJj", "dQA6YWJj"},                                       /* u, NUL, :abc */
        {"Basic dTphAGI=", "dTphAGI="},                                       /* u:a, NUL, b */
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        case_t c = {NULL, cases[i].value, NULL, NULL, BASIC, KEY, AG_R_NONE, "key", cases[i].text, AG_FROM_BASIC};

        run(&c, 1, *state);
        c.types = BOTH;
        run(&c, 1, *state);
        c.types = JWT;
        c.reason = MISSING;
        run(&c, 1, *state);
        c.types = KEY;
        c.places = ALL & ~BASIC;
        run(&c, 1, *state);
    }
}

/* A bearer value of a key's shape is a key, one with two dots a token, anything else the first of
 * the two that is enabled. */
static void test_bearer_kinds(void **state)
{
    char key[AG_KEY_MAX + 1], *typo;
    case_t c = {NULL, NULL, NULL, NULL, BEARER, 0, AG_R_NONE, NULL, NULL, AG_FROM_BEARER};
    const struct {
        const char *text;
        unsigned places, types;
        const char *kind;
    } cases[] = {
        {key, BEARER, BOTH, "key"},
        {key, BEARER, KEY, "key"},
        {key, BEARER, JWT, "jwt"},
        {key, H, BOTH, "jwt"},
        {TOKEN, BEARER, BOTH, "jwt"},
        {TOKEN, BEARER, KEY, "key"},
        {TOKEN, BEARER, JWT, "jwt"},
        {TOKEN, H, BOTH, "jwt"},
        {TOKEN, H, KEY, NULL},
        {"opaque", BEARER, BOTH, "key"},
        {"opaque", BEARER, JWT, "jwt"},
        {"opaque", H, BOTH, "jwt"},
        {"one.dot", BEARER, BOTH, "key"},
        {"..", BEARER, BOTH, "jwt"},
        {"a..", BEARER, BOTH, "jwt"},
        {".a..", BEARER, BOTH, "key"},
        {"...", BEARER, BOTH, "key"},
        {"a.b.c.d.e", BEARER, BOTH, "key"},
        {"opaque", H, KEY, NULL},
    };
    int i;

    assert_int_equal(ag_key_make(key, "agk"), APR_SUCCESS);
    for (i = 0; i < N_OF(cases); i++) {
        c.authorization = apr_pstrcat(*state, "Bearer ", cases[i].text, NULL);
        c.places = cases[i].places;
        c.types = cases[i].types;
        c.kind = cases[i].kind;
        c.text = cases[i].text;
        c.reason = c.kind ? AG_R_NONE : MISSING;
        run(&c, 1, *state);
    }
    typo = apr_pstrdup(*state, key);
    typo[20] = typo[20] == 'x' ? 'y' : 'x'; /* a mistyped key is a key still, not a token */
    c.authorization = apr_pstrcat(*state, "Bearer ", typo, NULL);
    c.places = BEARER;
    c.types = BOTH;
    c.reason = AG_R_NONE;
    c.kind = "key";
    c.text = typo;
    run(&c, 1, *state);
}

/* The same key twice is one key, named by the first place; all else that is two is refused. */
static void test_two(void **state)
{
    static const case_t cases[] = {
        {"abc", "Bearer abc", NULL, NULL, ALL, KEY, AG_R_NONE, "key", "abc", AG_FROM_HEADER},
        {"abc", "Basic OmFiYw==", "key=abc", "api_key=abc", ALL, KEY, AG_R_NONE, "key", "abc", AG_FROM_HEADER},
        {NULL, "Bearer abc", NULL, "api_key=abc", ALL, KEY, AG_R_NONE, "key", "abc", AG_FROM_QUERY},
        {"abc", "Bearer abd", NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {"abc", "Basic OmFiZA==", NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {"abc", NULL, "key=abd", NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {"abc", NULL, NULL, "api_key=abd", ALL, KEY, AMBIGUOUS, NOTHING},
        {NULL, NULL, "key=abc", "api_key=abd", ALL, KEY, AMBIGUOUS, NOTHING},
        {"abc", "Bearer abcd", NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {"abc", "Bearer " TOKEN, NULL, NULL, ALL, BOTH, AMBIGUOUS, NOTHING},
        {TOKEN, "Bearer " TOKEN, NULL, NULL, ALL, BOTH, AMBIGUOUS, NOTHING}, /* two kinds */
        {"abc", "Bearer abd", NULL, NULL, H, KEY, AG_R_NONE, "key", "abc", AG_FROM_HEADER},
        {"abc", "Basic OmFiZA==", "key=abd", "api_key=abd", H | BEARER, BOTH, AG_R_NONE, "key", "abc",
         AG_FROM_HEADER},
        {"abc", "Bearer " TOKEN, NULL, NULL, H, KEY, AG_R_NONE, "key", "abc", AG_FROM_HEADER},
        {"abc", "Bearer " TOKEN, NULL, NULL, ALL, JWT, AG_R_NONE, "jwt", TOKEN, AG_FROM_BEARER},
    };

    run(cases, N_OF(cases), *state);
}

/* httpd joins a repeated field with a comma; whoever reads one of two may not read the other. */
static void test_repeated(void **state)
{
    static const case_t cases[] = {
        {"abc, abd", NULL, NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {"abc, abd", NULL, "key=abc", "api_key=abc", ALL, KEY, AMBIGUOUS, NOTHING},
        {"abc, abc", NULL, NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {NULL, "Bearer abc, Bearer abc", NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {NULL, "Bearer " TOKEN ", Bearer " TOKEN, NULL, NULL, ALL, JWT, AMBIGUOUS, NOTHING},
        {NULL, "Bearer " TOKEN ", Basic OmFiYw==", NULL, NULL, ALL, BOTH, AMBIGUOUS, NOTHING},
        {NULL, "Basic OmFiYw==, Bearer abc", NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {NULL, "Negotiate x, Bearer abc", NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {"abc", "Digest x=1, ApiKey abd", NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {NULL, "ApiKey abc, ApiKey abd", NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {NULL, "Digest a=1, Bearer abc", NULL, NULL, H, KEY, MISSING, NOTHING},
        {"abc", "Digest a=\"x\", b=1", NULL, NULL, ALL, BOTH, AG_R_NONE, "key", "abc", AG_FROM_HEADER},
        {NULL, NULL, NULL, "api_key=abc&api_key=abc", ALL, KEY, AMBIGUOUS, NOTHING},
        {NULL, NULL, "key=abc; key=abd", NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {"abc", NULL, "key=abc; a=b; key=abc", NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {"abc", NULL, "key=abc; key=abd", NULL, H, KEY, AG_R_NONE, "key", "abc", AG_FROM_HEADER},
    };

    run(cases, N_OF(cases), *state);
}

/* Nothing, or nothing but blanks, is no credential: not a wrong one, and no second one. */
static void test_empty(void **state)
{
    static const case_t cases[] = {
        {"", "Bearer", "key=", "api_key=", ALL, BOTH, MISSING, NOTHING},
        {" \t", "Bearer  ", "key=\"\"", "api_key=+%20", ALL, BOTH, MISSING, NOTHING},
        {NULL, "Bearer ", NULL, NULL, ALL, JWT, MISSING, NOTHING},
        {NULL, "ApiKey", NULL, NULL, ALL, KEY, MISSING, NOTHING},
        {NULL, "Basic", NULL, NULL, ALL, KEY, MISSING, NOTHING},
        {NULL, "Basic Og==", NULL, NULL, ALL, KEY, MISSING, NOTHING}, /* : */
        {NULL, "Basic IDog", NULL, NULL, ALL, KEY, MISSING, NOTHING}, /* blanks around : */
        {NULL, "", NULL, NULL, PLAIN, KEY, MISSING, NOTHING},
        {NULL, ",", NULL, NULL, ALL | PLAIN, KEY, MISSING, NOTHING},
        {NULL, NULL, NULL, "api_key=&x=1&api_key=", ALL, KEY, MISSING, NOTHING},
        {"abc", "Bearer", "key=", "api_key=", ALL, BOTH, AG_R_NONE, "key", "abc", AG_FROM_HEADER},
        {"", "Bearer abc", "key=", "api_key=", ALL, BOTH, AG_R_NONE, "key", "abc", AG_FROM_BEARER},
        {"", "Bearer " TOKEN, "key=", "api_key=", ALL, BOTH, AG_R_NONE, "jwt", TOKEN, AG_FROM_BEARER},
        {"", "ApiKey", "key=abc", "api_key=", ALL, KEY, AG_R_NONE, "key", "abc", AG_FROM_COOKIE},
        {"", "Basic Og==", "key=", "api_key=abc", ALL, KEY, AG_R_NONE, "key", "abc", AG_FROM_QUERY},
        {NULL, NULL, "key=; key=abc; key=", NULL, ALL, KEY, AG_R_NONE, "key", "abc", AG_FROM_COOKIE},
        {NULL, NULL, NULL, "api_key=abc&api_key=", ALL, KEY, AG_R_NONE, "key", "abc", AG_FROM_QUERY},
        /* httpd joins what is repeated */
        {"abc, ", NULL, NULL, NULL, ALL, KEY, AG_R_NONE, "key", "abc", AG_FROM_HEADER},
        {", abc", NULL, NULL, NULL, ALL, KEY, AG_R_NONE, "key", "abc", AG_FROM_HEADER},
        {NULL, ", Bearer abc", NULL, NULL, ALL, KEY, AG_R_NONE, "key", "abc", AG_FROM_BEARER},
        {NULL, "Bearer abc, ", NULL, NULL, ALL, KEY, AG_R_NONE, "key", "abc", AG_FROM_BEARER},
        {NULL, "Bearer abc, Bearer", NULL, NULL, ALL, KEY, AG_R_NONE, "key", "abc", AG_FROM_BEARER},
        {NULL, "Bearer, ApiKey abc", NULL, NULL, ALL, KEY, AG_R_NONE, "key", "abc", AG_FROM_APIKEY},
        {NULL, "Bearer , Basic , ", NULL, NULL, ALL, KEY, MISSING, NOTHING},
    };

    run(cases, N_OF(cases), *state);
}

/* What the challenge offers as ApiKey is read: wherever a key has a place without a scheme. */
static void test_apikey(void **state)
{
    static const case_t cases[] = {
        {NULL, "ApiKey abc", NULL, NULL, H, KEY, AG_R_NONE, "key", "abc", AG_FROM_APIKEY},
        {NULL, "apikey abc", NULL, NULL, Q, BOTH, AG_R_NONE, "key", "abc", AG_FROM_APIKEY},
        {NULL, "APIKEY  abc", NULL, NULL, C, KEY, AG_R_NONE, "key", "abc", AG_FROM_APIKEY},
        {NULL, "ApiKey abc", NULL, NULL, BEARER | BASIC, KEY, MISSING, NOTHING},
        {NULL, "ApiKey abc", NULL, NULL, ALL, JWT, MISSING, NOTHING},
        {NULL, "ApiKeyabc", NULL, NULL, ALL, KEY, MISSING, NOTHING},
        {"abc", "ApiKey abc", NULL, NULL, ALL, KEY, AG_R_NONE, "key", "abc", AG_FROM_HEADER},
        {"abc", "ApiKey abd", NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {NULL, "ApiKey abc", NULL, "api_key=abd", ALL, KEY, AMBIGUOUS, NOTHING},
        {NULL, "ApiKey " TOKEN, NULL, NULL, H, BOTH, AG_R_NONE, "key", TOKEN, AG_FROM_APIKEY},
        /* header:Authorization */
        {NULL, "abc", NULL, NULL, PLAIN, KEY, AG_R_NONE, "key", "abc", AG_FROM_PLAIN},
        {NULL, "ApiKey abc", NULL, NULL, PLAIN, KEY, AG_R_NONE, "key", "abc", AG_FROM_APIKEY},
        {NULL, "Bearer abc", NULL, NULL, PLAIN, KEY, AG_R_NONE, "key", "Bearer abc", AG_FROM_PLAIN},
        {NULL, "Bearer abc", NULL, NULL, PLAIN | BEARER, KEY, AG_R_NONE, "key", "abc", AG_FROM_BEARER},
        {NULL, "Bearer " TOKEN, NULL, NULL, PLAIN, BOTH, AG_R_NONE, "jwt", TOKEN, AG_FROM_BEARER},
        {NULL, "abc, abd", NULL, NULL, PLAIN, KEY, AMBIGUOUS, NOTHING},
    };

    run(cases, N_OF(cases), *state);
}

/* Every field that a backend may read as the section's: one that differs is a second credential. */
static void test_spellings(void **state)
{
    static const struct {
        const char *fields[7];
        ag_reason_e reason;
    } cases[] = {
        {{"X_API_Key", "abc"}, AG_R_NONE},
        {{"x.api.key", "abc"}, AG_R_NONE},
        {{"X-API-Key", "abc", "X_API_KEY", "abc"}, AG_R_NONE},
        {{"X-API-Key", "abc", "X.API~Key", ""}, AG_R_NONE},
        {{"X-API-Key", "abc", "X_API_Key", "abd"}, AMBIGUOUS},
        {{"X_API_Key", "abd", "X-API-Key", "abc"}, AMBIGUOUS},
        {{"X.API_Key", "abd", "X_API.Key", "abc"}, AMBIGUOUS},
        {{"X-API-Key", "abc", "X-API-Keys", "abd", "XAPIKey", "abd"}, AG_R_NONE},
        {{"X-API--Key", "abc"}, MISSING},
        {{"X1API1Key", "abc"}, MISSING},
    };
    ag_key_from_t from = from_of(H, *state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_request_t request = make_request(cases[i].fields, *state);
        ag_credential_t found;
        ag_reason_e reason = ag_cred_find(&found, &request, &from, KEY);

        if (reason != cases[i].reason || (reason == AG_R_NONE && strcmp(found.text, "abc") != 0)) {
            fail_msg("case %d: %s", i, ag_reason(reason)->code);
        }
    }
}

/* A forward proxy is told the credential in a field of its own. */
static void test_proxy(void **state)
{
    static const char *const fields[] = {"Authorization", "Bearer other", "Proxy-Authorization", "Bearer abc", NULL};
    ag_key_from_t from = from_of(H | BEARER, *state);
    ag_request_t request = make_request(fields, *state);
    ag_credential_t found;

    request.authorization = "Proxy-Authorization";
    assert_int_equal(ag_cred_find(&found, &request, &from, KEY), AG_R_NONE);
    assert_string_equal(found.text, "abc");
}

static int begins_a(const char *text)
{
    return *text == 'a';
}

static int ends_z(const char *text)
{
    return *text && text[strlen(text) - 1] == 'z';
}

/* Of several kinds that one place is read for: the one that the text looks like, else the first. What looks
 * like two is nobody's. */
static void test_pick(void **state)
{
    static const ag_cred_type_t opaque = {.looks_like = NULL}, a = {.kind = AG_KIND(key), .looks_like = begins_a},
                                z = {.kind = AG_KIND(jwt), .looks_like = ends_z},
                                also_z = {.kind = AG_KIND(introspect), .looks_like = ends_z};
    static const ag_cred_type_t *const three[] = {&opaque, &a, &z}, *const tokens[] = {&a, &also_z, &z};
    int twice = 0;

    (void)state;
    assert_null(ag_cred_pick(&twice, three, 0, "a"));
    assert_ptr_equal(ag_cred_pick(&twice, three, 3, "m"), &opaque);
    assert_ptr_equal(ag_cred_pick(&twice, three, 3, ""), &opaque);
    assert_ptr_equal(ag_cred_pick(&twice, three, 3, "a"), &a);
    assert_ptr_equal(ag_cred_pick(&twice, three, 3, "z"), &z);
    assert_ptr_equal(ag_cred_pick(&twice, three + 1, 2, "m"), &a);
    assert_ptr_equal(ag_cred_pick(&twice, three + 2, 1, "az"), &z); /* nobody else reads it */
    assert_ptr_equal(ag_cred_pick(&twice, tokens, 3, "z"), &z);     /* the last of those that verify, or ask */
    assert_ptr_equal(ag_cred_pick(&twice, tokens, 2, "z"), &also_z);
    assert_int_equal(twice, 0);
    ag_cred_pick(&twice, three, 3, "az");
    assert_int_equal(twice, 1);
    twice = 0;
    ag_cred_pick(&twice, tokens, 3, "az");
    assert_int_equal(twice, 1);
}

/* A key of our own, a token and whatever stands between: nothing looks like two of the kinds there are. */
static void test_looks(void **state)
{
    static const ag_cred_type_t *const all[] = {
#define AG_CREDENTIAL(name, token, places, advice, on) &ag_cred_##name,
#include "../../src/core/credentials.def"
#undef AG_CREDENTIAL
    };
    char key[AG_KEY_MAX + 1];
    const char *const texts[] = {key, TOKEN, "", "opaque", "..", "a.b.c", "agk_."};
    int i, k;

    (void)state;
    assert_int_equal(ag_key_make(key, "agk"), APR_SUCCESS);
    for (i = 0; i < N_OF(texts); i++) {
        int twice = 0;

        ag_cred_pick(&twice, all, AG_CRED_COUNT, texts[i]);
        assert_int_equal(twice, 0);
    }
    for (k = 0; k < AG_CRED_COUNT; k++) {
        assert_ptr_equal(all[k]->kind, &ag_cred_kinds[k]); /* the row and the type belong together */
        assert_non_null(all[k]->check);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_place), TEST(test_basic), TEST(test_bearer_kinds), TEST(test_two),
        TEST(test_repeated),  TEST(test_empty), TEST(test_apikey),       TEST(test_spellings),
        TEST(test_proxy),     TEST(test_pick),  TEST(test_looks),
    };

    return cmocka_run_group_tests_name("cred", tests, NULL, NULL);
}
