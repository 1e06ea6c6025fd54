/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip review, reviewed, import: looking after address lists. An entry is worth a look when it has
 * expired, when nobody has confirmed it for long, or when nobody has come from there for long.
 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "../base/measure.h"
#include "ip.h"

#define MAX_LINE 512

/* ---- review ---------------------------------------------------------------------------------- */

typedef struct {
    const char *older;
} review_options_t;

static const ag_opt_t review_options[] = {
    {"older", AG_OPT_TEXT, offsetof(review_options_t, older), "DURATION",
     "not confirmed or not matched for so long (90d if not said)"},
    {0},
};

static const ag_view_t view[] = {
    {"list", AG_VIEW_TEXT, "LIST"},
    {"cidr", AG_VIEW_TEXT, "NETWORK"},
    {"why", AG_VIEW_TEXT, "WHY"},
    {"expires_at", AG_VIEW_TIME, "EXPIRES"},
    {"reviewed_at", AG_VIEW_TIME, "REVIEWED"},
    {"last_match_at", AG_VIEW_TIME, "LAST MATCH"},
    {"note", AG_VIEW_TEXT, "NOTE"},
    {0},
};

/* + 0: SQLite's driver binds texts, and no number is less than a text. */
#define EXPIRED   "l.expires_at <= %lld + 0"
#define UNSEEN    "coalesce(l.reviewed_at, l.created_at) <= %lld + 0"
#define UNMATCHED "coalesce(m.last_match_at, l.created_at) <= %lld + 0"

static const char sql_review[] =
    "SELECT l.list, l.cidr, CASE WHEN " EXPIRED " THEN 'expired' WHEN " UNSEEN
    " THEN 'not reviewed' ELSE 'not matched' END, l.expires_at, l.reviewed_at, m.last_match_at,"
    " l.note FROM api_ip_lists l"
    " LEFT JOIN api_ip_matches m ON m.list = l.list AND m.cidr = l.cidr"
    " WHERE (" EXPIRED " OR " UNSEEN " OR " UNMATCHED ")";
static const char sql_reviewed[] = "UPDATE api_ip_lists SET reviewed_at = %lld WHERE list = %s AND cidr = %s";

static const char *number(apr_int64_t n, apr_pool_t *p)
{
    return apr_psprintf(p, "%" APR_INT64_T_FMT, n);
}

static int ip_review(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const review_options_t *o = options;
    const char *now = number(apr_time_sec(ctl->now), ctl->pool);
    const char *values[6], *before, *error;
    apr_int64_t span;
    ag_rows_t rows;
    int code;

    error = ag_measure_duration(&span, o->older ? o->older : "90d", ctl->pool);
    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "--older: %s", error);
    }
    before = number(apr_time_sec(ctl->now) - span, ctl->pool);
    values[0] = values[2] = now;
    values[1] = values[3] = values[4] = before;
    values[5] = operands->n ? operands->v[0] : NULL;
    code = ag_ctl_open(ctl, 1);
    if (code == AG_EXIT_OK) {
        code = ag_ctl_select(&rows, ctl,
                             apr_pstrcat(ctl->pool, sql_review, operands->n ? " AND l.list = %s" : "",
                                         " ORDER BY l.list, l.cidr", NULL),
                             5 + (operands->n > 0), values);
    }
    if (code == AG_EXIT_OK && (rows.n || ctl->json)) {
        ag_view_print(ctl, view, &rows);
    }
    return code == AG_EXIT_OK && rows.n ? AG_EXIT_NO : code;
}

static int confirm(ag_ctl_t *ctl, const char *list, const char *text)
{
    const char *values[3] = {number(apr_time_sec(ctl->now), ctl->pool), list, NULL};
    int masked, changed;
    const char *error = ag_ctl_ip_network(&values[2], &masked, text, ctl->pool);
    int code;

    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    code = ag_ctl_change(&changed, ctl, sql_reviewed, 3, values);
    if (code == AG_EXIT_OK && !changed) {
        values[2] = text; /* a row written by hand in SQL may be spelled differently */
        code = ag_ctl_change(&changed, ctl, sql_reviewed, 3, values);
    }
    return code == AG_EXIT_OK && !changed
               ? ag_ctl_fail(AG_EXIT_NO, "%s is not in the list", ag_ctl_plain(text, ctl->pool))
               : code;
}

static int ip_reviewed(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    int i, code = ag_ctl_open(ctl, 1);

    (void)options;
    code = code == AG_EXIT_OK ? ag_ctl_begin(ctl) : code;
    if (code != AG_EXIT_OK) {
        return code;
    }
    for (i = 1; i < operands->n && code == AG_EXIT_OK; i++) {
        code = confirm(ctl, operands->v[0], operands->v[i]);
    }
    return ag_ctl_end(ctl, code);
}

/* ---- import ---------------------------------------------------------------------------------- */

typedef struct {
    const char *note, *expires;
    int replace;
} import_options_t;

static const ag_opt_t import_options[] = {
    {"note", AG_OPT_TEXT, offsetof(import_options_t, note), "TEXT", "for entries without a # note of their own"},
    {"expires", AG_OPT_TEXT, offsetof(import_options_t, expires), "WHEN",
     "until when they hold: 90d, 2030-01-31 or never (if not said)"},
    {"replace", AG_OPT_FLAG, offsetof(import_options_t, replace), NULL, "take out what is not in the file"},
    {0},
};

static const char sql_all[] = "SELECT cidr FROM api_ip_lists WHERE list = %s";
static const char sql_remove[] = "DELETE FROM api_ip_lists WHERE list = %s AND cidr = %s";

typedef struct {
    const char *cidr, *note;
} entry_t;

/* "NETWORK [# note]", or nothing but a note. An error text or NULL. */
static const char *read_line(apr_array_header_t *entries, char *line, const char *note, apr_pool_t *p)
{
    char *hash = strchr(line, '#');
    char *word, *last;
    entry_t entry = {NULL, note};
    const char *error;
    int masked;

    if (hash) {
        *hash++ = '\0';
        hash += strspn(hash, " \t");
    }
    word = apr_strtok(line, " \t", &last);
    if (!word) {
        return NULL;
    }
    if (apr_strtok(NULL, " \t", &last)) {
        return "one network a line; a note stands behind a #";
    }
    error = ag_ctl_ip_network(&entry.cidr, &masked, word, p);
    if (!error && hash && !ag_text_printable(hash)) {
        error = "the note is not UTF-8 without control characters";
    }
    if (!error) {
        entry.note = hash && *hash ? apr_pstrdup(p, hash) : note;
        APR_ARRAY_PUSH(entries, entry_t) = entry;
    }
    return error;
}

/* All of a file's lines; each bad one is told. How many were bad. */
static int read_lines(apr_array_header_t *entries, FILE *file, const char *note, apr_pool_t *p)
{
    char line[MAX_LINE];
    int number = 0, bad = 0;

    while (fgets(line, sizeof line, file)) {
        apr_size_t n = strcspn(line, "\r\n");
        const char *error = "the line is too long";

        number++;
        if (line[n] || feof(file)) {
            line[n] = '\0';
            error = read_line(entries, line, note, p);
        }
        else {
            while (fgets(line, sizeof line, file) && !strchr(line, '\n')) {
            }
        }
        if (error) {
            bad++;
            ag_ctl_fail(0, "line %d: %s", number, error);
        }
    }
    return bad;
}

/* A million statements: what each takes up is given back. */
static int write_entries(ag_ctl_t *ctl, const char *list, const apr_array_header_t *entries, const char *expires)
{
    apr_pool_t *all = ctl->pool;
    int i, code = AG_EXIT_OK;

    apr_pool_create(&ctl->pool, all);
    for (i = 0; i < entries->nelts && code == AG_EXIT_OK; i++) {
        const entry_t *entry = &APR_ARRAY_IDX(entries, i, entry_t);

        code = ag_ctl_ip_write(ctl, list, entry->cidr, entry->note, expires);
        if (i % 1000 == 999) {
            apr_pool_clear(ctl->pool);
        }
    }
    apr_pool_destroy(ctl->pool);
    ctl->pool = all;
    return code;
}

static int remove_others(int *removed, ag_ctl_t *ctl, const char *list, const apr_array_header_t *entries)
{
    apr_hash_t *here = apr_hash_make(ctl->pool);
    ag_rows_t rows;
    int i, code = ag_ctl_select(&rows, ctl, sql_all, 1, &list);

    for (i = 0; i < entries->nelts; i++) {
        const char *cidr = APR_ARRAY_IDX(entries, i, entry_t).cidr;

        apr_hash_set(here, cidr, APR_HASH_KEY_STRING, cidr);
    }
    for (i = 0; i < rows.n && code == AG_EXIT_OK; i++) {
        const char *values[2] = {list, rows.cells[i]};
        int changed = 0;

        if (!apr_hash_get(here, rows.cells[i], APR_HASH_KEY_STRING)) {
            code = ag_ctl_change(&changed, ctl, sql_remove, 2, values);
            *removed += changed;
        }
    }
    return code;
}

static int import(ag_ctl_t *ctl, const char *list, const apr_array_header_t *entries, const char *expires,
                  int replace)
{
    int removed = 0;
    int code = ag_ctl_open(ctl, 1);

    code = code == AG_EXIT_OK ? ag_ctl_begin(ctl) : code;
    if (code != AG_EXIT_OK) {
        return code;
    }
    code = write_entries(ctl, list, entries, expires);
    if (code == AG_EXIT_OK && replace) {
        code = remove_others(&removed, ctl, list, entries);
    }
    code = ag_ctl_end(ctl, code);
    if (code == AG_EXIT_OK && ctl->json) {
        ag_ctl_json(json_pack("{s:s, s:i, s:i}", "list", list, "entries", entries->nelts, "removed", removed));
    }
    else if (code == AG_EXIT_OK) {
        printf("%s: %d %s read, %d taken out\n", list, entries->nelts, entries->nelts == 1 ? "entry" : "entries",
               removed);
    }
    return code;
}

static int ip_import(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const import_options_t *o = options;
    const char *path = operands->n > 1 ? operands->v[1] : "-";
    apr_array_header_t *entries = apr_array_make(ctl->pool, 1000, sizeof(entry_t));
    const char *expires;
    const char *error = ag_ctl_ip_list(operands->v[0]);
    FILE *file;
    int bad;

    error = error ? error : ag_ctl_ip_expires(&expires, o->expires, ctl);
    if (!error && o->note && !ag_text_printable(o->note)) {
        error = "--note: UTF-8 without control characters";
    }
    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    if (!file) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s cannot be read", ag_ctl_plain(path, ctl->pool));
    }
    bad = read_lines(entries, file, o->note, ctl->pool);
    bad += ferror(file) != 0;
    if (file != stdin) {
        fclose(file);
    }
    if (!bad && o->replace && !entries->nelts) {
        return ag_ctl_fail(AG_EXIT_NO, "there is no entry; with --replace that would empty the list");
    }
    return bad ? ag_ctl_fail(AG_EXIT_NO, "bad lines: %d; nothing was changed", bad)
               : import(ctl, operands->v[0], entries, expires, o->replace);
}

const ag_cmd_t ag_cmds_ip_review[] = {
    {"ip review", ip_review, review_options, sizeof(review_options_t), "[LIST]",
     "entries that have expired, or that nobody has confirmed or used for long; status 1 if any"},
    {"ip reviewed", ip_reviewed, NULL, 0, "LIST NETWORK...", "confirm entries: they may stay"},
    {"ip import", ip_import, import_options, sizeof(import_options_t), "LIST [FILE]",
     "read a file, or standard input: NETWORK [# note] on each line; all of it or nothing"},
    {0},
};
