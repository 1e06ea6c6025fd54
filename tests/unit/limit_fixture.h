/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit_fixture: what the tests of the stores share: memory between processes, windows and subjects
 * made in one line, a memcached of their own on a free port of the loopback address.
 */
#ifndef AG_LIMIT_FIXTURE_H
#define AG_LIMIT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "../../src/limit/limit.h"

static apr_pool_t *pool;
static apr_time_t now; /* of all charges that name no other; a real time, memcached has a clock */

/* ---- windows, subjects, charges -------------------------------------------------------------- */

static ag_window_t make_window(apr_uint64_t n, apr_uint32_t seconds, const ag_algo_t *algo)
{
    static int number;
    ag_window_t w = {{n, {seconds, AG_PERIOD_PLAIN}}, 0, algo, {0, 0}, {.name = "test"}};

    number++;
    w.id = ag_id_of(&number, sizeof number);
    return w;
}

static ag_subject_t make_subject(const char *text)
{
    static const ag_sip_key_t key = {7, 9};
    ag_subject_t s = {.text = text, .id = ag_sip(&key, text, strlen(text))};

    return s;
}

static ag_charge_t make_charge(const ag_window_t *window, ag_subject_t *subject)
{
    ag_charge_t c;

    memset(&c, 0, sizeof c);
    c.window = window;
    c.subject = subject;
    c.cost = 1;
    return c;
}

/* 1 passed, 0 refused; anything else fails the test. */
static int hit_at(ag_store_t *store, const ag_window_t *window, ag_subject_t *subject, apr_time_t at,
                  ag_quota_t *quota)
{
    ag_charge_t c = make_charge(window, subject);

    assert_int_equal(store->charge(store, &c, 1, at, pool), APR_SUCCESS);
    if (quota) {
        *quota = c.quota;
    }
    return c.allowed;
}

static inline int hit(ag_store_t *store, const ag_window_t *window, ag_subject_t *subject)
{
    return hit_at(store, window, subject, now, NULL);
}

/* How many more would pass: what a charge of nothing is told. */
static inline apr_uint64_t left(ag_store_t *store, const ag_window_t *window, ag_subject_t *subject)
{
    ag_charge_t c = make_charge(window, subject);

    c.cost = 0;
    assert_int_equal(store->charge(store, &c, 1, now, pool), APR_SUCCESS);
    return c.quota.remaining;
}

/* ---- processes ------------------------------------------------------------------------------- */

static inline void *share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(memory != MAP_FAILED);
    return memory;
}

/* A child that dies with its parent. */
static inline pid_t fork_child(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    }
    assert_true(pid >= 0);
    return pid;
}

static inline void kill_child(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* ---- memcached ------------------------------------------------------------------------------- */

static inline int connect_to(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int s = socket(AF_INET, SOCK_STREAM, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(s, (struct sockaddr *)&at, sizeof at) != 0) {
        close(s);
        return -1;
    }
    return s;
}

static inline int free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    int s = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t n = sizeof at;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(s, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(s, (struct sockaddr *)&at, &n), 0);
    close(s);
    return ntohs(at.sin_port);
}

/* Not memcached's own -u: a process that changes its user no longer dies with its parent. */
static inline void become_nobody(void)
{
    const struct passwd *nobody = geteuid() == 0 ? getpwnam("nobody") : NULL;

    if (nobody && (setgid(nobody->pw_gid) != 0 || setuid(nobody->pw_uid) != 0)) {
        _exit(126);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* Without its maintainer, which moves items between lists behind the back of who lists them. */
static inline pid_t start_memcached(int port)
{
    char text[16];
    int i, s = -1;
    pid_t pid = fork_child();

    if (pid == 0) {
        snprintf(text, sizeof text, "%d", port);
        become_nobody();
        execlp("memcached", "memcached", "-l", "127.0.0.1", "-p", text, "-U", "0", "-m", "16", "-t", "2", "-o",
               "no_lru_maintainer", (char *)NULL);
        _exit(127);
    }
    for (i = 0; i < 200 && (s = connect_to(port)) < 0; i++) {
        usleep(20000);
    }
    assert_true(s >= 0);
    close(s);
    return pid;
}

static inline int listen_at(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int yes = 1, s = socket(AF_INET, SOCK_STREAM, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    assert_int_equal(bind(s, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(s, 8), 0);
    return s;
}

/* A server that knows no counter, takes `adds` of them, and then says nothing more. */
static inline pid_t start_half_server(int at_port, int adds)
{
    int s = listen_at(at_port);
    pid_t pid = fork_child();

    if (pid == 0) {
        int c = accept(s, NULL, NULL);
        char line[1024];
        ssize_t n;

        while ((n = read(c, line, sizeof line)) > 0) {
            const char *answer = strncmp(line, "get", 3) == 0 ? "END\r\n" : "STORED\r\n";

            if ((*answer == 'E' || adds-- > 0) && write(c, answer, strlen(answer)) < 0) {
                break;
            }
        }
        _exit(0);
    }
    close(s);
    return pid;
}

static inline void pass_on(int from, int to)
{
    char bytes[65536];
    ssize_t n = read(from, bytes, sizeof bytes);

    if (n <= 0 || write(to, bytes, (size_t)n) != n) {
        _exit(0);
    }
}

/* One connection after another to a server, each question `ms` milliseconds late. */
static inline pid_t start_slow_proxy(int at_port, int to_port, int ms)
{
    int s = listen_at(at_port), yes = 1;
    pid_t pid = fork_child();

    while (pid == 0) {
        int c = accept(s, NULL, NULL), server = connect_to(to_port);
        struct pollfd ends[] = {{c, POLLIN, 0}, {server, POLLIN, 0}};

        if (fork_child() != 0) {
            close(c);
            close(server);
            continue;
        }
        setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        while (poll(ends, 2, -1) > 0) {
            if (ends[0].revents) {
                usleep((useconds_t)ms * 1000);
                pass_on(c, server);
            }
            if (ends[1].revents) {
                pass_on(server, c);
            }
        }
        _exit(0);
    }
    close(s);
    return pid;
}

/* Returns when it has stopped: for a moment after the signal it still answers. */
static inline void hang(pid_t pid)
{
    int status;

    kill(pid, SIGSTOP);
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status));
}

/* What memcached says of itself. */
static inline long stat_of(int port, const char *name)
{
    char answer[8192], *at;
    size_t n = 0;
    ssize_t got;
    int s = connect_to(port);

    assert_true(s >= 0);
    assert_int_equal(write(s, "stats\r\n", 7), 7);
    assert_int_equal(shutdown(s, SHUT_WR), 0);
    while ((got = read(s, answer + n, sizeof answer - 1 - n)) > 0) {
        n += (size_t)got;
    }
    answer[n] = '\0';
    close(s);
    at = strstr(answer, apr_psprintf(pool, "STAT %s ", name));
    assert_non_null(at);
    return atol(at + 6 + strlen(name));
}

/* It forgets everything. */
static inline void flush_all(int port)
{
    static const char flush[] = "flush_all\r\n";
    char answer[8];
    int s = connect_to(port);

    assert_int_equal(write(s, flush, sizeof flush - 1), sizeof flush - 1);
    assert_int_equal(read(s, answer, sizeof answer), 4); /* OK */
    close(s);
}

static inline const char *address_of(int port)
{
    return apr_psprintf(pool, "127.0.0.1:%d", port);
}

#endif
