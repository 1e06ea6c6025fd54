/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seats: see seats.h. One exchange takes a seat, and one gives it back; no lock, which a killed process could keep.
 */
#include "seats.h"

static int is_free(apr_uint64_t until, apr_time_t now)
{
    return until <= (apr_uint64_t)now || until - (apr_uint64_t)now > (apr_uint64_t)AG_SEATS_AHEAD;
}

static int swap(apr_uint64_t *word, apr_uint64_t from, apr_uint64_t to)
{
    return __atomic_compare_exchange_n(word, &from, to, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

int ag_seats_take(ag_seats_t *seats, int n, apr_time_t now, apr_time_t until)
{
    int i;

    for (i = 0; i < n && i < AG_SEATS; i++) {
        apr_uint64_t is = __atomic_load_n(&seats->until[i], __ATOMIC_SEQ_CST);

        if (is_free(is, now) && swap(&seats->until[i], is, (apr_uint64_t)until)) {
            return i;
        }
    }
    return -1;
}

void ag_seats_give(ag_seats_t *seats, int seat, apr_time_t until)
{
    swap(&seats->until[seat], (apr_uint64_t)until, 0);
}
