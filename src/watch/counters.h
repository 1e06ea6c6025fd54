/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counters: how often what operators care for has happened, since the server was started. A counter is a row
 * of counters.def; whoever counts needs no handle, since a process has one block of them.
 *
 * The block lies in shared memory, in stripes of whole cache lines. A process counts in one stripe, by relaxed
 * atomic additions, so processes do not take a line from each other for each request; who reads adds the
 * stripes up. Every child may write anything there: what is read is a number to show, and decides nothing.
 */
#ifndef AG_COUNTERS_H
#define AG_COUNTERS_H

#include <apr.h>
#include <apr_errno.h>

typedef enum {
#define AG_COUNTER(name, metric, help) AG_COUNT_##name,
#include "counters.def"
#undef AG_COUNTER
    AG_COUNT_N
} ag_count_e;

typedef struct ag_counter_row_t {
    const char *metric;
    const char *help;
} ag_counter_row_t;

extern const ag_counter_row_t ag_counter_rows[AG_COUNT_N];

#define AG_COUNT_STRIPES 16 /* more processes share them */
#define AG_COUNT_ROOM    64 /* rows at most, so that a new one moves nothing else in shared memory */

typedef struct ag_counts_t {
    apr_uint64_t names; /* a digest of the rows: another version of the module begins anew */
    apr_uint64_t unused[7];
    apr_uint64_t told[AG_COUNT_ROOM]; /* how much of it the log was told */
    apr_uint64_t stripes[AG_COUNT_STRIPES][AG_COUNT_ROOM];
} ag_counts_t;

/* From now on this process, and its children, count in `counts` (on a cache line, and all zero when `fresh`).
 * Before, each process counts for itself. It never fails; a part of shared memory returns a status. */
apr_status_t ag_counts_attach(ag_counts_t *counts, int fresh);

/* A child counts in a stripe of its own, as far as there are enough. */
void ag_counts_join(int process);

/* The stripe of this process. */
extern apr_uint64_t *ag_counts_mine;

static inline void ag_count_more(ag_count_e what, apr_uint64_t n)
{
    __atomic_fetch_add(&ag_counts_mine[what], n, __ATOMIC_RELAXED);
}

static inline void ag_count(ag_count_e what)
{
    ag_count_more(what, 1);
}

/* All that was counted, by all processes. */
apr_uint64_t ag_counted(ag_count_e what);

/* 1, for one caller of all processes, when that has changed since it was last told; *n gets it. */
int ag_counts_news(apr_uint64_t *n, ag_count_e what);

#endif
