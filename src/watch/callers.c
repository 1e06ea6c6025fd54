/* SPDX-License-Identifier: Apache-2.0 */
/*
 * callers: see callers.h. A slot without requests is nobody's. A child that was taken over may write anything into
 * the table: a text is copied out with a NUL of our own, and a count that is too low for what was written is 0.
 */
#include "callers.h"

#include <stdlib.h>

#include "../base/table.h"
#include "counters.h"

#define MAGIC APR_UINT64_C(0x6167636c6c727331) /* "agcllrs1"; changes with the layout */
#define DAY   86400
#define WEEK  (7 * DAY)
#define SET   8 /* slots */

typedef struct {
    ag_id_t id;
    ag_caller_t name;
    apr_uint64_t requests;
    apr_uint64_t refused;
    apr_int64_t last_used;
} slot_t;

typedef struct {
    slot_t slot[SET];
} set_t;

struct ag_callers_t {
    ag_table_t table;
    apr_uint64_t next; /* the stripe where the writer goes on */
};

static const ag_table_shape_t shape = {.magic = MAGIC,
                                       .layout = sizeof(slot_t),
                                       .head = sizeof(ag_table_head_t),
                                       .stripe = sizeof(ag_lock_t),
                                       .set = sizeof(set_t),
                                       .stripes = 64,
                                       .usual = 1};

apr_status_t ag_callers_attach(ag_callers_t **out, void *memory, apr_size_t size, int fresh, apr_pool_t *p)
{
    ag_callers_t *callers = apr_pcalloc(p, sizeof *callers);

    *out = callers;
    return ag_table_attach(&callers->table, &shape, memory, size, fresh);
}

/* ---- a request ------------------------------------------------------------------------------- */

static void cut(char *to, apr_size_t size, const char *text)
{
    apr_size_t n = strlen(text);

    memcpy(to, text, n < size ? n : size - 1);
}

void ag_caller_name(ag_caller_t *name, apr_uint64_t store, const char *section, const char *kind, const char *client,
                    apr_time_t now)
{
    memset(name, 0, sizeof *name);
    name->store = store;
    name->day = (apr_uint64_t)(apr_time_sec(now) / DAY);
    cut(name->section, sizeof name->section, section);
    cut(name->kind, sizeof name->kind, kind);
    cut(name->client, sizeof name->client, client);
}

static apr_uint64_t stripe_of(const ag_callers_t *callers, ag_id_t id)
{
    return id.lo & (callers->table.n_stripes - 1);
}

static slot_t *find(const ag_callers_t *callers, ag_id_t id)
{
    set_t *set = ag_table_set(&callers->table, ag_table_pick(&callers->table, stripe_of(callers, id), id.hi >> 32));

    return ag_table_find(set->slot, SET, sizeof(slot_t), id);
}

static apr_time_t worth(const void *slot, apr_time_t now)
{
    (void)now;
    return ((const slot_t *)slot)->requests ? AG_TABLE_KEEP : AG_TABLE_FREE;
}

/* Nobody's slot becomes the name's. NULL: all are somebody's. */
static slot_t *claim(const ag_callers_t *callers, ag_id_t id, const ag_caller_t *name)
{
    set_t *set = ag_table_set(&callers->table, ag_table_pick(&callers->table, stripe_of(callers, id), id.hi >> 32));
    slot_t *slot = ag_table_victim(set->slot, sizeof *slot, (1u << SET) - 1, worth, 0);

    if (slot) {
        slot->refused = 0;
        slot->name = *name;
        slot->id = id;
    }
    return slot;
}

void ag_callers_count(ag_callers_t *callers, const ag_caller_t *name, apr_time_t now, int refused,
                      const ag_sip_key_t *sip)
{
    ag_id_t id = ag_sip(sip, name, sizeof *name);
    ag_lock_t *lock = ag_table_lock(&callers->table, stripe_of(callers, id));
    slot_t *slot;

    ag_lock_take(lock);
    slot = find(callers, id);
    slot = slot ? slot : claim(callers, id, name);
    if (slot) {
        slot->last_used = apr_time_sec(now);
        slot->refused += refused != 0;
        slot->requests++;
    }
    ag_lock_give(lock);
    if (!slot) {
        ag_count(AG_COUNT_CALLERS_LOST);
    }
}

/* ---- the writer ------------------------------------------------------------------------------ */

static void copy(apr_array_header_t *rows, const slot_t *slot)
{
    ag_callers_row_t *row = apr_array_push(rows);

    row->name = slot->name;
    row->name.section[sizeof row->name.section - 1] = '\0';
    row->name.kind[sizeof row->name.kind - 1] = '\0';
    row->name.client[sizeof row->name.client - 1] = '\0';
    row->id = slot->id;
    row->requests = slot->requests;
    row->refused = slot->refused;
    row->last_used = slot->last_used;
}

static void copy_set(apr_array_header_t *rows, int max, set_t *set, apr_time_t now)
{
    int i;

    for (i = 0; i < SET && rows->nelts < max; i++) {
        slot_t *slot = &set->slot[i];

        if (slot->last_used < apr_time_sec(now) - WEEK) {
            slot->requests = 0;
        }
        if (slot->requests) {
            copy(rows, slot);
        }
    }
}

/* By store, and in it as every server sorts: ids are each server's own. */
static int in_order(const void *a, const void *b)
{
    const ag_caller_t *x = &((const ag_callers_row_t *)a)->name, *y = &((const ag_callers_row_t *)b)->name;
    int order = (x->store > y->store) - (x->store < y->store);

    order = order ? order : strcmp(x->section, y->section);
    order = order ? order : strcmp(x->kind, y->kind);
    order = order ? order : strcmp(x->client, y->client);
    return order ? order : (x->day > y->day) - (x->day < y->day);
}

/* Goes on where it ended the time before, with the stripe that was too much for it, so none waits for ever. */
apr_array_header_t *ag_callers_rows(ag_callers_t *callers, int max, apr_time_t now, apr_pool_t *p)
{
    apr_array_header_t *rows = apr_array_make(p, 0, sizeof(ag_callers_row_t));
    const ag_table_t *table = &callers->table;
    apr_uint64_t i, set;

    for (i = 0; i < table->n_stripes && rows->nelts < max; i++) {
        apr_uint64_t stripe = callers->next % table->n_stripes;

        ag_lock_take(ag_table_lock(table, stripe));
        for (set = stripe * table->each; set < (stripe + 1) * table->each; set++) {
            copy_set(rows, max, ag_table_set(table, set), now);
        }
        ag_lock_give(ag_table_lock(table, stripe));
        callers->next += rows->nelts < max;
    }
    qsort(rows->elts, (size_t)rows->nelts, sizeof(ag_callers_row_t), in_order);
    return rows;
}

static apr_uint64_t less(apr_uint64_t count, apr_uint64_t written)
{
    return count > written ? count - written : 0;
}

void ag_callers_written(ag_callers_t *callers, const ag_callers_row_t *rows, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        ag_lock_t *lock = ag_table_lock(&callers->table, stripe_of(callers, rows[i].id));
        slot_t *slot;

        ag_lock_take(lock);
        slot = find(callers, rows[i].id);
        if (slot) {
            slot->refused = less(slot->refused, rows[i].refused);
            slot->requests = less(slot->requests, rows[i].requests);
        }
        ag_lock_give(lock);
    }
}
