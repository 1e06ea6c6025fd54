/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: counters a second of the shared-memory store alone, without httpd: N processes for so long,
 * each with a request after the other.
 *
 *   store PROCESSES SECONDS WINDOWS SUBJECTS
 *
 * prints how many requests, and how many counters (a request has one for each window), were stepped in a
 * second by all of them together. With one subject all processes meet at one counter.
 */
#include <stdio.h>
#include <stdlib.h>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_time.h>

#include "../../src/limit/limit.h"

#define SIZE        (32 << 20)
#define MAX_WINDOWS 8
#define A_LOOK      256 /* requests between two looks at the clock */

typedef struct {
    ag_store_t *store;
    ag_window_t windows[MAX_WINDOWS];
    int n_windows;
    apr_uint64_t subjects;
    apr_time_t end;
    apr_pool_t *pool;
} run_t;

static void *share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        perror("store");
        exit(1);
    }
    return memory;
}

static void one_request(const run_t *run, apr_uint64_t number, apr_time_t now)
{
    static const ag_sip_key_t key = {1, 2};
    ag_charge_t charges[MAX_WINDOWS];
    ag_subject_t subject = {.text = "bench"};
    int i;

    number %= run->subjects;
    subject.id = ag_sip(&key, &number, sizeof number);
    for (i = 0; i < run->n_windows; i++) {
        ag_charge_t charge = {.window = &run->windows[i], .subject = &subject, .cost = 1};

        charges[i] = charge;
    }
    run->store->charge(run->store, charges, run->n_windows, now, run->pool);
    if (!ag_charges_allowed(charges, run->n_windows)) {
        fputs("store: refused\n", stderr);
        exit(1);
    }
}

static apr_uint64_t work(const run_t *run, int process)
{
    apr_uint64_t n = 0;
    apr_time_t now;

    while ((now = apr_time_now()) < run->end) {
        int i;

        for (i = 0; i < A_LOOK; i++, n++) {
            one_request(run, n * 7919 + (apr_uint64_t)process, now);
        }
    }
    return n;
}

static void make_windows(run_t *run)
{
    int i;

    for (i = 0; i < run->n_windows; i++) {
        ag_window_t window = {.algo = &ag_algo_sliding};

        window.rate.n = APR_UINT64_C(1000000000000);
        window.rate.period.seconds = 60u << i;
        window.id = ag_id_of(&i, sizeof i);
        run->windows[i] = window;
    }
}

static long number_of(const char *text, long most)
{
    long n = strtol(text, NULL, 10);

    if (n < 1 || n > most) {
        fprintf(stderr, "store: \"%s\" is not a number from 1 to %ld\n", text, most);
        exit(2);
    }
    return n;
}

int main(int argc, char **argv)
{
    run_t run = {.store = NULL};
    apr_uint64_t *done = share(4096), all = 0;
    long processes, seconds, i;

    if (argc != 5) {
        fputs("store PROCESSES SECONDS WINDOWS SUBJECTS\n", stderr);
        return 2;
    }
    apr_initialize();
    apr_pool_create(&run.pool, NULL);
    processes = number_of(argv[1], 64);
    seconds = number_of(argv[2], 3600);
    run.n_windows = (int)number_of(argv[3], MAX_WINDOWS);
    run.subjects = (apr_uint64_t)number_of(argv[4], 1000000);
    make_windows(&run);
    if (ag_store_shm_attach(&run.store, share(SIZE), SIZE, 1, run.pool) != APR_SUCCESS) {
        return 1;
    }
    run.end = apr_time_now() + apr_time_from_sec(seconds);
    for (i = 0; i < processes; i++) {
        if (fork() == 0) {
            done[i] = work(&run, (int)i);
            _exit(0);
        }
    }
    while (wait(NULL) > 0) {
    }
    for (i = 0; i < processes; i++) {
        all += done[i];
    }
    printf("%llu %llu\n", (unsigned long long)all / (unsigned long long)seconds,
           (unsigned long long)all * (unsigned long long)run.n_windows / (unsigned long long)seconds);
    return 0;
}
