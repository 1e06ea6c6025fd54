/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lease_reset: leases after an administrator reset their counter, also when memcached loses it before or
 * afterwards.
 */
#include "node_fixture.h"

/* All that a node knows is in doubt after a reset; what was not reset is restored all the same. */
static void test_resets_of_others(void **state)
{
    ag_store_t *early = make_node(), *late = make_node();
    ag_window_t w = make_window(N, 30 * 86400, &ag_algo_fixed);
    ag_subject_t s = new_subject();
    int i, there;

    (void)state;
    ag_lease_hear(late, now, pool);
    assert_int_equal(hit(early, &w, &s), 1);
    drain(late, &w, &s, now);
    for (i = 0; i < 3; i++) {
        ag_subject_t other = new_subject();
        ag_charge_t c = make_charge(&w, &other);

        assert_int_equal(hit(early, &w, &other), 1);
        assert_int_equal(ag_lease_forget(&there, early, &c, now, pool), APR_SUCCESS);
    }
    ag_lease_hear(late, now + SECOND, pool);
    flush_all(port);
    ag_lease_restore(late, now + SECOND, pool);
    assert_int_equal(drain(early, &w, &s, now + SECOND), 0);
}

/* Who has asked for the counter since its reset gives back what he saw then, heard or not. */
static void test_what_was_used_since_a_reset(void **state)
{
    int k;

    (void)state;
    for (k = 0; k < 2; k++) {
        ag_store_t *node = make_node(), *other = make_node();
        ag_window_t w = make_window(N, 30 * 86400, &ag_algo_fixed);
        ag_subject_t s = new_subject();
        ag_charge_t c = make_charge(&w, &s);
        int there;

        ag_lease_hear(other, now, pool);
        drain(other, &w, &s, now);
        assert_int_equal(ag_lease_forget(&there, node, &c, now, pool), APR_SUCCESS);
        other = k == 0 ? other : make_node();
        if (k == 0) {
            ag_lease_hear(other, now + SECOND, pool);
        }
        assert_in_range(drain(other, &w, &s, now + SECOND), N - 1, N);
        ag_lease_hear(other, now + 2 * SECOND, pool);
        flush_all(port);
        ag_lease_restore(other, now + 2 * SECOND, pool);
        assert_int_equal(drain(node, &w, &s, now + 2 * SECOND), 0);
    }
}

/* Whether memcached lost it before it was reset, or after a node has visited it since. */
static void test_what_was_reset_stays_reset(void **state)
{
    int k;

    (void)state;
    for (k = 0; k < 2; k++) {
        ag_store_t *node = make_node(), *other = make_node();
        ag_window_t w = make_window(N, 30 * 86400, &ag_algo_fixed);
        ag_subject_t s = new_subject();
        ag_charge_t c = make_charge(&w, &s);
        int there;

        ag_lease_hear(other, now, pool);
        assert_int_equal(hit(node, &w, &s), 1);
        drain(other, &w, &s, now);
        if (k == 0) {
            flush_all(port);
        }
        assert_int_equal(ag_lease_forget(&there, node, &c, now, pool), APR_SUCCESS);
        assert_int_equal(there, 1);
        if (k == 1) {
            ag_lease_hear(other, now + SECOND, pool);
            assert_int_equal(hit_at(other, &w, &s, now + SECOND, NULL), 1);
            flush_all(port);
        }
        ag_lease_restore(other, now + SECOND, pool);
        ag_lease_restore(node, now + SECOND, pool);
        assert_in_range(left(make_node(), &w, &s), k == 1 ? N - 1 - N / 8 : N, k == 1 ? N - 1 : N);
    }
}

/* What was decided so: memcached loses it after the reset, and before the node asks again. The fleet counts
 * too much then, never too little, and a second reset is one. */
static void test_what_is_lost_before_the_next_visit(void **state)
{
    ag_store_t *node = make_node(), *other = make_node();
    ag_window_t w = make_window(N, 30 * 86400, &ag_algo_fixed);
    ag_subject_t s = new_subject();
    ag_charge_t c = make_charge(&w, &s);
    int there;

    (void)state;
    ag_lease_hear(other, now, pool);
    assert_int_equal(hit(node, &w, &s), 1);
    drain(other, &w, &s, now);
    assert_int_equal(ag_lease_forget(&there, node, &c, now, pool), APR_SUCCESS);
    ag_lease_hear(other, now + SECOND, pool);
    flush_all(port);
    ag_lease_restore(other, now + SECOND, pool);
    assert_int_equal(left(make_node(), &w, &s), 0);
    assert_int_equal(ag_lease_forget(&there, node, &c, now + SECOND, pool), APR_SUCCESS);
    assert_int_equal(there, 1);
    ag_lease_hear(other, now + 2 * SECOND, pool);
    assert_int_equal(hit_at(other, &w, &s, now + 2 * SECOND, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resets_of_others),
        cmocka_unit_test(test_what_was_used_since_a_reset),
        cmocka_unit_test(test_what_was_reset_stays_reset),
        cmocka_unit_test(test_what_is_lost_before_the_next_visit),
    };

    return cmocka_run_group_tests(tests, memcached_start, memcached_stop);
}
