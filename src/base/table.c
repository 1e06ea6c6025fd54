/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table: see table.h.
 */
#include "table.h"

#include <string.h>

/* 0: there is no room for one set. */
static int lay_out(ag_table_t *table, const ag_table_shape_t *shape, char *memory, apr_size_t size)
{
    apr_size_t left = size < shape->head ? 0 : size - shape->head;
    apr_size_t stripe = shape->stripe, set = shape->set, n = shape->stripes;

    while (n > 1 && left < n * (stripe + shape->usual * set)) {
        n /= 2;
    }
    n = n ? n : left / (stripe + set);
    if (left < stripe + set) {
        return 0;
    }
    table->stripes = memory + shape->head;
    table->sets = table->stripes + n * stripe;
    table->stripe_size = stripe;
    table->set_size = set;
    table->n_stripes = n;
    table->each = shape->stripes ? (left - n * stripe) / (n * set) : 1;
    table->n_sets = n * table->each;
    return 1;
}

static apr_status_t format(const ag_table_t *table, const ag_table_shape_t *shape, ag_table_head_t *head,
                           const ag_table_head_t *is)
{
    apr_uint64_t i;

    memset(head, 0, shape->head + table->n_stripes * table->stripe_size + table->n_sets * table->set_size);
    for (i = 0; i < table->n_stripes; i++) {
        apr_status_t rv = ag_lock_init(ag_table_lock(table, i));

        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    *head = *is;
    return APR_SUCCESS;
}

apr_status_t ag_table_attach(ag_table_t *table, const ag_table_shape_t *shape, void *memory, apr_size_t size,
                             int fresh)
{
    ag_table_head_t is;

    if (!lay_out(table, shape, memory, size)) {
        return APR_EINVAL;
    }
    is.magic = shape->magic;
    is.layout = shape->layout;
    is.size = size;
    is.sets = table->each;
    if (fresh) {
        return format(table, shape, memory, &is);
    }
    return memcmp(memory, &is, sizeof is) == 0 ? APR_SUCCESS : APR_EINVAL;
}

void ag_table_hold(const ag_table_t *table, apr_uint64_t stripes)
{
    for (; stripes; stripes &= stripes - 1) {
        ag_lock_take(ag_table_lock(table, (apr_uint64_t)__builtin_ctzll(stripes)));
    }
}

void ag_table_release(const ag_table_t *table, apr_uint64_t stripes)
{
    for (; stripes; stripes &= stripes - 1) {
        ag_lock_give(ag_table_lock(table, (apr_uint64_t)__builtin_ctzll(stripes)));
    }
}
