/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: reading, defaults and merging, the same for every directive.
 */
#include "setting.h"

#include <string.h>

#include <apr_strings.h>

static void *member(void *settings, const ag_setting_t *row)
{
    return (char *)settings + row->offset;
}

/* ---- which rows were written: bit row % 64 of word row / 64 ----------------------------------- */

#define BIT(row) ((apr_uint64_t)1 << (row) % 64)

static int words_of(const ag_settings_t *table)
{
    return (table->n + 63) / 64;
}

int ag_setting_written(const void *settings, int row)
{
    const apr_uint64_t *written = settings;

    return (written[row / 64] & BIT(row)) != 0;
}

int ag_settings_written(const void *settings, const ag_settings_t *table)
{
    const apr_uint64_t *written = settings;
    int i;

    for (i = 0; i < words_of(table); i++) {
        if (written[i]) {
            return 1;
        }
    }
    return 0;
}

/* ---- what is done with rows ------------------------------------------------------------------- */

const char *ag_setting_read(void *settings, const ag_setting_t *rows, int row, const char *line,
                            ag_setting_call_t *call)
{
    apr_uint64_t *written = settings;
    ag_words_t words;
    const char *error = ag_text_words(&words, line, call->p);

    if (!error && words.n == 0) {
        error = "a value is missing";
    }
    if (!error) {
        call->again = ag_setting_written(settings, row);
        error = rows[row].kind->parse(member(settings, &rows[row]), &rows[row], &words, call);
    }
    if (error) {
        return apr_pstrcat(call->p, rows[row].name, ": ", error, NULL);
    }
    written[row / 64] |= BIT(row);
    return NULL;
}

void ag_settings_initial(void *settings, const ag_settings_t *table, apr_pool_t *p)
{
    ag_setting_call_t call = {.p = p};
    int i;

    for (i = 0; i < table->n; i++) {
        const ag_setting_t *row = &table->rows[i];
        ag_words_t words;

        if (row->initial && !ag_text_words(&words, row->initial, p)) {
            row->kind->parse(member(settings, row), row, &words, &call);
        }
    }
}

/* One row that the inner section wrote. */
static void merge_row(void *merged, const void *outer, const void *inner, const ag_setting_t *row, int both,
                      apr_pool_t *p)
{
    const char *from = (const char *)inner + row->offset;

    if (row->kind->merge && both) {
        row->kind->merge(member(merged, row), (const char *)outer + row->offset, from, p);
    }
    else {
        memcpy(member(merged, row), from, row->size);
    }
}

void ag_settings_merge(void *merged, const void *outer, const void *inner, const ag_settings_t *table, apr_pool_t *p)
{
    const apr_uint64_t *outer_set = outer, *inner_set = inner;
    apr_uint64_t *set = merged;
    int i;

    memcpy(merged, outer, table->size);
    for (i = 0; i < words_of(table); i++) {
        apr_uint64_t left = inner_set[i];

        set[i] |= left;
        for (; left; left &= left - 1) {
            const ag_setting_t *row = &table->rows[64 * i + __builtin_ctzll(left)];

            merge_row(merged, outer, inner, row, (outer_set[i] & left & -left) != 0, p);
        }
    }
}

ag_id_t ag_setting_chain(ag_id_t a, ag_id_t b)
{
    ag_id_t id = {a.hi * APR_UINT64_C(0x9E3779B97F4A7C15) + b.hi, a.lo * APR_UINT64_C(0xC2B2AE3D27D4EB4F) + b.lo};
    return id;
}

ag_id_t ag_settings_realm(const void *settings, const ag_settings_t *table)
{
    const ag_setting_t *row = table->rows, *end = row + table->n;
    ag_id_t realm = {0, 0};

    for (; row < end; row++) {
        if (row->where & AG_IN_REALM) {
            realm = ag_setting_chain(realm, row->kind->digest((const char *)settings + row->offset));
        }
    }
    return realm;
}

/* ---- what waits until the whole configuration is read ----------------------------------------- */

const char *ag_setting_later(const ag_setting_call_t *call, const char *directive, ag_later_whose_e whose,
                             ag_later_fn *run, void *ctx)
{
    ag_later_call_t now = {.p = call->p, .ptmp = call->p, .server_name = call->server_name, .section = call->section};
    ag_later_t *task;

    if (!call->later) {
        return run(ctx, &now);
    }
    task = apr_array_push(call->later);
    *task = (ag_later_t){directive, whose, run, ctx, call->server, apr_pstrdup(call->p, call->section)};
    return NULL;
}

void *ag_setting_first(apr_hash_t *named, const void *server, const char *name, void *thing, apr_pool_t *p)
{
    const char *key = server ? apr_psprintf(p, "%pp %s", server, name) : name;
    void *first = apr_hash_get(named, key, APR_HASH_KEY_STRING);

    if (!first && thing) {
        apr_hash_set(named, key, APR_HASH_KEY_STRING, thing);
    }
    return first ? first : thing;
}
