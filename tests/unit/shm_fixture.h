/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shm_fixture: the table of counters in memory of its own.
 */
#ifndef AG_SHM_FIXTURE_H
#define AG_SHM_FIXTURE_H

#include "limit_fixture.h"

#include "../../src/limit/counters.h"

#define TABLE_SIZE (1 << 20)
#define SMALL_SIZE 8192 /* one stripe of ten sets: 80 slots */

static inline ag_store_t *attach(void *memory, size_t size, int fresh)
{
    ag_store_t *store;

    assert_int_equal(ag_store_shm_attach(&store, memory, size, fresh, pool), APR_SUCCESS);
    return store;
}

static inline ag_subject_t numbered(int number)
{
    return make_subject(apr_psprintf(pool, "ip:198.51.100.%d", number));
}

/* ---- full ------------------------------------------------------------------------------------ */

static inline void fill(ag_store_t *store, const ag_window_t *w, int from, int count)
{
    int i;

    for (i = from; i < from + count; i++) {
        ag_subject_t s = numbered(i);

        hit(store, w, &s);
    }
}

#endif
