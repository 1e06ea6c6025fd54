/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipshare: one table of networks that all processes of a server see, and that is replaced while they
 * are asking. Address space for two tables is reserved before the children are forked; memory is
 * used for what is written. A new table is written beside the one in force, then one word says that
 * it is in force. Whoever was reading the old one finds that word moved and asks again: no lock, no
 * look at a clock or a file, and nothing is ever unmapped under a request.
 *
 * It never answers "not in it" when it does not know: no table yet, one that is not whole, one that
 * has not been confirmed for too long.
 */
#ifndef AG_IPSHARE_H
#define AG_IPSHARE_H

#include <apr_time.h>

#include "iptable.h"

typedef struct ag_ipshare_t ag_ipshare_t;

typedef enum { AG_IP_NO, AG_IP_YES, AG_IP_UNKNOWN } ag_ip_answer_e;

/* What the loader keeps beside the table, since it may be another process the next time. */
typedef struct ag_ipshare_notes_t {
    apr_int64_t version; /* of the source: what was read last */
    apr_int64_t found;   /* what was there at the last look */
    apr_int64_t told;    /* seconds: matches from then on are still to be told */
    apr_int64_t failing; /* what has been logged and is not over */
} ag_ipshare_notes_t;

/* Reserves it, empty. It is unmapped with `p` in the process that made it; NULL: never, unless by
 * ag_ipshare_drop(). (A pool that outlives this code must not call it.) */
apr_status_t ag_ipshare_make(ag_ipshare_t **share, apr_pool_t *p);

/* Unmaps in this process what was made without a pool; others keep theirs. */
void ag_ipshare_drop(ag_ipshare_t *share);

/* Is the address in it at `now`? A match is noted, to the minute. */
ag_ip_answer_e ag_ipshare_ask(ag_ipshare_t *share, const ag_ip_t *ip, apr_time_t now);

/* Puts a table in force, a copy. APR_ENOSPC when it is longer than AG_IPSHARE_BYTES. */
apr_status_t ag_ipshare_publish(ag_ipshare_t *share, const ag_iptable_t *table);

/* Until when the table may be believed; 0 to begin with, AG_IPSHARE_EVER for ever. */
void ag_ipshare_confirm(ag_ipshare_t *share, apr_time_t until);
#define AG_IPSHARE_EVER APR_INT64_MAX

/* 1 when there is a table, and its head is one; when that table holds all that its source did. */
int ag_ipshare_filled(ag_ipshare_t *share);
int ag_ipshare_whole(ag_ipshare_t *share);

/* Only whoever has the turn reads and writes them. */
ag_ipshare_notes_t *ag_ipshare_notes(ag_ipshare_t *share);

/* 1 for one process at a time, not before the rest is over. It ends its turn with ag_ipshare_rest();
 * else (it died, or takes long) the turn ends after 20 s, and another does the same work again. */
int ag_ipshare_turn(ag_ipshare_t *share, apr_time_t now);
void ag_ipshare_rest(ag_ipshare_t *share, apr_time_t until);

typedef struct ag_ipmatch_t {
    const char *text;  /* the entry's */
    apr_uint32_t when; /* seconds since 1970 */
} ag_ipmatch_t;

/* Entries that matched at `since` or later, at most `max`, from *number on (from 1); it is moved
 * behind the last one looked at, to 0 when all were. How many. */
int ag_ipshare_matches(ag_ipmatch_t *matches, int max, ag_ipshare_t *share, apr_uint32_t *number, apr_int64_t since,
                       apr_pool_t *p);

/* How long a table may be: room for 1.5 million IPv6 entries of a list, 2.5 million IPv4 ones, and
 * more of a file. */
#define AG_IPSHARE_BYTES (sizeof(void *) > 4 ? (apr_size_t)128 << 20 : (apr_size_t)16 << 20)

#endif
