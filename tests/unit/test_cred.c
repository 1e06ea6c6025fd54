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
    by_cookie = {AG_FROM_COOKIE, "key"}, by_plain = {AG_FROM_PLAIN, "Authorization"};

enum { H = 1, BEARER = 2, BASIC = 4, Q = 8, C = 16, ALL = 31, PLAIN = 32 };
enum { KEY = AG_CRED_KEY, JWT = AG_CRED_JWT, BOTH = 3 };

static ag_key_from_t from_of(unsigned places, apr_pool_t *p)
{
    static const ag_key_source_t *const all[] = {&by_header, &by_bearer, &by_basic, &by_query,
                                                 &by_cookie, &by_plain};
    ag_key_source_t *sources = apr_pcalloc(p, 6 * sizeof *sources);
    ag_key_from_t from = {.sources = sources};
    int i;

    for (i = 0; i < 6; i++) {
        if (places & 1u << i) {
            from.places |= AG_FROM_BIT(all[i]->from);
            sources[from.n++] = *all[i];
        }
    }
    if (places & (H | Q | C | PLAIN)) {
        from.places |= AG_FROM_BIT(AG_FROM_APIKEY);
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
        {"Basic dXNlcjphYmM=", "abc"},     /* user:abc */
        {"basic OmFiYw==", "abc"},         /* :abc */
        {"Basic YWJjOg==", "abc"},         /* abc: */
        {"Basic dTphOmI=", "a:b"},         /* u:a:b */
        {"Basic dTphLGI=", "a,b"},         /* u:a,b */
        {"Basic YWJj", "YWJj"},            /* no colon: as it stands, refused later */
        {"Basic dTogIA==", "u"},           /* u:, two blanks */
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
        {NULL, "Bearer abc, Bearer abc", NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {NULL, "Bearer " TOKEN ", Bearer " TOKEN, NULL, NULL, ALL, JWT, AMBIGUOUS, NOTHING},
        {NULL, "Bearer " TOKEN ", Basic OmFiYw==", NULL, NULL, ALL, BOTH, AMBIGUOUS, NOTHING},
        {NULL, "Basic OmFiYw==, Bearer abc", NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {NULL, "Negotiate x, Bearer abc", NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {"abc", "Digest x=1, ApiKey abd", NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {NULL, "ApiKey abc, ApiKey abd", NULL, NULL, ALL, KEY, AMBIGUOUS, NOTHING},
        {NULL, "Digest a=1, Bearer abc", NULL, NULL, H, KEY, MISSING, NOTHING},
        {"abc", "Digest a=\"x\", b=1", NULL, NULL, ALL, BOTH, AG_R_NONE, "key", "abc",
         AG_FROM_HEADER},
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
        {NULL, "Basic Og==", NULL, NULL, ALL, KEY, MISSING, NOTHING},   /* : */
        {NULL, "Basic IDog", NULL, NULL, ALL, KEY, MISSING, NOTHING},   /* blanks around : */
        {NULL, "", NULL, NULL, PLAIN, KEY, MISSING, NOTHING},
        {NULL, ",", NULL, NULL, ALL | PLAIN, KEY, MISSING, NOTHING},
        {NULL, NULL, NULL, "api_key=&x=1&api_key=", ALL, KEY, MISSING, NOTHING},
        {"abc", "Bearer", "key=", "api_key=", ALL, BOTH, AG_R_NONE, "key", "abc", AG_FROM_HEADER},
        {"", "Bearer abc", "key=", "api_key=", ALL, BOTH, AG_R_NONE, "key", "abc", AG_FROM_BEARER},
        {"", "Bearer " TOKEN, "key=", "api_key=", ALL, BOTH, AG_R_NONE, "jwt", TOKEN,
         AG_FROM_BEARER},
        {"", "ApiKey", "key=abc", "api_key=", ALL, KEY, AG_R_NONE, "key", "abc", AG_FROM_COOKIE},
        {"", "Basic Og==", "key=", "api_key=abc", ALL, KEY, AG_R_NONE, "key", "abc", AG_FROM_QUERY},
        {NULL, NULL, "key=; key=abc; key=", NULL, ALL, KEY, AG_R_NONE, "key", "abc",
         AG_FROM_COOKIE},
        {NULL, NULL, NULL, "api_key=abc&api_key=", ALL, KEY, AG_R_NONE, "key", "abc",
         AG_FROM_QUERY},
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
        {NULL, "Bearer abc", NULL, NULL, PLAIN | BEARER, KEY, AG_R_NONE, "key", "abc",
         AG_FROM_BEARER},
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

        if (reason != cases[i].reason
            || (reason == AG_R_NONE && strcmp(found.text, "abc") != 0)) {
            fail_msg("case %d: %s", i, ag_reason(reason)->code);
        }
    }
}

/* A forward proxy is told the credential in a field of its own. */
static void test_proxy(void **state)
{
    static const char *const fields[] = {"Authorization", "Bearer other", "Proxy-Authorization",
                                         "Bearer abc", NULL};
    ag_key_from_t from = from_of(H | BEARER, *state);
    ag_request_t request = make_request(fields, *state);
    ag_credential_t found;

    request.authorization = "Proxy-Authorization";
    assert_int_equal(ag_cred_find(&found, &request, &from, KEY), AG_R_NONE);
    assert_string_equal(found.text, "abc");
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
        {"k=", NULL, 0},          {"k", NULL, 0},           {"K=v", "v", 0},
        {"kk=v", NULL, 0},        {"a=1&k=v&b=2", "v", 0},  {"a=k=v", NULL, 0},
        {"k=a=b", "a=b", 0},      {"&&k=v&", "v", 0},       {"k=a%2Bb", "a+b", 0},
        {"k=a+b", "a b", 0},      {"k=%41%42", "AB", 0},    {"k=%", "%", 0},
        {"k=%4", "%4", 0},        {"k=%zz", "%zz", 0},      {"k=a%00b", "a%00b", 0},
        {"k=%20+%09", NULL, 0},   {"k=&k=v&k=+", "v", 0},   {"x=1;k=v", "v", 0},
        {"x=1;k=v;y=2&z=3", "v;y=2", 0},                    {"x;k=v&k=w", NULL, 1},
        {"k=v;k=w", "v;k=w", 0},  {"k=v&k=v", NULL, 1},     {"k=v&a=1&k=w", NULL, 1},
        {"k=%26", "&", 0},
    };

    read_pairs(ag_cred_argument, pairs, N_OF(pairs), *state);
}

static void test_cookie(void **state)
{
    static const pair_t pairs[] = {
        {NULL, NULL, 0},            {"", NULL, 0},          {"k=v", "v", 0},
        {"k=", NULL, 0},            {"k", NULL, 0},         {"K=v", "v", 0},
        {"a=1; k=v; b=2", "v", 0},  {"a=1;k=v;b=2", "v", 0}, {"kk=v; k2=w", NULL, 0},
        {"k=\"v\"", "v", 0},        {"k=\"\"", NULL, 0},    {"k=\"", "\"", 0},
        {"k=a%2Bb", "a%2Bb", 0},    {"k=a+b", "a+b", 0},    {"k=a=b", "a=b", 0},
        {"  k=v  ", "v", 0},        {"k=v; k=v", NULL, 1},  {"k=v;k=w", NULL, 1},
        {"a=1&k=v", NULL, 0},       {"k=v, a=1", "v", 0},   {"a=1, k=v", "v", 0},
        {"k=v, k=v", NULL, 1},      {"k =v", "v", 0},       {"a=1; k\t= v ;b", "v", 0},
        {"$Version=\"1\"; k=\"v\"; $Path=\"/\"", "v", 0},   {"k=v; %6B=w", NULL, 1},
        {"k=v; k[]=w", NULL, 1},    {"k=v w", "v w", 0},    {"k=\"v; k=w\"", NULL, 1},
        {"k=; k=v", "v", 0},
    };

    read_pairs(ag_cred_cookie, pairs, N_OF(pairs), *state);
}

/* What a backend may read as the argument "api_key", and what none does. */
static void test_names(void **state)
{
    static const char *const same[] = {
        "api_key", "API_KEY", "Api_Key", "%61pi_key", "%61%70%69%5f%6B%65%79", "api%5Fkey",
        "api.key", "api-key", "api+key", "api%20key", "api[key", "+api_key", "%20%09api_key",
        "api_key[]", "api_key%5B%5D", "api_key[a][b]", "api_key%00x", "api_key+", "%u0061pi_key",
        "api%u005Fkey", "?api_key", "api%ffkey", "[api_key]", "%5Bapi_key%5D", "api_key]",
    };
    static const char *const other[] = {
        "apikey", "api__key", "api_key2", "xapi_key", "api_ke", "api_key.", "api%255Fkey",
        "%2561pi_key", "api[key]", "api%00key", "api_key%zz", "%api_key", "%u06pi_key", "api1key",
    };
    int i, twice = 0;

    for (i = 0; i < N_OF(same); i++) {
        const char *args = apr_pstrcat(*state, "a=1&", same[i], "=v&b=2", NULL);
        const char *value = ag_cred_argument(args, "api_key", &twice, *state);

        if (!value || strcmp(value, "v") != 0
            || strcmp(ag_cred_args_without(args, "api_key", *state), "a=1&b=2") != 0) {
            fail_msg("%s is overlooked", same[i]);
        }
        assert_string_equal(ag_cred_args_masked(args, args, "api_key", *state),
                            apr_pstrcat(*state, "a=1&", same[i], "=***&b=2", NULL));
    }
    for (i = 0; i < N_OF(other); i++) {
        const char *args = apr_pstrcat(*state, "a=1&", other[i], "=v&b=2", NULL);

        if (ag_cred_argument(args, "api_key", &twice, *state)
            || ag_cred_args_masked(args, args, "api_key", *state)) {
            fail_msg("%s is another name", other[i]);
        }
        assert_string_equal(ag_cred_args_without(args, "api_key", *state), args);
    }
    assert_int_equal(twice, 0);
}

static void test_masked(void **state)
{
    static const char *const cases[][2] = {
        {"GET /x?k=v HTTP/1.1", "GET /x?k=*** HTTP/1.1"},
        {"GET /x?k=v&a=1&K=w HTTP/1.1", "GET /x?k=***&a=1&K=*** HTTP/1.1"},
        {"/x?a=1;k=v;b=2&c", "/x?a=1;k=***&c"},
        {"/x?k=&k=&k=", "/x?k=***&k=***&k=***"},
        {"/x?k=v#f", "/x?k=***#f"},
        {"/x?k=***&a=1", NULL},
        {"/x?k=***&k=v", "/x?k=***&k=***"},
        {"/x?a=1#?k=v", "/x?a=1#?k=***"}, /* no fragment, where httpd reads none */
        {"GET /x?q=a b&k=v HTTP/1.1", "GET /x?q=a b&k=*** HTTP/1.1"},
        {"/x?", NULL},
        {"/x?kk=v HTTP/1.1", NULL},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const char *text = cases[i][0];
        const char *out = ag_cred_args_masked(text, strchr(text, '?') + 1, "k", *state);

        assert_string_equal(out ? out : "(none)", cases[i][1] ? cases[i][1] : "(none)");
    }
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
        {"K=v", NULL},        {"a=1&&b=2", "a=1&&b=2"}, {"k=v;x=1&a=1", "a=1"},
        {"%6b=v&a=1", "a=1"}, {"a=1;k=v&b", "a=1&b"},   {"k[]=v&k[a]=w", NULL},
        {"?a=1", "?a=1"},     {"?k=v&a=1", "a=1"},      {"&a=1&", "&a=1&"},
    };
    static const without_t cookies[] = {
        {"k=v", NULL},        {"k=v; a=1", "a=1"},      {"a=1; k=v", "a=1"},
        {"a=1; k=v; b=2", "a=1; b=2"},                  {"a=1;k=v;b=2", "a=1;b=2"},
        {"k=v; k=w", NULL},   {"kk=v; k", "kk=v; k"},   {"a=1, k=v, b=2", "a=1, b=2"},
        {"a=1; %4b=v", "a=1"}, {"k=v w; a=1", "a=1"},   {"k = v; a=1", "a=1"},
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
        TEST(test_empty), TEST(test_apikey), TEST(test_spellings), TEST(test_proxy),
        TEST(test_names), TEST(test_masked),
    };

    return cmocka_run_group_tests_name("cred", tests, NULL, NULL);
}
