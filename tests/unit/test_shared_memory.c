/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_shared_memory: whatever a child that was taken over writes into shared memory, nobody is led out of it:
 * usage, bans, and the control file.
 */
#include "bite_fixture.h"

#include "../../src/ban/ban.h"
#include "../../src/control/control.h"
#include "../../src/watch/callers.h"
#include "../../src/watch/usage.h"

/* ---- inflight, usage, bans --------------------------------------------------------------------- */

static void *attach_usage(void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    ag_usage_t *usage;

    return ag_usage_attach(&usage, memory, size, fresh, p) ? NULL : usage;
}

static void use_usage(void *part, apr_pool_t *p)
{
    ag_usage_row_t rows[8];
    apr_size_t slots, used;

    (void)p;
    ag_usage_count(part, 7, 1, NOW, 0);
    ag_usage_begin(part, NOW);
    ag_usage_written(part, rows, ag_usage_rows(rows, 8, part, 7));
    ag_usage_expire(part, NOW);
    ag_usage_end(part);
    ag_usage_fill(part, &slots, &used);
}

static void test_usage(void **state)
{
    part_t part = {"usage", 1500, attach_usage, use_usage};

    bite_both(&part, *state);
}

static void *attach_callers(void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    ag_callers_t *callers;

    return ag_callers_attach(&callers, memory, size, fresh, p) ? NULL : callers;
}

static void use_callers(void *part, apr_pool_t *p)
{
    apr_array_header_t *rows;
    ag_caller_t name;
    int i;

    ag_caller_name(&name, 7, "/v1", "key", "acme", NOW);
    ag_callers_count(part, &name, NOW, 1, &key);
    rows = ag_callers_rows(part, 8, NOW, p);
    for (i = 0; i < rows->nelts; i++) {
        const ag_caller_t *is = &APR_ARRAY_IDX(rows, i, ag_callers_row_t).name;

        assert_true(memchr(is->section, '\0', sizeof is->section) && memchr(is->kind, '\0', sizeof is->kind)
                    && memchr(is->client, '\0', sizeof is->client));
    }
    ag_callers_written(part, (const ag_callers_row_t *)rows->elts, rows->nelts);
}

static void test_callers(void **state)
{
    part_t part = {"callers", 4096, attach_callers, use_callers};

    bite_both(&part, *state);
}

static void *attach_bans(void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    ag_bans_t *bans;

    return ag_bans_attach(&bans, memory, size, fresh, &key, p) ? NULL : bans;
}

static void use_bans(void *part, apr_pool_t *p)
{
    ag_ban_rule_t rule = {.window = {.rate = {2, {60, AG_PERIOD_PLAIN}}, .algo = &ag_algo_sliding},
                          .duration = apr_time_from_sec(60)};
    ag_banned_t who = {{{0}}, 7, "api.test"};
    apr_array_header_t *list;
    apr_time_t until;
    int i;

    assert_true(ag_ip_parse(&who.ip, "192.0.2.1"));
    ag_bans_count(&until, part, &rule, &who, NOW);
    ag_bans_count(&until, part, &rule, &who, NOW);
    ag_bans_maybe(part, &who.ip, NOW);
    ag_bans_until(part, &who, 0, NOW);
    ag_bans_may_verify(part, &who, NOW);
    for (i = 0; i < 40; i++) { /* a network, and a shared place */
        assert_true(ag_ip_parse(&who.ip, "2001:db8::"));
        who.ip.byte[7] = (unsigned char)(i / 2);
        ag_bans_count(&until, part, &rule, &who, NOW);
        ag_bans_until(part, &who, 0, NOW);
    }
    list = ag_bans_list(part, NOW, p);
    for (i = 0; i < list->nelts; i++) {
        assert_true(memchr(APR_ARRAY_IDX(list, i, ag_ban_slot_t).name, '\0', AG_BAN_NAME) != NULL);
    }
    ag_bans_clear(part, NULL, 0, NOW);
}

static void test_bans(void **state)
{
    part_t part = {"bans", sizeof(ag_ban_head_t) + 2 * sizeof(ag_ban_set_t), attach_bans, use_bans};

    bite_both(&part, *state);
}

/* ---- the control file -------------------------------------------------------------------------------- */

#define ROOM (sizeof(ag_ban_head_t) + 2 * sizeof(ag_ban_set_t))

static void *attach_control(void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    ag_bans_t *bans;

    (void)size;
    if (fresh && ag_control_format(memory, ROOM)) {
        return NULL;
    }
    return ag_control_bans(&bans, memory, ROOM, fresh, &key, p) ? NULL : memory;
}

static void answer(void *ctx, char *out, const char *question, apr_pool_t *p)
{
    (void)ctx;
    apr_cpystrn(out, apr_pstrcat(p, "to ", question, NULL), AG_CONTROL_ANSWER);
}

static void use_control(void *part, apr_pool_t *p)
{
    ag_control_t *control = part;
    ag_bans_t *bans;

    control->asked++;
    ag_control_serve(control, answer, NULL, p);
    if (!ag_control_bans(&bans, control, ROOM, 0, &key, p)) {
        use_bans(bans, p);
    }
}

/* A child's word for where the bans begin ended the parent at the next graceful restart. */
static void test_control(void **state)
{
    part_t part = {"control", ag_control_bytes(ROOM), attach_control, use_control};
    char *memory = island(part.size, 1);
    void *control = attach_control(memory, part.size, 1, *state);
    apr_size_t at, i;

    assert_non_null(control);
    for (at = 0; at < offsetof(ag_control_t, lock); at += 8) {
        for (i = 0; i < BITES; i++) {
            bite(&part, memory, control, at, bites[i]);
        }
    }
    ((ag_control_t *)control)->bans_at = 1 << 30;
    assert_false(is_taken(&part, memory, *state));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_usage),
        TEST(test_callers),
        TEST(test_bans),
        TEST(test_control),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
