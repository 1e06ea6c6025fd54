/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipshare: see ipshare.h. The mapping holds the head, the words of matches for two tables, and the
 * two tables. Words of matches lie apart, since a reader who is late may still write there, and must
 * not write into a table.
 */
#include "ipshare.h"

#include <apr_strings.h>

#include "../base/lock.h"
#include "../base/mapping.h"

#define HEAD       AG_MAPPING_ROUNDED(sizeof(ag_ipshare_t))
#define MARKS      (AG_IPTABLE_MAX * sizeof(apr_uint32_t))
#define ALL        (HEAD + 2 * MARKS + 2 * AG_IPSHARE_BYTES)
#define TURN       apr_time_from_sec(20)
#define SAME_MATCH 60 /* seconds: a word of a match is written no more often */

#define LOAD(x)         __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define STORE(x, value) __atomic_store_n(&(x), (value), __ATOMIC_RELAXED)

struct ag_ipshare_t {
    apr_uint64_t current; /* the table in force: its number, 0 for none; odd ones lie second */
    apr_int64_t until;
    apr_int64_t rest; /* nobody has the turn before */
    ag_ipshare_notes_t notes;
    ag_lock_t lock; /* of whoever writes a table: old and new generations' loaders */
};

static apr_uint32_t *marks_of(ag_ipshare_t *share, apr_uint64_t number)
{
    return (apr_uint32_t *)((char *)share + HEAD + (number & 1) * MARKS);
}

static ag_iptable_t *table_of(ag_ipshare_t *share, apr_uint64_t number)
{
    return (ag_iptable_t *)((char *)share + HEAD + 2 * MARKS + (number & 1) * AG_IPSHARE_BYTES);
}

apr_status_t ag_ipshare_make(ag_ipshare_t **share, apr_pool_t *p)
{
    void *memory;
    apr_status_t rv = ag_mapping_make(&memory, ALL, p);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    *share = memory;
    return ag_lock_init(&(*share)->lock);
}

void ag_ipshare_drop(ag_ipshare_t *share)
{
    ag_mapping_drop(share, ALL);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void copy_head(ag_iptable_t *head, const ag_iptable_t *table)
{
    head->n4 = LOAD(table->n4);
    head->n6 = LOAD(table->n6);
    head->kept = LOAD(table->kept);
    head->texts = LOAD(table->texts);
    head->whole = LOAD(table->whole);
}

/* 1 when it is a head of ours: what is found by it lies in the table. Any child can write here. */
static int is_sound(const ag_iptable_t *head)
{
    return ag_iptable_fits(head, AG_IPSHARE_BYTES);
}

/* 1 when all that was read since belongs to that table: the writer touches its memory only after
 * another one has come into force. */
static int still(const ag_ipshare_t *share, apr_uint64_t number)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return LOAD(share->current) == number;
}

static void mark(ag_ipshare_t *share, apr_uint64_t number, apr_uint32_t entry, apr_uint32_t now)
{
    apr_uint32_t *word = &marks_of(share, number)[entry - 1];
    apr_uint32_t age = now - LOAD(*word);

    if (age >= SAME_MATCH) {
        STORE(*word, now);
    }
}

ag_ip_answer_e ag_ipshare_ask(ag_ipshare_t *share, const ag_ip_t *ip, apr_time_t now)
{
    apr_uint32_t second = (apr_uint32_t)apr_time_sec(now);
    apr_uint64_t number;
    apr_uint32_t entry;
    ag_iptable_t head;
    int sound;

    do {
        number = __atomic_load_n(&share->current, __ATOMIC_ACQUIRE);
        if (!number || now >= LOAD(share->until)) {
            return AG_IP_UNKNOWN;
        }
        copy_head(&head, table_of(share, number));
        /* With a head that is all one table's, nothing outside of the memory is read. */
        sound = is_sound(&head);
        entry = sound && still(share, number) ? ag_iptable_find(&head, table_of(share, number), ip, second) : 0;
    } while (!still(share, number));
    if (!sound) {
        return AG_IP_UNKNOWN;
    }
    if (entry && head.kept) {
        mark(share, number, entry, second);
    }
    return entry ? AG_IP_YES : head.whole ? AG_IP_NO : AG_IP_UNKNOWN;
}

/* ---- replacing ------------------------------------------------------------------------------- */

static void copy(ag_iptable_t *to, const ag_iptable_t *from)
{
    apr_uint64_t *target = (apr_uint64_t *)to;
    const apr_uint64_t *source = (const apr_uint64_t *)from;
    apr_size_t n = from->size / sizeof *target;
    apr_size_t i;

    for (i = 0; i < n; i++) {
        STORE(target[i], source[i]);
    }
}

apr_status_t ag_ipshare_publish(ag_ipshare_t *share, const ag_iptable_t *table)
{
    apr_uint64_t old, next;
    apr_uint32_t n;

    if (table->size > AG_IPSHARE_BYTES) {
        return APR_ENOSPC;
    }
    ag_lock_take(&share->lock);
    old = LOAD(share->current);
    next = old + 1;
    __atomic_thread_fence(__ATOMIC_RELEASE); /* who sees a word of it sees `old` in force */
    ag_mapping_empty(marks_of(share, next), table->kept * sizeof(apr_uint32_t));
    copy(table_of(share, next), table);
    __atomic_store_n(&share->current, next, __ATOMIC_RELEASE);
    n = LOAD(table_of(share, old)->size);
    if (old) {
        __atomic_thread_fence(__ATOMIC_RELEASE);
        ag_mapping_empty(table_of(share, old), n <= AG_IPSHARE_BYTES ? n : AG_IPSHARE_BYTES);
    }
    ag_lock_give(&share->lock);
    return APR_SUCCESS;
}

void ag_ipshare_confirm(ag_ipshare_t *share, apr_time_t until)
{
    STORE(share->until, until);
}

int ag_ipshare_filled(ag_ipshare_t *share)
{
    apr_uint64_t number = LOAD(share->current);
    ag_iptable_t head;

    if (number) {
        copy_head(&head, table_of(share, number));
    }
    return number && is_sound(&head);
}

int ag_ipshare_whole(ag_ipshare_t *share)
{
    apr_uint64_t number = __atomic_load_n(&share->current, __ATOMIC_ACQUIRE);

    return number && LOAD(table_of(share, number)->whole);
}

ag_ipshare_notes_t *ag_ipshare_notes(ag_ipshare_t *share)
{
    return &share->notes;
}

int ag_ipshare_turn(ag_ipshare_t *share, apr_time_t now)
{
    apr_int64_t rest = LOAD(share->rest);

    if (now < rest && rest - now <= TURN) { /* a clock set back does not make it longer */
        return 0;
    }
    return __atomic_compare_exchange_n(&share->rest, &rest, now + TURN, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

void ag_ipshare_rest(ag_ipshare_t *share, apr_time_t until)
{
    __atomic_store_n(&share->rest, until, __ATOMIC_SEQ_CST);
}

int ag_ipshare_matches(ag_ipmatch_t *matches, int max, ag_ipshare_t *share, apr_uint32_t *number, apr_int64_t since,
                       apr_pool_t *p)
{
    apr_uint32_t at = *number;
    const ag_iptable_t *table;
    apr_uint32_t *marks;
    apr_uint64_t current;
    ag_iptable_t head;
    int found = 0;

    ag_lock_take(&share->lock); /* the table stays in force; nothing is asked of anybody here */
    current = LOAD(share->current);
    table = table_of(share, current);
    marks = marks_of(share, current);
    copy_head(&head, table);
    head.kept = is_sound(&head) ? head.kept : 0;
    for (; at <= head.kept && found < max; at++) {
        apr_uint32_t when = LOAD(marks[at - 1]);

        if (when && when >= since) {
            matches[found].text = ag_iptable_text(&head, table, at, p);
            matches[found++].when = when;
        }
    }
    *number = at <= head.kept ? at : 0;
    ag_lock_give(&share->lock);
    return found;
}
