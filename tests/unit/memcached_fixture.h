/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memcached_fixture: a memcached of the tests' own on a free port of the loopback address, and what
 * stands in its place: one that hangs, is slow, or goes away half-way.
 */
#ifndef AG_MEMCACHED_FIXTURE_H
#define AG_MEMCACHED_FIXTURE_H

#include "limit_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>

#include <apr_time.h>

#include "../../src/limit/breaker.h"

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

/* ---- all tests of a program ------------------------------------------------------------------ */

static const ag_algo_t *const algos[] = {&ag_algo_sliding, &ag_algo_fixed, &ag_algo_bucket};
static int port;              /* of the memcached that all tests of a program share */
static pid_t server;          /* it */
static ag_breaker_t *breaker; /* shared with the children of a test */

/* memcached has a clock of its own. */
static inline int clock_start(void **state)
{
    limit_start(state);
    now = apr_time_now();
    return 0;
}

static inline int memcached_start(void **state)
{
    clock_start(state);
    breaker = share(sizeof *breaker);
    port = free_port();
    server = start_memcached(port);
    return 0;
}

static inline int memcached_stop(void **state)
{
    kill_child(server);
    return limit_stop(state);
}

#endif
