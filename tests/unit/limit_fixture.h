/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit_fixture: what the tests of the stores share: memory between processes, windows and subjects
 * made in one line.
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

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "../../src/limit/limit.h"

static apr_pool_t *pool;
static apr_time_t now; /* of all charges that name no other */

/* ---- windows, subjects, charges -------------------------------------------------------------- */

static ag_window_t make_window(apr_uint64_t n, apr_uint32_t seconds, const ag_algo_t *algo)
{
    static int number;
    ag_window_t w = {{n, {seconds, AG_PERIOD_PLAIN}}, 0, algo, {0, 0}, {.name = "test"}};

    number++;
    w.id = ag_id_of(&number, sizeof number);
    return w;
}

static inline ag_subject_t make_subject(const char *text)
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

/* ---- all tests of a program ------------------------------------------------------------------ */

static inline int limit_start(void **state)
{
    (void)state;
    apr_initialize();
    apr_pool_create(&pool, NULL);
    now = apr_time_from_sec(APR_INT64_C(1767225600));
    return 0;
}

static inline int limit_stop(void **state)
{
    (void)state;
    apr_terminate();
    return 0;
}

#endif
