/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_memcached: what goes over the wire, and what happens when memcached is dead, hung,
 * back again, or holds something that is not ours. Whatever happens, a failure never looks like
 * "allowed".
 */
#include "limit_fixture.h"
#include "store_direct.h"

#include <stdlib.h>

#include <apr_time.h>

#include "../../src/limit/breaker.h"

#define TIMEOUT_MS 400 /* far more than a busy machine takes for an answer */
#define WORD       "0000000000000000"

static int port;
static pid_t server;
static ag_breaker_t breaker;

/* ---- the log --------------------------------------------------------------------------------- */

static int n_logged;
static char logged[1024];

static void remember(const ag_log_t *log, ag_log_level_e level, apr_status_t rv, const char *text)
{
    (void)log;
    (void)level;
    (void)rv;
    n_logged++;
    apr_cpystrn(logged, text, sizeof logged);
}

static const ag_log_t a_log = {remember, NULL, AG_LOG_DEBUG};

/* ---- asking ---------------------------------------------------------------------------------- */

static ag_store_t *open_at(const char *servers, const char *prefix, const ag_log_t *log)
{
    ag_fleet_config_t config = {servers, prefix, TIMEOUT_MS, 4, &breaker, log, NULL};
    ag_store_t *store;

    assert_int_equal(open_direct(&store, &config, pool), APR_SUCCESS);
    return store;
}

static ag_store_t *open_store(void)
{
    memset(&breaker, 0, sizeof breaker);
    n_logged = 0;
    return open_at(address_of(port), "p:", &a_log);
}

/* The status of one charge, and how long it took. With a fault nothing is allowed. */
static apr_status_t ask(ag_store_t *store, const ag_window_t *w, ag_subject_t *s, apr_time_t at, int *ms)
{
    ag_charge_t c = make_charge(w, s);
    apr_time_t start = apr_time_now();
    apr_status_t rv;

    c.allowed = 1;
    rv = store->charge(store, &c, 1, at, pool);
    *ms = (int)((apr_time_now() - start) / 1000);
    if (rv) {
        assert_false(c.allowed);
    }
    return rv;
}

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

/* ---- the breaker by itself ------------------------------------------------------------------- */

static void test_breaker(void **state)
{
    const apr_time_t second = APR_USEC_PER_SEC;
    ag_breaker_t b = {0, 0, 0};

    (void)state;
    assert_true(ag_breaker_enter(&b, now));
    assert_false(ag_breaker_bad(&b, now, 0));
    assert_false(ag_breaker_good(&b));
    assert_false(ag_breaker_bad(&b, now, 0)); /* two, but not in a row */
    assert_true(ag_breaker_enter(&b, now));
    assert_true(ag_breaker_bad(&b, now, 0));
    assert_false(ag_breaker_enter(&b, now));
    assert_false(ag_breaker_enter(&b, now + second - 1));
    assert_true(ag_breaker_enter(&b, now + second));   /* one tries */
    assert_false(ag_breaker_enter(&b, now + second));  /* the others wait */
    assert_false(ag_breaker_bad(&b, now + second, 0)); /* it was open, nothing changes */
    assert_false(ag_breaker_enter(&b, now + 2 * second - 1));
    assert_true(ag_breaker_enter(&b, now + 2 * second));
    assert_true(ag_breaker_good(&b));
    assert_true(ag_breaker_enter(&b, now) && ag_breaker_enter(&b, now));
    assert_false(ag_breaker_bad(&b, now, 0));
    assert_true(ag_breaker_bad(&b, now, 0));
    assert_true(ag_breaker_enter(&b, now - 3600 * second)); /* the clock was set back an hour */
    assert_true(ag_breaker_good(&b));
    assert_true(ag_breaker_enter(&b, now));
    assert_true(ag_breaker_bad(&b, now, 1)); /* a time-out is enough */
    assert_false(ag_breaker_enter(&b, now));
}

/* ---- dead, hung, back again ------------------------------------------------------------------ */

/* So many faults, then nobody is made to wait; a second later one caller tries again. */
static void expect_outage(ag_store_t *store, const ag_window_t *w, ag_subject_t *s, int faults)
{
    int i, ms;

    for (i = 0; i < faults; i++) {
        apr_status_t rv = ask(store, w, s, now, &ms);

        assert_true(rv != APR_SUCCESS && rv != APR_EAGAIN);
        assert_in_range(ms, 0, 2 * TIMEOUT_MS);
    }
    assert_int_equal(n_logged, 1);
    assert_non_null(strstr(logged, "AG0501"));
    assert_non_null(strstr(logged, address_of(port)));
    for (i = 0; i < 1000; i++) {
        assert_int_equal(ask(store, w, s, now, &ms), APR_EAGAIN);
        assert_in_range(ms, 0, TIMEOUT_MS / 2);
    }
    assert_true(ask(store, w, s, now + APR_USEC_PER_SEC, &ms) != APR_SUCCESS);
    assert_int_equal(ask(store, w, s, now + APR_USEC_PER_SEC, &ms), APR_EAGAIN);
    assert_int_equal(n_logged, 1);
}

/* Asks once a second of its own clock until it answers. */
static void expect_recovery(ag_store_t *store, const ag_window_t *w, ag_subject_t *s)
{
    int i, ms;

    for (i = 2; i < 60 && ask(store, w, s, now + i * APR_USEC_PER_SEC, &ms); i++) {
        usleep(100000);
    }
    assert_in_range(i, 2, 40);
    assert_int_equal(n_logged, 2);
    assert_non_null(strstr(logged, "AG0502"));
    assert_true(breaker.open_until == 0 && breaker.failures == 0);
}

static void test_a_dead_server(void **state)
{
    ag_store_t *store = open_store();
    ag_window_t w = make_window(50, 3600, &ag_algo_sliding);
    ag_subject_t s = make_subject("dead");
    ag_charge_t c = make_charge(&w, &s);

    (void)state;
    assert_true(hit(store, &w, &s));
    kill_child(server);
    expect_outage(store, &w, &s, 2);
    c.allowed = 1;
    store->refund(store, &c, 1, now, now, pool); /* nobody there: nothing happens */
    server = start_memcached(port);
    expect_recovery(store, &w, &s);
}

static void test_a_server_that_never_was(void **state)
{
    ag_store_t *store;
    ag_window_t w = make_window(50, 3600, &ag_algo_sliding);
    ag_subject_t s = make_subject("dead");
    int right = port;

    (void)state;
    port = free_port();
    store = open_store();
    expect_outage(store, &w, &s, 2);
    port = right;
}

/* It hangs; what it counts when it wakes up may be too much, but never too little. */
static void test_a_hung_server(void **state)
{
    ag_store_t *store = open_store();
    ag_window_t w = make_window(5, 3600, &ag_algo_fixed);
    ag_subject_t s = make_subject("hung"), other = make_subject("awake");
    int i, passed = 1;

    (void)state;
    assert_true(hit(store, &w, &s));
    hang(server);
    expect_outage(store, &w, &s, 1); /* who waited in vain waited for all */
    kill(server, SIGCONT);
    expect_recovery(store, &w, &other);
    for (i = 0; i < 10; i++) {
        passed += hit(store, &w, &s);
    }
    assert_in_range(passed, 1, 5);
}

/* The breaker's second begins when the wait ends: with a time-out of two seconds everybody waited. */
static void test_nobody_waits_in_the_second_after_a_time_out(void **state)
{
    const apr_time_t end = now + apr_time_from_msec(TIMEOUT_MS) + APR_USEC_PER_SEC;
    ag_store_t *store = open_store();
    ag_window_t w = make_window(5, 3600, &ag_algo_fixed);
    ag_subject_t s = make_subject("hung");
    int ms;

    (void)state;
    hang(server);
    assert_int_equal(ask(store, &w, &s, now, &ms), APR_TIMEUP);
    assert_int_equal(ask(store, &w, &s, end - 1, &ms), APR_EAGAIN);
    kill(server, SIGCONT);
    assert_int_equal(ask(store, &w, &s, end, &ms), APR_SUCCESS);
}

/* Of two servers one is dead: what lies there is a fault, what lies on the other is counted, and a
 * request that needs both is a fault too. */
static void test_one_of_two_is_dead(void **state)
{
    const char *servers = apr_psprintf(pool, "127.0.0.1:%d,127.0.0.1:%d", port, free_port());
    ag_window_t w = make_window(5, 3600, &ag_algo_fixed);
    int i, here = 0, ms;
    ag_store_t *store;

    (void)state;
    for (i = 0; i < 40; i++) {
        ag_subject_t s = make_subject(apr_psprintf(pool, "two:%d", i));

        memset(&breaker, 0, sizeof breaker);
        store = open_at(servers, NULL, NULL);
        here += ask(store, &w, &s, now, &ms) == APR_SUCCESS;
    }
    assert_in_range(here, 5, 35);
    for (i = 0; i < 20; i++) {
        ag_subject_t subjects[20];
        ag_charge_t c[20];
        int k;

        for (k = 0; k < 20; k++) {
            subjects[k] = make_subject(apr_psprintf(pool, "both:%d:%d", i, k));
            c[k] = make_charge(&w, &subjects[k]);
            c[k].cost = (apr_uint64_t)i % 2; /* what costs nothing is only read */
        }
        memset(&breaker, 0, sizeof breaker);
        assert_int_not_equal(store->charge(store, c, 20, now, pool), APR_SUCCESS);
    }
}

/* A server that comes back is asked again, by the same connection. */
static void test_the_second_server_comes_back(void **state)
{
    int second = free_port();
    const char *servers = apr_psprintf(pool, "127.0.0.1:%d,127.0.0.1:%d", port, second);
    ag_window_t w = make_window(5, 3600, &ag_algo_fixed);
    ag_subject_t subjects[20];
    ag_charge_t c[20];
    ag_store_t *store;
    pid_t pid;
    int i;

    (void)state;
    for (i = 0; i < 20; i++) {
        subjects[i] = make_subject(apr_psprintf(pool, "back:%d", i));
        c[i] = make_charge(&w, &subjects[i]);
    }
    memset(&breaker, 0, sizeof breaker);
    store = open_at(servers, NULL, NULL);
    assert_int_not_equal(store->charge(store, c, 20, now, pool), APR_SUCCESS);
    pid = start_memcached(second);
    for (i = 1; i < 60 && store->charge(store, c, 20, now + i * APR_USEC_PER_SEC, pool); i++) {
        usleep(100000);
    }
    assert_in_range(i, 1, 40);
    for (i = 1; i < 5; i++) {
        assert_int_equal(store->charge(store, c, 20, now, pool), APR_SUCCESS);
        assert_int_equal(ag_charges_allowed(c, 20), 1);
    }
    kill_child(pid);
}

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
        assert_int_equal(breaker.failures, 2);
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
    memset(&breaker, 0, sizeof breaker);
    store = open_at(address_of(port), prefix, NULL);
    assert_int_equal(hit(store, &w, &s), 1);
    assert_int_equal(hit(store, &w, &s), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_key_is_a_digest),
        cmocka_unit_test(test_the_value_and_its_end),
        cmocka_unit_test(test_long_windows_are_kept),
        cmocka_unit_test(test_garbled_values_are_faults),
        cmocka_unit_test(test_breaker),
        cmocka_unit_test(test_a_dead_server),
        cmocka_unit_test(test_a_server_that_never_was),
        cmocka_unit_test(test_a_hung_server),
        cmocka_unit_test(test_nobody_waits_in_the_second_after_a_time_out),
        cmocka_unit_test(test_one_of_two_is_dead),
        cmocka_unit_test(test_the_second_server_comes_back),
        cmocka_unit_test(test_a_write_that_is_lost),
        cmocka_unit_test(test_what_may_be_configured),
        cmocka_unit_test(test_the_longest_prefix),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    now = apr_time_now();
    port = free_port();
    server = start_memcached(port);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    kill_child(server);
    apr_terminate();
    return failed;
}
