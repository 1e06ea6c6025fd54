/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_base_path: patterns of paths, fitted to paths.
 */
#include "unit.h"

#include "../../src/base/text.h"

typedef struct {
    const char *pattern, *text;
    int fits;
} fit_t;

static void test_starts(void **state)
{
    static const fit_t cases[] = {
        {"acme", "acme", 1},
        {"acme", "acme2", 0},
        {"acme", "acm", 0},
        {"acme", "Acme", 0},
        {"", "", 1},
        {"", "a", 0},
        {"*", "", 1},
        {"*", "anything", 1},
        {"orders:*", "orders:read", 1},
        {"orders:*", "orders:", 1},
        {"orders:*", "orders", 0},
        {"orders:*", "order:s", 0},
        {"a*b", "a*b", 1},
        {"a*b", "axb", 0},
        {"orders:read", "orders:*", 0},
    };
    int i;

    (void)state;
    for (i = 0; i < N_OF(cases); i++) {
        if (ag_text_starts(cases[i].pattern, cases[i].text) != cases[i].fits) {
            fail_msg("%s and %s", cases[i].pattern, cases[i].text);
        }
    }
}

static void test_path(void **state)
{
    static const fit_t cases[] = {
        {"/api/me", "/api/me", 1},
        {"/api/me", "/api/me/", 0},
        {"/api/me", "/api/men", 0},
        {"/api/me/", "/api/me", 0},
        {"/api/me", "/API/me", 0},
        {"", "", 1},
        {"", "/", 0},
        {"/", "", 0},
        {"*", "", 1},
        {"*", "/any/thing", 1},
        {"/api/*", "/api/", 1},
        {"/api/*", "/api/a/b/c", 1},
        {"/api/*", "/api", 0},
        {"/api/*", "/apix/a", 0},
        {"/api*", "/apix/a", 1},
        {"/*/me", "/api/me", 1},
        {"/*/me", "//me", 1},
        {"/*/me", "/api/v1/me", 0},
        {"/*/me", "/api/me/", 0},
        {"/*/me", "/api/mex", 0},
        {"/a/*/c/*/e", "/a/b/c/d/e", 1},
        {"/a/*/c/*/e", "/a/b/c/d/f", 0},
        {"/a/*/c/*/e", "/a/b/c/c/d/e", 0},
        {"/a/*/c/*", "/a/b/c/d/e", 1},
        {"/a/*/c/*", "/a/b/d/c/e", 0},
        {"/f*.json", "/files.json", 1},
        {"/f*.json", "/f.json.json", 1},
        {"/f*.json", "/f.jsonx", 0},
        {"/f*.json", "/f/x.json", 0},
        {"/*a*b/c", "/xaab/c", 1},
        {"/*a*b/c", "/xaabx/c", 0},
        {"/*ab/c", "/aab/c", 1},
        {"**", "/a/b", 1},
        {"/**/b", "/a/b", 1},
        {"/**/b", "/a/a/b", 0},
        {"/a*", "/a", 1},
        {"/x*y", "/x", 0},
    };
    int i;

    (void)state;
    for (i = 0; i < N_OF(cases); i++) {
        if (ag_text_path(cases[i].pattern, cases[i].text) != cases[i].fits) {
            fail_msg("%s and %s", cases[i].pattern, cases[i].text);
        }
    }
}

/* What ag_text_path() promises, written without care for time. */
static int fits_slowly(const char *pattern, const char *path)
{
    if (*pattern == '*' && !pattern[1]) {
        return 1;
    }
    if (*pattern == '*') {
        return fits_slowly(pattern + 1, path) || (*path && *path != '/' && fits_slowly(pattern, path + 1));
    }
    return *pattern == *path && (!*path || fits_slowly(pattern + 1, path + 1));
}

static void test_path_random(void **state)
{
    static const char letters[] = "ab/*";
    char pattern[9], path[9];
    int i, j, fitted = 0;

    (void)state;
    srand(1);
    for (i = 0; i < 200000; i++) {
        int n = rand() % 9, m = rand() % 9;

        for (j = 0; j < n; j++) {
            pattern[j] = letters[rand() % 4];
        }
        pattern[n] = '\0';
        for (j = 0; j < m; j++) {
            path[j] = letters[rand() % 3];
        }
        path[m] = '\0';
        if (ag_text_path(pattern, path) != fits_slowly(pattern, path)) {
            fail_msg("%s and %s", pattern, path);
        }
        fitted += ag_text_path(pattern, path);
    }
    assert_in_range(fitted, 1000, 199000);
}

/* 10,000 stars would take for ever if each was tried again. */
static void test_path_cost(void **state)
{
    char *pattern = apr_palloc(*state, 20002);
    char *path = apr_palloc(*state, 20001);
    int i;

    for (i = 0; i < 20000; i += 2) {
        memcpy(pattern + i, "*a", 2);
    }
    memcpy(pattern + 20000, "b", 2);
    memset(path, 'a', 20000);
    path[20000] = '\0';
    assert_false(ag_text_path(pattern, path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_starts),
        TEST(test_path),
        TEST(test_path_random),
        TEST(test_path_cost),
    };

    return cmocka_run_group_tests_name("base text, paths", tests, NULL, NULL);
}
