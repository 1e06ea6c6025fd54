/* SPDX-License-Identifier: Apache-2.0 */
/*
 * budget: a counter is one word, the window's number above and how often below, so it is changed by
 * one exchange and a new window needs no clearing.
 */
#include "budget.h"

#define COUNT_BITS 24
#define COUNT_MAX  ((1u << COUNT_BITS) - 1)

/* Counts one; how many there are in this window now. */
static apr_uint64_t count(apr_uint64_t *word, apr_uint64_t window)
{
    apr_uint64_t old = __atomic_load_n(word, __ATOMIC_SEQ_CST), n;

    do {
        n = old >> COUNT_BITS == window ? (old & COUNT_MAX) + 1 : 1;
        n = n > COUNT_MAX ? COUNT_MAX : n;
    } while (
        !__atomic_compare_exchange_n(word, &old, window << COUNT_BITS | n, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    return n;
}

static ag_budget_e judge(apr_uint64_t n, apr_uint64_t limit)
{
    return n <= limit ? AG_BUDGET_OK : n == limit + 1 ? AG_BUDGET_JUST_SPENT : AG_BUDGET_SPENT;
}

/* The name first: who has spent his own takes nothing from the others. */
ag_budget_e ag_budget_take(ag_budget_t *budget, ag_id_t name, apr_time_t now)
{
    apr_uint64_t window = (apr_uint64_t)(apr_time_sec(now) / AG_BUDGET_SECONDS);
    apr_size_t names = sizeof budget->names / sizeof *budget->names;
    ag_budget_e own = judge(count(&budget->names[name.lo % names], window), AG_BUDGET_NAME);

    return own == AG_BUDGET_OK ? judge(count(&budget->all, window), AG_BUDGET_ALL) : own;
}
