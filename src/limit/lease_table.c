/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease_table: all leases of a machine, in shared memory: sets of a few places under striped locks.
 */
#include "lease.h"

#include <string.h>

#include <apr_pools.h>

#define MAGIC APR_UINT64_C(0x61676c6561736573) /* "agleases" */
#define VERSION 6

static apr_uint64_t measure(apr_size_t size)
{
    apr_size_t set = AG_LEASE_SET * sizeof(ag_lease_t);

    return size < sizeof(ag_leases_head_t) ? 0 : (size - sizeof(ag_leases_head_t)) /
                                                     (AG_LEASE_STRIPES * set);
}

static apr_status_t format(ag_leases_head_t *head, apr_size_t size, apr_uint64_t sets)
{
    int i;

    memset(head, 0, size);
    for (i = 0; i < AG_LEASE_STRIPES; i++) {
        apr_status_t rv = ag_lock_init(&head->locks[i]);

        if (rv) {
            return rv;
        }
    }
    head->magic = MAGIC;
    head->version = VERSION;
    head->size = size;
    head->sets = sets;
    return APR_SUCCESS;
}

apr_status_t ag_leases_attach(ag_leases_t **out, void *memory, apr_size_t size, int fresh,
                              apr_pool_t *p)
{
    ag_leases_head_t *head = memory;
    ag_leases_t *leases = apr_pcalloc(p, sizeof *leases);
    apr_uint64_t sets = measure(size);

    if (!sets || (!fresh && (head->magic != MAGIC || head->version != VERSION ||
                             head->size != size || head->sets != sets))) {
        return APR_EINVAL;
    }
    leases->head = head;
    leases->all = (ag_lease_t *)(head + 1);
    leases->sets = sets;
    leases->n = AG_LEASE_STRIPES * sets * AG_LEASE_SET;
    *out = leases;
    return fresh ? format(head, size, sets) : APR_SUCCESS;
}

void ag_leases_lock(const ag_leases_t *leases, apr_uint64_t stripes)
{
    for (; stripes; stripes &= stripes - 1) {
        ag_lock_take(&leases->head->locks[__builtin_ctzll(stripes)]);
    }
}

void ag_leases_unlock(const ag_leases_t *leases, apr_uint64_t stripes)
{
    for (; stripes; stripes &= stripes - 1) {
        ag_lock_give(&leases->head->locks[__builtin_ctzll(stripes)]);
    }
}

static ag_lease_t *set_of(const ag_leases_t *leases, apr_uint32_t stripe, ag_id_t tag)
{
    apr_uint64_t set = stripe * leases->sets + ((tag.hi >> 32) * leases->sets >> 32);

    return leases->all + set * AG_LEASE_SET;
}

ag_lease_t *ag_lease_find(const ag_leases_t *leases, apr_uint32_t stripe, ag_id_t tag)
{
    ag_lease_t *lease = set_of(leases, stripe, tag), *end = lease + AG_LEASE_SET;

    for (; lease < end; lease++) {
        if (ag_id_equal(lease->tag, tag)) {
            return lease;
        }
    }
    return NULL;
}

ag_lease_t *ag_lease_claim(const ag_leases_t *leases, apr_uint32_t stripe, ag_id_t tag,
                           unsigned may)
{
    ag_lease_t *set = set_of(leases, stripe, tag), *oldest = set;
    int i;

    for (i = 1; i < AG_LEASE_SET; i++) {
        oldest = may >> i & 1 && set[i].used < oldest->used ? &set[i] : oldest;
    }
    __atomic_store_n(&oldest->tokens, 0, __ATOMIC_RELEASE);
    memset(oldest, 0, sizeof *oldest);
    __atomic_store_n(&oldest->tag.hi, tag.hi, __ATOMIC_RELEASE);
    __atomic_store_n(&oldest->tag.lo, tag.lo, __ATOMIC_RELEASE);
    return oldest;
}
