/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counts_fixture: the operator's counters for one test, in memory that forked children share.
 */
#ifndef AG_COUNTS_FIXTURE_H
#define AG_COUNTS_FIXTURE_H

#include <sys/mman.h>

#include "../../src/watch/counters.h"

/* From now on everything counts from nothing; the memory is never given back. */
static inline ag_counts_t *counts_fresh(void)
{
    ag_counts_t *counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(counts != MAP_FAILED);
    assert_int_equal(ag_counts_attach(counts, 1), APR_SUCCESS);
    return counts;
}

#endif
