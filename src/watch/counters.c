/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counters: see counters.h. A process that was given no block has one of its own: the tool, and tests.
 */
#include "counters.h"

#include <string.h>

_Static_assert(AG_COUNT_N <= AG_COUNT_ROOM, "make AG_COUNT_ROOM larger");
_Static_assert(sizeof(((ag_counts_t *)0)->stripes[0]) % 64 == 0, "no cache line in two stripes");

const ag_counter_row_t ag_counter_rows[AG_COUNT_N] = {
#define AG_COUNTER(name, metric, help) {metric, help},
#include "counters.def"
#undef AG_COUNTER
};

static ag_counts_t own __attribute__((aligned(64)));
static ag_counts_t *block = &own;
apr_uint64_t *ag_counts_mine = own.stripes[0];

/* FNV-1a over all names: a row that is new, gone or elsewhere makes another number. */
static apr_uint64_t digest(void)
{
    apr_uint64_t hash = APR_UINT64_C(0xcbf29ce484222325);
    const char *at;
    int i;

    for (i = 0; i < AG_COUNT_N; i++) {
        for (at = ag_counter_rows[i].metric; *at; at++) {
            hash = (hash ^ (unsigned char)*at) * APR_UINT64_C(0x100000001b3);
        }
    }
    return hash;
}

apr_status_t ag_counts_attach(ag_counts_t *counts, int fresh)
{
    if (fresh || counts->names != digest()) {
        memset(counts, 0, sizeof *counts);
        counts->names = digest();
    }
    block = counts;
    ag_counts_mine = block->stripes[0];
    return APR_SUCCESS;
}

void ag_counts_join(int process)
{
    ag_counts_mine = block->stripes[(unsigned)process % AG_COUNT_STRIPES];
}

apr_uint64_t ag_counted(ag_count_e what)
{
    apr_uint64_t sum = 0;
    int i;

    for (i = 0; i < AG_COUNT_STRIPES; i++) {
        sum += __atomic_load_n(&block->stripes[i][what], __ATOMIC_RELAXED);
    }
    return sum;
}

int ag_counts_news(apr_uint64_t *n, ag_count_e what)
{
    apr_uint64_t told = __atomic_load_n(&block->told[what], __ATOMIC_RELAXED);

    *n = ag_counted(what);
    return *n != told
           && __atomic_compare_exchange_n(&block->told[what], &told, *n, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}
