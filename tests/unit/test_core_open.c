/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a configuration names: files, base64 files, environment variables.
 */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "../../src/core/open.h"

/* A file with these bytes; its path. */
static const char *file_of(const void *bytes, size_t n, apr_pool_t *p)
{
    char *path = apr_pstrdup(p, "/tmp/test_open_XXXXXX");
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
    return path;
}

typedef struct {
    const char *bytes;
    size_t n;
    const char *read; /* NULL: an error */
    size_t size;
} case_t;

static void run(const char *word, const case_t *cases, int n, apr_pool_t *p)
{
    int i;

    for (i = 0; i < n; i++) {
        const char *path = file_of(cases[i].bytes, cases[i].n, p);
        const char *error;
        apr_size_t size = 77;
        char *text;

        error = ag_open_source(&text, &size, apr_pstrcat(p, word, path, NULL), p);
        unlink(path);
        assert_int_equal(error == NULL, cases[i].read != NULL);
        if (!error) {
            assert_int_equal(size, cases[i].size);
            assert_memory_equal(text, cases[i].read, size);
            assert_int_equal(text[size], '\0');
        }
        else {
            assert_non_null(strstr(error, path));
            assert_null(strstr(error, cases[i].bytes)); /* never the content */
        }
    }
}

static void test_file(void **state)
{
    static const case_t cases[] = {
        {"secret", 6, "secret", 6},       {"secret\n", 7, "secret", 6},
        {"secret\n\n", 8, "secret\n", 7}, {"\nsecret", 7, "\nsecret", 7},
        {"se\0cret", 7, "se\0cret", 7},   {"\n", 1, "", 0},
        {"secret\r\n", 8, "secret\r", 7}, {"", 0, "", 0},
    };

    run("file:", cases, N_OF(cases), *state);
}

static void test_base64(void **state)
{
    static const case_t cases[] = {
        {"c2VjcmV0", 8, "secret", 6},
        {"c2VjcmV0\n", 9, "secret", 6},
        {"c2VjcmV0\r\n", 10, "secret", 6},
        {"\xEF\xBB\xBF"
         "c2VjcmV0",
         11, "secret", 6},
        {"c2VjcmV0Cg==", 12, "secret\n", 7}, /* a decoded newline is part of it */
        {"c2Vj cmV0", 9, NULL, 0},
        {"c2VjcmV0\n\n", 10, NULL, 0},
        {"", 0, "", 0},
        {"c2VjcmV", 7, NULL, 0},
        {"c2Vj-_V0", 8, NULL, 0},
    };

    run("base64:", cases, N_OF(cases), *state);
}

static void test_env(void **state)
{
    apr_size_t n;
    char *text;

    setenv("TEST_OPEN_SECRET", "from outside\n", 1);
    setenv("TEST_OPEN_EMPTY", "", 1);
    unsetenv("TEST_OPEN_NONE");
    assert_null(ag_open_source(&text, &n, "env:TEST_OPEN_SECRET", *state));
    assert_int_equal(n, 13);
    assert_string_equal(text, "from outside\n");
    memset(text, 'x', n); /* the reader wipes it; the environment stays as it is */
    assert_string_equal(getenv("TEST_OPEN_SECRET"), "from outside\n");
    assert_string_equal(ag_open_source(&text, &n, "env:TEST_OPEN_EMPTY", *state),
                        "the environment variable TEST_OPEN_EMPTY is not set");
    assert_string_equal(ag_open_source(&text, &n, "env:TEST_OPEN_NONE", *state),
                        "the environment variable TEST_OPEN_NONE is not set");
}

static void test_unreadable(void **state)
{
    const char *path = file_of("x", 1, *state);
    const char *error;
    apr_size_t n;
    char *text;

    assert_int_equal(truncate(path, (64 << 20) + 1), 0);
    error = ag_open_source(&text, &n, apr_pstrcat(*state, "file:", path, NULL), *state);
    assert_non_null(strstr(error, "is no file of at most 64 MB"));
    unlink(path);
    error = ag_open_source(&text, &n, apr_pstrcat(*state, "base64:", path, NULL), *state);
    assert_non_null(strstr(error, ": No such file"));
    error = ag_open_source(&text, &n, "file:/tmp", *state);
    assert_non_null(strstr(error, "is no file of at most 64 MB"));
    assert_int_equal(mkfifo(path, 0600), 0);
    alarm(5); /* nobody ever writes to it */
    error = ag_open_source(&text, &n, apr_pstrcat(*state, "file:", path, NULL), *state);
    alarm(0);
    unlink(path);
    assert_non_null(strstr(error, "is no file of at most 64 MB"));
}

static void test_absolute(void **state)
{
    static const struct {
        const char *source, *path; /* NULL: refused */
    } cases[] = {
        {"file:/etc/key", "file:/etc/key"},
        {"file:conf/key", "file:/etc/httpd/conf/key"},
        {"base64:key", "base64:/etc/httpd/key"},
        {"env:NAME", "env:NAME"},
        {"file:", NULL},
        {"base64:", NULL},
        {"env:", NULL},
        {"/etc/key", NULL},
        {"FILE:/etc/key", NULL},
        {"https://example.com/", NULL},
        {"", NULL},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const char *path = ag_open_absolute(cases[i].source, "/etc/httpd", *state);

        assert_string_equal(path ? path : "(none)", cases[i].path ? cases[i].path : "(none)");
    }
}

/* What an editor added to a secret and nobody sees. */
static void test_oddity(void **state)
{
    static const struct {
        const char *text, *source, *wanted; /* NULL: nothing odd */
    } cases[] = {
        {"secret", "file:/x", NULL},
        {"secret\r", "file:/x", "/x ends in a carriage return"},
        {"\xEF\xBB\xBFsecret", "file:/x", "/x begins with a byte order mark"},
        {"sec\rret", "file:/x", NULL},
        {"secret\r", "base64:/x", NULL}, /* decoded: its maker's own bytes */
        {"secret\r", "env:X", NULL},
        {"", "file:/x", NULL},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const char *said = ag_open_oddity(cases[i].text, strlen(cases[i].text), cases[i].source, *state);

        assert_int_equal(said == NULL, cases[i].wanted == NULL);
        assert_true(!said || strstr(said, cases[i].wanted));
        assert_true(!said || !strstr(said, "secret,"));
    }
}

static void test_kept(void **state)
{
    apr_pool_t *process;
    apr_size_t n = 7;

    apr_pool_create(&process, *state);
    assert_null(ag_open_kept(&n, "one", process));
    assert_int_equal(n, 0);
    ag_open_keep("one", "first", 5, process);
    ag_open_keep("two", "", 0, process);
    ag_open_keep("one", "a\0b", 3, process);
    assert_memory_equal(ag_open_kept(&n, "one", process), "a\0b", 3);
    assert_int_equal(n, 3);
    assert_non_null(ag_open_kept(&n, "two", process));
    assert_int_equal(n, 0);
    apr_pool_destroy(process);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_file),     TEST(test_base64), TEST(test_env),  TEST(test_unreadable),
        TEST(test_absolute), TEST(test_oddity), TEST(test_kept),
    };

    return cmocka_run_group_tests_name("core open", tests, NULL, NULL);
}
