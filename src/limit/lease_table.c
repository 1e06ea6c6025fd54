/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease_table: all leases of a machine, in shared memory: sets of a few places under striped locks.
 */
#include "lease.h"

#include <string.h>

#include <apr_pools.h>

#define MAGIC   APR_UINT64_C(0x61676c6561736573) /* "agleases" */
#define VERSION 6

static const ag_table_shape_t shape = {.magic = MAGIC,
                                       .layout = VERSION,
                                       .head = sizeof(ag_leases_head_t),
                                       .stripe = sizeof(ag_lock_t),
                                       .set = AG_LEASE_SET * sizeof(ag_lease_t),
                                       .stripes = AG_LEASE_STRIPES,
                                       .usual = 1};

/* A mask of a request's stripes has a bit for each of the 64, so there are no fewer. */
apr_status_t ag_leases_attach(ag_leases_t **out, void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    ag_leases_t *leases = apr_pcalloc(p, sizeof *leases);
    apr_status_t rv = ag_table_attach(&leases->table, &shape, memory, size, fresh);

    leases->head = memory;
    leases->all = (ag_lease_t *)leases->table.sets;
    leases->n = leases->table.n_sets * AG_LEASE_SET;
    *out = leases;
    return leases->table.n_stripes == AG_LEASE_STRIPES ? rv : APR_EINVAL;
}

static ag_lease_t *set_of(const ag_leases_t *leases, apr_uint32_t stripe, ag_id_t tag)
{
    return ag_table_set(&leases->table, ag_table_pick(&leases->table, stripe, tag.hi >> 32));
}

ag_lease_t *ag_lease_find(const ag_leases_t *leases, apr_uint32_t stripe, ag_id_t tag)
{
    return ag_table_find(set_of(leases, stripe, tag), AG_LEASE_SET, sizeof(ag_lease_t), tag);
}

static apr_time_t used(const void *lease, apr_time_t now)
{
    (void)now;
    return ((const ag_lease_t *)lease)->used;
}

ag_lease_t *ag_lease_claim(const ag_leases_t *leases, apr_uint32_t stripe, ag_id_t tag, unsigned may)
{
    ag_lease_t *set = set_of(leases, stripe, tag);
    ag_lease_t *oldest = ag_table_victim(set, sizeof *set, may, used, 0);

    oldest = oldest ? oldest : set; /* whatever a child may have written there */
    __atomic_store_n(&oldest->tokens, 0, __ATOMIC_RELEASE);
    memset(oldest, 0, sizeof *oldest);
    __atomic_store_n(&oldest->tag.hi, tag.hi, __ATOMIC_RELEASE);
    __atomic_store_n(&oldest->tag.lo, tag.lo, __ATOMIC_RELEASE);
    return oldest;
}
