/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key find: is there a key of ours in this text? Whoever found it gives it on standard input; what
 * is printed names the key and its client and never holds it. --revoke ends it at once.
 */
#include <stdio.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "../keys/key_format.h"
#include "key.h"
#include "leak.h"

typedef struct {
    const char *pepper;
    int revoke;
} find_options_t;

static const ag_opt_t find_options[] = {
    {"revoke", AG_OPT_FLAG, offsetof(find_options_t, revoke), NULL, "and revoke what is found"},
    {"pepper", AG_OPT_TEXT, offsetof(find_options_t, pepper), "file:PATH", "the file ApiGuardKeyPepper names"},
    {0},
};

static const char sql_revoke[] = "UPDATE api_keys SET is_active = 0 WHERE id = %lld";

typedef struct {
    ag_ctl_t *ctl;
    ag_ctl_pepper_t pepper;
    apr_hash_t *tried;         /* parts of the text, where they stand */
    apr_hash_t *ids;           /* of the keys found */
    apr_array_header_t *found; /* ids, const char * */
    json_t *unknown;           /* public prefixes of what has our shape but is not in the table */
} find_t;

static int note(find_t *f, const ag_rows_t *rows, const char *part, apr_size_t n, int ours)
{
    const char *id;

    if (rows->n == 0) {
        if (ours) {
            json_array_append_new(f->unknown, ag_ctl_text(ag_key_public(part, n, f->ctl->pool), f->ctl->pool));
        }
        return AG_EXIT_OK;
    }
    id = apr_pstrdup(f->ctl->pool, rows->cells[AG_K_ID]);
    if (!apr_hash_get(f->ids, id, APR_HASH_KEY_STRING)) {
        apr_hash_set(f->ids, id, APR_HASH_KEY_STRING, id);
        APR_ARRAY_PUSH(f->found, const char *) = id;
    }
    return AG_EXIT_OK;
}

/* Looks one part up, with memory of its own: a text may have many. */
static int try(void *ctx, const char *part, apr_size_t n, int ours)
{
    find_t *f = ctx;
    ag_ctl_t each = *f->ctl;
    ag_rows_t rows;
    int code;

    if (apr_hash_get(f->tried, part, (apr_ssize_t)n) || (!ours && ag_key_shape(part, n) == AG_KEY_TYPO)) {
        return AG_EXIT_OK;
    }
    apr_hash_set(f->tried, part, (apr_ssize_t)n, part);
    apr_pool_create(&each.pool, f->ctl->pool);
    code = ag_ctl_key_match(&rows, &each, part, n, &f->pepper);
    if (code == AG_EXIT_OK) {
        code = note(f, &rows, part, n, ours);
    }
    apr_pool_destroy(each.pool);
    return code;
}

static int revoke_found(find_t *f)
{
    int code = ag_ctl_begin(f->ctl);
    int changed, i;

    if (code != AG_EXIT_OK) {
        return code;
    }
    for (i = 0; i < f->found->nelts && code == AG_EXIT_OK; i++) {
        code = ag_ctl_change(&changed, f->ctl, sql_revoke, 1, &APR_ARRAY_IDX(f->found, i, const char *));
    }
    return ag_ctl_end(f->ctl, code);
}

/* The rows as they are now, one behind the other. */
static int reread(ag_rows_t *rows, find_t *f)
{
    apr_array_header_t *cells = apr_array_make(f->ctl->pool, 32, sizeof(const char *));
    int code = AG_EXIT_OK;
    int i, c;

    rows->columns = AG_K_STATUS + 1;
    for (i = 0; i < f->found->nelts && code == AG_EXIT_OK; i++) {
        const char **row;

        code = ag_ctl_key_reread(&row, f->ctl, APR_ARRAY_IDX(f->found, i, const char *));
        for (c = 0; c < rows->columns && code == AG_EXIT_OK; c++) {
            APR_ARRAY_PUSH(cells, const char *) = row[c];
        }
    }
    rows->n = cells->nelts / rows->columns;
    rows->cells = (const char **)cells->elts;
    return code;
}

static int tell(find_t *f, const ag_rows_t *rows)
{
    size_t i;
    json_t *prefix;

    if (f->ctl->json) {
        ag_ctl_json(json_pack("{s:o, s:O}", "keys", ag_ctl_keys_json(f->ctl, rows), "unknown", f->unknown));
    }
    else if (rows->n) {
        ag_ctl_keys_print(f->ctl, rows);
    }
    json_array_foreach (f->unknown, i, prefix) {
        ag_ctl_fail(0, "note: %s has the shape of our keys, but is not in this database", json_string_value(prefix));
    }
    return rows->n ? AG_EXIT_OK : AG_EXIT_NO;
}

static int find(find_t *f, const char *text, apr_size_t n, int and_revoke)
{
    ag_rows_t rows;
    int code = ag_leak_search(text, n, try, f);

    if (code == AG_EXIT_OK && and_revoke && f->found->nelts) {
        code = revoke_found(f);
    }
    code = code == AG_EXIT_OK ? reread(&rows, f) : code;
    if (code != AG_EXIT_OK) {
        return code;
    }
    code = tell(f, &rows);
    if (code != AG_EXIT_OK && !f->ctl->json) {
        ag_ctl_fail(0, "there is no key of this database in it");
    }
    return code;
}

static int key_find(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const find_options_t *o = options;
    find_t f = {.ctl = ctl};
    char *text = NULL;
    apr_size_t n = 0;
    const char *error = ag_ctl_pepper(&f.pepper, o->pepper, ctl->pool);
    int code;

    (void)operands;
    error = error ? error : ag_ctl_secret_text(&text, &n, "-", ctl->pool);
    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    f.tried = apr_hash_make(ctl->pool);
    f.ids = apr_hash_make(ctl->pool);
    f.found = apr_array_make(ctl->pool, 4, sizeof(const char *));
    f.unknown = json_array();
    code = ag_ctl_open(ctl, 1);
    code = code == AG_EXIT_OK ? find(&f, text, n, o->revoke) : code;
    json_decref(f.unknown);
    return code;
}

const ag_cmd_t ag_cmds_key_find[] = {
    {"key find", key_find, find_options, sizeof(find_options_t), NULL,
     "is there a key of ours in the text on standard input?"},
    {0},
};
