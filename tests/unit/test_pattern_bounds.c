/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the worst patterns cost: each is answered or given up within a bound, on whatever text, and plain ones are answered
 * on texts of a megabyte. Threads share patterns.
 */
#include "unit.h"

#include <pthread.h>

#include <apr_time.h>

#include "../../src/schema/pattern.h"

enum { MEGABYTE = 1024 * 1024 };

/* Seconds for one match. It takes a quarter of that at most where nothing else runs. */
#define BOUND 2.0

typedef struct {
    const char *pattern, *unit, *tail;
    int answers; /* 1, 0; -1: any, -1 included */
} case_t;

static const case_t megabytes[] = {
    {"^[a-z]*$", "a", "", 1},
    {"^[a-z]*$", "a", "!", 0},
    {"[a-z]+", "a", "", 1},
    {"^(?:ab|c)*$", "abc", "", 1},
    {"[0-9]{3}", "ab", "123", 1},
    {"^(?!.*\\.\\.)[a-z.]+$", "a.", "", 1},
    {"^\\p{L}+$", "\xC3\xA9", "", 1},
    {"^\\S+$", "\xF0\x9F\x98\x80", " ", 0},
    /* those that double their time with each character, and those that square it */
    {"(a+)+$", "a", "b", 0},
    {"^(a|aa)+$", "a", "b", 0},
    {"^(\\w+\\s?)*$", "ab ", "!", 0},
    {"\\s+$", " ", "x", 0},
    {"a*a*a*[bc]", "a", "", 0},
    {"^(.*,){11}P", "1,", "", -1},
    {"[a-z]{3,500}@[a-z]", "a", "", -1},
    {"^(?:(?!.*ab).)*$", "b", "", -1},
    {"(\\w)\\1\\1\\1[0-9]", "ab", "", -1},
    {"(.*)\\1[xy]", "ab", "", -1},
    {"^(([a-z])+.)+[A-Z]([a-z])+$", "a", "", -1},
    {"^(?:a?){50}a{50}[bc]$", "a", "", -1},
};

static char *repeated(const case_t *one, apr_size_t size, apr_size_t *n, apr_pool_t *p)
{
    apr_size_t unit = strlen(one->unit), tail = strlen(one->tail);
    char *text = apr_palloc(p, size + unit + tail);

    for (*n = 0; *n < size; *n += unit) {
        memcpy(text + *n, one->unit, unit);
    }
    memcpy(text + *n, one->tail, tail);
    *n += tail;
    return text;
}

static void try(const case_t *one, apr_size_t size, apr_pool_t *p)
{
    ag_pattern_t *pattern;
    apr_time_t begin;
    apr_size_t n;
    char *text = repeated(one, size, &n, p);
    double seconds;
    int is;

    assert_null(ag_pattern_compile(&pattern, one->pattern, strlen(one->pattern), p));
    begin = apr_time_now();
    is = ag_pattern_matches(pattern, text, n, NULL);
    seconds = (double)(apr_time_now() - begin) / APR_USEC_PER_SEC;
    if (seconds > BOUND || (one->answers >= 0 && is != one->answers)) {
        fail_msg("%s on %lu bytes: %d in %.3f s", one->pattern, (unsigned long)n, is, seconds);
    }
}

static void test_megabyte(void **state)
{
    int i;

    for (i = 0; i < N_OF(megabytes); i++) {
        try(&megabytes[i], MEGABYTE, *state);
    }
}

/* Of all sizes: the bound is where the two algorithms meet. Up to 5,000 bytes each has an answer. */
static void test_sizes(void **state)
{
    apr_pool_t *p;
    apr_size_t size;
    int i;

    for (i = 0; i < N_OF(megabytes); i++) {
        for (size = 20; size < MEGABYTE; size = size * 5 / 2) {
            apr_pool_create(&p, *state);
            try(&megabytes[i], size, p);
            apr_pool_destroy(p);
        }
    }
}

static void *match_often(void *pattern)
{
    intptr_t wrong = 0;
    int i;

    for (i = 0; i < 2000; i++) {
        wrong += ag_pattern_matches(pattern, "aaaaaaaaaaaaaaaaaaaaaaaaab", 26, NULL) != 0;
        wrong += ag_pattern_matches(pattern, "aaaaaaaaaaaaaaaaaaaaaaaaaa", 26, NULL) != 1;
    }
    return (void *)wrong;
}

static void test_threads(void **state)
{
    ag_pattern_t *pattern;
    pthread_t thread[8];
    void *wrong;
    int i;

    assert_null(ag_pattern_compile(&pattern, "^(a|aa)+$", 9, *state));
    for (i = 0; i < N_OF(thread); i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, match_often, pattern), 0);
    }
    for (i = 0; i < N_OF(thread); i++) {
        pthread_join(thread[i], &wrong);
        assert_null(wrong);
    }
}

/* Deep, wide and long ones are read, or refused, at once. */
static void test_large_patterns(void **state)
{
    static const char *const units[] = {"(",      "((?<=",  "(?:a|", "[",    "a{1,9}", "\\S",
                                        "(a)\\1", "[^\\S]", "|",     "(?=a", ")",      "a{65535,1048559}"};
    case_t one = {"", "", "", 0};
    ag_pattern_t *pattern;
    apr_size_t n;
    apr_time_t begin = apr_time_now();
    char *text;
    int i;

    for (i = 0; i < N_OF(units); i++) {
        one.unit = units[i];
        text = repeated(&one, 64 * 1024, &n, *state);
        ag_pattern_compile(&pattern, text, n, *state);
    }
    assert_true(apr_time_now() - begin < apr_time_from_sec(10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_megabyte),
        TEST(test_sizes),
        TEST(test_threads),
        TEST(test_large_patterns),
    };

    return cmocka_run_group_tests_name("bounds of patterns", tests, NULL, NULL);
}
