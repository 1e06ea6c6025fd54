/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draft: see draft.h. Each column has a check that can say what is wrong; behind it the server's
 * reader says whether it would understand, so the two can never drift apart unnoticed.
 */
#include "draft.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "../base/json.h"
#include "../base/measure.h"
#include "../core/credential.h"
#include "../core/setting.h"
#include "../ipset/ipset.h"
#include "../keys/key_row.h"
#include "../keys/keys_bcrypt.h"

#define MAX_PREFIX   64
#define BCRYPT_CHARS 60

/* ---- the checks ------------------------------------------------------------------------------ */

int ag_draft_is_bcrypt(const char *hash)
{
    return strncmp(hash, "$2", 2) == 0;
}

/* "$2y$10$" and 53 characters of bcrypt's own base64. */
static int bcrypt_valid(const char *hash)
{
    static const char alphabet[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    return strlen(hash) == BCRYPT_CHARS && strchr("aby", hash[2]) && hash[3] == '$'
           && strspn(hash + 4, "0123456789") == 2 && hash[6] == '$' && strspn(hash + 7, alphabet) == BCRYPT_CHARS - 7
           && (hash[4] - '0') * 10 + hash[5] - '0' <= AG_BCRYPT_COST;
}

static const char *check_hash(const char *text, apr_pool_t *p)
{
    (void)p;
    if (ag_draft_is_bcrypt(text)) {
        return bcrypt_valid(text) ? NULL
                                  : "no bcrypt hash ($2y$, $2b$ or $2a$, 60 characters, a "
                                    "cost up to 14)";
    }
    return strlen(text) == 2 * AG_SHA256_SIZE && strspn(text, "0123456789abcdef") == 2 * AG_SHA256_SIZE
               ? NULL
               : "neither 64 lower-case hexadecimal digits nor a bcrypt hash";
}

static const char *check_prefix(const char *text, apr_pool_t *p)
{
    (void)p;
    return strlen(text) <= MAX_PREFIX && ag_text_visible(text, strlen(text), 0)
               ? NULL
               : "1 to 64 printable ASCII characters without spaces";
}

/* What a client's name may not begin with, since a rule would read it as the kind of another's credential. */
#define AG_CREDENTIAL(name, token, places, advice, on) "|\"" #name ":\""
static const char leads[] =
#include "../core/credentials.def"
    ;
#undef AG_CREDENTIAL

/* A name goes into fields, logs and variables; the reserved ones mean something there. */
static const char *check_client(const char *text, apr_pool_t *p)
{
    const ag_cred_kind_t *kind;
    const char *rest;

    if (!*text || strlen(text) > 255 || !ag_text_printable(text) || ag_text_blank(text) == AG_BLANK_END) {
        return "1 to 255 bytes of UTF-8 without control characters, and no blank at an end";
    }
    kind = ag_cred_before(&rest, text);
    return kind || strcmp(text, ag_cred_anonymous.name) == 0
               ? apr_psprintf(p, "\"%s\" and names beginning with %s are reserved", ag_cred_anonymous.name,
                              ag_setting_choices(leads + 1, p))
               : NULL;
}

static const char *check_email(const char *text, apr_pool_t *p)
{
    (void)p;
    return strchr(text, '@') && strlen(text) <= 255 && ag_text_printable(text) ? NULL : "not an address";
}

/* RFC 6749 s3.3, less what the table's two ways to write a list would read otherwise. */
static const char *check_word(const char *word, apr_pool_t *p)
{
    return ag_text_visible(word, strlen(word), 0) && !strpbrk(word, "\"\\") && *word != '['
               ? NULL
               : apr_psprintf(p, "\"%s\": one word without quotes, not beginning with a bracket",
                              ag_ctl_plain(word, p));
}

static const char *check_network(const char *word, apr_pool_t *p)
{
    ag_net_t net;
    const char *error = ag_net_parse(&net, word, NULL, p);

    return error ? ag_ctl_plain(error, p) : NULL;
}

static const char *check_endpoint(const char *word, apr_pool_t *p)
{
    return ag_key_endpoint_valid(word, p) && ag_text_printable(word)
               ? NULL
               : apr_psprintf(p, "\"%s\": \"METHOD /PATH\" or \"/PATH\"", ag_ctl_plain(word, p));
}

static const char *check_rate(const char *text, apr_pool_t *p)
{
    ag_words_t words;
    ag_rate_t rate;
    const char *error = ag_text_list(&words, text, p);
    int i;

    for (i = 0; i < words.n && !error; i++) {
        error = ag_measure_rate(&rate, words.v[i], p);
    }
    if (!error && words.n == 0) {
        error = "it is empty";
    }
    return error ? ag_ctl_plain(error, p) : NULL;
}

static const char *check_plan(const char *text, apr_pool_t *p)
{
    (void)p;
    return *text && strlen(text) <= 255 && ag_text_printable(text) && ag_text_blank(text) != AG_BLANK_END
               ? NULL
               : "1 to 255 bytes of UTF-8 without control characters, and no blank at an end";
}

static const char *check_metadata(const char *text, apr_pool_t *p)
{
    return ag_json_object(text, strlen(text), p) ? NULL : "not a JSON object";
}

static const char *check_time(const char *text, apr_pool_t *p)
{
    apr_int64_t seconds;

    return ag_measure_number(&seconds, text, 0, AG_LAST_SECOND, p)
               ? "not a time: seconds (no milliseconds) since 1970, 2030-01-31 or 2030-01-31T12:00:00Z"
               : NULL;
}

static const char *check_active(const char *text, apr_pool_t *p)
{
    (void)p;
    return strcmp(text, "0") == 0 || strcmp(text, "1") == 0 ? NULL : "1 (good) or 0 (revoked)";
}

/* ---- the columns ----------------------------------------------------------------------------- */

typedef const char *(*check_f)(const char *text, apr_pool_t *p);

#define AG_CREDENTIAL(name, token, places, advice, on) ", not \"" #name ":...\""
static const char client_rule[] = "a name: 1 to 255 bytes of UTF-8 without blanks at its ends; not \"anonymous\""
#include "../core/credentials.def"
    ;
#undef AG_CREDENTIAL

static const struct {
    const char *name;
    ag_key_column_e reads; /* the server's column; AG_COL_COUNT: the server does not read it */
    check_f check;
    check_f entry; /* of a list, instead of `check` */
    const char *rule;
} columns[AG_D_COUNT] = {
    [AG_D_HASH] = {"key_hash", AG_COL_COUNT, check_hash, NULL,
                   "64 hexadecimal digits of SHA-256 (or HMAC), or a bcrypt hash ($2y$, $2b$, $2a$; cost up "
                   "to 14)"},
    [AG_D_PREFIX] = {"key_prefix", AG_COL_COUNT, check_prefix, NULL,
                     "1 to 64 printable characters; for a bcrypt hash the first 8 of the key"},
    [AG_D_CLIENT] = {"client_name", AG_COL_COUNT, check_client, NULL, client_rule},
    [AG_D_EMAIL] = {"client_email", AG_COL_COUNT, check_email, NULL, "an address"},
    [AG_D_SCOPES] = {"permissions", AG_COL_SCOPES, NULL, check_word,
                     "words separated by spaces, or a JSON array of them"},
    [AG_D_ROLES] = {"roles", AG_COL_ROLES, NULL, check_word, "words separated by spaces, or a JSON array of them"},
    [AG_D_IPS] = {"allowed_ips", AG_COL_IPS, NULL, check_network,
                  "networks separated by spaces, or a JSON array of them"},
    [AG_D_ENDPOINTS] = {"allowed_endpoints", AG_COL_ENDPOINTS, NULL, check_endpoint,
                        "\"METHOD /PATH\" or \"/PATH\", several as a JSON array"},
    [AG_D_RATE] = {"rate_limit", AG_COL_RATE, check_rate, NULL, "limits such as \"1000/h 20000/day\""},
    [AG_D_PLAN] = {"plan", AG_COL_COUNT, check_plan, NULL, "a plan's name"},
    [AG_D_METADATA] = {"metadata", AG_COL_COUNT, check_metadata, NULL, "a JSON object"},
    [AG_D_CREATED] = {"created_at", AG_COL_COUNT, check_time, NULL,
                      "seconds (no milliseconds) since 1970, 2030-01-31 or 2030-01-31T12:00:00Z"},
    [AG_D_EXPIRES] = {"expires_at", AG_COL_EXPIRES, check_time, NULL,
                      "seconds (no milliseconds) since 1970, 2030-01-31 or 2030-01-31T12:00:00Z; nothing: never"},
    [AG_D_GRACE] = {"grace_until", AG_COL_GRACE, check_time, NULL,
                    "seconds (no milliseconds) since 1970, 2030-01-31 or 2030-01-31T12:00:00Z"},
    [AG_D_ACTIVE] = {"is_active", AG_COL_COUNT, check_active, NULL, "1 (good) or 0 (revoked)"},
};

const char *ag_draft_name(ag_draft_e column)
{
    return columns[column].name;
}

const char *ag_draft_rule(ag_draft_e column)
{
    return columns[column].rule;
}

int ag_draft_is_list(ag_draft_e column)
{
    return columns[column].entry != NULL;
}

int ag_draft_is_time(ag_draft_e column)
{
    return columns[column].check == check_time;
}

/* ---- what the server would say --------------------------------------------------------------- */

static void complain(const ag_log_t *log, ag_log_level_e level, apr_status_t rv, const char *text)
{
    (void)level;
    (void)rv;
    (void)text;
    *(int *)log->ctx = 1;
}

/* 1 when the server's own reader accepts this text without a complaint. */
static int understood(ag_key_column_e column, const char *text, apr_pool_t *p)
{
    int complaints = 0;
    ag_log_t log = {complain, &complaints, AG_LOG_WARNING};
    ag_key_row_t row = {{0}, 0};
    ag_key_t *key;

    row.text[AG_COL_CLIENT] = "x";
    row.text[column] = text;
    return ag_key_of_row(&key, &row, "", &log, p) == APR_SUCCESS && !complaints;
}

/* Lists of endpoints may hold a method and its path as two words, so only the server can tell. */
static const char *check_entries(ag_draft_e column, const char *text, apr_pool_t *p)
{
    ag_words_t words;
    const char *error = ag_text_list(&words, text, p);
    int i;

    for (i = 0; i < words.n && !error && column != AG_D_ENDPOINTS; i++) {
        error = columns[column].entry(words.v[i], p);
    }
    return error;
}

const char *ag_draft_check_text(ag_draft_e column, const char *text, apr_pool_t *p)
{
    const char *error;

    if (!text) {
        return NULL;
    }
    error = columns[column].check ? columns[column].check(text, p) : check_entries(column, text, p);
    if (!error && columns[column].reads != AG_COL_COUNT && !understood(columns[column].reads, text, p)) {
        error = "the server would not understand it";
    }
    return error;
}

const char *ag_draft_check(ag_draft_e *wrong, const ag_draft_t *d, apr_pool_t *p)
{
    const char *hash = d->text[AG_D_HASH];
    const char *prefix = d->text[AG_D_PREFIX];
    const char *error = NULL;
    int i;

    for (i = 0; i < AG_D_COUNT && !error; i++) {
        error = ag_draft_check_text((ag_draft_e)i, d->text[i], p);
        *wrong = (ag_draft_e)i;
    }
    if (!error && !d->text[AG_D_CLIENT]) {
        *wrong = AG_D_CLIENT;
        error = "whose key it is must be said";
    }
    if (!error && hash && ag_draft_is_bcrypt(hash) && (!prefix || strlen(prefix) != AG_BCRYPT_PREFIX)) {
        *wrong = AG_D_PREFIX;
        error = "for a bcrypt hash this is the key's first 8 characters, by which it is found";
    }
    return error;
}

/* ---- lists ----------------------------------------------------------------------------------- */

static const char *join(const ag_words_t *words, apr_pool_t *p)
{
    const char *text = NULL;
    int i;

    for (i = 0; i < words->n; i++) {
        text = text ? apr_pstrcat(p, text, " ", words->v[i], NULL) : words->v[i];
    }
    return text;
}

/* Entries with spaces in them. */
static const char *join_json(const ag_words_t *words, apr_pool_t *p)
{
    json_t *array = json_array();
    const char *text;
    char *dump;
    int i;

    for (i = 0; i < words->n; i++) {
        json_array_append_new(array, ag_ctl_text(words->v[i], p));
    }
    dump = json_dumps(array, 0);
    text = words->n ? apr_pstrdup(p, dump) : NULL;
    free(dump);
    json_decref(array);
    return text;
}

const char *ag_draft_set_list(ag_draft_t *d, ag_draft_e column, const ag_words_t *words, apr_pool_t *p)
{
    const char *error = NULL;
    int i;

    for (i = 0; i < words->n && !error && columns[column].entry; i++) {
        error = columns[column].entry(words->v[i], p);
    }
    d->text[column] = column == AG_D_ENDPOINTS ? join_json(words, p) : join(words, p);
    return error ? error : ag_draft_check_text(column, d->text[column], p);
}
