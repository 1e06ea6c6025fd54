/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ban: addresses from which wrong credentials come. A table of fixed size in shared memory counts
 * them and holds the bans, for all processes of the machine. When it is full the address that has
 * failed least recently gives way; one that is banned never does, before its time is up.
 *
 * No flood fills it for others. An IPv6 /56 or /48 with many banned /64s is banned as one. Where only
 * banned addresses are left, all others of their set are counted in one place, and banned in one.
 *
 * A good request asks one word, whether anybody like it is banned at all. It holds addresses, times
 * and counts, and never a credential.
 */
#ifndef AG_BAN_H
#define AG_BAN_H

#include "../base/table.h"
#include "../core/setting.h"
#include "../limit/limit.h"

/* ApiGuardBan. Fixed after configuration. */
typedef struct ag_ban_rule_t {
    ag_window_t window;  /* so many wrong credentials in so much time */
    apr_time_t duration; /* of the ban; 0: no banning here */
    unsigned hard : 1;   /* refuses everything, not only credentials that are not known to be good */
    unsigned dry_run : 1;
} ag_ban_rule_t;

extern const ag_setting_kind_t ag_kind_ban;

/* Who is counted: an address (of IPv6 its /64) on one server. */
typedef struct ag_banned_t {
    ag_ip_t ip;
    apr_uint64_t server; /* never 0 */
    const char *name;    /* the server's, for the tool */
} ag_banned_t;

/* An address as it is counted: of IPv6 its /64. The name is not copied. */
ag_banned_t ag_ban_whom(const ag_ip_t *ip, apr_uint64_t server, const char *name);

#define AG_BAN_NAME   48
#define AG_BAN_WORDS  1024
#define AG_BAN_BUDGET 10 /* signatures of unknown tokens checked in a second for one banned address */

#define AG_BAN_BITS 64 /* of an IPv6 address are counted */
/* A network, a customer's /56 or the /48 around it, is banned as one when as many in it are banned as a ban
 * takes failures; the /48 only if they are several customers'. A /56 is banned, too, for as many failures as that takes, from
 * whichever addresses in it. */
#define AG_BAN_CUSTOMER  56
#define AG_BAN_NET       48
#define AG_BAN_NET_LEAST 2 /* where a ban takes less */

/* How an address fares under one rule; a banned network; or who shares a place (a set's `shared`). */
typedef struct ag_ban_slot_t {
    apr_uint64_t server; /* 0: the slot is free; written last */
    ag_ip_t ip;
    apr_uint64_t rule;
    apr_time_t touched; /* the last failure */
    apr_time_t began;
    apr_time_t until;      /* 0: never banned */
    ag_counter_t failures; /* who shares a place: so many, of how many, in how long a time, not as a window */
    apr_uint32_t dry_run;
    apr_uint32_t second; /* in which `spent` signatures were checked */
    apr_uint32_t spent;
    apr_uint32_t bits; /* AG_BAN_BITS, or of a banned network */
    char name[AG_BAN_NAME];
} ag_ban_slot_t;

#define AG_BAN_SET 8

/* All of a set stands in its stripe of the table. */
typedef struct ag_ban_set_t {
    ag_lock_t lock;
    ag_ban_slot_t slot[AG_BAN_SET];
    ag_ban_slot_t shared; /* of all addresses, servers and rules for which there is no slot */
} ag_ban_set_t;

typedef struct ag_ban_head_t {
    ag_table_head_t base;
    apr_uint64_t uncounted;        /* failures under a dry run for which there was no slot */
    apr_uint64_t shared;           /* failures that were counted in a shared place */
    apr_uint64_t begun;            /* bans so far; these three are for the tool, which sees no other memory */
    apr_time_t wide;               /* until when a network or a shared place may be banned */
    apr_time_t told;               /* when the log was last told that it is full */
    apr_time_t word[AG_BAN_WORDS]; /* until when one of the addresses of that word may be banned */
} ag_ban_head_t;

typedef struct ag_bans_t {
    ag_ban_head_t *head;
    ag_ban_set_t *sets;
    apr_uint64_t n_sets;
    const ag_sip_key_t *key; /* which nobody else knows, so nobody can fill a chosen set */
} ag_bans_t;

/* Lays the table into `memory` (8-byte aligned); `fresh` and APR_EINVAL as in ag_cache_attach(). The
 * handle lives in `p`. A tool that only lists and clears needs no key. */
apr_status_t ag_bans_attach(ag_bans_t **bans, void *memory, apr_size_t size, int fresh, const ag_sip_key_t *key,
                            apr_pool_t *p);

/* The word of an address, of IPv6 the word of its /64. */
static inline apr_time_t *ag_bans_word(const ag_bans_t *bans, const ag_ip_t *ip)
{
    apr_uint64_t net, host;

    memcpy(&net, ip->byte, sizeof net);
    memcpy(&host, ip->byte + 8, sizeof host);
    if (net == 0 && memcmp(ip->byte + 8, "\0\0\xFF\xFF", 4) == 0) {
        net = host; /* mapped IPv4 */
    }
    net = (net ^ bans->key->k0) * APR_UINT64_C(0x9E3779B97F4A7C15);
    return &bans->head->word[net >> 54];
}

_Static_assert(AG_BAN_WORDS == 1 << 10, "64 - 54 bits");

/* 0: certainly not banned, nowhere. */
static inline int ag_bans_maybe(const ag_bans_t *bans, const ag_ip_t *ip, apr_time_t now)
{
    return __atomic_load_n(ag_bans_word(bans, ip), __ATOMIC_RELAXED) > now
           || __atomic_load_n(&bans->head->wide, __ATOMIC_RELAXED) > now;
}

/* How long a ban on it stands, or 0. Bans of dry runs count only with `dry_run`. */
apr_time_t ag_bans_until(ag_bans_t *bans, const ag_banned_t *who, int dry_run, apr_time_t now);

typedef enum {
    AG_BAN_COUNTED,         /* one more */
    AG_BAN_BEGINS,          /* this was the one too many; it is the last that counts */
    AG_BAN_CUSTOMER_ALONE,  /* it was the one too many of a /56, and not of the address */
    AG_BAN_NET_ALONE,       /* and with it a ban of the whole /48 */
    AG_BAN_CUSTOMER_BEGINS, /* as AG_BAN_BEGINS, and with it a ban of the whole /56, */
    AG_BAN_NET_BEGINS,      /* or of the whole /48 */
    AG_BAN_SHARED,          /* counted, with others that have no place */
    AG_BAN_SHARED_BEGINS,   /* and this was the one too many: they are all banned */
    AG_BAN_STANDS           /* banned already: others were faster */
} ag_ban_e;

/* Counts a wrong credential. *until is the end of the ban that begins or stands. */
ag_ban_e ag_bans_count(apr_time_t *until, ag_bans_t *bans, const ag_ban_rule_t *rule, const ag_banned_t *who,
                       apr_time_t now);

/* So many failures ban a /56 whose addresses have each too few: as many as it takes to have it banned for its banned
 * addresses. */
apr_uint64_t ag_ban_customer_failures(const ag_ban_rule_t *rule);

/* May a signature be checked for a banned address? AG_BAN_BUDGET times a second it may. */
int ag_bans_may_verify(ag_bans_t *bans, const ag_banned_t *who, apr_time_t now);

/* 1 for one caller in ten seconds, who then tells the log that the table is full. */
int ag_bans_turn(ag_bans_t *bans, apr_time_t now);

/* How many failures were counted in places that several share. */
static inline apr_uint64_t ag_bans_shared(const ag_bans_t *bans)
{
    return __atomic_load_n(&bans->head->shared, __ATOMIC_RELAXED);
}

/* ---- for the tool ---------------------------------------------------------------------------- */

/* Forgets bans and counts of an address, of IPv6 its network of so many bits (NULL: of all), on all
 * servers; and of those that share a place, since only the server knows who they are. How many bans
 * were ended. */
int ag_bans_clear(ag_bans_t *bans, const ag_ip_t *ip, int bits, apr_time_t now);

/* All bans of addresses and networks that stand, as ag_ban_slot_t. */
apr_array_header_t *ag_bans_list(ag_bans_t *bans, apr_time_t now, apr_pool_t *p);

/* How full it is. */
typedef struct ag_bans_fill_t {
    apr_uint64_t places, banned; /* in all, and those that no newcomer gets */
    apr_uint64_t shared;         /* places that several share, and are banned */
} ag_bans_fill_t;

void ag_bans_fill(ag_bans_fill_t *fill, ag_bans_t *bans, apr_time_t now);

/* The address as it is counted: "192.0.2.1", "2001:db8::/64". */
const char *ag_ban_text(const ag_ip_t *ip, int bits, apr_pool_t *p);

#endif
