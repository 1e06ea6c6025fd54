/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_shared_counters: whatever a child that was taken over writes into counters, requests in flight or
 * leases, nobody is led out of their memory.
 */
#include "bite_fixture.h"

#include "../../src/limit/inflight.h"
#include "../../src/limit/lease.h"
#include "../../src/limit/limit.h"

/* ---- counters -------------------------------------------------------------------------------- */

static void *attach_counters(void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    ag_store_t *store;

    return ag_store_shm_attach(&store, memory, size, fresh, p) ? NULL : store;
}

static void use_counters(void *part, apr_pool_t *p)
{
    ag_window_t window = {.rate = {5, {60, AG_PERIOD_PLAIN}}, .algo = &ag_algo_fixed, .id = {1, 2}};
    ag_subject_t subject = {.id = id};
    ag_charge_t charge = {.subject = &subject, .window = &window, .cost = 1};
    ag_store_t *store = part;

    store->charge(store, &charge, 1, NOW, p);
    store->refund(store, &charge, 1, NOW, NOW, p);
    store->charge(store, &charge, 1, NOW, p);
    ag_store_shm_forget(store, &charge, NOW);
}

static void test_counters(void **state)
{
    part_t part = {"counters", 5000, attach_counters, use_counters};

    bite_both(&part, *state);
}

/* ---- inflight, usage, bans --------------------------------------------------------------------- */

/* The next generation is not entered among the living: each look at them asks the system. */
static void *attach_inflight(void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    static ag_inflight_t *first;
    ag_inflight_t *inflight;

    if (ag_inflight_attach(&inflight, memory, size, fresh, p)) {
        return NULL;
    }
    if (fresh) {
        ag_inflight_join(inflight);
        first = inflight;
    }
    return first;
}

static void use_inflight(void *part, apr_pool_t *p)
{
    static apr_time_t now = NOW;
    apr_uint32_t ticket = ag_inflight_take(part, id, 3, now), last = ticket;

    (void)p;
    ag_inflight_out(part, id);
    ag_inflight_all(part);
    now += 2 * APR_USEC_PER_SEC;
    ag_inflight_take(part, id, 1, now); /* refused: looks for the dead */
    if (last) {
        ag_inflight_give(part, last);
    }
}

static void test_inflight(void **state)
{
    part_t part = {"inflight", 4096, attach_inflight, use_inflight};

    bite_both(&part, *state);
}

/* What a slot names is written over while it is out. */
static void test_a_slot_of_no_count(void **state)
{
    char *memory = island(4096, 1);
    ag_inflight_t *inflight = attach_inflight(memory, 4096, 1, *state);
    apr_size_t at;

    for (at = 0; at + 4 <= 4096; at += 4) {
        apr_uint32_t ticket = ag_inflight_take(inflight, id, 100, NOW), was, far = 0x7fffffff;

        memcpy(&was, memory + at, sizeof was);
        memcpy(memory + at, &far, sizeof far);
        if (ticket) {
            ag_inflight_give(inflight, ticket);
        }
        memcpy(memory + at, &was, sizeof was);
    }
}

/* ---- flights, leases -------------------------------------------------------------------------- */

static void *attach_leases(void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    ag_leases_t *leases;

    return ag_leases_attach(&leases, memory, size, fresh, p) ? NULL : leases;
}

static void use_leases(void *part, apr_pool_t *p)
{
    const ag_leases_t *leases = part;
    ag_lease_t *lease = ag_lease_find(leases, 3, id);
    ag_window_t window;

    (void)p;
    lease = lease ? lease : ag_lease_claim(leases, 3, id, ~0u);
    lease->generation = 1;
    if (ag_lease_window(&window, lease)) {
        assert_non_null(window.algo->name);
    }
}

static void test_leases(void **state)
{
    part_t part = {"leases",
                   sizeof(ag_leases_head_t)
                       + AG_LEASE_STRIPES * (sizeof(ag_lock_t) + AG_LEASE_SET * sizeof(ag_lease_t)),
                   attach_leases, use_leases};

    bite_all(&part, 1, *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_counters),
        TEST(test_inflight),
        TEST(test_a_slot_of_no_count),
        TEST(test_leases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
