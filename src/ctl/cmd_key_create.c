/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key create: makes a key and shows it once. Everything is checked before anything is written, by
 * the parsers the server reads the row with; at the end the row as a whole goes through them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "../base/json.h"
#include "../base/measure.h"
#include "../ipset/ipset.h"
#include "../keys/key_format.h"
#include "../keys/key_row.h"
#include "ctl.h"

typedef struct {
    const char *client, *email, *plan, *expires, *prefix, *metadata, *pepper;
    ag_words_t scopes, roles, ips, endpoints, rates;
} create_options_t;

#define OPTION(name, kind, member, value, help) \
    {name, kind, offsetof(create_options_t, member), value, help}

static const ag_opt_t create_options[] = {
    OPTION("client", AG_OPT_TEXT, client, "NAME", "whose key it is; needed"),
    OPTION("email", AG_OPT_TEXT, email, "ADDRESS", "whom to write to about it"),
    OPTION("scope", AG_OPT_LIST, scopes, "SCOPE", "a permission; may be repeated"),
    OPTION("role", AG_OPT_LIST, roles, "ROLE", "a role; may be repeated"),
    OPTION("ip", AG_OPT_LIST, ips, "NETWORK", "a network it works from; may be repeated"),
    OPTION("endpoint", AG_OPT_LIST, endpoints, "\"METHOD /PATH\"",
           "an endpoint it works for, the method may be left out; may be repeated"),
    OPTION("rate", AG_OPT_LIST, rates, "N/PERIOD", "a limit of its own; may be repeated"),
    OPTION("plan", AG_OPT_TEXT, plan, "NAME", "a row of api_plans, whose limit it takes"),
    OPTION("expires", AG_OPT_TEXT, expires, "TIME",
           "90d (the default), another duration, a date, or never"),
    OPTION("prefix", AG_OPT_TEXT, prefix, "PREFIX", "how the key begins, agk unless given"),
    OPTION("metadata", AG_OPT_TEXT, metadata, "JSON", "an object of your own"),
    OPTION("pepper", AG_OPT_TEXT, pepper, "file:PATH", "the file ApiGuardKeyPepper names"),
    {0},
};

/* What becomes the row: the texts as the table holds them. */
typedef struct {
    const char *scopes, *roles, *ips, *endpoints, *rates;
    const char *expires; /* NULL: never */
    apr_int64_t expires_at;
    const unsigned char *pepper;
    apr_size_t pepper_size;
    char key[AG_KEY_MAX + 1];
    char hash[2 * AG_SHA256_SIZE + 1];
    const char *key_id;
} draft_t;

static const char *join(const ag_words_t *words, apr_pool_t *p)
{
    const char *text = NULL;
    int i;

    for (i = 0; i < words->n; i++) {
        text = text ? apr_pstrcat(p, text, " ", words->v[i], NULL) : words->v[i];
    }
    return text;
}

/* RFC 6749 s3.3, less what the table's two ways to write a list would read otherwise. */
static const char *check_words(const ag_words_t *words, const char *option, apr_pool_t *p)
{
    int i;

    for (i = 0; i < words->n; i++) {
        const char *word = words->v[i];

        if (!ag_text_visible(word, strlen(word), 0) || strpbrk(word, "\"\\") || *word == '[') {
            return apr_psprintf(p, "--%s \"%s\": one word without quotes, not beginning with a "
                                "bracket; repeat the option for more", option,
                                ag_ctl_plain(word, p));
        }
    }
    return NULL;
}

static const char *check_names(const create_options_t *o, apr_pool_t *p)
{
    if (!o->client || !*o->client || strlen(o->client) > 255 || !ag_ctl_clean(o->client)) {
        return "--client NAME is needed: at most 255 bytes of UTF-8, no control characters";
    }
    if (strcmp(o->client, "anonymous") == 0 || strncmp(o->client, "key:", 4) == 0
        || strncmp(o->client, "jwt:", 4) == 0) {
        return "--client: \"anonymous\" and names beginning with \"key:\" or \"jwt:\" are reserved";
    }
    if (o->email && (!strchr(o->email, '@') || !ag_ctl_clean(o->email))) {
        return "--email is not an address";
    }
    if (o->prefix && !ag_key_prefix_valid(o->prefix)) {
        return "--prefix: a letter, then 1 to 15 letters, digits or underscores";
    }
    if (o->metadata && !ag_json_object(o->metadata, strlen(o->metadata), p)) {
        return "--metadata is not a JSON object";
    }
    return NULL;
}

static const char *check_networks(const ag_words_t *words, apr_pool_t *p)
{
    ag_net_t net;
    int i, masked;

    for (i = 0; i < words->n; i++) {
        const char *error = ag_net_parse(&net, words->v[i], &masked, p);

        if (error) {
            return apr_pstrcat(p, "--ip: ", ag_ctl_plain(error, p), NULL);
        }
        if (masked) {
            ag_ctl_fail(0, "note: --ip %s has bits set behind its mask, which are ignored",
                        words->v[i]);
        }
    }
    return NULL;
}

/* A rate option may hold several windows, as the table does. */
static const char *check_rates(const char *rates, apr_pool_t *p)
{
    ag_words_t words;
    ag_rate_t rate;
    const char *error = ag_text_list(&words, rates, p);
    int i;

    for (i = 0; i < words.n && !error; i++) {
        error = ag_measure_rate(&rate, words.v[i], p);
    }
    if (!error && rates && words.n == 0) {
        error = "it is empty";
    }
    return error ? apr_pstrcat(p, "--rate: ", ag_ctl_plain(error, p), NULL) : NULL;
}

static const char *check_endpoints(const char **text, const ag_words_t *words, apr_pool_t *p)
{
    json_t *array = json_array();
    char *dump;
    int i;

    for (i = 0; i < words->n; i++) {
        if (!ag_key_endpoint_valid(words->v[i], p) || !ag_ctl_clean(words->v[i])
            || json_array_append_new(array, json_string(words->v[i])) != 0) {
            json_decref(array);
            return apr_psprintf(p, "--endpoint \"%s\": \"METHOD /PATH\" or \"/PATH\"",
                                ag_ctl_plain(words->v[i], p));
        }
    }
    dump = json_dumps(array, 0);
    *text = words->n ? apr_pstrdup(p, dump) : NULL;
    free(dump);
    json_decref(array);
    return NULL;
}

/* Fills what the options say; an error text or NULL. */
static const char *draft_rules(draft_t *d, const create_options_t *o, apr_time_t now,
                               apr_pool_t *p)
{
    const char *error = check_names(o, p);

    d->scopes = join(&o->scopes, p);
    d->roles = join(&o->roles, p);
    d->ips = join(&o->ips, p);
    d->rates = join(&o->rates, p);
    error = error ? error : check_words(&o->scopes, "scope", p);
    error = error ? error : check_words(&o->roles, "role", p);
    error = error ? error : check_networks(&o->ips, p);
    error = error ? error : check_endpoints(&d->endpoints, &o->endpoints, p);
    error = error ? error : check_rates(d->rates, p);
    if (!error) {
        error = ag_ctl_until(&d->expires_at, o->expires ? o->expires : "90d", now, p);
        error = error ? apr_pstrcat(p, "--expires: ", error, NULL) : NULL;
    }
    if (!error && o->pepper) {
        error = ag_ctl_secret_file(&d->pepper, &d->pepper_size, o->pepper, p);
        error = error ? apr_pstrcat(p, "--pepper: ", error, NULL) : NULL;
    }
    d->expires = d->expires_at ? apr_psprintf(p, "%" APR_INT64_T_FMT, d->expires_at) : NULL;
    return error;
}

typedef struct {
    const char *text;
    apr_pool_t *pool;
} complaint_t;

static void complain(const ag_log_t *log, ag_log_level_e level, apr_status_t rv, const char *text)
{
    complaint_t *complaint = log->ctx;

    (void)level;
    (void)rv;
    complaint->text = apr_pstrdup(complaint->pool, text);
}

/* Reads the row back as the server will; what it would complain of, or NULL. */
static const char *read_back(const draft_t *d, const create_options_t *o, apr_pool_t *p)
{
    complaint_t complaint = {NULL, p};
    ag_log_t log = {complain, &complaint, AG_LOG_WARNING};
    ag_key_row_t row = {{0}, 0};
    ag_key_t *key;

    row.text[AG_COL_PREFIX] = d->key_id;
    row.text[AG_COL_CLIENT] = o->client;
    row.text[AG_COL_SCOPES] = d->scopes;
    row.text[AG_COL_ROLES] = d->roles;
    row.text[AG_COL_IPS] = d->ips;
    row.text[AG_COL_ENDPOINTS] = d->endpoints;
    row.text[AG_COL_RATE] = d->rates;
    row.text[AG_COL_EXPIRES] = d->expires;
    if (ag_key_of_row(&key, &row, d->hash, &log, p) != APR_SUCCESS && !complaint.text) {
        return "the server would not take this key";
    }
    return complaint.text;
}

static int check_plan(ag_ctl_t *ctl, const char *plan)
{
    ag_rows_t rows;
    int code;

    if (!plan) {
        return AG_EXIT_OK;
    }
    code = ag_ctl_select(&rows, ctl, "SELECT name FROM api_plans WHERE name = %s", 1, &plan);
    if (code == AG_EXIT_OK && rows.n == 0) {
        return ag_ctl_fail(AG_EXIT_NO, "there is no plan \"%s\"", ag_ctl_plain(plan, ctl->pool));
    }
    return code;
}

static const char sql_insert[] =
    "INSERT INTO api_keys (key_hash, key_prefix, client_name, client_email, permissions, roles,"
    " allowed_ips, allowed_endpoints, rate_limit, plan, created_at, expires_at, metadata,"
    " is_active) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %lld, %lld, %s, 1)";

static int insert(ag_ctl_t *ctl, const char **id, const draft_t *d, const create_options_t *o)
{
    const char *created = apr_psprintf(ctl->pool, "%" APR_INT64_T_FMT, apr_time_sec(ctl->now));
    const char *hash = d->hash;
    const char *values[] = {hash,    d->key_id,    o->client, o->email, d->scopes,  d->roles,
                            d->ips,  d->endpoints, d->rates,  o->plan,  created,    d->expires,
                            o->metadata};
    ag_rows_t rows;
    int changed;
    int code = ag_ctl_change(&changed, ctl, sql_insert, sizeof values / sizeof *values, values);

    if (code == AG_EXIT_OK) {
        code = ag_ctl_select(&rows, ctl, "SELECT id FROM api_keys WHERE key_hash = %s", 1, &hash);
    }
    if (code == AG_EXIT_OK && rows.n != 1) {
        code = ag_ctl_fail(AG_EXIT_DATABASE, "the key was written but is not there");
    }
    *id = code == AG_EXIT_OK ? rows.cells[0] : NULL;
    return code;
}

/* The key is alone on stdout; what people want to know beside it goes to their terminal. */
static void show(const ag_ctl_t *ctl, const char *id, const draft_t *d, const char *client)
{
    if (ctl->json) {
        ag_ctl_json(json_pack("{s:I, s:s, s:s, s:s, s:o}", "id", (json_int_t)apr_atoi64(id), "key",
                              d->key, "key_prefix", d->key_id, "client_name", client, "expires_at",
                              d->expires ? json_integer(d->expires_at) : json_null()));
        return;
    }
    if (ctl->terminal) {
        fprintf(stderr, "The key of %s, number %s, %s%s. It is shown this once:\n\n", client, id,
                d->expires ? "good until " : "which never expires",
                d->expires ? ag_ctl_time(apr_time_from_sec(d->expires_at), ctl->pool) : "");
    }
    puts(d->key);
}

static int create(ag_ctl_t *ctl, draft_t *d, const create_options_t *o)
{
    const char *id;
    const char *error = draft_rules(d, o, ctl->now, ctl->pool);
    int code;

    if (!error && ag_key_make(d->key, o->prefix ? o->prefix : "agk") != APR_SUCCESS) {
        error = "the system gives no random numbers";
    }
    if (!error) {
        d->key_id = ag_key_public(d->key, strlen(d->key), ctl->pool);
        ag_key_hash(d->hash, d->key, strlen(d->key), d->pepper, d->pepper_size);
        error = read_back(d, o, ctl->pool);
    }
    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    code = ag_ctl_open(ctl, 1);
    code = code == AG_EXIT_OK ? check_plan(ctl, o->plan) : code;
    code = code == AG_EXIT_OK ? insert(ctl, &id, d, o) : code;
    if (code == AG_EXIT_OK) {
        show(ctl, id, d, o->client);
    }
    return code;
}

static int key_create(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    draft_t draft;
    int code;

    (void)operands;
    memset(&draft, 0, sizeof draft);
    code = create(ctl, &draft, options);
    ag_wipe(&draft, sizeof draft);
    return code;
}

const ag_cmd_t ag_cmds_key_create[] = {
    {"key create", key_create, create_options, sizeof(create_options_t), NULL,
     "make a key and show it, this once"},
    {0},
};
