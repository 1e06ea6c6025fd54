/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON: the strict reader, dotted paths, lists of words, and the writer of strings.
 */
#include "unit.h"

#include "../../src/base/json.h"

static json_t *object_of(const char *text, apr_pool_t *p)
{
    json_t *object = ag_json_object(text, strlen(text), p);

    assert_non_null(object);
    return object;
}

static void test_object(void **state)
{
    static const struct {
        const char *text;
        int good;
    } cases[] = {
        {"{}", 1},
        {" {\"a\":1} \n", 1},
        {"{\"a\":{\"b\":[1,2.5,null,true,\"x\"]}}", 1},
        {"", 0},
        {"[]", 0},
        {"\"a\"", 0},
        {"7", 0},
        {"null", 0},
        {"{", 0},
        {"{\"a\":1,\"a\":2}", 0},
        {"{\"a\":{\"b\":1,\"b\":1}}", 0},
        {"{} x", 0},
        {"{}{}", 0},
        {"{\"a\":1,}", 0},
        {"{'a':1}", 0},
        {"{\"a\":\"b\\u0000c\"}", 0},
        {"{\"a\\u0000\":1}", 0},
        {"{\"a\":\"\xFF\"}", 0},
        {"{\"a\":\"\xC0\x80\"}", 0},
        {"{\"a\":\"\xED\xA0\x80\"}", 0},
        {"{\"a\":\"\\ud800\"}", 0},
        {"\xEF\xBB\xBF{}", 0},
        {"{\"a\":1e400}", 0},
        {"{\"a\":99999999999999999999}", 0},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        json_t *object = ag_json_object(cases[i].text, strlen(cases[i].text), *state);

        if ((object != NULL) != cases[i].good) {
            fail_msg("%s", cases[i].text);
        }
    }
    assert_null(ag_json_object("{}\0", 3, *state));
    assert_non_null(ag_json_object("{}x", 2, *state)); /* no more than n bytes are read */
}

/* The pool's end releases the object: what was borrowed for longer shows by its count. */
static void test_object_dies_with_pool(void **state)
{
    apr_pool_t *p;
    json_t *object;

    apr_pool_create(&p, *state);
    object = object_of("{\"a\":1}", p);
    json_incref(object);
    assert_int_equal(object->refcount, 2);
    apr_pool_destroy(p);
    assert_int_equal(object->refcount, 1);
    json_decref(object);
}

static void test_path(void **state)
{
    static const struct {
        const char *path;
        int value; /* 0: none */
    } cases[] = {
        {"a", 1},   {"b.c", 2},   {"b.d.e", 3}, {"x\\.y", 4}, {"b.x\\.y\\.z", 5}, {"\\\\", 6}, {"b", 0},   {"c", 0},
        {"a.b", 0}, {"b.c.d", 0}, {"x.y", 0},   {"B.c", 0},   {"b..c", 0},        {"l.0", 0},  {"b.d", 0},
    };
    json_t *object = object_of("{\"a\":1,\"b\":{\"c\":2,\"d\":{\"e\":3},\"x.y.z\":5},\"x.y\":4,"
                               "\"\\\\\\\\\":6,\"l\":[1]}",
                               *state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        json_t *value = ag_json_path(object, cases[i].path);

        if (json_integer_value(value) != cases[i].value) {
            fail_msg("%s", cases[i].path);
        }
    }
    assert_null(ag_json_path(NULL, "a"));
    assert_null(ag_json_path(object, ""));
    assert_true(json_is_object(ag_json_path(object, "b.d")));
}

/* A step of 255 bytes is found; a longer one is not looked for under its first 255. */
static void test_path_long(void **state)
{
    char *name = apr_palloc(*state, 301);
    json_t *object;

    memset(name, 'n', 300);
    name[255] = '\0';
    object = object_of(apr_psprintf(*state, "{\"%s\":1,\"b\":2}", name), *state);
    assert_int_equal(json_integer_value(ag_json_path(object, name)), 1);
    name[255] = 'n';
    name[256] = '\0';
    object = object_of(apr_psprintf(*state, "{\"%s\":1,\"b\":2}", name), *state);
    assert_null(ag_json_path(object, name));
    name[256] = 'n';
    name[300] = '\0';
    assert_null(ag_json_path(object, name));
    assert_null(ag_json_path(object, apr_pstrcat(*state, "b.", name, NULL)));
}

static void test_words(void **state)
{
    static const struct {
        const char *text;
        int n;
        const char *words;
    } cases[] = {
        {"\"read\"", 1, "read"},
        {"\"read write\"", 2, "read,write"},
        {"\" read  write \"", 2, "read,write"},
        {"\"\"", 0, ""},
        {"\" \"", 0, ""},
        {"\"a\\tb\"", 1, "a\tb"},
        {"[\"a b\",\"c\"]", 2, "a b,c"},
        {"[\"a\",1,null,1.5,true,[\"x\"],{\"y\":1},\"b\"]", 3, "a,1,b"},
        {"[]", 0, ""},
        {"{\"a\":\"b\"}", 0, ""},
        {"1", 1, "1"},
        {"-1.5", 0, ""},
        {"true", 0, ""},
        {"null", 0, ""},
    };
    ag_words_t words = {7, NULL};
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const char *text = apr_psprintf(*state, "{\"v\":%s}", cases[i].text);

        ag_json_words(&words, json_object_get(object_of(text, *state), "v"), *state);
        assert_int_equal(words.n, cases[i].n);
        assert_string_equal(joined(&words, *state), cases[i].words);
        assert_int_equal(words.v == NULL, words.n == 0);
    }
    ag_json_words(&words, NULL, *state);
    assert_int_equal(words.n, 0);
}

/* Words are copies: they outlive the object. */
static void test_words_live_on(void **state)
{
    ag_words_t words, list;
    apr_pool_t *p;
    json_t *object;

    apr_pool_create(&p, *state);
    object = object_of("{\"s\":\"read write\",\"l\":[\"a\"]}", p);
    ag_json_words(&words, json_object_get(object, "s"), *state);
    ag_json_words(&list, json_object_get(object, "l"), *state);
    json_string_set(json_object_get(object, "s"), "xxxx xxxxx");
    json_string_set(json_array_get(json_object_get(object, "l"), 0), "x");
    apr_pool_destroy(p);
    assert_string_equal(joined(&words, *state), "read,write");
    assert_string_equal(joined(&list, *state), "a");
}

static const char *written(const char *text)
{
    static char memory[2048];
    ag_buf_t b;

    ag_buf_init(&b, memory, sizeof memory);
    ag_json_string(&b, text);
    assert_false(b.full);
    return b.start;
}

static void test_string(void **state)
{
    static const struct {
        const char *text, *json;
    } cases[] = {
        {NULL, "null"},
        {"", "\"\""},
        {"plain / text", "\"plain / text\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"\x01\n\x1F\x7F", "\"\\u0001\\u000a\\u001f\\u007f\""},
        {"\xC2\xA0 \xDF\xBF", "\"\xC2\xA0 \xDF\xBF\""},
        {"\xC2\x80 \xC2\x9B \xE2\x80\xAE", "\"\\u0080 \\u009b \\u202e\""},
        {"\xE0\xA0\x80 \xED\x9F\xBF \xEF\xBF\xBF", "\"\xE0\xA0\x80 \xED\x9F\xBF \xEF\xBF\xBF\""},
        {"\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF", "\"\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF\""},
        {"\x80", "\"\xEF\xBF\xBD\""},
        {"\xC1\xBF", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xC3", "\"\xEF\xBF\xBD\""},
        {"\xC3(", "\"\xEF\xBF\xBD(\""},
        {"\xE2\x82", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xE0\x9F\xBF", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xF0\x8F\xBF\xBF", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xF4\x90\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xF5\x80\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
    };
    int i;

    (void)state;
    for (i = 0; i < N_OF(cases); i++) {
        assert_string_equal(written(cases[i].text), cases[i].json);
    }
}

/* Any bytes at all become a string that another reader takes, valid ones unchanged. */
static void test_string_random(void **state)
{
    int i, j, same = 0;

    (void)state;
    srand(2);
    for (i = 0; i < 100000; i++) {
        static const unsigned char leads[] = {'"', '\\', 0xC3, 0xE0, 0xED, 0xF0, 0xF4, 0x80, 0xBF};
        char text[9] = "";
        json_t *read;

        for (j = 0; j < rand() % 9; j++) {
            text[j] = (char)(rand() % 2 ? leads[rand() % N_OF(leads)] : 1 + rand() % 255);
        }
        read = json_loads(written(text), JSON_DECODE_ANY, NULL);
        assert_non_null(read);
        same += strcmp(json_string_value(read), text) == 0;
        json_decref(read);
    }
    assert_in_range(same, 1, 99999);
}

static void test_name(void **state)
{
    char memory[64];
    ag_buf_t b;

    (void)state;
    ag_buf_init(&b, memory, sizeof memory);
    ag_json_name(&b, "x");
    assert_string_equal(b.start, "\"x\":");
    ag_buf_init(&b, memory, sizeof memory);
    ag_buf_str(&b, "{");
    ag_json_name(&b, "a");
    ag_json_string(&b, "{");
    ag_json_name(&b, "b-c");
    ag_buf_uint(&b, 1);
    ag_buf_str(&b, "}");
    assert_string_equal(b.start, "{\"a\":\"{\",\"b-c\":1}");
}

static void test_plain(void **state)
{
    char text[] = "ab?d";
    int c;

    (void)state;
    for (c = 0; c < 256; c++) {
        text[2] = (char)c;
        assert_int_equal(ag_json_plain(text, 9), c < 0x20 || c > 0x7E || c == '"' || c == '\\' ? 2 : 4);
        assert_int_equal(ag_json_plain(text, 2), 2);
    }
    assert_int_equal(ag_json_plain("", 1), 0);
    assert_int_equal(ag_json_plain("a", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_object), TEST(test_object_dies_with_pool),
        TEST(test_path),   TEST(test_path_long),
        TEST(test_words),  TEST(test_words_live_on),
        TEST(test_string), TEST(test_string_random),
        TEST(test_name),   TEST(test_plain),
    };

    return cmocka_run_group_tests_name("base json", tests, NULL, NULL);
}
