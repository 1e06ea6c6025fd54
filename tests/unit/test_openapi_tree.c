/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of a document's paths a request's path is.
 */
#include "unit.h"

#include "../../src/openapi/tree.h"

static const char *const paths[] = {
    "/",
    "/pets",
    "/pets/",
    "/pets/mine",
    "/pets/{id}",
    "/pets/{id}.json",
    "/pets/{id}/toys/{toy}",
    "/pets/mine/food",
    "/range/{from}-{to}",
    "/range/{from}-{to}.csv",
    "/v{major}.{minor}/x",
    "/f(a='{a}',b='{b}')",
    "/sp%20ace/{x}",
    "/{any}/deep/{n}",
};

static ag_tree_t *make(apr_pool_t *p)
{
    ag_tree_t *tree = ag_tree_make(p);
    const char **names;
    void *other;
    int i, n;

    for (i = 0; i < N_OF(paths); i++) {
        assert_null(ag_tree_add(tree, &other, &names, &n, paths[i], (void *)(uintptr_t)paths[i]));
        assert_null(other);
    }
    return tree;
}

/* The path that is found, and the values: "/pets/{id} 7"; "two ways"; "none". */
static const char *find(const ag_tree_t *tree, const char *path, apr_pool_t *p)
{
    ag_span_t segments[AG_TREE_DEPTH], rest = ag_span(path + 1, strlen(path + 1));
    ag_tree_found_t found;
    const char *text;
    int i, n = 0;

    while (ag_span_part(&segments[n], &rest, '/')) {
        n++;
    }
    if (!ag_tree_find(&found, tree, segments, n)) {
        return "none";
    }
    text = found.two_ways ? "two ways" : found.leaf;
    for (i = 0; i < found.n; i++) {
        text = apr_psprintf(p, "%s %.*s", text, (int)found.values[i].n, found.values[i].at);
    }
    return text;
}

static void test_find(void **state)
{
    static const char *const cases[][2] = {
        {"/", "/"},
        {"/pets", "/pets"},
        {"/pets/", "/pets/"},
        {"/Pets", "none"},
        {"/pets/mine", "/pets/mine"},
        {"/pets/mine/", "none"},
        {"/pets/7", "/pets/{id} 7"},
        {"/pets/mine.json", "/pets/{id}.json mine"},
        {"/pets/.json", "/pets/{id} .json"}, /* a template takes a byte at least */
        {"/pets//", "none"},
        {"/pets/7/toys/8", "/pets/{id}/toys/{toy} 7 8"},
        {"/pets/mine/toys/8", "/pets/{id}/toys/{toy} mine 8"}, /* goes back where a literal leads nowhere */
        {"/pets/mine/food", "/pets/mine/food"},
        {"/pets/7/food", "none"},
        {"/range/a-b", "/range/{from}-{to} a b"},
        {"/range/a-b.csv", "/range/{from}-{to}.csv a b"},
        {"/range/a-b-c", "two ways a b-c"},
        {"/range/--b", "/range/{from}-{to} - b"},
        {"/range/---", "/range/{from}-{to} - -"},
        {"/range/-b", "none"},
        {"/range/ab", "none"},
        {"/v1.2/x", "/v{major}.{minor}/x 1 2"},
        {"/v1.2.3/x", "two ways 1 2.3"},
        {"/f(a='1',b='2')", "/f(a='{a}',b='{b}') 1 2"},
        {"/sp ace/y", "/sp%20ace/{x} y"},
        {"/zoo/deep/1", "/{any}/deep/{n} zoo 1"},
        {"/pets/deep/1", "/{any}/deep/{n} pets 1"},
        {"/zoo/deep", "none"},
    };
    const ag_tree_t *tree = make(*state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const char *found = find(tree, cases[i][0], *state);

        if (strcmp(found, cases[i][1]) != 0) {
            fail_msg("%s: %s, not %s", cases[i][0], found, cases[i][1]);
        }
    }
}

static void test_mistakes(void **state)
{
    static const char *const cases[][2] = {
        {"pets", "slash"},    {"/{id", "brace"},     {"/id}", "brace"},
        {"/{}", "name"},      {"/{a{b}}", "inside"}, {"/{a}{b}", "nothing between"},
        {"/a%2Fb", "escape"}, {"/a%zz", "escape"},   {"/{a}-{b}-{c}-{d}-{e}-{f}-{g}-{h}-{i}", "more than 8"},
    };
    ag_tree_t *tree = ag_tree_make(*state);
    const char **names;
    void *other;
    int i, n;

    for (i = 0; i < N_OF(cases); i++) {
        const char *error = ag_tree_add(tree, &other, &names, &n, cases[i][0], "");

        assert_non_null(error);
        assert_non_null(strstr(error, cases[i][1]));
    }
}

static void test_same_path(void **state)
{
    ag_tree_t *tree = make(*state);
    const char **names;
    void *other;
    int n;

    assert_null(ag_tree_add(tree, &other, &names, &n, "/pets/{name}/toys/{x}", ""));
    assert_string_equal(other, "/pets/{id}/toys/{toy}");
    assert_int_equal(n, 2);
    assert_string_equal(names[0], "name");
}

/* A name of a segment is found by its bytes, whatever stands behind it in memory. */
static void test_many(void **state)
{
    ag_tree_t *tree = ag_tree_make(*state);
    const char **names;
    void *other;
    int i, n;

    for (i = 0; i < 20000; i++) {
        assert_null(ag_tree_add(tree, &other, &names, &n, apr_psprintf(*state, "/a/%d/{x}", i), apr_itoa(*state, i)));
    }
    assert_string_equal(find(tree, "/a/19999/y", *state), "19999 y");
    assert_string_equal(find(tree, "/a/20000/y", *state), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_find), TEST(test_mistakes), TEST(test_same_path), TEST(test_many)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
