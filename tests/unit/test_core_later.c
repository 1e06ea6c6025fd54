/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a line leaves to be done once the whole configuration is read, and what lines have named.
 */
#include "unit.h"

#include "../../src/core/setting.h"

/* Says where the line stands, to whom and whose it is. */
static const char *say_where(void *ctx, ag_later_call_t *call)
{
    return apr_psprintf(call->ptmp, "%s of %s %s", (const char *)ctx, call->server_name, call->section);
}

static const char *never(void *ctx, ag_later_call_t *call)
{
    (void)call;
    return ctx;
}

static void test_later(void **state)
{
    char section[] = "/api", ctx[] = "what is wrong";
    ag_setting_call_t call = {.p = *state, .server = "record", .section = section};
    const ag_later_t *task;

    call.later = apr_array_make(*state, 1, sizeof(ag_later_t));
    assert_null(ag_setting_later(&call, "ToyName", AG_LATER_OURS, say_where, NULL));
    assert_null(ag_setting_later(&call, "ToyMode", AG_LATER_THEIRS, never, ctx));
    section[0] = '?'; /* where a line stands is a text of that line's time */
    assert_int_equal(call.later->nelts, 2);
    task = &APR_ARRAY_IDX(call.later, 1, ag_later_t);
    assert_string_equal(task->directive, "ToyMode");
    assert_int_equal(task->whose, AG_LATER_THEIRS);
    assert_string_equal(task->run(task->ctx, NULL), "what is wrong");
    assert_string_equal(task->server, "record");
    assert_string_equal(task->section, "/api");
    assert_ptr_equal(ag_later_of(task, never), ctx);
    assert_null(ag_later_of(task, say_where));
}

/* In .htaccess all that will be known is known. */
static void test_at_once(void **state)
{
    ag_setting_call_t call = {.p = *state, .server_name = "www", .section = "/x/.htaccess"};

    assert_string_equal(ag_setting_later(&call, "ToyName", AG_LATER_OURS, say_where, "name"),
                        "name of www /x/.htaccess");
}

static void test_first(void **state)
{
    apr_hash_t *named = apr_hash_make(*state);
    int server, other, a, b;

    assert_null(ag_setting_first(named, &server, "x", NULL, *state));
    assert_ptr_equal(ag_setting_first(named, &server, "x", &a, *state), &a);
    assert_ptr_equal(ag_setting_first(named, &server, "x", &b, *state), &a);
    assert_ptr_equal(ag_setting_first(named, &server, "x", NULL, *state), &a);
    assert_ptr_equal(ag_setting_first(named, &other, "x", &b, *state), &b); /* another server's own */
    assert_null(ag_setting_first(named, NULL, "x", NULL, *state));
    assert_ptr_equal(ag_setting_first(named, NULL, "x", &b, *state), &b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_later), TEST(test_at_once), TEST(test_first)};

    return cmocka_run_group_tests_name("core later", tests, NULL, NULL);
}
