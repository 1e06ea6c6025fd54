/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places in a doc: members, JSON pointers there and back; equal values and their hash; docs built from parts.
 */
#include "json_fixture.h"

static void test_member(void **state)
{
    ag_doc_t doc = doc_of("{\"a\":[1,{\"b\":2}],\"b\":\"x\",\"c\":\"y\\u0000z\",\"\":null}", *state);

    assert_int_equal(ag_doc_member(&doc, 0, "a", 1), 2);
    assert_int_equal(ag_doc_member(&doc, 0, "b", 1), 8);
    assert_int_equal(ag_doc_member(&doc, 0, "", 0), 12);
    assert_int_equal(ag_doc_member(&doc, 0, "d", 1), 0);
    assert_int_equal(ag_doc_member(&doc, 2, "b", 1), 0); /* an array */
    assert_int_equal(ag_doc_member(&doc, 4, "b", 1), 6);
    assert_string_equal(ag_doc_string(&doc, 0, "b", *state), "x");
    assert_null(ag_doc_string(&doc, 0, "a", *state));
    assert_null(ag_doc_string(&doc, 0, "c", *state)); /* a NUL */
    assert_null(ag_doc_string(&doc, 0, "d", *state));
}

/* RFC 6901 section 5, and what is no pointer or leads nowhere. */
static void test_at(void **state)
{
    static const struct {
        const char *pointer;
        int node; /* -1: there is none */
    } cases[] = {
        {"", 0},
        {"/foo", 2},
        {"/foo/0", 3},
        {"/foo/1", 4},
        {"/", 6},
        {"/a~1b", 8},
        {"/c%d", 10},
        {"/m~0n", 12},
        {"/foo/2", -1},
        {"/foo/00", -1},
        {"/foo/", -1},
        {"/foo/-", -1},
        {"/foo/0/", -1},
        {"foo", -1},
        {"/a~2b", -1},
        {"/a~", -1},
        {"/a/b", -1},
        {"/fo", -1},
        {"/fooo", -1},
        {"//", -1},
        {"/foo/4294967296", -1},
        {"/foo/99999999999999999999", -1},
    };
    ag_doc_t doc = doc_of("{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"m~n\":8}", *state);
    int i, found;

    for (i = 0; i < N_OF(cases); i++) {
        int node = (int)ag_doc_at(&doc, cases[i].pointer, &found);

        assert_int_equal(found ? node : -1, cases[i].node);
    }
}

/* Each value's pointer leads back to it; a name has its value's. */
static void test_pointer(void **state)
{
    ag_doc_t doc = doc_of("{\"a\":[1,[2,{\"b/~\":{}}],\"x\"],\"\":{\"c\":[[]]},\"z\":0}", *state);
    apr_uint32_t i;
    int found, names = 0;

    for (i = 0; i < doc.n; i++) {
        apr_uint32_t at = ag_doc_at(&doc, ag_doc_pointer(&doc, i, *state), &found);

        assert_true(found);
        assert_true(at == i || (at == i + 1 && doc.nodes[i].kind == AG_JSON_STRING));
        names += at != i;
    }
    assert_int_equal(names, 5);
}

static void test_pointer_shown(void **state)
{
    static const struct {
        const char *name, *pointer;
    } cases[] = {
        {"a\\u0000b\\nc", "/a?b?c"},
        {"\\u202ea", "/?a"},
        {"\xC3\xA9", "/\xC3\xA9"},
    };
    const char *name = apr_pstrcat(*state, times("n", 99, *state), "\xC3\xA9\xC3\xA9", NULL);
    ag_doc_t doc;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        doc = doc_of(apr_psprintf(*state, "{\"%s\":1}", cases[i].name), *state);
        assert_string_equal(ag_doc_pointer(&doc, 2, *state), cases[i].pointer);
    }
    doc = doc_of(apr_psprintf(*state, "{\"%s\":1}", name), *state);
    assert_string_equal(ag_doc_pointer(&doc, 2, *state), apr_psprintf(*state, "/%.99s…", name));
}

static void test_equal(void **state)
{
    static const struct {
        const char *a, *b;
        int equal;
    } cases[] = {
        {"1", "1.0", 1},
        {"100", "1e2", 1},
        {"-0", "0.0e5", 1},
        {"0.1", "10E-2", 1},
        {"1", "-1", 0},
        {"1", "\"1\"", 0},
        {"9007199254740993", "9007199254740992", 0},
        {"true", "true", 1},
        {"true", "1", 0},
        {"false", "0", 0},
        {"null", "null", 1},
        {"\"a\"", "\"\\u0061\"", 1},
        {"\"a\"", "\"b\"", 0},
        {"\"a\"", "\"a\\u0000\"", 0},
        {"\"\\u00e9\"", "\"e\\u0301\"", 0},
        {"[]", "{}", 0},
        {"[1,2]", "[1.0,2]", 1},
        {"[1,2]", "[2,1]", 0},
        {"[1]", "[1,1]", 0},
        {"[[1],2]", "[[1,2]]", 0},
        {"{\"a\":1,\"b\":[2]}", "{\"b\":[2.0],\"a\":1}", 1},
        {"{\"a\":1,\"b\":2}", "{\"a\":2,\"b\":1}", 0},
        {"{\"a\":1,\"b\":2}", "{\"a\":1,\"c\":2}", 0},
        {"{\"a\":1}", "{\"a\":1,\"b\":2}", 0},
        {"{\"a\":{\"x\":1,\"y\":{\"z\":[]}}}", "{\"a\":{\"y\":{\"z\":[]},\"x\":1}}", 1},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        ag_doc_t a = doc_of(cases[i].a, *state), b = doc_of(cases[i].b, *state);

        if (ag_doc_equal(&a, 0, &b, 0) != cases[i].equal || ag_doc_equal(&b, 0, &a, 0) != cases[i].equal
            || (ag_doc_hash(&a, 0) == ag_doc_hash(&b, 0)) != cases[i].equal) {
            fail_msg("%s and %s", cases[i].a, cases[i].b);
        }
    }
}

/* Members the other way round are found in linear time, and one that differs is, too. */
static void test_equal_many(void **state)
{
    enum { MANY = 100000 };
    char *texts[3], *at[3];
    ag_doc_t docs[3];
    int i, k;

    for (k = 0; k < 3; k++) {
        at[k] = texts[k] = apr_palloc(*state, MANY * 24);
        for (i = 0; i < MANY; i++) {
            at[k] += apr_snprintf(at[k], 24, "%c\"n%d\":1", i ? ',' : '{', k ? MANY - 1 - i : i);
        }
        memcpy(at[k], "}", 2);
    }
    at[2][-1] = '2';
    for (k = 0; k < 3; k++) {
        docs[k] = doc_of(texts[k], *state);
    }
    assert_true(ag_doc_equal(docs, 0, docs + 1, 0));
    assert_false(ag_doc_equal(docs, 0, docs + 2, 0));
    assert_true(ag_doc_hash(docs, 0) == ag_doc_hash(docs + 1, 0));
    assert_true(ag_doc_hash(docs, 0) != ag_doc_hash(docs + 2, 0));
}

static void test_build(void **state)
{
    ag_builder_t *b = ag_build(*state);
    ag_doc_t doc, same = doc_of("{\"a\":[1,\"x\",true,[]],\"\":{\"b\":null},\"c\":\"\"}", *state);

    ag_build_open(b, AG_JSON_OBJECT);
    ag_build_name(b, "a", 1);
    ag_build_open(b, AG_JSON_ARRAY);
    ag_build_value(b, AG_JSON_NUMBER, "1", 1);
    ag_build_value(b, AG_JSON_STRING, "xyz", 1);
    ag_build_value(b, AG_JSON_TRUE, NULL, 0);
    ag_build_open(b, AG_JSON_ARRAY);
    ag_build_close(b);
    ag_build_close(b);
    ag_build_name(b, "", 0);
    ag_build_open(b, AG_JSON_OBJECT);
    ag_build_name(b, "b", 1);
    ag_build_value(b, AG_JSON_NULL, NULL, 0);
    ag_build_close(b);
    ag_build_name(b, "c", 1);
    ag_build_value(b, AG_JSON_STRING, NULL, 0);
    ag_build_close(b);
    ag_build_done(&doc, b);
    assert_int_equal(doc.n, same.n);
    assert_true(ag_doc_equal(&doc, 0, &same, 0));
    assert_string_equal(ag_doc_pointer(&doc, 5, *state), "/a/2");
}

static void test_build_one(void **state)
{
    ag_builder_t *b = ag_build(*state);
    ag_doc_t doc;

    ag_build_value(b, AG_JSON_STRING, "text", 4);
    ag_build_done(&doc, b);
    assert_int_equal(doc.n, 1);
    assert_int_equal(doc.nodes[0].next, 1);
    assert_memory_equal(ag_doc_text(&doc, doc.nodes), "text", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_member), TEST(test_at),         TEST(test_pointer), TEST(test_pointer_shown),
        TEST(test_equal),  TEST(test_equal_many), TEST(test_build),   TEST(test_build_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
