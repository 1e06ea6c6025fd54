/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_control: the file between server and tool, each with a mapping of its own: what one writes the
 * other finds, a question gets its own answer, what is no control file is left alone.
 */
#include "unit.h"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/control/control.h"

#define BANS 16384

static const ag_sip_key_t key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

typedef struct {
    const char *folder, *path;
    ag_control_t *server, *tool;
    apr_pool_t *p;
    apr_size_t room;
    int fd;
    int stop;
} fixture_t;

static fixture_t fixture(void **state)
{
    fixture_t f = {.p = *state};
    char name[] = "/tmp/test_control.XXXXXX";

    assert_non_null(mkdtemp(name));
    f.folder = apr_pstrdup(f.p, name);
    f.path = apr_pstrcat(f.p, name, "/", ag_control_file(getpid(), f.p), NULL);
    assert_int_equal(ag_control_make(&f.server, f.path, BANS), APR_SUCCESS);
    assert_null(ag_control_open(&f.tool, &f.room, &f.fd, f.path, f.p));
    assert_ptr_not_equal(f.server, f.tool);
    return f;
}

static void end(const fixture_t *f)
{
    unlink(f->path);
    assert_int_equal(rmdir(f->folder), 0);
}

static void test_the_tool_sees_the_server_s_bans(void **state)
{
    fixture_t f = fixture(state);
    ag_banned_t who = {{{0}}, 7, "api.test"};
    ag_ban_rule_t rule;
    ag_bans_t *servers, *tools;
    apr_array_header_t *list;
    apr_time_t until;

    memset(&rule, 0, sizeof rule);
    rule.window.rate.n = 1;
    rule.window.rate.period.seconds = 60;
    rule.window.algo = &ag_algo_sliding;
    rule.duration = apr_time_from_sec(60);
    assert_true(ag_ip_parse(&who.ip, "192.0.2.1"));
    assert_int_equal(ag_control_bans(&servers, f.server, BANS, 1, &key, f.p), APR_SUCCESS);
    assert_int_equal(ag_control_bans(&tools, f.tool, f.room, 0, NULL, f.p), APR_SUCCESS);
    assert_int_equal(ag_bans_count(&until, servers, &rule, &who, NOW), AG_BAN_BEGINS);
    list = ag_bans_list(tools, NOW, f.p);
    assert_int_equal(list->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(list, 0, ag_ban_slot_t).name, "api.test");
    assert_string_equal(ag_ban_text(&APR_ARRAY_IDX(list, 0, ag_ban_slot_t).ip, AG_BAN_BITS, f.p), "192.0.2.1");
    assert_int_equal(ag_bans_clear(tools, &who.ip, AG_BAN_BITS, NOW), 1);
    assert_int_equal(ag_bans_until(servers, &who, 0, NOW), 0);
    end(&f);
}

static void echo(void *ctx, char *answer, const char *question, apr_pool_t *p)
{
    (void)p;
    ++*(int *)ctx;
    apr_cpystrn(answer, question, AG_CONTROL_ANSWER);
}

static void *serve(void *ctx)
{
    fixture_t *f = ctx;
    apr_pool_t *p;
    int answered = 0;

    apr_pool_create(&p, NULL);
    while (!__atomic_load_n(&f->stop, __ATOMIC_SEQ_CST)) {
        ag_control_serve(f->server, echo, &answered, p);
        apr_sleep(1000);
    }
    apr_pool_destroy(p);
    return (void *)(intptr_t)answered;
}

static void test_each_question_has_its_answer(void **state)
{
    fixture_t f = fixture(state);
    pthread_t thread;
    void *answered;
    int i;

    assert_int_equal(pthread_create(&thread, NULL, serve, &f), 0);
    for (i = 0; i < 20; i++) {
        const char *question = apr_psprintf(f.p, "show %d", i);

        assert_string_equal(ag_control_ask(f.tool, f.fd, question, apr_time_from_sec(10), f.p), question);
    }
    __atomic_store_n(&f.stop, 1, __ATOMIC_SEQ_CST);
    pthread_join(thread, &answered);
    assert_int_equal((intptr_t)answered, 20);
    end(&f);
}

static void test_nobody_answers(void **state)
{
    fixture_t f = fixture(state);
    int answered = 0;

    assert_null(ag_control_ask(f.tool, f.fd, "show a", apr_time_from_msec(60), f.p));
    ag_control_serve(f.server, echo, &answered, f.p); /* late: to nobody */
    ag_control_serve(f.server, echo, &answered, f.p);
    assert_int_equal(answered, 1);
    assert_null(ag_control_ask(f.tool, f.fd, "show b", apr_time_from_msec(60), f.p));
    end(&f);
}

static void die(void *ctx, char *answer, const char *question, apr_pool_t *p)
{
    (void)ctx;
    (void)answer;
    (void)question;
    (void)p;
    _exit(0);
}

/* Or it would end one child after another. */
static void test_a_question_that_kills_is_not_taken_up_again(void **state)
{
    fixture_t f = fixture(state);
    int answered = 0;
    pid_t child;

    assert_null(ag_control_ask(f.tool, f.fd, "show a", apr_time_from_msec(60), f.p));
    child = fork();
    if (child == 0) {
        ag_control_serve(f.server, die, NULL, f.p);
        _exit(1);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    ag_control_serve(f.server, echo, &answered, f.p);
    assert_int_equal(answered, 0);
    assert_null(ag_control_ask(f.tool, f.fd, "show b", apr_time_from_msec(60), f.p));
    ag_control_serve(f.server, echo, &answered, f.p);
    assert_int_equal(answered, 1);
    end(&f);
}

static void test_the_file_is_its_owner_s_alone(void **state)
{
    fixture_t f = fixture(state);
    struct stat info;

    assert_int_equal(stat(f.path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(info.st_size, ag_control_bytes(BANS));
    end(&f);
}

static void test_what_is_no_control_file_is_refused(void **state)
{
    fixture_t f = fixture(state);
    ag_control_t *control;
    apr_size_t room;
    int fd;

    f.server->magic[3]++;
    assert_non_null(strstr(ag_control_open(&control, &room, &fd, f.path, f.p), "another version"));
    f.server->magic[3]--;
    f.server->bans_size++;
    assert_non_null(ag_control_open(&control, &room, &fd, f.path, f.p));
    f.server->bans_size--;
    assert_null(ag_control_open(&control, &room, &fd, f.path, f.p));
    assert_int_equal(truncate(f.path, 100), 0);
    assert_non_null(strstr(ag_control_open(&control, &room, &fd, f.path, f.p), "no server's file"));
    assert_non_null(ag_control_open(&control, &room, &fd, f.folder, f.p));
    assert_non_null(ag_control_open(&control, &room, &fd, "/nowhere/at/all", f.p));
    end(&f);
}

static void test_find_knows_the_living_and_tidies_up_after_the_dead(void **state)
{
    fixture_t f = fixture(state);
    const char *dead = apr_pstrcat(f.p, f.folder, "/apiguard.999999999.control", NULL);
    const char *other = apr_pstrcat(f.p, f.folder, "/apiguard.999999999.signal", NULL);
    apr_array_header_t *found;

    assert_int_equal(symlink("x", dead), 0);
    assert_int_equal(symlink("x", other), 0);
    found = ag_control_find(f.folder, 0, f.p);
    assert_int_equal(found->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(found, 0, const char *), f.path);
    assert_int_equal(ag_control_find(f.folder, 1, f.p)->nelts, 1);
    assert_int_not_equal(unlink(dead), 0);
    assert_int_equal(unlink(other), 0);
    assert_int_equal(ag_control_find("/nowhere/at/all", 1, f.p)->nelts, 0);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_tool_sees_the_server_s_bans),
        TEST(test_each_question_has_its_answer),
        TEST(test_nobody_answers),
        TEST(test_a_question_that_kills_is_not_taken_up_again),
        TEST(test_the_file_is_its_owner_s_alone),
        TEST(test_what_is_no_control_file_is_refused),
        TEST(test_find_knows_the_living_and_tidies_up_after_the_dead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
