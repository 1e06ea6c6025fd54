/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry: one counter in memcached: its key, its value, reading it and writing it back. This is all
 * that goes over the wire; what is counted, and what happens to a request, is central.h's
 * business.
 */
#ifndef AG_LIMIT_ENTRY_H
#define AG_LIMIT_ENTRY_H

#include <libmemcached/memcached.h>

#include "limit.h"

#define AG_ENTRY_KEY_MAX    250 /* memcached's */
#define AG_ENTRY_KEY_FORMAT "ag2:"
#define AG_ENTRY_ID_HEX     32 /* digits of a 128-bit id */
#define AG_ENTRY_PREFIX_MAX (AG_ENTRY_KEY_MAX - (int)sizeof AG_ENTRY_KEY_FORMAT + 1 - AG_ENTRY_ID_HEX)

/* One counter as it was last read. */
typedef struct ag_entry_t {
    char key[AG_ENTRY_KEY_MAX + 1];
    apr_size_t n;
    ag_counter_t counter;    /* all zero when it is not there */
    apr_uint64_t generation; /* drawn when it was begun: another generation is another counter; 0: it is none */
    apr_uint64_t version;    /* memcached's cas unique */
    int there;
} ag_entry_t;

/* A connection on loan, and what became of it. After a fault it is closed: a late reply must not be
 * taken for the next one's. */
typedef struct ag_wire_t {
    memcached_st *handle;
    apr_status_t fault; /* APR_SUCCESS, or why the store cannot tell */
    const char *why;
    int asked;           /* something was asked of it at all */
    apr_uint32_t failed; /* after a fault: the servers it came from, a bit each; 0: unknown */
    int lost;            /* it was the connection, not what came over it */
    apr_time_t patience; /* what may still be waited for answers, in microseconds */
    apr_pool_t *p;
} ag_wire_t;

/* What a subject in a window is called in the whole fleet. */
ag_id_t ag_entry_id(const ag_charge_t *charge, apr_pool_t *p);

/* Its key, behind the fleet's prefix. */
void ag_entry_name(ag_entry_t *entry, const char *prefix, ag_id_t id);

/* Reads `n` counters in one round trip (per server). Anything but a whole answer is a fault; where it is one
 * because something else lies there, that is `there` with generation 0. */
apr_status_t ag_entry_read(ag_wire_t *wire, ag_entry_t *entries, int n);

/* Writes a counter in place of what was read; APR_EBUSY when somebody else was quicker. One that
 * was not there, or is no counter, is begun, and entry->generation drawn unless it is given. */
apr_status_t ag_entry_write(ag_wire_t *wire, ag_entry_t *entry, const ag_counter_t *counter, apr_time_t idle_at);

#endif
