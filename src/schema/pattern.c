/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern: PCRE2 in bounds. Its limit counts steps, but a step may read the whole text, and the limit begins anew at each
 * place where a match might start. So a pattern that may start anywhere is led by a part that passes over what comes first,
 * and starts once; and the longer the text, the fewer steps it gets. What runs out of them is asked again of PCRE2's other
 * algorithm, which tries all ways at once and never goes back (pcre2_dfa_match): that one is slower for texts that are
 * simple, and linear for all.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdlib.h>
#include <time.h>

#include <apr_strings.h>

#include "pattern.h"
#include "translate.h"

#define LEAD  "(?s:.)*?(?:"
#define TRAIL ")"

/* Steps of a text of `n` bytes: what a plain pattern takes, and a few more; times the text's length never over BYTES; more, and
 * BYTES_ALONE, where the other algorithm cannot help; of that one's lookarounds, BYTES_LOOK. */
#define STEPS_FEW   1000
#define STEPS_ALONE 10000
#define STEPS_BYTE  8
#define STEPS_LEAST 16
#define STEPS_USUAL 64
#define BYTES       APR_UINT64_C(3000000)
#define BYTES_LOOK  APR_UINT64_C(5000000)
#define BYTES_ALONE APR_UINT64_C(1000000000)

/* A step of ag_schema_run_t in nanoseconds, and how many of PCRE2's are one. */
#define NS_STEP       50
#define STEPS_CHARGED 8

/* Of the other algorithm: states at once, squared, times the text's length are never over STATES. */
#define STATES       400000000
#define STATES_LEAST 20
#define STATES_MOST  4000
#define HEAP_KB      8192
#define OPTIONS                                                                                                      \
    (PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF | PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UCP)

struct ag_pattern_t {
    pcre2_code *code;
    int references; /* the other algorithm cannot do them */
    int looks_far;  /* a step of it may read all of the text */
};

/* What a match needs, made once and lent: most of the time there is one. */
typedef struct {
    pcre2_match_data *data;
    pcre2_match_context *bounds;
} seat_t;

static seat_t *spare_seat;

static void free_seat(seat_t *seat)
{
    if (seat) {
        pcre2_match_data_free(seat->data);
        pcre2_match_context_free(seat->bounds);
        free(seat);
    }
}

static seat_t *take_seat(void)
{
    seat_t *seat = __atomic_exchange_n(&spare_seat, NULL, __ATOMIC_ACQUIRE);

    if (seat || !(seat = calloc(1, sizeof *seat))) {
        return seat;
    }
    seat->data = pcre2_match_data_create(1, NULL);
    seat->bounds = pcre2_match_context_create(NULL);
    if (!seat->data || !seat->bounds) {
        free_seat(seat);
        return NULL;
    }
    pcre2_set_heap_limit(seat->bounds, HEAP_KB);
    return seat;
}

static void give_seat(seat_t *seat)
{
    free_seat(__atomic_exchange_n(&spare_seat, seat, __ATOMIC_ACQ_REL));
}

static apr_status_t free_code(void *pattern)
{
    pcre2_code_free(((ag_pattern_t *)pattern)->code);
    return APR_SUCCESS;
}

static const char *compile(pcre2_code **code, const char *text, apr_size_t n, apr_pool_t *p)
{
    PCRE2_UCHAR why[160];
    PCRE2_SIZE at;
    int error;

    *code = pcre2_compile((PCRE2_SPTR)text, n, OPTIONS, &error, &at, NULL);
    if (*code) {
        return NULL;
    }
    pcre2_get_error_message(error, why, sizeof why);
    return apr_psprintf(p, "regular expression that PCRE2 cannot run: %s", (char *)why);
}

static int starts_anywhere(const pcre2_code *code)
{
    uint32_t options = 0;

    pcre2_pattern_info(code, PCRE2_INFO_ALLOPTIONS, &options);
    return !(options & PCRE2_ANCHORED);
}

/* The part that leads stands in front of it, and the one behind it is put there. */
static const char *compile_both(pcre2_code **code, char *whole, apr_size_t n, apr_pool_t *p)
{
    const apr_size_t lead = sizeof LEAD - 1, trail = sizeof TRAIL - 1;
    const char *error = compile(code, whole + lead, n, p);

    if (error || !starts_anywhere(*code)) {
        return error;
    }
    pcre2_code_free(*code);
    memcpy(whole, LEAD, lead);
    memcpy(whole + lead + n, TRAIL, trail);
    return compile(code, whole, lead + n + trail, p);
}

const char *ag_pattern_compile(ag_pattern_t **pattern, const char *text, apr_size_t n, apr_pool_t *p)
{
    ag_translate_t t;
    const char *error = NULL;
    char *whole;

    *pattern = NULL;
    if (!ag_translate(&t, text, n, NULL)) {
        return apr_psprintf(p, "regular expression, at byte %" APR_SIZE_T_FMT ": %s", (apr_size_t)(t.s.at - text),
                            t.wrong);
    }
    whole = apr_palloc(p, sizeof LEAD + t.n + sizeof TRAIL);
    ag_translate(&t, text, n, whole + sizeof LEAD - 1);
    *pattern = apr_pcalloc(p, sizeof **pattern);
    (*pattern)->references = t.references;
    (*pattern)->looks_far = t.looks_far;
    error = compile_both(&(*pattern)->code, whole, t.n, p);
    if (error) {
        *pattern = NULL;
        return error;
    }
    apr_pool_cleanup_register(p, *pattern, free_code, apr_pool_cleanup_null);
    pcre2_jit_compile((*pattern)->code, PCRE2_JIT_COMPLETE); /* where it cannot be had, the same runs without */
    return NULL;
}

static uint32_t steps(apr_size_t n, apr_uint64_t few, apr_uint64_t bytes)
{
    apr_uint64_t plain = few + STEPS_BYTE * (apr_uint64_t)n, most = bytes / (n + 1);

    plain = plain < most ? plain : most;
    return plain < STEPS_LEAST ? STEPS_LEAST : plain < UINT32_MAX ? (uint32_t)plain : UINT32_MAX;
}

/* 1, 0, -1 as ag_pattern_matches(); -2: out of steps. */
static int told(int rc)
{
    if (rc >= 0) {
        return 1;
    }
    switch (rc) {
    case PCRE2_ERROR_NOMATCH:
        return 0;
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
    case PCRE2_ERROR_JIT_STACKLIMIT:
        return -2;
    default:
        return -1;
    }
}

static int match_within(const ag_pattern_t *pattern, seat_t *seat, const char *text, apr_size_t n, uint32_t limit)
{
    pcre2_set_match_limit(seat->bounds, limit);
    return told(pcre2_match(pattern->code, (PCRE2_SPTR)text, n, 0, PCRE2_ANCHORED, seat->data, seat->bounds));
}

/* What needs more than the usual few steps is tried once more with all that it may take, and charged for those. */
static int match(const ag_pattern_t *pattern, seat_t *seat, const char *text, apr_size_t n, apr_uint64_t *cost)
{
    uint32_t all = pattern->references ? steps(n, STEPS_ALONE, BYTES_ALONE) : steps(n, STEPS_FEW, BYTES);
    uint32_t usual = STEPS_USUAL + 2 * (uint32_t)n < all ? STEPS_USUAL + 2 * (uint32_t)n : all;
    int rc = match_within(pattern, seat, text, n, usual);

    if (rc != -2) {
        return rc;
    }
    *cost += all / STEPS_CHARGED;
    return usual < all ? match_within(pattern, seat, text, n, all) : rc;
}

/* How long this thread has worked, in steps of ag_schema_run_t. */
static apr_uint64_t worked(void)
{
    struct timespec t = {0, 0};

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return ((apr_uint64_t)t.tv_sec * 1000000000 + (apr_uint64_t)t.tv_nsec) / NS_STEP;
}

static apr_size_t root(apr_size_t square)
{
    apr_size_t root = STATES_LEAST;

    while (root < STATES_MOST && root * root < square) {
        root++;
    }
    return root;
}

/* Lookarounds are matches of their own, each a step. */
static int match_all_ways(const ag_pattern_t *pattern, seat_t *seat, const char *text, apr_size_t n)
{
    enum { WORDS_STATE = 3, WORDS_MORE = 20 };
    apr_size_t states = root(STATES / (n + 1)), words = WORDS_MORE + 2 * WORDS_STATE * states;
    int *space = pattern->references ? NULL : malloc(words * sizeof *space);
    int rc = -1;

    if (space) {
        pcre2_set_match_limit(seat->bounds, steps(n, STEPS_FEW, pattern->looks_far ? BYTES_LOOK : APR_UINT64_MAX));
        rc = told(pcre2_dfa_match(pattern->code, (PCRE2_SPTR)text, n, 0, PCRE2_ANCHORED | PCRE2_DFA_SHORTEST,
                                  seat->data, seat->bounds, space, words));
        free(space);
    }
    return rc < 0 ? -1 : rc;
}

int ag_pattern_matches(const ag_pattern_t *pattern, const char *text, apr_size_t n, apr_uint64_t *cost)
{
    seat_t *seat = take_seat();
    apr_uint64_t spent = 0, before;
    int rc;

    if (!seat) {
        return -1;
    }
    rc = match(pattern, seat, text, n, &spent);
    if (rc == -2) {
        before = worked();
        rc = match_all_ways(pattern, seat, text, n);
        spent += worked() - before;
    }
    give_seat(seat);
    if (cost) {
        *cost = spent;
    }
    return rc;
}
