/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key list: which keys there are. The database chooses by client and end. Status and order are worked out
 * here: a status depends on the time, and databases do not agree on where NULL stands in an order.
 */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "../base/measure.h"
#include "key.h"

typedef struct {
    const char *client, *expiring, *status, *sort, *limit;
} list_options_t;

#define OPTION(name, member, value, help)                                                                            \
    {                                                                                                                \
        name, AG_OPT_TEXT, offsetof(list_options_t, member), value, help                                             \
    }

static const ag_opt_t list_options[] = {
    OPTION("client", client, "NAME", "this client's alone"),
    OPTION("expiring", expiring, "TIME",
           "those that end within it (14d) and are not rotated; status 1 when there are some"),
    OPTION("status", status, "STATUS", "those alone that are active, rotated, expired or revoked"),
    OPTION("sort", sort, "COLUMN",
           "by id (unless told), client, created, ends, used or requests; -used: the latest first"),
    OPTION("limit", limit, "N", "so many at most, of those that come first"),
    {0},
};

static const char *const statuses[] = {"active", "rotated", "expired", "revoked", NULL};

/* By what rows are sorted. */
typedef struct {
    const char *name;
    ag_key_cell_e cell;
    int is_text;
    apr_int64_t null; /* what NULL counts as: who was never used comes first, what never ends last */
} order_t;

static const order_t orders[] = {
    {"id", AG_K_ID, 0, 0},
    {"client", AG_K_CLIENT, 1, 0},
    {"created", AG_K_CREATED, 0, 0},
    {"ends", AG_K_END, 0, APR_INT64_MAX},
    {"used", AG_K_LAST_USED, 0, 0},
    {"requests", AG_K_REQUESTS, 0, 0},
    {NULL, 0, 0, 0},
};

/* What was asked for. */
typedef struct {
    const char *sql; /* the condition, from WHERE on */
    const char *values[8];
    int n;
    const char *status; /* NULL: any */
    const order_t *order;
    int falling;
    int most; /* 0: all */
} wish_t;

/* ---- the options ----------------------------------------------------------------------------- */

/* Good keys that end until then, less those whose successor is out already. */
static const char expiring[] = "k.is_active = 1 AND k.rotated_to IS NULL"
                               " AND (k.expires_at <= %lld OR k.grace_until <= %lld)"
                               " AND (k.expires_at IS NULL OR k.expires_at > %lld)"
                               " AND (k.grace_until IS NULL OR k.grace_until > %lld)";

static void add_condition(wish_t *w, const char *sql, apr_pool_t *p)
{
    w->sql = apr_pstrcat(p, w->sql, *w->sql ? " AND " : " WHERE ", sql, NULL);
}

static const char *read_expiring(wish_t *w, const char *text, apr_time_t now, apr_pool_t *p)
{
    const char *from = apr_psprintf(p, "%" APR_INT64_T_FMT, (apr_int64_t)apr_time_sec(now));
    const char *until;
    apr_int64_t seconds;
    const char *error = ag_ctl_until(&seconds, text, now, p);

    if (error || !seconds) {
        return apr_pstrcat(p, "--expiring: ", error ? error : "within what time? As in 14d", NULL);
    }
    until = apr_psprintf(p, "%" APR_INT64_T_FMT, seconds);
    add_condition(w, expiring, p);
    w->values[w->n++] = until;
    w->values[w->n++] = until;
    w->values[w->n++] = from;
    w->values[w->n++] = from;
    return NULL;
}

static const char *read_status(wish_t *w, const char *text)
{
    int i;

    for (i = 0; statuses[i] && strcmp(statuses[i], text) != 0; i++) {
    }
    w->status = statuses[i];
    return w->status ? NULL : "--status: active, rotated, expired or revoked";
}

static const char *read_order(wish_t *w, const char *text)
{
    w->falling = *text == '-';
    text += w->falling;
    for (w->order = orders; w->order->name && strcmp(w->order->name, text) != 0; w->order++) {
    }
    return w->order->name ? NULL
                          : "--sort: id, client, created, ends, used or requests, with a - in "
                            "front to turn it round";
}

static const char *read_limit(wish_t *w, const char *text, apr_pool_t *p)
{
    apr_int64_t n;
    const char *error = ag_measure_number(&n, text, 1, 1000000000, p);

    w->most = error ? 0 : (int)n;
    return error ? apr_pstrcat(p, "--limit: ", error, NULL) : NULL;
}

/* An error text or NULL. */
static const char *read_options(wish_t *w, const list_options_t *o, apr_time_t now, apr_pool_t *p)
{
    const char *error = NULL;

    w->sql = "";
    w->order = orders;
    if (o->client) {
        add_condition(w, "k.client_name = %s", p);
        w->values[w->n++] = o->client;
    }
    if (o->expiring) {
        error = read_expiring(w, o->expiring, now, p);
    }
    if (!error && o->status) {
        error = read_status(w, o->status);
    }
    if (!error && o->sort) {
        error = read_order(w, o->sort);
    }
    return error || !o->limit ? error : read_limit(w, o->limit, p);
}

/* ---- the rows -------------------------------------------------------------------------------- */

static apr_int64_t number_of(const char *text, const order_t *order)
{
    return text ? apr_atoi64(text) : order->null;
}

static int compare_by(const char **a, const char **b, const order_t *order)
{
    const char *x = a[order->cell], *y = b[order->cell];
    apr_int64_t n = order->is_text ? 0 : number_of(x, order);
    apr_int64_t m = order->is_text ? 0 : number_of(y, order);

    return order->is_text ? strcmp(x ? x : "", y ? y : "") : (n > m) - (n < m);
}

/* Rows of texts, of which the first is the number: so rows that are equal otherwise are in its order. */
static int compare(const void *one, const void *other, void *wish)
{
    const char **a = *(const char ***)one, **b = *(const char ***)other;
    const wish_t *w = wish;
    int c = compare_by(a, b, w->order);

    c = w->falling ? -c : c;
    return c ? c : compare_by(a, b, orders);
}

/* The rows that are wanted, in the order that is wanted. */
static void arrange(ag_rows_t *rows, wish_t *w, apr_pool_t *p)
{
    const char ***order = apr_palloc(p, ((apr_size_t)rows->n + 1) * sizeof *order);
    apr_size_t size = (apr_size_t)rows->columns * sizeof *rows->cells;
    const char **cells;
    int r, n = 0;

    for (r = 0; r < rows->n; r++) {
        const char **row = rows->cells + r * rows->columns;

        if (!w->status || strcmp(row[AG_K_STATUS], w->status) == 0) {
            order[n++] = row;
        }
    }
    if (w->order != orders || w->falling) {
        qsort_r(order, (size_t)n, sizeof *order, compare, w);
    }
    n = w->most && w->most < n ? w->most : n;
    cells = apr_palloc(p, (apr_size_t)n * size + 1);
    for (r = 0; r < n; r++) {
        memcpy(cells + r * rows->columns, order[r], size);
    }
    rows->cells = cells;
    rows->n = n;
}

static int select_keys(ag_rows_t *rows, ag_ctl_t *ctl, wish_t *w)
{
    int as_they_come = !w->status && w->order == orders;
    const char *sql = apr_pstrcat(ctl->pool, w->sql, " ORDER BY k.id", w->falling ? " DESC" : "", NULL);
    int code;

    if (w->most && as_they_come) {
        sql = apr_psprintf(ctl->pool, "%s LIMIT %d", sql, w->most);
    }
    code = ag_ctl_keys_select(rows, ctl, sql, w->n, w->values);
    if (code == AG_EXIT_OK && !as_they_come) {
        arrange(rows, w, ctl->pool);
    }
    return code;
}

/* With --expiring the exit status tells whether there are any, and no key means no word, so that
 * cron writes a mail on the right days. */
static int key_list(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const list_options_t *o = options;
    wish_t w = {0};
    const char *error = read_options(&w, o, ctl->now, ctl->pool);
    ag_rows_t rows;
    int code;

    (void)operands;
    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    code = ag_ctl_open(ctl, 1);
    code = code == AG_EXIT_OK ? select_keys(&rows, ctl, &w) : code;
    if (code != AG_EXIT_OK) {
        return code;
    }
    if (rows.n || ctl->json || !o->expiring) {
        ag_ctl_keys_print(ctl, &rows);
    }
    return o->expiring && rows.n ? AG_EXIT_NO : AG_EXIT_OK;
}

const ag_cmd_t ag_cmds_key_list[] = {
    {"key list", key_list, list_options, sizeof(list_options_t), NULL, "list the keys"},
    {0},
};
