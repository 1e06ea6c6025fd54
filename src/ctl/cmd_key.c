/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key list, show, revoke, activate, verify: what is done with keys that exist. One table of columns
 * drives the SELECT, the JSON, the list and the single view.
 *
 * A key is named by its number or public prefix; a whole key is taken from standard input only.
 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "../base/measure.h"
#include "../keys/key_format.h"
#include "../keys/keys.h"
#include "ctl.h"

const ag_opt_t ag_list_options[] = {
    {"client", AG_OPT_TEXT, offsetof(ag_list_options_t, client), "NAME", "this client's alone"},
    {0},
};

const ag_opt_t ag_key_options[] = {
    {"pepper", AG_OPT_TEXT, offsetof(ag_key_options_t, pepper), "file:PATH",
     "with -: the file ApiGuardKeyPepper names"},
    {0},
};

typedef enum { TEXT, NUMBER, TIME, LIST } kind_e;

enum { ID, PREFIX, CLIENT, EMAIL, SCOPES, ROLES, IPS, ENDPOINTS, RATE, PLAN, CREATED, EXPIRES,
       GRACE, ACTIVE, ROTATED, METADATA, LAST_USED, HASH, COLUMNS };

/* In the order of the SELECT. A title puts a column into the list. */
static const struct {
    const char *name;
    kind_e kind;
    const char *title;
} columns[] = {
    {"id", NUMBER, "ID"},
    {"key_prefix", TEXT, "KEY"},
    {"client_name", TEXT, "CLIENT"},
    {"client_email", TEXT, NULL},
    {"permissions", LIST, "SCOPES"},
    {"roles", LIST, NULL},
    {"allowed_ips", LIST, NULL},
    {"allowed_endpoints", LIST, NULL},
    {"rate_limit", TEXT, NULL},
    {"plan", TEXT, NULL},
    {"created_at", TIME, NULL},
    {"expires_at", TIME, "EXPIRES"},
    {"grace_until", TIME, NULL},
    {"is_active", NUMBER, NULL},
    {"rotated_to", NUMBER, NULL},
    {"metadata", TEXT, NULL},
    {"last_used_at", TIME, "LAST USED"},
};

#define SHOWN ((int)(sizeof columns / sizeof *columns)) /* the hash, last in a row, is for us */

static const char sql_keys[] =
    "SELECT k.id, k.key_prefix, k.client_name, k.client_email, k.permissions, k.roles,"
    " k.allowed_ips, k.allowed_endpoints, k.rate_limit, k.plan, k.created_at, k.expires_at,"
    " k.grace_until, k.is_active, k.rotated_to, k.metadata,"
    " (SELECT max(u.last_used_at) FROM api_usage u WHERE u.key_id = k.id), k.key_hash"
    " FROM api_keys k";

static const char sql_set_active[] = "UPDATE api_keys SET is_active = %d WHERE id = %lld";

/* ---- one key as words ------------------------------------------------------------------------ */

static apr_time_t time_of(const char *text, apr_pool_t *p)
{
    apr_int64_t seconds;

    return text && !ag_measure_number(&seconds, text, 0, APR_INT64_MAX / APR_USEC_PER_SEC, p)
               ? apr_time_from_sec(seconds)
               : 0;
}

static int passed(const char *text, apr_time_t now, apr_pool_t *p)
{
    return text && time_of(text, p) <= now;
}

static const char *status_of(const ag_ctl_t *ctl, const char **row)
{
    if (strcmp(row[ACTIVE], "1") != 0) {
        return "revoked";
    }
    return passed(row[EXPIRES], ctl->now, ctl->pool) || passed(row[GRACE], ctl->now, ctl->pool)
               ? "expired"
               : "active";
}

static json_t *list_json(const char *text, apr_pool_t *p)
{
    json_t *array = json_array();
    ag_words_t words;
    int i;

    if (!text || ag_text_list(&words, text, p)) {
        json_decref(array);
        return ag_ctl_text(text, p); /* a broken list as it is */
    }
    for (i = 0; i < words.n; i++) {
        json_array_append_new(array, ag_ctl_text(words.v[i], p));
    }
    return array;
}

static json_t *cell_json(kind_e kind, const char *text, apr_pool_t *p)
{
    apr_int64_t number;

    if (kind == LIST) {
        return list_json(text, p);
    }
    if (kind != TEXT && text && !ag_measure_number(&number, text, 0, APR_INT64_MAX, p)) {
        return json_integer(number);
    }
    return ag_ctl_text(text, p);
}

static json_t *row_json(const ag_ctl_t *ctl, const char **row)
{
    json_t *object = json_object();
    int i;

    for (i = 0; i < SHOWN; i++) {
        json_object_set_new(object, columns[i].name, cell_json(columns[i].kind, row[i], ctl->pool));
    }
    json_object_set_new(object, "status", json_string(status_of(ctl, row)));
    return object;
}

static const char *cell_text(kind_e kind, const char *text, apr_pool_t *p)
{
    if (kind == TIME && text) {
        apr_time_t time = time_of(text, p);

        return time ? ag_ctl_time(time, p) : ag_ctl_plain(text, p);
    }
    return text ? ag_ctl_plain(text, p) : "-";
}

/* ---- list and show --------------------------------------------------------------------------- */

static void print_list(const ag_ctl_t *ctl, const ag_rows_t *rows)
{
    apr_array_header_t *cells = apr_array_make(ctl->pool, 64, sizeof(const char *));
    const char *titles[COLUMNS];
    int n = 0, r, i;

    for (i = 0; i < SHOWN; i++) {
        if (columns[i].title) {
            titles[n++] = columns[i].title;
        }
    }
    titles[n++] = "STATUS";
    for (r = 0; r < rows->n; r++) {
        const char **row = rows->cells + r * rows->columns;

        for (i = 0; i < SHOWN; i++) {
            if (columns[i].title) {
                APR_ARRAY_PUSH(cells, const char *) = cell_text(columns[i].kind, row[i], ctl->pool);
            }
        }
        APR_ARRAY_PUSH(cells, const char *) = status_of(ctl, row);
    }
    ag_ctl_table(titles, n, cells, ctl->pool);
}

static void print_rows(const ag_ctl_t *ctl, const ag_rows_t *rows)
{
    json_t *array;
    int r;

    if (!ctl->json) {
        print_list(ctl, rows);
        return;
    }
    array = json_array();
    for (r = 0; r < rows->n; r++) {
        json_array_append_new(array, row_json(ctl, rows->cells + r * rows->columns));
    }
    ag_ctl_json(array);
}

static void print_key(const ag_ctl_t *ctl, const char **row)
{
    int i;

    if (ctl->json) {
        ag_ctl_json(row_json(ctl, row));
        return;
    }
    for (i = 0; i < SHOWN; i++) {
        printf("%-18s %s\n", columns[i].name, cell_text(columns[i].kind, row[i], ctl->pool));
    }
    printf("%-18s %s\n", "status", status_of(ctl, row));
}

int ag_ctl_key_list(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const ag_list_options_t *o = options;
    const char *client = o->client;
    ag_rows_t rows;
    int code = ag_ctl_open(ctl, 1);

    (void)operands;
    if (code == AG_EXIT_OK) {
        code = ag_ctl_select(&rows, ctl,
                             apr_pstrcat(ctl->pool, sql_keys,
                                         client ? " WHERE k.client_name = %s" : "",
                                         " ORDER BY k.id", NULL),
                             client ? 1 : 0, client ? &client : NULL);
    }
    if (code == AG_EXIT_OK) {
        print_rows(ctl, &rows);
    }
    return code;
}

/* ---- which key? ------------------------------------------------------------------------------ */

/* What to look for: the condition and its value. An exit code; what was wrong has been said. */
static int name_key(const char **condition, const char **value, const ag_key_options_t *o,
                    const char *operand, apr_pool_t *p)
{
    char hash[2 * AG_SHA256_SIZE + 1];
    const unsigned char *pepper = NULL;
    apr_size_t pepper_size = 0;
    const char *error;
    char *key;

    if (ag_key_shape(operand, strlen(operand)) != AG_KEY_FOREIGN) {
        return ag_ctl_fail(AG_EXIT_USAGE, "a whole key does not belong on a command line, which "
                           "the shell remembers; name it %s, or pass - and the key on stdin",
                           ag_key_public(operand, strlen(operand), p));
    }
    if (strcmp(operand, "-") != 0) {
        int number = strspn(operand, "0123456789") == strlen(operand) && strlen(operand) < 19;

        *condition = number ? " WHERE k.id = %lld" : " WHERE k.key_prefix = %s ORDER BY k.id";
        *value = operand;
        return AG_EXIT_OK;
    }
    error = o->pepper ? ag_ctl_secret_file(&pepper, &pepper_size, o->pepper, p) : NULL;
    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "--pepper: %s", error);
    }
    key = ag_ctl_secret(p);
    if (!key) {
        return AG_EXIT_USAGE;
    }
    if (ag_key_shape(key, strlen(key)) == AG_KEY_TYPO) {
        return ag_ctl_fail(AG_EXIT_NO, "this key is mistyped: its last six characters do not fit "
                           "the others");
    }
    ag_key_hash(hash, key, strlen(key), pepper, pepper_size);
    *condition = " WHERE k.key_hash = %s";
    *value = apr_pstrdup(p, hash);
    return AG_EXIT_OK;
}

/* The one row of the key that is named; else an exit code, what was wrong has been said. */
static int find_key(const char ***row, ag_ctl_t *ctl, const ag_key_options_t *o,
                    const char *operand)
{
    const char *condition = NULL, *value = NULL;
    ag_rows_t rows;
    int code = name_key(&condition, &value, o, operand, ctl->pool);

    code = code == AG_EXIT_OK ? ag_ctl_open(ctl, 1) : code;
    if (code == AG_EXIT_OK) {
        code = ag_ctl_select(&rows, ctl, apr_pstrcat(ctl->pool, sql_keys, condition, NULL), 1,
                             &value);
    }
    if (code != AG_EXIT_OK) {
        return code;
    }
    if (rows.n == 0) {
        return ag_ctl_fail(AG_EXIT_NO, "there is no such key");
    }
    if (rows.n > 1) {
        print_rows(ctl, &rows);
        return ag_ctl_fail(AG_EXIT_NO, "%d keys begin like this: name one by its id", rows.n);
    }
    *row = rows.cells;
    return AG_EXIT_OK;
}

int ag_ctl_key_show(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const char **row;
    int code = find_key(&row, ctl, options, operands->v[0]);

    if (code == AG_EXIT_OK) {
        print_key(ctl, row);
    }
    return code;
}

/* ---- revoke and activate --------------------------------------------------------------------- */

static int set_active(ag_ctl_t *ctl, const void *options, const char *operand, const char *active)
{
    const char **row;
    const char *values[2];
    int changed;
    int code = find_key(&row, ctl, options, operand);

    if (code != AG_EXIT_OK) {
        return code;
    }
    values[0] = active;
    values[1] = row[ID];
    code = ag_ctl_change(&changed, ctl, sql_set_active, 2, values);
    if (code != AG_EXIT_OK) {
        return code;
    }
    if (changed != 1) {
        return ag_ctl_fail(AG_EXIT_NO, "the key is gone");
    }
    row[ACTIVE] = active;
    if (ctl->json) {
        print_key(ctl, row);
    }
    else {
        printf("key %s of %s is %s\n", ag_ctl_plain(row[PREFIX], ctl->pool),
               ag_ctl_plain(row[CLIENT], ctl->pool), status_of(ctl, row));
    }
    return AG_EXIT_OK;
}

int ag_ctl_key_revoke(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    return set_active(ctl, options, operands->v[0], "0");
}

int ag_ctl_key_activate(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    return set_active(ctl, options, operands->v[0], "1");
}

/* ---- verify ---------------------------------------------------------------------------------- */

/* Reads the row as the server does, so what it would complain of is said here too. */
int ag_ctl_key_verify(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const char **row;
    const char *status;
    ag_db_port_t port = ag_ctl_port(ctl);
    ag_key_t *key;
    int code = find_key(&row, ctl, options, operands->v[0]);

    if (code != AG_EXIT_OK) {
        return code;
    }
    if (ag_keys_dbd_get(&key, &port, NULL, row[HASH], &ctl->log, ctl->pool) != APR_SUCCESS) {
        return ag_ctl_fail(AG_EXIT_NO, "the server cannot use this key");
    }
    status = !key->active                               ? "revoked"
             : key->expires && key->expires <= ctl->now ? "expired"
                                                        : "active";
    if (ctl->json) {
        print_key(ctl, row);
    }
    else {
        printf("key %s of %s is %s\n", ag_ctl_plain(key->key_id, ctl->pool),
               ag_ctl_plain(key->client, ctl->pool), status);
    }
    return strcmp(status, "active") == 0 ? AG_EXIT_OK : AG_EXIT_NO;
}
