/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key import: brings keys from elsewhere, of any shape, as a whole or not at all. Each line is
 * checked as if it came from `key create`, every bad one is told by its number, its column and why,
 * and one bad line is enough to leave the table as it was.
 *
 * A key in the file is hashed as soon as it is read; file and key are wiped. No message quotes the
 * file, since a shifted column may hold a key.
 */
#include <stdio.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "../keys/keys_bcrypt.h"
#include "import.h"
#include "key.h"

typedef struct {
    const char *pepper, *expires;
    int dry_run;
} import_options_t;

static const ag_opt_t import_options[] = {
    {"dry-run", AG_OPT_FLAG, offsetof(import_options_t, dry_run), NULL, "check all of it and change nothing"},
    {"expires", AG_OPT_TEXT, offsetof(import_options_t, expires), "TIME",
     "for a file without expires_at: a duration, a date, or never"},
    {"pepper", AG_OPT_TEXT, offsetof(import_options_t, pepper), "file:PATH",
     "the file ApiGuardKeyPepper names, for the column key"},
    {0},
};

typedef struct {
    ag_ctl_t *ctl;
    ag_records_t records;
    ag_import_t rules;
    apr_hash_t *lines;           /* key_hash: the line it stands in */
    apr_hash_t *ids;             /* id in the file: id in the table */
    apr_array_header_t *rotated; /* successor_t */
    json_t *errors;
    int imported, bad;
    int guessable, unheard; /* how many, for the notes at the end */
} import_t;

/* A key whose successor stands somewhere else in the file. */
typedef struct {
    int line;
    const char *id;      /* in the table */
    const char *rotated; /* the successor's id in the file */
} successor_t;

/* ---- the report ------------------------------------------------------------------------------ */

static void report(import_t *im, const ag_complaint_t *c)
{
    im->bad++;
    if (im->ctl->json) {
        json_array_append_new(im->errors, json_pack("{s:i, s:o, s:s}", "line", c->line, "column",
                                                    ag_ctl_text(c->column, im->ctl->pool), "error", c->text));
        return;
    }
    ag_ctl_fail(0, "line %d%s%s: %s", c->line, c->column ? ", column " : "", c->column ? c->column : "", c->text);
}

static void report_line(import_t *im, int line, const char *column, const char *text)
{
    ag_complaint_t c = {line, column, text};

    report(im, &c);
}

/* A comma in a field is what a repeated field looks like, so the server refuses it there. */
static void print_notes(const import_t *im)
{
    if (im->guessable) {
        ag_ctl_fail(0,
                    "note: %d of them have less than %d characters and can be guessed; give "
                    "their clients new ones",
                    im->guessable, AG_IMPORT_SHORT);
    }
    if (im->unheard) {
        ag_ctl_fail(0,
                    "note: %d of them hold a comma, so no header can carry them; they pass in an argument, "
                    "a cookie or Basic alone (ApiGuardKeyFrom)",
                    im->unheard);
    }
}

static int finish(import_t *im, const import_options_t *o, int code)
{
    int done = code == AG_EXIT_OK && !im->bad;

    if (im->ctl->json) {
        ag_ctl_json(json_pack("{s:i, s:b, s:o}", "imported", done ? im->imported : 0, "dry_run", o->dry_run, "errors",
                              im->errors));
    }
    else if (done) {
        printf("%d key%s %s\n", im->imported, im->imported == 1 ? "" : "s",
               o->dry_run          ? "would be imported"
               : im->imported == 1 ? "is imported"
                                   : "are imported");
    }
    else {
        ag_ctl_fail(0, "nothing is imported; bad lines: %d", im->bad);
    }
    if (done) {
        print_notes(im);
    }
    return done || code != AG_EXIT_OK ? code : AG_EXIT_NO;
}

/* ---- a draft becomes a row ------------------------------------------------------------------- */

static const char sql_twin[] = "SELECT id, client_name FROM api_keys WHERE key_hash = %s";

/* Is the key there already, in the file or in the table? 1 yes (reported), 0 no, -1 the database
 * failed. */
static int is_twin(import_t *im, ag_ctl_t *ctl, const ag_draft_t *d, int line)
{
    const char *hash = d->text[AG_D_HASH];
    int *before = apr_hash_get(im->lines, hash, APR_HASH_KEY_STRING);
    int *here = apr_palloc(im->ctl->pool, sizeof *here);
    ag_rows_t rows;

    if (before) {
        report_line(im, line, "key", apr_psprintf(ctl->pool, "the same key stands in line %d", *before));
        return 1;
    }
    *here = line;
    apr_hash_set(im->lines, apr_pstrdup(im->ctl->pool, hash), APR_HASH_KEY_STRING, here);
    if (ag_ctl_select(&rows, ctl, sql_twin, 1, &hash) != AG_EXIT_OK) {
        return -1;
    }
    if (rows.n) {
        report_line(im, line, "key",
                    apr_psprintf(ctl->pool, "the table has this key, number %s of %s", rows.cells[0],
                                 ag_ctl_plain(rows.cells[1], ctl->pool)));
    }
    return rows.n > 0;
}

/* At most AG_BCRYPT_TRIES bcrypt rows may share a prefix: the server tries no more of them for one request. */
static int has_room(ag_ctl_t *ctl, const ag_draft_t *d, int *code)
{
    const char *prefix = d->text[AG_D_PREFIX];
    ag_rows_t rows;

    if (!ag_draft_is_bcrypt(d->text[AG_D_HASH])) {
        return 1;
    }
    *code = ag_ctl_select(&rows, ctl,
                          "SELECT id FROM api_keys WHERE key_prefix = %s"
                          " AND length(key_hash) = 60",
                          1, &prefix);
    return *code == AG_EXIT_OK && rows.n < AG_BCRYPT_TRIES;
}

static int has_plan(ag_ctl_t *ctl, const char *plan, int *code)
{
    ag_rows_t rows;

    *code = plan ? ag_ctl_select(&rows, ctl, "SELECT name FROM api_plans WHERE name = %s", 1, &plan) : AG_EXIT_OK;
    return *code == AG_EXIT_OK && (!plan || rows.n == 1);
}

/* Remembers what is needed to join old and new keys at the end. */
static void note_ids(import_t *im, const ag_record_t *r, const char *id)
{
    apr_pool_t *p = im->ctl->pool;
    const char *old = r->text[AG_R_ID];

    id = apr_pstrdup(p, id);
    if (old) {
        apr_hash_set(im->ids, apr_pstrdup(p, old), APR_HASH_KEY_STRING, id);
    }
    if (r->text[AG_R_ROTATED_TO]) {
        successor_t *s = apr_array_push(im->rotated);

        s->line = r->line;
        s->id = id;
        s->rotated = apr_pstrdup(p, r->text[AG_R_ROTATED_TO]);
    }
}

/* One good record. Once a line is bad nothing is written any more, only checked. */
static int take(import_t *im, ag_ctl_t *ctl, const ag_record_t *r)
{
    ag_draft_t d;
    const char *column;
    const char *error = ag_import_draft(&d, &column, r, &im->rules, ctl->pool);
    const char *key = r->text[AG_R_KEY];
    const char *id = "";
    int joined = r->text[AG_R_ID] || r->text[AG_R_ROTATED_TO];
    int code = AG_EXIT_OK;
    int twin;

    if (error) {
        report_line(im, r->line, column, error);
        return AG_EXIT_OK;
    }
    im->guessable += key && strlen(key) < AG_IMPORT_SHORT;
    im->unheard += key && strchr(key, ',');
    twin = is_twin(im, ctl, &d, r->line);
    if (twin) {
        return twin < 0 ? AG_EXIT_DATABASE : AG_EXIT_OK;
    }
    if (!has_plan(ctl, d.text[AG_D_PLAN], &code)) {
        if (code == AG_EXIT_OK) {
            report_line(im, r->line, "plan", "there is no such plan; see plan add");
        }
        return code;
    }
    if (!has_room(ctl, &d, &code)) {
        if (code == AG_EXIT_OK) {
            report_line(im, r->line, "key_prefix",
                        "eight keys with these first characters are "
                        "there already, and the server tries no more");
        }
        return code;
    }
    if (!im->bad) {
        code = ag_draft_insert(joined ? &id : NULL, ctl, &d);
        im->imported++;
    }
    if (code != AG_EXIT_OK) {
        report_line(im, r->line, NULL, "the database does not take it");
    }
    else if (joined) {
        note_ids(im, r, id);
    }
    return code;
}

/* All lines; their memory, in which there are keys, is given back after each. */
static int take_all(import_t *im)
{
    ag_ctl_t each = *im->ctl;
    ag_complaint_t complaint;
    ag_record_t record;
    int found = 1;
    int code = AG_EXIT_OK;

    apr_pool_create(&each.pool, im->ctl->pool);
    while (code == AG_EXIT_OK && found) {
        found = ag_records_next(&record, &complaint, &im->records, each.pool);
        if (found < 0) {
            report(im, &complaint);
        }
        if (found > 0) {
            code = take(im, &each, &record);
        }
        apr_pool_clear(each.pool);
    }
    im->ctl->changed |= each.changed;
    return code;
}

static const char sql_succeed[] = "UPDATE api_keys SET rotated_to = %lld WHERE id = %lld";

static int join_rotated(import_t *im)
{
    int code = AG_EXIT_OK;
    int changed, i;

    for (i = 0; i < im->rotated->nelts && code == AG_EXIT_OK; i++) {
        successor_t *s = &APR_ARRAY_IDX(im->rotated, i, successor_t);
        const char *values[] = {apr_hash_get(im->ids, s->rotated, APR_HASH_KEY_STRING), s->id};

        if (!values[0]) {
            report_line(im, s->line, "rotated_to", "no line has the id that is meant");
        }
        else if (!im->bad) {
            code = ag_ctl_change(&changed, im->ctl, sql_succeed, 2, values);
        }
    }
    return code;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int run(import_t *im, const import_options_t *o)
{
    int code = ag_ctl_open(im->ctl, 1);

    code = code == AG_EXIT_OK ? ag_ctl_begin(im->ctl) : code;
    if (code != AG_EXIT_OK) {
        return code;
    }
    code = take_all(im);
    code = code == AG_EXIT_OK ? join_rotated(im) : code;
    if (code != AG_EXIT_OK || im->bad || o->dry_run) {
        ag_ctl_end(im->ctl, AG_EXIT_NO); /* rolls the whole import back */
    }
    else {
        code = ag_ctl_end(im->ctl, AG_EXIT_OK);
    }
    return finish(im, o, code);
}

/* Options and file; an error text or NULL. */
static const char *prepare(import_t *im, char **text, apr_size_t *n, const import_options_t *o, const char *path,
                           apr_pool_t *p)
{
    const char *error = NULL;
    ag_ctl_pepper_t pepper;

    im->rules.now = im->ctl->now;
    im->rules.expires_said = o->expires != NULL;
    if (o->expires) {
        error = ag_ctl_expiry(&im->rules.expires, o->expires, im->ctl->now, p);
        error = error ? apr_pstrcat(p, "--expires: ", error, NULL) : NULL;
    }
    if (!error) {
        error = ag_ctl_pepper(&pepper, o->pepper, p);
        im->rules.pepper = pepper.bytes;
        im->rules.pepper_size = pepper.n;
    }
    return error ? error : ag_ctl_secret_text(text, n, path, p);
}

static int key_import(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const import_options_t *o = options;
    import_t im = {.ctl = ctl};
    ag_complaint_t complaint;
    char *text = NULL;
    apr_size_t n = 0;
    const char *error = prepare(&im, &text, &n, o, operands->v[0], ctl->pool);

    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    im.lines = apr_hash_make(ctl->pool);
    im.ids = apr_hash_make(ctl->pool);
    im.rotated = apr_array_make(ctl->pool, 4, sizeof(successor_t));
    im.errors = json_array();
    if (!ag_records_open(&im.records, &complaint, text, n, ctl->pool)) {
        report(&im, &complaint);
        return finish(&im, o, AG_EXIT_OK);
    }
    return run(&im, o);
}

const ag_cmd_t ag_cmds_key_import[] = {
    {"key import", key_import, import_options, sizeof(import_options_t), "FILE",
     "bring keys from a CSV or JSON lines file, or - for standard input"},
    {0},
};
