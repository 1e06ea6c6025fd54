/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the one credential of a request: where it may stand, what is two, and what is none.
 */
#include "unit.h"

#include "../../src/cred/cred.h"
#include "../../src/keys/key_format.h"

#define TOKEN "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"

static const ag_key_source_t
    by_header = {AG_FROM_HEADER, "X-API-Key"}, by_bearer = {AG_FROM_BEARER, ""},
    by_basic = {AG_FROM_BASIC, ""}, by_query = {AG_FROM_QUERY, "api_key"},
    by_cookie = {AG_FROM_COOKIE, "key"};

enum { H = 1, BEARER = 2, BASIC = 4, Q = 8, C = 16, ALL = 31 };
enum { KEY = AG_CRED_KEY, JWT = AG_CRED_JWT, BOTH = 3 };

static ag_key_from_t from_of(unsigned places, apr_pool_t *p)
{
    static const ag_key_source_t *const all[] = {&by_header, &by_bearer, &by_basic, &by_query,
                                                 &by_cookie};
    ag_key_source_t *sources = apr_pcalloc(p, 5 * sizeof *sources);
    ag_key_from_t from = {sources, 0, NULL, 0};
    int i;

    for (i = 0; i < 5; i++) {
        if (places & 1u << i) {
            sources[from.n++] = *all[i];
        }
    }
    return from;
}

typedef struct {
    const char *key_field, *authorization, *cookie, *args;
    unsigned places, types;
    ag_reason_e reason;
    const char *kind; /* "key", "jwt" */
    const char *text;
    ag_from_e from;
} case_t;

static ag_reason_e find(ag_credential_t *found, const case_t *c, apr_pool_t *p)
{
    const char *fields[7];
    ag_key_from_t from = from_of(c->places, p);
    ag_request_t request;
    int n = 0;

    if (c->key_field) {
        fields[n++] = "x-api-key";
        fields[n++] = c->key_field;
    }
    if (c->authorization) {
        fields[n++] = "Authorization";
        fields[n++] = c->authorization;
    }
    if (c->cookie) {
        fields[n++] = "Cookie";
        fields[n++] = c->cookie;
    }
    fields[n] = NULL;
    request = make_request(fields, p);
    request.args = c->args;
    memset(found, 0xEE, sizeof *found);
    return ag_cred_find(found, &request, &from, c->types);
}

static void run(const case_t *cases, int n, apr_pool_t *p)
{
    int i;

    for (i = 0; i < n; i++) {
        const case_t *c = &cases[i];
        ag_credential_t found;
        ag_reason_e reason = find(&found, c, p);
        int same = reason == c->reason;

        if (same && reason == AG_R_NONE) {
            same = strcmp(found.type->name, c->kind) == 0 && strcmp(found.text, c->text) == 0
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

#define MISSING AG_R_CREDENTIAL_MISSING
#define AMBIGUOUS AG_R_CREDENTIAL_AMBIGUOUS
#define NOTHING NULL, NULL, 0

static void test_one_place(void **state)
{
    static const case_t cases[] = {
        {NULL, NULL, NULL, NULL, ALL, BOTH, MISSING, NOTHING},
        {"abc", NULL, NULL, NULL, H, KEY, AG_R_NONE, "key", "abc", AG_FROM_HEADER},
        {"", NULL, NULL, NULL, H, KEY, AG_R_NONE, "key", "", AG_FROM_HEADER},
        {"abc", NULL, NULL, NULL, BEARER, BOTH, MISSING, NOTHING},
        {"abc", NULL, NULL, NULL, H, JWT, MISSING, NOTHING},
        {NULL, "Bearer abc", NULL, NULL, BEARER, KEY, AG_R_NONE, "key", "abc", AG_FROM_BEARER},
        {NULL, "bEARER  abc", NULL, NULL, BEARER, KEY, AG_R_NONE, "key", "abc", AG_FROM_BEARER},
        {NULL, "Bearer", NULL, NULL, BEARER, KEY, AG_R_NONE, "key", "", AG_FROM_BEARER},
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
        {"Basic dXNlcjphYmM=", "abc"},     /* user:abc */
        {"basic OmFiYw==", "abc"},         /* :abc */
        {"Basic YWJjOg==", "abc"},         /* abc: */
        {"Basic dTphOmI=", "a:b"},         /* u:a:b */
        {"Basic Og==", ""},                /* : */
        {"Basic dTphLGI=", "a,b"},         /* u:a,b */
        {"Basic YWJj", "YWJj"},            /* no colon: as it stands, refused later */
        {"Basic", ""},
        {"Basic !!!!", "!!!!"},
        {"Basic dXNlcjphYmM", "dXNlcjphYmM"},      /* without its padding */
        {"Basic dQA6YWJj", "dQA6YWJj"},    /* u, NUL, :abc */
        {"Basic dTphAGI=", "dTphAGI="},    /* u:a, NUL, b */
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        case_t c = {NULL, cases[i].value, NULL, NULL, BASIC, KEY, AG_R_NONE, "key", cases[i].text,
                    AG_FROM_BASIC};

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
        {key, BEARER, BOTH, "key"}, {key, BEARER, KEY, "key"},   {key, BEARER, JWT, "jwt"},
        {key, H, BOTH, "jwt"},      {TOKEN, BEARER, BOTH, "jwt"}, {TOKEN, BEARER, KEY, "key"},
        {TOKEN, BEARER, JWT, "jwt"}, {TOKEN, H, BOTH, "jwt"},    {TOKEN, H, KEY, NULL},
        {"opaque", BEARER, BOTH, "key"}, {"opaque", BEARER, JWT, "jwt"},
        {"opaque", H, BOTH, "jwt"}, {"one.dot", BEARER, BOTH, "key"},
        {"..", BEARER, BOTH, "jwt"}, {"a..", BEARER, BOTH, "jwt"}, {".a..", BEARER, BOTH, "key"},
        {"...", BEARER, BOTH, "key"}, {"a.b.c.d.e", BEARER, BOTH, "key"}, {"opaque", H, KEY, NULL},
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
        {"abc", "Basic OmFiYw==", "key=abc", "api_key=abc", ALL, KEY, AG_R_NONE, "key", "abc",
         AG_FROM_HEADER},
        {NULL, "Bearer abc", NULL, "api_key=abc", ALL, KEY, AG_R_NONE, "key", "abc", AG_FROM_QUERY},
        {"abc", "Bearer abd", NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {"abc", "Basic OmFiZA==", NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {"abc", NULL, "key=abd", NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {"abc", NULL, NULL, "api_key=abd", ALL, KEY, AMBIGUOUS, NOTHING},
        {NULL, NULL, "key=abc", "api_key=abd", ALL, KEY, AMBIGUOUS, NOTHING},
        {"abc", NULL, NULL, "api_key=", ALL, KEY, AMBIGUOUS, NOTHING},
        {"abc", "Bearer abcd", NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {"abc", "Bearer " TOKEN, NULL, NULL, ALL, BOTH, AMBIGUOUS, NOTHING},
        {TOKEN, "Bearer " TOKEN, NULL, NULL, ALL, BOTH, AMBIGUOUS, NOTHING}, /* two kinds */
        {"abc", "Bearer abd", NULL, NULL, H, KEY, AG_R_NONE, "key", "abc", AG_FROM_HEADER},
        {"abc", "Basic OmFiZA==", "key=abd", "api_key=abd", H | BEARER, BOTH, AG_R_NONE, "key",
         "abc", AG_FROM_HEADER},
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
        {"abc,", NULL, NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {NULL, "Bearer abc, Bearer abc", NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {NULL, "Bearer " TOKEN ", Bearer " TOKEN, NULL, NULL, ALL, JWT, AMBIGUOUS, NOTHING},
        {NULL, "Bearer " TOKEN ", Basic OmFiYw==", NULL, NULL, ALL, BOTH, AMBIGUOUS, NOTHING},
        {NULL, "Basic OmFiYw==, Bearer abc", NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {NULL, NULL, NULL, "api_key=abc&api_key=abc", ALL, KEY, AMBIGUOUS, NOTHING},
        {NULL, NULL, NULL, "api_key=&x=1&api_key=", ALL, KEY, AMBIGUOUS, NOTHING},
        {NULL, NULL, "key=abc; key=abd", NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {"abc", NULL, "key=abc; a=b; key=abc", NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {"abc", NULL, "key=abc; key=abd", NULL, H, KEY, AG_R_NONE, "key", "abc", AG_FROM_HEADER},
    };

    run(cases, N_OF(cases), *state);
}

/* ---- arguments and cookies ------------------------------------------------------------------- */

typedef struct {
    const char *list, *value; /* NULL: not there */
    int twice;
} pair_t;

static void read_pairs(const char *(*read)(const char *list, const char *name, int *twice,
                                           apr_pool_t *p),
                       const pair_t *pairs, int n, apr_pool_t *p)
{
    int i;

    for (i = 0; i < n; i++) {
        int twice = 0;
        const char *value = read(pairs[i].list, "k", &twice, p);

        if (twice != pairs[i].twice
            || (!twice && strcmp(value ? value : "(none)",
                                 pairs[i].value ? pairs[i].value : "(none)") != 0)) {
            fail_msg("%s: %s, twice %d", pairs[i].list, value ? value : "(none)", twice);
        }
    }
}

static void test_argument(void **state)
{
    static const pair_t pairs[] = {
        {NULL, NULL, 0},          {"", NULL, 0},            {"k=v", "v", 0},
        {"k=", "", 0},            {"k", NULL, 0},           {"K=v", NULL, 0},
        {"kk=v", NULL, 0},        {"a=1&k=v&b=2", "v", 0},  {"a=k=v", NULL, 0},
        {"k=a=b", "a=b", 0},      {"&&k=v&", "v", 0},       {"k=a%2Bb", "a+b", 0},
        {"k=a+b", "a b", 0},      {"k=%41%42", "AB", 0},    {"k=%", "", 0},
        {"k=%4", "", 0},          {"k=%zz", "", 0},         {"k=a%00b", "", 0},
        {"k=v;k=w", "v;k=w", 0},  {"k=v&k=v", NULL, 1},     {"k=v&a=1&k=w", NULL, 1},
        {"k=%26", "&", 0},
    };

    read_pairs(ag_cred_argument, pairs, N_OF(pairs), *state);
}

static void test_cookie(void **state)
{
    static const pair_t pairs[] = {
        {NULL, NULL, 0},            {"", NULL, 0},          {"k=v", "v", 0},
        {"k=", "", 0},              {"k", NULL, 0},         {"K=v", NULL, 0},
        {"a=1; k=v; b=2", "v", 0},  {"a=1;k=v;b=2", "v", 0}, {"kk=v; k2=w", NULL, 0},
        {"k=\"v\"", "v", 0},        {"k=\"\"", "", 0},      {"k=\"", "\"", 0},
        {"k=a%2Bb", "a%2Bb", 0},    {"k=a+b", "a+b", 0},    {"k=a=b", "a=b", 0},
        {"  k=v  ", "v", 0},        {"k=v; k=v", NULL, 1},  {"k=v;k=w", NULL, 1},
        {"a=1&k=v", NULL, 0},       {"k=v, a=1", "v", 0},   {"a=1, k=v", "v", 0},
        {"k=v, k=v", NULL, 1},
    };

    read_pairs(ag_cred_cookie, pairs, N_OF(pairs), *state);
}

/* Everywhere the one credential stands is known, so that it can be hidden everywhere. */
static void test_places(void **state)
{
    static const case_t everywhere = {"abc", "Basic OmFiYw==", "key=abc", "api_key=abc", ALL, KEY,
                                      AG_R_NONE, "key", "abc", AG_FROM_HEADER};
    static const case_t one = {NULL, NULL, "key=abc", NULL, ALL, KEY, AG_R_NONE, "key", "abc",
                               AG_FROM_COOKIE};
    static const case_t two = {NULL, "Bearer abc", NULL, "api_key=abc", ALL, KEY, AG_R_NONE, "key",
                               "abc", AG_FROM_QUERY};
    ag_credential_t found;

    find(&found, &everywhere, *state);
    assert_int_equal(found.places, 1u << AG_FROM_HEADER | 1u << AG_FROM_BASIC
                                       | 1u << AG_FROM_QUERY | 1u << AG_FROM_COOKIE);
    find(&found, &one, *state);
    assert_int_equal(found.places, 1u << AG_FROM_COOKIE);
    find(&found, &two, *state);
    assert_int_equal(found.places, 1u << AG_FROM_BEARER | 1u << AG_FROM_QUERY);
}

typedef struct {
    const char *list, *left; /* NULL: nothing */
} without_t;

static void remove_pairs(char *(*without)(const char *list, const char *name, apr_pool_t *p),
                         const without_t *cases, int n, apr_pool_t *p)
{
    int i;

    for (i = 0; i < n; i++) {
        const char *left = without(cases[i].list, "k", p);

        assert_string_equal(left ? left : "(none)", cases[i].left ? cases[i].left : "(none)");
    }
}

static void test_without(void **state)
{
    static const without_t args[] = {
        {"k=v", NULL},        {"", NULL},               {"a=1", "a=1"},
        {"k=v&a=1", "a=1"},   {"a=1&k=v", "a=1"},       {"a=1&k=v&b=2", "a=1&b=2"},
        {"k=v&k=w", NULL},    {"a=1&k=v&k=w&b=2", "a=1&b=2"},
        {"kk=v&k", "kk=v&k"}, {"k=&a=1", "a=1"},        {"a=k=v", "a=k=v"},
        {"K=v", "K=v"},       {"a=1&&b=2", "a=1&&b=2"}, {"k=v;x=1&a=1", "a=1"},
    };
    static const without_t cookies[] = {
        {"k=v", NULL},        {"k=v; a=1", "a=1"},      {"a=1; k=v", "a=1"},
        {"a=1; k=v; b=2", "a=1; b=2"},                  {"a=1;k=v;b=2", "a=1;b=2"},
        {"k=v; k=w", NULL},   {"kk=v; k", "kk=v; k"},   {"a=1, k=v, b=2", "a=1, b=2"},
    };

    remove_pairs(ag_cred_args_without, args, N_OF(args), *state);
    remove_pairs(ag_cred_cookies_without, cookies, N_OF(cookies), *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_place), TEST(test_basic), TEST(test_bearer_kinds), TEST(test_two),
        TEST(test_repeated), TEST(test_argument), TEST(test_cookie),
        TEST(test_places), TEST(test_without),
    };

    return cmocka_run_group_tests_name("cred", tests, NULL, NULL);
}
