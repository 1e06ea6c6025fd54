/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_change_signal: the file by which the tool tells a server of a change: it reaches the mapping, and no
 * name from a database makes the tool write anywhere else.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/control/change_signal.h"
#include "unit.h"

typedef struct {
    apr_pool_t *p;
    const char *dir, *path;
    const apr_uint64_t *words;
} fixture_t;

static int set_up(void **state)
{
    fixture_t *f;

    pool_start(state);
    f = apr_pcalloc(*state, sizeof *f);
    f->p = *state;
    f->dir = mkdtemp(apr_pstrdup(f->p, "/tmp/test_notice_XXXXXX"));
    assert_non_null(f->dir);
    f->path = apr_pstrcat(f->p, f->dir, "/", ag_change_signal_file(getpid(), f->p), NULL);
    assert_int_equal(ag_change_signal_make(&f->words, AG_CHANGE_SIGNAL_WORDS, f->path), APR_SUCCESS);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *f = *state;
    apr_pool_t *p = f->p;

    assert_int_equal(system(apr_pstrcat(p, "rm -r ", f->dir, NULL)), 0);
    apr_pool_destroy(p);
    apr_terminate();
    return 0;
}

static apr_status_t touch(fixture_t *f, const char *path, const char *word)
{
    return ag_change_signal_touch(apr_pstrcat(f->p, path, ":", word, NULL), f->p);
}

static void test_a_touch_is_seen(void **state)
{
    fixture_t *f = *state;
    apr_uint64_t before;
    int i;

    for (i = 0; i < AG_CHANGE_SIGNAL_WORDS; i++) {
        assert_int_equal(f->words[i], 0);
    }
    assert_int_equal(ag_change_signal_touch(ag_change_signal_name(f->path, 1023, f->p), f->p), APR_SUCCESS);
    before = f->words[1023];
    assert_int_not_equal(before, 0);
    assert_int_equal(f->words[1022], 0);
    assert_int_equal(touch(f, f->path, "1023"), APR_SUCCESS);
    assert_int_not_equal(f->words[1023], before);
}

/* A reload has brought more databases: the words before stay, and a child of before sees them change. */
static void test_it_grows(void **state)
{
    fixture_t *f = *state;
    const apr_uint64_t *before;
    int status = -1;
    pid_t pid;

    assert_int_equal(ag_change_signal_room(1), AG_CHANGE_SIGNAL_WORDS);
    assert_int_equal(ag_change_signal_room(AG_CHANGE_SIGNAL_WORDS + 1), 2 * AG_CHANGE_SIGNAL_WORDS);
    assert_int_equal(touch(f, f->path, "1024"), APR_EINVAL); /* behind the end */
    assert_int_equal(touch(f, f->path, "7"), APR_SUCCESS);
    pid = fork();
    if (pid == 0) {
        while (!__atomic_load_n(&f->words[9], __ATOMIC_SEQ_CST)) {
            usleep(1000);
        }
        _exit(f->words[7] ? 7 : 1);
    }
    before = f->words;
    assert_int_equal(ag_change_signal_grow(&f->words, 3, 2 * AG_CHANGE_SIGNAL_WORDS, f->path), APR_EINVAL);
    assert_ptr_equal(f->words, before);
    assert_int_equal(ag_change_signal_grow(&f->words, AG_CHANGE_SIGNAL_WORDS, 2 * AG_CHANGE_SIGNAL_WORDS, f->path),
                     APR_SUCCESS);
    assert_int_not_equal(f->words[7], 0);
    assert_int_equal(touch(f, f->path, "2047"), APR_SUCCESS);
    assert_int_not_equal(f->words[2047], 0);
    assert_int_equal(touch(f, f->path, "2048"), APR_EINVAL);
    assert_int_equal(touch(f, f->path, "9"), APR_SUCCESS);
    waitpid(pid, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 7);
}

/* A child of the server sees it too, and only the owner may write. */
static void test_children_see_it(void **state)
{
    fixture_t *f = *state;
    struct stat info;
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        while (!__atomic_load_n(&f->words[0], __ATOMIC_SEQ_CST)) {
            usleep(1000);
        }
        _exit(7);
    }
    assert_int_equal(touch(f, f->path, "0"), APR_SUCCESS);
    waitpid(pid, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_int_equal(stat(f->path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
}

static void write_file(fixture_t *f, const char *path, apr_size_t n, const char *start)
{
    char *bytes = apr_pcalloc(f->p, n + 64);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    memcpy(bytes, start, strlen(start));
    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
}

static void test_no_other_file_is_touched(void **state)
{
    static const struct {
        const char *name, *start;
        apr_size_t size;
    } cases[] = {
        {"apiguard.4711.signal", "mod_apiguard signal 1\n", 64 + 8 * AG_CHANGE_SIGNAL_WORDS - 1},
        {"apiguard.4711.signal", "mod_apiguard signal 1\n", 64 + 8 * AG_CHANGE_SIGNAL_WORDS + 1},
        {"apiguard.4711.signal", "mod_apiguard signal 2\n", 64 + 8 * AG_CHANGE_SIGNAL_WORDS},
        {"apiguard.4711.signal", "", 64 + 8 * AG_CHANGE_SIGNAL_WORDS},
        {"passwd", "mod_apiguard signal 1\n", 64 + 8 * AG_CHANGE_SIGNAL_WORDS},
    };
    fixture_t *f = *state;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const char *path = apr_pstrcat(f->p, f->dir, "/", cases[i].name, NULL);

        write_file(f, path, cases[i].size, cases[i].start);
        assert_int_equal(touch(f, path, "0"), APR_EINVAL);
    }
    write_file(f, apr_pstrcat(f->p, f->dir, "/apiguard.4711.signal", NULL), 64 + 8 * AG_CHANGE_SIGNAL_WORDS,
               "mod_apiguard signal 1\n");
    assert_int_equal(touch(f, apr_pstrcat(f->p, f->dir, "/apiguard.4711.signal", NULL), "0"), APR_SUCCESS);
}

static void test_no_link_is_followed(void **state)
{
    fixture_t *f = *state;
    const char *link = apr_pstrcat(f->p, f->dir, "/apiguard.4711.signal", NULL);

    assert_int_equal(symlink(f->path, link), 0);
    assert_int_equal(touch(f, link, "0"), APR_EINVAL);
    assert_int_equal(f->words[0], 0);
    unlink(link);
    assert_int_equal(mkfifo(link, 0600), 0);
    assert_int_equal(touch(f, link, "0"), APR_EINVAL);
}

static void test_names_that_are_none(void **state)
{
    fixture_t *f = *state;
    const char *words[] = {"", "-1", "1024", "99999999999999999999", "1x", " 1", "+1", "0x1"};
    int i;

    for (i = 0; i < N_OF(words); i++) {
        assert_int_equal(touch(f, f->path, words[i]), APR_EINVAL);
    }
    assert_int_equal(ag_change_signal_touch(f->path, f->p), APR_EINVAL);
    assert_int_equal(ag_change_signal_touch("", f->p), APR_EINVAL);
    assert_int_equal(ag_change_signal_touch("/", f->p), APR_EINVAL);
    assert_int_equal(ag_change_signal_touch("apiguard.4711.signal:0", f->p), APR_EINVAL);
    assert_int_equal(ag_change_signal_touch("/dev/null:0", f->p), APR_EINVAL);
    assert_int_equal(ag_change_signal_touch("/a:0/apiguard.4711.signal", f->p), APR_EINVAL);
    assert_true(APR_STATUS_IS_ENOENT(touch(f, "/nowhere/apiguard.4711.signal", "0")));
}

static void test_who_is_dead(void **state)
{
    fixture_t *f = *state;
    pid_t pid = fork();
    const char *left;

    if (pid == 0) {
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    left = apr_pstrcat(f->p, f->dir, "/", ag_change_signal_file(pid, f->p), NULL);
    assert_true(ag_change_signal_is_dead(ag_change_signal_name(left, 3, f->p)));
    assert_false(ag_change_signal_is_dead(ag_change_signal_name(f->path, 3, f->p)));
    assert_false(ag_change_signal_is_dead("/etc/passwd"));
    assert_false(ag_change_signal_is_dead("/run/apiguard.-1.signal:0"));
    write_file(f, left, 10, "");
    ag_change_signal_tidy(f->dir, f->p);
    assert_int_not_equal(access(left, F_OK), 0);
    assert_int_equal(access(f->path, F_OK), 0);
}

#undef TEST
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_touch_is_seen),
        TEST(test_children_see_it),
        TEST(test_it_grows),
        TEST(test_no_other_file_is_touched),
        TEST(test_no_link_is_followed),
        TEST(test_names_that_are_none),
        TEST(test_who_is_dead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
