/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine of the directives, by a small table of its own; and the reasons and the verdict.
 */
#include "unit.h"

#include "../../src/core/setting.h"
#include "../../src/core/verdict.h"

enum { MODE, FORMS, LEEWAY, LIFE, SIZE, NAME, WORDS, KINDS, SUM, ROWS };

typedef struct {
    AG_SETTINGS_HEAD(ROWS);
    int mode;
    unsigned forms;
    apr_int64_t leeway, life, size;
    const char *name;
    ag_words_t words, kinds;
    int tail; /* of no row */
    char *sum;
} toy_t;

/* A kind that merges: texts are joined, and `again` appends within one section. */
static const char *parse_sum(void *value, const ag_setting_t *row, const ag_words_t *words,
                             const ag_setting_call_t *call)
{
    char **sum = value;

    (void)row;
    *sum = apr_pstrcat(call->p, call->again ? *sum : "", call->again ? "+" : "", words->v[0], NULL);
    return strcmp(words->v[0], "bad") == 0 ? "bad is not good" : NULL;
}

static void merge_sum(void *value, const void *outer, const void *inner, apr_pool_t *p)
{
    *(char **)value = apr_pstrcat(p, *(char *const *)outer, "|", *(char *const *)inner, NULL);
}

static const ag_setting_kind_t kind_sum = {parse_sum, merge_sum, NULL};

#define ROW(name, kind, member, initial, allowed)                                                                    \
    {                                                                                                                \
        name, &kind, offsetof(toy_t, member), sizeof(((toy_t *)0)->member), initial, allowed, 0, ""                  \
    }

static const ag_setting_t rows[ROWS] = {
    ROW("ToyMode", ag_kind_choice, mode, "second", "first|second|third"),
    ROW("ToyForms", ag_kind_flags, forms, "new", "new|old|ancient|off"),
    ROW("ToyLeeway", ag_kind_number, leeway, "30", "0..600"),
    ROW("ToyLife", ag_kind_duration, life, "1h", "none"),
    ROW("ToySize", ag_kind_size, size, "32M", "1M"),
    ROW("ToyName", ag_kind_text, name, "\"a b\"", NULL),
    ROW("ToyWords", ag_kind_words, words, NULL, NULL),
    ROW("ToyKinds", ag_kind_words, kinds, "x", "x|y|none"),
    ROW("ToySum", kind_sum, sum, NULL, NULL),
};

static const ag_settings_t table = {rows, ROWS, sizeof(toy_t)};

static toy_t *make(apr_pool_t *p)
{
    toy_t *toy = apr_pcalloc(p, sizeof *toy);

    ag_settings_initial(toy, &table, p);
    return toy;
}

static const char *try(toy_t *toy, int row, const char *line, apr_pool_t *p)
{
    ag_setting_call_t call = {.p = p};

    return ag_setting_read(toy, rows, row, line, &call);
}

static void test_initial(void **state)
{
    toy_t *toy = make(*state);

    assert_int_equal(toy->written[0], 0);
    assert_int_equal(toy->mode, 1);
    assert_int_equal(toy->forms, 1);
    assert_int_equal(toy->leeway, 30);
    assert_int_equal(toy->life, 3600);
    assert_int_equal(toy->size, 32 << 20);
    assert_string_equal(toy->name, "a b");
    assert_int_equal(toy->words.n, 0);
    assert_string_equal(joined(&toy->kinds, *state), "x");
    assert_null(toy->sum);
}

static void test_read(void **state)
{
    toy_t *toy = make(*state);

    assert_null(try(toy, MODE, "THIRD", *state));
    assert_int_equal(toy->mode, 2);
    assert_int_equal(toy->written[0], 1 << MODE);
    assert_null(try(toy, FORMS, "ancient old", *state));
    assert_int_equal(toy->forms, 6);
    assert_null(try(toy, FORMS, "new", *state));
    assert_int_equal(toy->forms, 1);
    assert_null(try(toy, FORMS, "Off", *state));
    assert_int_equal(toy->forms, 0);
    assert_null(try(toy, LEEWAY, "600", *state));
    assert_int_equal(toy->leeway, 600);
    assert_null(try(toy, LIFE, "15min", *state));
    assert_int_equal(toy->life, 900);
    assert_null(try(toy, LIFE, "None", *state));
    assert_int_equal(toy->life, 0);
    assert_null(try(toy, SIZE, "1024K", *state));
    assert_int_equal(toy->size, 1 << 20);
    assert_null(try(toy, NAME, "\"c d\"", *state));
    assert_string_equal(toy->name, "c d");
    assert_null(try(toy, WORDS, " one \"t w o\" ", *state));
    assert_string_equal(joined(&toy->words, *state), "one,t w o");
    assert_null(try(toy, WORDS, "none", *state));
    assert_int_equal(toy->words.n, 0);
    assert_null(toy->words.v);
    assert_null(try(toy, WORDS, "none one", *state));
    assert_int_equal(toy->words.n, 2);
    assert_null(try(toy, KINDS, "y x", *state));
    assert_string_equal(joined(&toy->kinds, *state), "y,x");
    assert_int_equal(toy->written[0], (1 << SUM) - 1);
}

/* Every mistake names the directive, what was written and what is allowed; nothing is marked as
 * written. */
static void test_messages(void **state)
{
    static const struct {
        int row;
        const char *line, *message;
    } cases[] = {
        {MODE, "", "ToyMode: a value is missing"},
        {MODE, "  ", "ToyMode: a value is missing"},
        {MODE, "fourth", "ToyMode: \"fourth\" is not allowed: first, second or third"},
        {MODE, "fir", "ToyMode: \"fir\" is not allowed: first, second or third"},
        {MODE, "firsts", "ToyMode: \"firsts\" is not allowed: first, second or third"},
        {MODE, "\"\"", "ToyMode: \"\" is not allowed: first, second or third"},
        {MODE, "first second", "ToyMode: one value is allowed, \"second\" is too many"},
        {MODE, "\"first", "ToyMode: a quote is not closed"},
        {FORMS, "new modern", "ToyForms: \"modern\" is not allowed: new, old, ancient or off"},
        {FORMS, "new off", "ToyForms: \"off\" stands alone"},
        {LEEWAY, "601", "ToyLeeway: \"601\" is not a number from 0 to 600"},
        {LEEWAY, "-1", "ToyLeeway: \"-1\" is not a number from 0 to 600"},
        {LEEWAY, "5 6", "ToyLeeway: one value is allowed, \"6\" is too many"},
        {LIFE, "soon",
         "ToyLife: \"soon\" is not a duration: seconds, or a number with s, min, h, "
         "d or w (at most 100 years)"},
        {LIFE, "0", "ToyLife: \"0\" is not allowed: a duration or none"},
        {LIFE, "none 5", "ToyLife: one value is allowed, \"5\" is too many"},
        {LIFE, "5 5", "ToyLife: one value is allowed, \"5\" is too many"},
        {SIZE, "1023K", "ToySize: \"1023K\" is not allowed: at least 1M"},
        {SIZE, "big", "ToySize: \"big\" is not a size: bytes, or a number with K, M or G"},
        {SIZE, "2M 3M", "ToySize: one value is allowed, \"3M\" is too many"},
        {NAME, "a b", "ToyName: one value is allowed, \"b\" is too many"},
        {KINDS, "z", "ToyKinds: \"z\" is not allowed: x, y or none"},
        {KINDS, "x z", "ToyKinds: \"z\" is not allowed: x, y or none"},
        {SUM, "bad", "ToySum: bad is not good"},
    };
    toy_t *toy = make(*state);
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const char *message = try(toy, cases[i].row, cases[i].line, *state);

        assert_string_equal(message ? message : "(none)", cases[i].message);
        assert_int_equal(toy->written[0], 0);
    }
}

static void test_again(void **state)
{
    toy_t *toy = make(*state);

    assert_null(try(toy, SUM, "a", *state));
    assert_null(try(toy, SUM, "b", *state));
    assert_string_equal(toy->sum, "a+b");
}

/* Inner over outer, row by row: what was not written is inherited, also a default. */
static void test_merge(void **state)
{
    toy_t *outer = make(*state), *inner = make(*state), *merged = make(*state);

    assert_null(try(outer, MODE, "third", *state));
    assert_null(try(outer, LEEWAY, "10", *state));
    assert_null(try(outer, WORDS, "a b", *state));
    assert_null(try(outer, SUM, "out", *state));
    assert_null(try(inner, LEEWAY, "30", *state)); /* as the default, but said */
    assert_null(try(inner, WORDS, "c", *state));
    assert_null(try(inner, SUM, "in", *state));
    assert_null(try(inner, NAME, "new", *state));
    outer->tail = 1;
    inner->tail = 2;
    ag_settings_merge(merged, outer, inner, &table, *state);
    assert_int_equal(merged->mode, 2);
    assert_int_equal(merged->leeway, 30);
    assert_string_equal(joined(&merged->words, *state), "c");
    assert_string_equal(merged->sum, "out|in");
    assert_string_equal(merged->name, "new");
    assert_int_equal(merged->life, 3600);
    assert_int_equal(merged->tail, 1);
    assert_int_equal(merged->written[0], 1 << MODE | 1 << LEEWAY | 1 << WORDS | 1 << SUM | 1 << NAME);
    assert_string_equal(outer->sum, "out");
    assert_string_equal(inner->sum, "in");
}

/* A kind that joins has nothing to join where only one section spoke. */
static void test_merge_one_side(void **state)
{
    toy_t *silent = make(*state), *said = make(*state), *merged = make(*state);

    assert_null(try(said, SUM, "one", *state));
    ag_settings_merge(merged, silent, said, &table, *state);
    assert_string_equal(merged->sum, "one");
    ag_settings_merge(merged, said, silent, &table, *state);
    assert_string_equal(merged->sum, "one");
    assert_int_equal(merged->written[0], 1 << SUM);
    assert_null(try(said, MODE, "first", *state)); /* the row of the lowest bit */
    ag_settings_merge(merged, silent, said, &table, *state);
    assert_int_equal(merged->mode, 0);
    ag_settings_merge(merged, silent, silent, &table, *state);
    assert_null(merged->sum);
    assert_int_equal(merged->written[0], 0);
}

/* The number of rows has no bound: those on both sides of each word's edge are read, told apart and
 * merged. It was 32 once. */
enum { MANY = 130 };

typedef struct {
    AG_SETTINGS_HEAD(MANY);
    apr_int64_t value[MANY];
} many_t;

static void test_many_rows(void **state)
{
    static const int edges[] = {0, 31, 32, 63, 64, 127, 128, 129};
    ag_setting_t list[MANY];
    const ag_settings_t all = {list, MANY, sizeof(many_t)};
    ag_setting_call_t call = {.p = *state};
    int i, j;

    for (i = 0; i < MANY; i++) {
        list[i] = rows[LEEWAY];
        list[i].offset = offsetof(many_t, value) + (apr_size_t)i * sizeof(apr_int64_t);
    }
    for (i = 0; i < N_OF(edges); i++) {
        many_t outer, inner, merged, empty;

        memset(&outer, 0, sizeof outer);
        memset(&inner, 0, sizeof inner);
        memset(&empty, 0, sizeof empty);
        ag_settings_initial(&outer, &all, *state);
        assert_false(ag_settings_written(&outer, &all));
        assert_null(ag_setting_read(&inner, list, edges[i], "7", &call));
        assert_true(ag_settings_written(&inner, &all));
        ag_settings_merge(&merged, &outer, &inner, &all, *state);
        for (j = 0; j < MANY; j++) {
            assert_int_equal(merged.value[j], j == edges[i] ? 7 : 30);
            assert_int_equal(ag_setting_written(&merged, j), j == edges[i]);
        }
        ag_settings_merge(&outer, &merged, &empty, &all, *state); /* an outer one's word is inherited */
        assert_memory_equal(&outer, &merged, sizeof merged);
    }
}

static void test_choices(void **state)
{
    assert_string_equal(ag_setting_choices("a", *state), "a");
    assert_string_equal(ag_setting_choices("a|b", *state), "a or b");
    assert_string_equal(ag_setting_choices("a|b|c", *state), "a, b or c");
    assert_int_equal(ag_setting_choose("a|bc|d", "a"), 0);
    assert_int_equal(ag_setting_choose("a|bc|d", "BC"), 1);
    assert_int_equal(ag_setting_choose("a|bc|d", "d"), 2);
    assert_int_equal(ag_setting_choose("a|bc|d", "b"), -1);
    assert_int_equal(ag_setting_choose("a|bc|d", "bcd"), -1);
    assert_int_equal(ag_setting_choose("a|bc|d", ""), -1);
}

/* ---- reasons and the verdict ----------------------------------------------------------------- */

static void test_reasons(void **state)
{
    int i, j;

    (void)state;
    assert_int_equal(ag_reason(AG_R_NONE)->status, 200);
    assert_string_equal(ag_reason(AG_R_NONE)->code, "ok");
    for (i = 1; i < AG_R_COUNT; i++) {
        const ag_reason_t *reason = ag_reason((ag_reason_e)i);

        assert_in_range(reason->status, 400, 599);
        assert_true(strspn(reason->code, "abcdefghijklmnopqrstuvwxyz_") == strlen(reason->code));
        assert_true(*reason->title && *reason->type);
        for (j = 0; j < i; j++) {
            assert_string_not_equal(reason->code, ag_reason((ag_reason_e)j)->code);
        }
    }
    assert_int_equal(ag_reason(AG_R_COUNT)->status, 500);
    assert_int_equal(ag_reason((ag_reason_e)9999)->status, 500);
    assert_int_equal(ag_reason(AG_R_KEY_EXPIRED)->status, 401);
    assert_string_equal(ag_reason(AG_R_KEY_EXPIRED)->code, "key_expired");
    assert_string_equal(ag_reason(AG_R_SCOPE_INSUFFICIENT)->oauth, "insufficient_scope");
    assert_int_equal(ag_reason(AG_R_RATE_EXCEEDED)->status, 429);
}

static void test_first_refusal_wins(void **state)
{
    ag_verdict_t verdict = {0};

    (void)state;
    assert_int_equal(ag_refuse(&verdict, AG_R_IP_DENIED, "first"), AG_R_IP_DENIED);
    assert_int_equal(ag_refuse(&verdict, AG_R_KEY_INVALID, "second"), AG_R_IP_DENIED);
    assert_int_equal(verdict.reason, AG_R_IP_DENIED);
    assert_string_equal(verdict.detail, "first");
}

/* "off|on" is how a choice is documented, not a value. */
static void test_a_bar_is_no_choice(void **state)
{
    (void)state;
    assert_int_equal(ag_setting_choose("off|on", "off|on"), -1);
    assert_int_equal(ag_setting_choose("a|b|c", "b|c"), -1);
    assert_int_equal(ag_setting_choose("a|b|c", "a|b"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_bar_is_no_choice),
        TEST(test_initial),
        TEST(test_read),
        TEST(test_messages),
        TEST(test_again),
        TEST(test_merge),
        TEST(test_merge_one_side),
        TEST(test_many_rows),
        TEST(test_choices),
        TEST(test_reasons),
        TEST(test_first_refusal_wins),
    };

    return cmocka_run_group_tests_name("core setting", tests, NULL, NULL);
}
