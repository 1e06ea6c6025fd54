/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Require api-ip: networks, and files of them that are new, wrong, changed or gone.
 */
#include "authz_fixture.h"

/* ---- addresses ------------------------------------------------------------------------------- */

static void test_ip(void **state)
{
    static const case_t cases[] = {
        {"192.0.2.1", 1}, {"192.0.2.2", 0},        {"10.0.0.0/8 192.0.2.0/24", 1}, {"192.0.2.9/24", 1},
        {"192.0.2", 1},   {"192.0.3", 0},          {"\"192.0.2.1\"", 1},           {"0.0.0.0/0", 1},
        {"::/0", 0},      {"::ffff:192.0.2.1", 1}, {"192.0.2.0/255.255.255.0", 1},
    };

    run("api-ip", cases, N_OF(cases), NULL, *state); /* nobody is needed */
    run("api-ip", cases, N_OF(cases), make_who("key", "acme", *state), *state);
}

/* The warning of the last one opened. */
static const char *opened_with;

/* Opens a rule's file with this content; the error, or NULL with *rule ready. */
static const char *open_file(ag_rule_t **rule, const char *content, apr_pool_t *p)
{
    apr_array_header_t *later = apr_array_make(p, 1, sizeof(ag_later_t));
    ag_setting_call_t call = {.p = p, .later = later, .named = apr_hash_make(p), .root = "/tmp"};
    char *path = apr_pstrdup(p, "/tmp/test_authz_XXXXXX");
    int fd = mkstemp(path);
    ag_later_call_t opening = {.p = p, .pkeep = p, .ptmp = p};
    const ag_later_t *task;
    const char *error;

    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
    error = ag_rule_parse(rule, "api-ip", apr_pstrcat(p, "file:", path + 5, NULL), &call);
    assert_null(error);
    assert_int_equal(later->nelts, 1);
    task = &APR_ARRAY_IDX(later, 0, ag_later_t);
    error = task->run(task->ctx, &opening);
    opened_with = opening.warning;
    unlink(path);
    return error;
}

static int file_holds(const char *content, const char *address, apr_pool_t *p)
{
    ag_request_t request = from(address, p);
    ag_verdict_t verdict = {0};
    ag_rule_t *rule;
    ag_rule_e answer;

    assert_null(open_file(&rule, content, p));
    answer = ag_rule_test(rule, &verdict, &request);
    assert_int_not_equal(answer, AG_RULE_UNKNOWN);
    return answer == AG_RULE_YES;
}

static void test_ip_file(void **state)
{
    static const char list[] = "# partners\n\n 192.0.2.0/24 # one\r\n\t10.1\n2001:db8::/32";
    ag_request_t request = from("192.0.2.1", *state);
    ag_verdict_t verdict = {0};
    ag_rule_t *rule;

    assert_true(file_holds(list, "192.0.2.77", *state));
    assert_true(file_holds(list, "10.1.255.1", *state));
    assert_true(file_holds(list, "2001:db8::1", *state));
    assert_false(file_holds(list, "10.2.0.0", *state));
    assert_false(file_holds("# 192.0.2.1\n", "192.0.2.1", *state));    /* an empty list matches nobody */
    assert_non_null(strstr(open_file(&rule, "", *state), "is empty")); /* a download that failed */
    assert_int_equal(ag_rule_test(rule, &verdict, &request), AG_RULE_UNKNOWN);
    assert_non_null(open_file(&rule, "nonsense", *state)); /* one that was not read cannot tell */
    assert_int_equal(ag_rule_test(rule, &verdict, &request), AG_RULE_UNKNOWN);
    assert_int_equal(verdict.candidate, AG_R_NONE);
}

/* A file with a line that is no network is asked all the same, but says "no" to nobody: the line may be
 * what should have kept an address out. */
static void unsure(const char *content, const char *wanted, apr_pool_t *p)
{
    ag_request_t in = from("192.0.2.1", p), out = from("198.51.100.1", p);
    ag_verdict_t one = {0}, two = {0};
    ag_rule_t *rule;

    assert_null(open_file(&rule, content, p));
    assert_non_null(opened_with);
    assert_non_null(strstr(opened_with, "file:/tmp/test_authz_"));
    assert_non_null(strstr(opened_with, wanted));
    assert_int_equal(ag_rule_test(rule, &one, &in), AG_RULE_YES);
    assert_int_equal(ag_rule_test(rule, &two, &out), AG_RULE_UNKNOWN);
}

static void test_ip_file_wrong(void **state)
{
    ag_rule_t *rule;
    const char *error;

    unsure("192.0.2.1\n\nnonsense\nmore\n", ", line 3: \"nonsense\" is not an address or network", *state);
    unsure("192.0.2.1\n192.0.2.2 192.0.2.3\n", ", line 2: \"192.0.2.3\" is too many", *state);
    error = open_file(&rule, "<html>\nnonsense\n", *state); /* nothing of it could ever match */
    assert_non_null(error);
    assert_non_null(strstr(error, ", line 1: "));
    error = open_file(&rule,
                      "\xFF\xFE"
                      "1\0002",
                      *state);
    assert_non_null(error);
}

/* Whoever may put a link in the place of the file had root quote whatever it led to in the error log: the password
 * file's first line, a pepper. A typing error in an address is quoted whole. */
static void test_ip_file_quotes_no_secret(void **state)
{
    static const char *const secrets[] = {"root:$y$j9T$c0ffee:20228:0:99999:7:::", "cafe0123cafe0123cafe0123cafe0123",
                                          "bWFkZSBvZiBiYXNlNjQ/YW5k+A=="};
    ag_rule_t *rule;
    int i;

    for (i = 0; i < 3; i++) {
        const char *wanted = apr_psprintf(*state, "line 1: \"%.8s...\"", secrets[i]);
        const char *error = open_file(&rule, secrets[i], *state);

        assert_non_null(strstr(error, wanted));
        assert_null(strstr(error, secrets[i]));
        error = open_file(&rule, apr_pstrcat(*state, "192.0.2.1 ", secrets[i], NULL), *state);
        assert_non_null(strstr(error, "is too many"));
        assert_null(strstr(error, secrets[i]));
    }
    unsure("192.0.2.1\n2001:db8:0:0:1:2:3:4:5/64\n", "\"2001:db8:0:0:1:2:3:4:5/64\" is not an address", *state);
}

/* As others write such files: with a byte order mark, CRLF, comments behind a semicolon. */
static void test_ip_file_of_others(void **state)
{
    static const char list[] = "\xEF\xBB\xBF; Spamhaus DROP List\r\n192.0.2.0/24 ; SBL256894\r\n2001:db8::/32;x\r\n";

    assert_true(file_holds(list, "192.0.2.77", *state));
    assert_true(file_holds(list, "2001:db8::1", *state));
    assert_false(file_holds(list, "198.51.100.1", *state));
    assert_null(opened_with);
    assert_true(file_holds("\xEF\xBB\xBF"
                           "192.0.2.1\r\n",
                           "192.0.2.1", *state));
}

/* ---- who, candidates, mistakes --------------------------------------------------------------- */

static void put(const char *path, const char *content)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(content, file);
    fclose(file);
}

/* Is the address in the file, after `looks` looks a second apart? */
static ag_ip_answer_e after(ag_ip_source_t *source, int looks, const char *address, apr_pool_t *p)
{
    static apr_time_t now = NOW;
    ag_ip_t ip;

    assert_true(ag_ip_parse(&ip, address));
    for (; looks > 0; looks--) {
        now += apr_time_from_sec(1);
        ag_ip_file_poll(source, now, &test_log, p);
    }
    return ag_ipshare_ask(source->share, &ip, now);
}

static void test_file_again(void **state)
{
    apr_array_header_t *later = apr_array_make(*state, 1, sizeof(ag_later_t));
    ag_setting_call_t call = {.p = *state, .later = later, .named = apr_hash_make(*state), .root = "/tmp"};
    ag_later_call_t opening = {.p = *state, .pkeep = *state, .ptmp = *state};
    char path[] = "/tmp/test_authz_XXXXXX";
    ag_ip_source_t *source, *same;
    int fd = mkstemp(path);
    const char *name;

    logged = 0;
    close(fd);
    name = apr_pstrcat(*state, "file:", path, NULL);
    put(path, "192.0.2.1\n");
    assert_null(ag_ip_source_of(&source, name, &call));
    assert_null(ag_ip_source_of(&same, name, &call));
    assert_ptr_equal(source, same); /* two rules, one file, read once */
    assert_int_equal(later->nelts, 1);
    assert_null(ag_ip_file_open(source, &opening));
    assert_int_equal(after(source, 3, "192.0.2.1", *state), AG_IP_YES);
    assert_int_equal(logged, 0); /* nothing has changed, nothing is read */
    put(path, "192.0.2.2\n198.51.100.0/24\n");
    assert_int_equal(after(source, 1, "192.0.2.1", *state), AG_IP_YES); /* is it still written to? */
    assert_int_equal(after(source, 1, "192.0.2.1", *state), AG_IP_NO);
    assert_int_equal(after(source, 0, "198.51.100.9", *state), AG_IP_YES);
    assert_int_equal(logged, 1);
    put(path, "192.0.2.3\nrubbish\n");
    assert_int_equal(after(source, 5, "192.0.2.2", *state), AG_IP_YES); /* the last good set */
    assert_int_equal(after(source, 0, "192.0.2.3", *state), AG_IP_NO);
    assert_int_equal(logged, 2);
    assert_non_null(strstr(last_line, "line 2: \"rubbish\""));
    unlink(path);
    assert_int_equal(after(source, 5, "192.0.2.2", *state), AG_IP_YES);
    assert_int_equal(logged, 3);
    put(path, "");
    assert_int_equal(after(source, 2, "192.0.2.2", *state), AG_IP_YES); /* a download that failed */
    assert_int_equal(logged, 4);
    put(path, "# nobody\n");
    assert_int_equal(after(source, 2, "192.0.2.2", *state), AG_IP_NO);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ip),
        TEST(test_ip_file),
        TEST(test_ip_file_wrong),
        TEST(test_ip_file_of_others),
        TEST(test_ip_file_quotes_no_secret),
        TEST(test_file_again),
    };

    return cmocka_run_group_tests_name("authz", tests, NULL, NULL);
}
