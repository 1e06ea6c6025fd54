/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments and cookies: how a credential is found in them, masked and taken out.
 */
#include "cred_fixture.h"

typedef struct {
    const char *list, *value; /* NULL: not there */
    int twice;
} pair_t;

static void read_pairs(const char *(*read)(const char *list, const char *name, int *twice, apr_pool_t *p),
                       const pair_t *pairs, int n, apr_pool_t *p)
{
    int i;

    for (i = 0; i < n; i++) {
        int twice = 0;
        const char *value = read(pairs[i].list, "k", &twice, p);

        if (twice != pairs[i].twice
            || (!twice && strcmp(value ? value : "(none)", pairs[i].value ? pairs[i].value : "(none)") != 0)) {
            fail_msg("%s: %s, twice %d", pairs[i].list, value ? value : "(none)", twice);
        }
    }
}

static void test_argument(void **state)
{
    static const pair_t pairs[] = {
        {NULL, NULL, 0},        {"", NULL, 0},
        {"k=v", "v", 0},        {"k=", NULL, 0},
        {"k", NULL, 0},         {"K=v", "v", 0},
        {"kk=v", NULL, 0},      {"a=1&k=v&b=2", "v", 0},
        {"a=k=v", NULL, 0},     {"k=a=b", "a=b", 0},
        {"&&k=v&", "v", 0},     {"k=a%2Bb", "a+b", 0},
        {"k=a+b", "a b", 0},    {"k=%41%42", "AB", 0},
        {"k=%", "%", 0},        {"k=%4", "%4", 0},
        {"k=%zz", "%zz", 0},    {"k=a%00b", "a%00b", 0},
        {"k=%20+%09", NULL, 0}, {"k=&k=v&k=+", "v", 0},
        {"x=1;k=v", "v", 0},    {"x=1;k=v;y=2&z=3", "v;y=2", 0},
        {"x;k=v&k=w", NULL, 1}, {"k=v;k=w", "v;k=w", 0},
        {"k=v&k=v", NULL, 1},   {"k=v&a=1&k=w", NULL, 1},
        {"k=%26", "&", 0},
    };

    read_pairs(ag_cred_argument, pairs, N_OF(pairs), *state);
}

static void test_cookie(void **state)
{
    static const pair_t pairs[] = {
        {NULL, NULL, 0},
        {"", NULL, 0},
        {"k=v", "v", 0},
        {"k=", NULL, 0},
        {"k", NULL, 0},
        {"K=v", "v", 0},
        {"a=1; k=v; b=2", "v", 0},
        {"a=1;k=v;b=2", "v", 0},
        {"kk=v; k2=w", NULL, 0},
        {"k=\"v\"", "v", 0},
        {"k=\"\"", NULL, 0},
        {"k=\"", "\"", 0},
        {"k=a%2Bb", "a%2Bb", 0},
        {"k=a+b", "a+b", 0},
        {"k=a=b", "a=b", 0},
        {"  k=v  ", "v", 0},
        {"k=v; k=v", NULL, 1},
        {"k=v;k=w", NULL, 1},
        {"a=1&k=v", NULL, 0},
        {"k=v, a=1", "v", 0},
        {"a=1, k=v", "v", 0},
        {"k=v, k=v", NULL, 1},
        {"k =v", "v", 0},
        {"a=1; k\t= v ;b", "v", 0},
        {"$Version=\"1\"; k=\"v\"; $Path=\"/\"", "v", 0},
        {"k=v; %6B=w", NULL, 1},
        {"k=v; k[]=w", NULL, 1},
        {"k=v w", "v w", 0},
        {"k=\"v; k=w\"", NULL, 1},
        {"k=; k=v", "v", 0},
    };

    read_pairs(ag_cred_cookie, pairs, N_OF(pairs), *state);
}

/* What a backend may read as the argument "api_key", and what none does. */
static void test_names(void **state)
{
    static const char *const same[] = {
        "api_key",       "API_KEY",     "Api_Key",       "%61pi_key",     "%61%70%69%5f%6B%65%79",
        "api%5Fkey",     "api.key",     "api-key",       "api+key",       "api%20key",
        "api[key",       "+api_key",    "%20%09api_key", "api_key[]",     "api_key%5B%5D",
        "api_key[a][b]", "api_key%00x", "api_key+",      "%u0061pi_key",  "api%u005Fkey",
        "?api_key",      "api%ffkey",   "[api_key]",     "%5Bapi_key%5D", "api_key]",
        "api_key%00;",   "api_key[;?]", "api?key",       "api%26key",
    };
    static const char *const other[] = {
        "apikey",   "api__key",  "api_key2",   "xapi_key", "api_ke",     "api_key.", "api%255Fkey", "%2561pi_key",
        "api[key]", "api%00key", "api_key%zz", "%api_key", "%u06pi_key", "api1key",  "api_key;",    "api_key+;x",
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

        if (ag_cred_argument(args, "api_key", &twice, *state) || ag_cred_args_masked(args, args, "api_key", *state)) {
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
    static const case_t everywhere = {"abc", "Basic OmFiYw==", "key=abc", "api_key=abc", ALL,
                                      KEY,   AG_R_NONE,        "key",     "abc",         AG_FROM_HEADER};
    static const case_t one = {NULL, NULL, "key=abc", NULL, ALL, KEY, AG_R_NONE, "key", "abc", AG_FROM_COOKIE};
    static const case_t two = {NULL, "Bearer abc", NULL,  "api_key=abc", ALL,
                               KEY,  AG_R_NONE,    "key", "abc",         AG_FROM_QUERY};
    ag_credential_t found;

    find(&found, &everywhere, *state);
    assert_int_equal(found.places,
                     1u << AG_FROM_HEADER | 1u << AG_FROM_BASIC | 1u << AG_FROM_QUERY | 1u << AG_FROM_COOKIE);
    find(&found, &one, *state);
    assert_int_equal(found.places, 1u << AG_FROM_COOKIE);
    find(&found, &two, *state);
    assert_int_equal(found.places, 1u << AG_FROM_BEARER | 1u << AG_FROM_QUERY);
}

typedef struct {
    const char *list, *left; /* NULL: nothing */
} without_t;

static void remove_pairs(char *(*without)(const char *list, const char *name, apr_pool_t *p), const without_t *cases,
                         int n, apr_pool_t *p)
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
        {"k=v", NULL},
        {"", NULL},
        {"a=1", "a=1"},
        {"k=v&a=1", "a=1"},
        {"a=1&k=v", "a=1"},
        {"a=1&k=v&b=2", "a=1&b=2"},
        {"k=v&k=w", NULL},
        {"a=1&k=v&k=w&b=2", "a=1&b=2"},
        {"kk=v&k", "kk=v&k"},
        {"k=&a=1", "a=1"},
        {"a=k=v", "a=k=v"},
        {"K=v", NULL},
        {"a=1&&b=2", "a=1&&b=2"},
        {"k=v;x=1&a=1", "a=1"},
        {"%6b=v&a=1", "a=1"},
        {"a=1;k=v&b", "a=1&b"},
        {"k[]=v&k[a]=w", NULL},
        {"?a=1", "?a=1"},
        {"?k=v&a=1", "a=1"},
        {"&a=1&", "&a=1&"},
    };
    static const without_t cookies[] = {
        {"k=v", NULL},
        {"k=v; a=1", "a=1"},
        {"a=1; k=v", "a=1"},
        {"a=1; k=v; b=2", "a=1; b=2"},
        {"a=1;k=v;b=2", "a=1;b=2"},
        {"k=v; k=w", NULL},
        {"kk=v; k", "kk=v; k"},
        {"a=1, k=v, b=2", "a=1, b=2"},
        {"a=1; %4b=v", "a=1"},
        {"k=v w; a=1", "a=1"},
        {"k = v; a=1", "a=1"},
    };

    remove_pairs(ag_cred_args_without, args, N_OF(args), *state);
    remove_pairs(ag_cred_cookies_without, cookies, N_OF(cookies), *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_argument), TEST(test_cookie), TEST(test_places),
        TEST(test_without),  TEST(test_names),  TEST(test_masked),
    };

    return cmocka_run_group_tests_name("cred", tests, NULL, NULL);
}
