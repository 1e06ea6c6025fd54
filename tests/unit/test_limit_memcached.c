/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_memcached: what goes over the wire to memcached and comes back, also when it is not ours, and what
 * may be configured. A failure never looks like "allowed".
 */
#include "direct_fixture.h"

/* ---- asking ---------------------------------------------------------------------------------- */

/* Sends a line (and perhaps data) to memcached behind the store's back; its whole answer. */
static const char *talk(const char *text)
{
    static char answer[65536];
    size_t n = 0;
    int s = connect_to(port);
    ssize_t got;

    assert_true(s >= 0);
    assert_int_equal(write(s, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(shutdown(s, SHUT_WR), 0);
    while ((got = read(s, answer + n, sizeof answer - 1 - n)) > 0) {
        n += (size_t)got;
    }
    answer[n] = '\0';
    close(s);
    return answer;
}

/* A key behind `at`, of all that memcached holds; NULL at the end. It writes %3A for a colon. */
static const char *next_key(const char **at)
{
    char *key = NULL, *to, *from;
    const char *found = strstr(*at, "key=");

    if (found) {
        *at = found + 4;
        key = apr_pstrmemdup(pool, *at, strcspn(*at, " "));
        for (to = from = key; *from; from++) {
            *to++ = strncmp(from, "%3A", 3) == 0 ? (from += 2, ':') : *from;
        }
        *to = '\0';
    }
    return key;
}

/* How many items memcached holds, by its own count. */
static int n_items(void)
{
    const char *at = strstr(talk("stats\r\n"), "STAT curr_items ");

    assert_non_null(at);
    return (int)strtol(at + strlen("STAT curr_items "), NULL, 10);
}

static int n_keys(const char *dump)
{
    int n = 0;

    while (next_key(&dump)) {
        n++;
    }
    return n;
}

/* The crawler says BUSY when it is on a round already, and passes over an item that somebody still
 * holds, as the last answer's sender may: so it is asked until it has shown every item. */
static const char *all_keys(void)
{
    const char *dump;
    int i, whole = 0;

    for (i = 0; i < 1000 && !whole; i++) {
        usleep(i > 0 ? 10000 : 0);
        dump = apr_pstrdup(pool, talk("lru_crawler metadump all\r\n"));
        whole = strstr(dump, "END\r\n") != NULL && n_keys(dump) == n_items();
    }
    assert_true(whole);
    return dump;
}

/* The key of the only thing that was charged since flush(). */
static const char *the_key(void)
{
    const char *at = all_keys();
    const char *key = next_key(&at);

    assert_non_null(key);
    assert_null(next_key(&at));
    return key;
}

/* flush_all would leave the items for the crawler to see. */
static void flush(void)
{
    const char *key, *at = all_keys();

    while ((key = next_key(&at))) {
        talk(apr_psprintf(pool, "delete %s\r\n", key));
    }
    assert_int_equal(n_items(), 0);
}

/* ---- on the wire ----------------------------------------------------------------------------- */

static void test_the_key_is_a_digest(void **state)
{
    ag_store_t *store = open_store();
    ag_window_t w = make_window(5, 60, &ag_algo_sliding);
    ag_subject_t s = make_subject("header:x=\r\nflush_all\r\n \x01");
    const char *key;

    (void)state;
    flush();
    assert_int_equal(hit(store, &w, &s), 1);
    key = the_key();
    assert_int_equal(strncmp(key, "p:ag2:", 6), 0);
    assert_int_equal(strspn(key + 6, "0123456789abcdef"), 32);
    assert_int_equal(strlen(key), 38);
}

static void test_the_value_and_its_end(void **state)
{
    ag_store_t *store = open_store();
    ag_window_t w = make_window(5, 3600, &ag_algo_fixed);
    ag_subject_t s = make_subject("a");
    apr_time_t start = ag_period_start(&w.rate.period, now);
    const char *expected, *dump;

    (void)state;
    flush();
    assert_true(hit(store, &w, &s) && hit(store, &w, &s));
    expected =
        apr_psprintf(pool, "%016" APR_UINT64_T_HEX_FMT "00000000000000020000000000000000", (apr_uint64_t)start);
    assert_non_null(strstr(talk(apr_psprintf(pool, "get %s\r\n", the_key())), expected));
    dump = strstr(all_keys(), "exp=");
    assert_non_null(dump);
    assert_in_range(atol(dump + 4), apr_time_sec(start) + 3600 + 58, apr_time_sec(start) + 3600 + 62);
}

/* A month is longer than the 30 days up to which memcached takes an expiry for relative. */
static void test_long_windows_are_kept(void **state)
{
    ag_store_t *store = open_store();
    ag_window_t w = make_window(2, 366 * 86400, &ag_algo_sliding);
    ag_window_t century = make_window(1, 366 * 86400, &ag_algo_bucket);
    ag_subject_t s = make_subject("a");

    (void)state;
    assert_true(hit(store, &w, &s) && hit(store, &w, &s));
    assert_false(hit(store, &w, &s));
    century.burst = 90;
    century.rate.n = 1;
    assert_true(hit(store, &century, &s));
    while (left(store, &century, &s) > 0) {
        assert_true(hit(store, &century, &s));
    }
    assert_false(hit(store, &century, &s));
}

static void test_garbled_values_are_faults(void **state)
{
    static const char *const values[] = {
        "",
        "0",
        "100",
        "2:",
        "1:" WORD WORD WORD WORD,
        "2:0000000000000000" WORD WORD WORD, /* no counter is begun under that number */
        "2:" WORD WORD WORD "000000000000000g",
        "2:" WORD WORD WORD WORD "0",
        "2:" WORD WORD WORD "000000000000000",
        "2:" WORD WORD WORD "000000000000000A",
    };
    ag_window_t w = make_window(5, 3600, &ag_algo_sliding);
    ag_subject_t s = make_subject("a"), other = make_subject("b");
    const char *key;
    size_t i;
    int ms;

    (void)state;
    flush();
    assert_true(hit(open_store(), &w, &s));
    key = the_key();
    for (i = 0; i < sizeof values / sizeof *values; i++) {
        ag_store_t *store = open_store();

        talk(apr_psprintf(pool, "set %s 0 0 %d\r\n%s\r\n", key, (int)strlen(values[i]), values[i]));
        assert_int_equal(ask(store, &w, &s, now, &ms), APR_EGENERAL);
        assert_int_equal(hit(store, &w, &other), i < 5);
    }
}

/* ---- dead, hung, back again ------------------------------------------------------------------ */

/* Read, stepped, and then the write is lost: nobody was allowed, also not by the first window. */
static void test_a_write_that_is_lost(void **state)
{
    ag_window_t w = make_window(50, 3600, &ag_algo_fixed);
    ag_subject_t one = make_subject("one"), other = make_subject("other");
    int adds, right = port;

    (void)state;
    for (adds = 0; adds < 2; adds++) {
        ag_charge_t c[2] = {make_charge(&w, &one), make_charge(&w, &other)};
        ag_store_t *store;
        pid_t server;

        port = free_port();
        server = start_half_server(port, adds);
        store = open_store();
        assert_int_equal(store->charge(store, c, 2, now, pool), APR_TIMEUP);
        assert_false(c[0].allowed);
        assert_false(c[1].allowed);
        assert_int_equal(breaker->failures, 2);
        kill_child(server);
    }
    port = right;
}

/* ---- opening --------------------------------------------------------------------------------- */

static void test_what_may_be_configured(void **state)
{
    static const struct {
        const char *servers, *prefix, *word; /* NULL: fine */
    } cases[] = {
        {"127.0.0.1:11211", "", NULL},
        {"127.0.0.1:11211,cache.example:11212", "acme:", NULL},
        {"[::1]:11211", "", NULL},
        {"/run/memcached.sock", "", NULL},
        {"cache.example", "", "its port is missing"},
        {"a:1,b", "", "as in b:11211"},
        {"[::1]", "", "as in [::1]:11211"},
        {"", "", "HOST:PORT"},
        {",", "", "HOST:PORT"},
        {"11211", "", "11211"},
        {"host:port", "", "host:port"},
        {"host:0x1", "", "host:0x1"},
        {"a:1,b:99999", "", "b:99999"},
        {"a:1", "a b", "a b"},
        {"a:1", "a\r\n", "printable"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *error = ag_fleet_check(cases[i].servers, cases[i].prefix, pool);

        if (!error != !cases[i].word || (error && !strstr(error, cases[i].word))) {
            fail_msg("\"%s\": %s", cases[i].servers, error ? error : "accepted");
        }
    }
}

static void test_the_longest_prefix(void **state)
{
    char prefix[216];
    ag_window_t w = make_window(1, 3600, &ag_algo_fixed);
    ag_subject_t s = make_subject("a");
    ag_store_t *store;

    (void)state;
    memset(prefix, 'x', sizeof prefix);
    prefix[215] = '\0';
    assert_non_null(ag_fleet_check("a:1", prefix, pool));
    prefix[214] = '\0';
    memset(breaker, 0, sizeof *breaker);
    store = open_at(address_of(port), prefix, NULL);
    assert_int_equal(hit(store, &w, &s), 1);
    assert_int_equal(hit(store, &w, &s), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_key_is_a_digest),   cmocka_unit_test(test_the_value_and_its_end),
        cmocka_unit_test(test_long_windows_are_kept), cmocka_unit_test(test_garbled_values_are_faults),
        cmocka_unit_test(test_a_write_that_is_lost),  cmocka_unit_test(test_what_may_be_configured),
        cmocka_unit_test(test_the_longest_prefix),
    };

    return cmocka_run_group_tests(tests, memcached_start, memcached_stop);
}
