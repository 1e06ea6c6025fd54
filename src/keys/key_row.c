/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_row: see key_row.h. Every reader of a column takes the row and writes its part of the key.
 */
#include "key_row.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#define MAX_RATES 8
#define LONG_AGO  1 /* a time that has passed; 0 would mean "never" */

static const char *const names[AG_COL_COUNT] = {
    "id",          "key_hash",          "key_prefix", "client_name", "permissions",     "roles",
    "allowed_ips", "allowed_endpoints", "rate_limit", "plan",        "plan_rate_limit", "expires_at",
    "is_active",   "grace_until",
};

/* Matches no request, since every path begins with a slash. */
static const char *no_endpoint[] = {"-"};

ag_key_column_e ag_key_column(const char *name)
{
    int i;

    for (i = 0; i < AG_COL_COUNT && apr_cstr_casecmp(names[i], name) != 0; i++) {
    }
    return (ag_key_column_e)i;
}

static void broken(const ag_log_t *log, const ag_key_t *key, const ag_key_row_t *row, ag_key_column_e column,
                   const char *effect)
{
    ag_log(log, AG_LOG_ERROR, 0, "AG0401: key %s of client %s: %s \"%s\" is not understood; %s", key->key_id,
           key->client, names[column], row->text[column], effect);
}

static int are_printable(const ag_words_t *words)
{
    int i = 0;

    while (i < words->n && ag_text_printable(words->v[i])) {
        i++;
    }
    return i == words->n;
}

static void read_words(ag_words_t *words, const ag_key_t *key, const ag_key_row_t *row, ag_key_column_e column,
                       const ag_log_t *log, apr_pool_t *p)
{
    if (ag_text_list(words, row->text[column], p) || !are_printable(words)) {
        broken(log, key, row, column, "the key has none of them");
        words->n = 0;
    }
    if (ag_words_leave_blank(words)) {
        ag_log(log, AG_LOG_WARNING, 0,
               "AG0641: key %s of client %s: what holds a blank in its %s is left "
               "out",
               key->key_id, key->client, names[column]);
    }
}

static ag_ipset_t *parse_networks(const char *text, apr_pool_t *p)
{
    ag_words_t words;
    ag_net_t *nets;
    int i;

    if (ag_text_list(&words, text, p)) {
        return NULL;
    }
    nets = apr_palloc(p, ((apr_size_t)words.n + 1) * sizeof *nets);
    for (i = 0; i < words.n; i++) {
        if (ag_net_parse(&nets[i], words.v[i], NULL, p)) {
            return NULL;
        }
    }
    return ag_ipset_make(nets, words.n, p);
}

static void read_networks(ag_key_t *key, const ag_key_row_t *row, const ag_log_t *log, apr_pool_t *p)
{
    if (!row->text[AG_COL_IPS]) {
        return;
    }
    key->networks = parse_networks(row->text[AG_COL_IPS], p);
    if (!key->networks) {
        broken(log, key, row, AG_COL_IPS, "no address is allowed");
        key->networks = ag_ipset_make(NULL, 0, p);
    }
}

static int is_method(const char *word)
{
    return strcmp(word, "*") == 0 || (*word && word[strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-")] == '\0');
}

int ag_key_endpoint_valid(const char *text, apr_pool_t *p)
{
    const char *space = strchr(text, ' ');

    return *text == '/'
           || (space && space[1] == '/' && is_method(apr_pstrmemdup(p, text, (apr_size_t)(space - text))));
}

/* In a list of plain words a method and the path behind it are one entry. */
static int join_endpoints(ag_words_t *words, apr_pool_t *p)
{
    int from, to = 0;

    for (from = 0; from < words->n; from++) {
        const char *text = words->v[from];

        if (is_method(text) && from + 1 < words->n) {
            text = apr_pstrcat(p, text, " ", words->v[++from], NULL);
        }
        if (!ag_key_endpoint_valid(text, p)) {
            return 0;
        }
        words->v[to++] = text;
    }
    words->n = to;
    return 1;
}

static void read_endpoints(ag_key_t *key, const ag_key_row_t *row, const ag_log_t *log, apr_pool_t *p)
{
    const char *text = row->text[AG_COL_ENDPOINTS];

    if (!text) {
        return;
    }
    if (ag_text_list(&key->endpoints, text, p) || !join_endpoints(&key->endpoints, p)) {
        broken(log, key, row, AG_COL_ENDPOINTS, "no endpoint is allowed");
        key->endpoints.n = 0;
    }
    if (key->endpoints.n == 0) {
        key->endpoints.n = 1;
        key->endpoints.v = no_endpoint;
    }
}

/* How many there are with the one behind the last; what is said twice counts once. */
static int add_rate(const ag_rate_t *rates, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        if (ag_rate_equal(&rates[i], &rates[n])) {
            return n;
        }
    }
    return n + 1;
}

static int parse_rates(ag_key_t *key, const char *text, apr_pool_t *p)
{
    ag_rate_t *rates = apr_pcalloc(p, MAX_RATES * sizeof *rates);
    ag_words_t words;
    int i, n = 0;

    if (ag_text_list(&words, text, p) || words.n > MAX_RATES) {
        return 0;
    }
    for (i = 0; i < words.n; i++) {
        if (ag_measure_rate(&rates[n], words.v[i], p)) {
            return 0;
        }
        n = add_rate(rates, n);
    }
    key->rates = n ? rates : NULL;
    key->n_rates = n;
    return 1;
}

static void allow_nothing(ag_key_t *key)
{
    static const ag_rate_t nothing = {0, {60, AG_PERIOD_PLAIN}};

    key->rates = &nothing;
    key->n_rates = 1;
}

/* Its own rate, else its plan's. A key whose plan is missing or has no rate is allowed no request; it is never
 * unlimited. */
static void read_rates(ag_key_t *key, const ag_key_row_t *row, const ag_log_t *log, apr_pool_t *p)
{
    const char *plan = row->text[AG_COL_PLAN];

    if (row->text[AG_COL_RATE] && !parse_rates(key, row->text[AG_COL_RATE], p)) {
        broken(log, key, row, AG_COL_RATE, "no request is allowed");
        allow_nothing(key);
    }
    if (key->n_rates > 0 || !plan || !*plan || !(row->here & 1u << AG_COL_PLAN_RATE)) {
        return;
    }
    if (!row->text[AG_COL_PLAN_RATE] || !parse_rates(key, row->text[AG_COL_PLAN_RATE], p) || key->n_rates == 0) {
        broken(log, key, row, AG_COL_PLAN, "its plan is missing or broken and allows no request");
        allow_nothing(key);
    }
}

static apr_time_t read_time(const ag_key_t *key, const ag_key_row_t *row, ag_key_column_e column, const ag_log_t *log,
                            apr_pool_t *p)
{
    apr_int64_t seconds;

    if (!row->text[column]) {
        return 0;
    }
    if (ag_measure_number(&seconds, row->text[column], 0, AG_LAST_SECOND, p)) {
        broken(log, key, row, column, "it counts as past");
        return LONG_AGO;
    }
    return seconds ? apr_time_from_sec(seconds) : LONG_AGO;
}

/* NULL means "never" in both columns. */
static void read_expiry(ag_key_t *key, const ag_key_row_t *row, const ag_log_t *log, apr_pool_t *p)
{
    apr_time_t expires = read_time(key, row, AG_COL_EXPIRES, log, p);
    apr_time_t grace = read_time(key, row, AG_COL_GRACE, log, p);

    key->expires = expires && (!grace || expires < grace) ? expires : grace;
}

/* A table of one's own may have no such column; a NULL in it is not a yes. "t" is PostgreSQL's. */
static void read_active(ag_key_t *key, const ag_key_row_t *row)
{
    const char *text = row->text[AG_COL_ACTIVE];

    key->active = !(row->here & 1u << AG_COL_ACTIVE) || (text && (strcmp(text, "1") == 0 || strcmp(text, "t") == 0));
}

/* A name goes into fields, logs and variables: it must not be able to break a line, nor become another
 * name for who trims it. */
static int client_valid(const char *client)
{
    return client && *client && strcmp(client, "anonymous") != 0 && ag_text_printable(client)
           && ag_text_blank(client) != AG_BLANK_END;
}

/* Who it is. A query without key_prefix shows the start of the hash, which opens nothing. */
static int read_names(ag_key_t *key, const ag_key_row_t *row, const char *hash, const ag_log_t *log, apr_pool_t *p)
{
    const char *prefix = row->text[AG_COL_PREFIX];
    const char *stored = row->text[AG_COL_HASH];
    apr_int64_t number;

    key->hash = apr_pstrdup(p, hash);
    key->key_id = prefix && *prefix ? ag_text_plain(prefix, p) : apr_psprintf(p, "%.8s...", hash);
    key->id = apr_pstrdup(p, row->text[AG_COL_ID] ? row->text[AG_COL_ID] : "");
    key->number = ag_measure_number(&number, key->id, 1, APR_INT64_MAX, p) ? 0 : (apr_uint64_t)number;
    key->client = apr_pstrdup(p, row->text[AG_COL_CLIENT]);
    if (row->here & 1u << AG_COL_HASH && (!stored || strcmp(stored, hash) != 0)) {
        ag_log(log, AG_LOG_ERROR, 0,
               "AG0402: the query for keys yields key %s, which was not "
               "asked for",
               key->key_id);
        return 0;
    }
    if (!client_valid(key->client)) {
        ag_log(log, AG_LOG_ERROR, 0,
               "AG0403: key %s has no client_name, or one that is reserved "
               "or is no UTF-8 without control characters and blanks at its ends",
               key->key_id);
        return 0;
    }
    return 1;
}

apr_status_t ag_key_of_row(ag_key_t **out, const ag_key_row_t *row, const char *hash, const ag_log_t *log,
                           apr_pool_t *p)
{
    ag_key_t *key = apr_pcalloc(p, sizeof *key);

    if (!read_names(key, row, hash, log, p)) {
        return APR_EGENERAL;
    }
    read_words(&key->scopes, key, row, AG_COL_SCOPES, log, p);
    read_words(&key->roles, key, row, AG_COL_ROLES, log, p);
    read_networks(key, row, log, p);
    read_endpoints(key, row, log, p);
    read_rates(key, row, log, p);
    read_expiry(key, row, log, p);
    read_active(key, row);
    *out = key;
    return APR_SUCCESS;
}
