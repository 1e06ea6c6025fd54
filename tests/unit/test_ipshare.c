/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ipshare: tables of networks in shared memory: whoever looks while another process replaces the table
 * gets one or the other, whole.
 */
#include "iptable_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/ipset/ipshare.h"

/* ---- shared ---------------------------------------------------------------------------------- */

static ag_ipshare_t *share_of(apr_pool_t *p)
{
    ag_ipshare_t *share;

    assert_int_equal(ag_ipshare_make(&share, p), APR_SUCCESS);
    return share;
}

static void publish(ag_ipshare_t *share, const char *const *texts, int n, int miss, apr_pool_t *p)
{
    ag_iptable_maker_t *maker = ag_iptable_start(1, p);
    int i;

    for (i = 0; i < n; i++) {
        ag_net_t net = net_of(texts[i], p);

        assert_true(ag_iptable_add(maker, &net, 0, texts[i]));
    }
    if (miss) {
        ag_iptable_miss(maker);
    }
    assert_int_equal(ag_ipshare_publish(share, ag_iptable_finish(maker, NOW_S)), APR_SUCCESS);
}

static void test_unknown(void **state)
{
    static const char *const nets[] = {"192.0.2.0/24"};
    ag_ipshare_t *share = share_of(*state);
    ag_ip_t in = ip_of("192.0.2.1"), out = ip_of("198.51.100.1");

    ag_ipshare_confirm(share, AG_IPSHARE_EVER);
    assert_false(ag_ipshare_filled(share));
    assert_int_equal(ag_ipshare_ask(share, &in, NOW), AG_IP_UNKNOWN); /* no table yet */
    publish(share, nets, 1, 0, *state);
    assert_true(ag_ipshare_filled(share));
    assert_int_equal(ag_ipshare_ask(share, &in, NOW), AG_IP_YES);
    assert_int_equal(ag_ipshare_ask(share, &out, NOW), AG_IP_NO);
    ag_ipshare_confirm(share, NOW + 5);
    assert_int_equal(ag_ipshare_ask(share, &in, NOW + 4), AG_IP_YES);
    assert_int_equal(ag_ipshare_ask(share, &in, NOW + 5), AG_IP_UNKNOWN); /* too old */
    assert_int_equal(ag_ipshare_ask(share, &out, NOW + 5), AG_IP_UNKNOWN);
    publish(share, nets, 1, 1, *state); /* an entry could not be read */
    assert_int_equal(ag_ipshare_ask(share, &in, NOW), AG_IP_YES);
    assert_int_equal(ag_ipshare_ask(share, &out, NOW), AG_IP_UNKNOWN);
    publish(share, nets, 0, 0, *state);
    assert_int_equal(ag_ipshare_ask(share, &in, NOW), AG_IP_NO);
}

static void test_matches(void **state)
{
    static const char *const nets[] = {"192.0.2.0/24", "10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32"};
    ag_ipshare_t *share = share_of(*state);
    ag_ip_t narrow = ip_of("10.1.2.3"), six = ip_of("2001:db8::1");
    apr_uint32_t at = 1;
    ag_ipmatch_t m[4];

    ag_ipshare_confirm(share, AG_IPSHARE_EVER);
    publish(share, nets, 4, 0, *state);
    assert_int_equal(ag_ipshare_matches(m, 4, share, &at, 0, *state), 0);
    assert_int_equal(at, 0);
    ag_ipshare_ask(share, &narrow, NOW);
    ag_ipshare_ask(share, &narrow, NOW + 59 * APR_USEC_PER_SEC); /* the same minute */
    ag_ipshare_ask(share, &six, NOW + 5 * APR_USEC_PER_SEC);
    at = 1;
    assert_int_equal(ag_ipshare_matches(m, 4, share, &at, 0, *state), 2);
    assert_string_equal(m[0].text, "10.1.0.0/16");
    assert_int_equal(m[0].when, NOW_S);
    assert_string_equal(m[1].text, "2001:db8::/32");
    at = 1;
    assert_int_equal(ag_ipshare_matches(m, 4, share, &at, NOW_S + 1, *state), 1);
    at = 1;
    assert_int_equal(ag_ipshare_matches(m, 1, share, &at, 0, *state), 1);
    assert_true(at > 1);
    assert_int_equal(ag_ipshare_matches(m, 1, share, &at, 0, *state), 1);
    assert_string_equal(m[0].text, "2001:db8::/32");
    ag_ipshare_ask(share, &narrow, NOW + 60 * APR_USEC_PER_SEC);
    at = 1;
    assert_int_equal(ag_ipshare_matches(m, 4, share, &at, NOW_S + 60, *state), 1);
    publish(share, nets, 4, 0, *state);
    at = 1;
    assert_int_equal(ag_ipshare_matches(m, 4, share, &at, 0, *state), 0);
}

/* Two tables take turns: each holds one address always, and one of two others, so any mix of them
 * or a half-written one gives a wrong answer. */
typedef struct {
    ag_ipshare_t *share;
    int stop;
    long wrong, asked;
} race_t;

static void *ask_on(void *ctx)
{
    race_t *race = ctx;
    ag_ip_t always = ip_of("192.0.2.1"), never = ip_of("203.0.113.1"), six = ip_of("2001:db8::9");
    long asked = 0, wrong = 0;

    while (!__atomic_load_n(&race->stop, __ATOMIC_RELAXED)) {
        wrong += ag_ipshare_ask(race->share, &always, NOW) != AG_IP_YES;
        wrong += ag_ipshare_ask(race->share, &never, NOW) != AG_IP_NO;
        wrong += ag_ipshare_ask(race->share, &six, NOW) != AG_IP_YES;
        asked++;
    }
    __atomic_add_fetch(&race->wrong, wrong, __ATOMIC_RELAXED);
    __atomic_add_fetch(&race->asked, asked, __ATOMIC_RELAXED);
    return NULL;
}

/* 3000 networks before, behind and around the address, other ones each time. */
static const ag_iptable_t *turn(int number, apr_pool_t *p)
{
    ag_iptable_maker_t *maker = ag_iptable_start(1, p);
    ag_net_t net;
    int i;

    for (i = 0; i < 3000; i++) {
        ag_ip_t ip = any_ip(i & 1, 256);

        ip.byte[12] = i & 1 ? (unsigned char)(1 + any(190)) : ip.byte[12];
        net = net_at(ip, 120);
        assert_true(ag_iptable_add(maker, &net, 0, number & 1 ? "odd" : "even, and longer"));
    }
    net = net_of("192.0.2.0/24", p);
    assert_true(ag_iptable_add(maker, &net, 0, "always"));
    net = net_of("2001:db8::9", p);
    assert_true(ag_iptable_add(maker, &net, 0, "six"));
    return ag_iptable_finish(maker, NOW_S);
}

static void test_replaced(void **state)
{
    ag_ipshare_t *share = share_of(*state);
    race_t race = {share, 0, 0, 0};
    pthread_t threads[3];
    int i;

    ag_ipshare_confirm(share, AG_IPSHARE_EVER);
    assert_int_equal(ag_ipshare_publish(share, turn(0, *state)), APR_SUCCESS);
    for (i = 0; i < N_OF(threads); i++) {
        pthread_create(&threads[i], NULL, ask_on, &race);
    }
    for (i = 1; i < 600; i++) {
        apr_pool_t *p;

        apr_pool_create(&p, *state);
        assert_int_equal(ag_ipshare_publish(share, turn(i, p)), APR_SUCCESS);
        apr_pool_destroy(p);
    }
    __atomic_store_n(&race.stop, 1, __ATOMIC_RELAXED);
    for (i = 0; i < N_OF(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(race.wrong, 0);
    assert_true(race.asked > 1000);
}

/* What a child publishes, its parent sees; one that is killed while it writes does no harm. */
static void test_processes(void **state)
{
    static const char *const one[] = {"192.0.2.0/24"}, *const two[] = {"198.51.100.0/24"};
    ag_ipshare_t *share = share_of(*state);
    ag_ip_t first = ip_of("192.0.2.1"), second = ip_of("198.51.100.1");
    int round, status;
    pid_t pid;

    ag_ipshare_confirm(share, AG_IPSHARE_EVER);
    publish(share, one, 1, 0, *state);
    pid = fork();
    if (pid == 0) {
        publish(share, two, 1, 0, *state);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(ag_ipshare_ask(share, &second, NOW), AG_IP_YES);
    assert_int_equal(ag_ipshare_ask(share, &first, NOW), AG_IP_NO);
    for (round = 0; round < 20; round++) {
        pid = fork();
        if (pid == 0) {
            for (;;) {
                publish(share, two, 1, 0, *state);
            }
        }
        usleep(3000);
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        assert_int_equal(ag_ipshare_ask(share, &second, NOW), AG_IP_YES);
        publish(share, one, 1, 0, *state);
        assert_int_equal(ag_ipshare_ask(share, &first, NOW), AG_IP_YES);
        assert_int_equal(ag_ipshare_ask(share, &second, NOW), AG_IP_NO);
        publish(share, two, 1, 0, *state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_unknown),
        TEST(test_matches),
        TEST(test_replaced),
        TEST(test_processes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
