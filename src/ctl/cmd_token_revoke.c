/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token revoke, unrevoke, list: tokens that are refused before they expire. A token itself is read from standard input
 * and not verified: it stands for its digest, and for its jti and issuer where it has both, since an issuer that is
 * asked about a token need not tell its jti.
 */
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "../base/date.h"
#include "../base/measure.h"
#include "../cred/jwt.h"
#include "../cred/revocable.h"
#include "ctl.h"
#include "view.h"

#define MAX_VALUE  480 /* bytes: as long as MariaDB's columns */
#define MAX_ISSUER 255
#define LEEWAY     600 /* seconds: the most that ApiGuardLeeway may be */

typedef struct {
    const char *jti, *subject, *client, *digest, *issuer, *before, *keep, *note;
} options_t;

#define OPTION(name, member, value, help)                                                                            \
    {                                                                                                                \
        name, AG_OPT_TEXT, offsetof(options_t, member), value, help                                                  \
    }

#define WHICH                                                                                                        \
    OPTION("jti", jti, "ID", "the token with this jti"),                                                             \
        OPTION("subject", subject, "NAME", "tokens of this user (sub)"),                                             \
        OPTION("client", client, "NAME", "tokens of this client (azp, client_id)"),                                  \
        OPTION("digest", digest, "HEX", "the token with this SHA-256; of a JWT, less its signature"),                \
        OPTION("issuer", issuer, "URL", "only of this issuer (iss)")

static const ag_opt_t revoke_options[] = {
    WHICH,
    OPTION("before", before, "WHEN",
           "tokens issued before: a date, now (if not said with --subject and --client), or any"),
    OPTION("keep", keep, "WHEN",
           "until when it holds: 90d, 2030-01-31 or never (if not said, unless a token has exp)"),
    OPTION("note", note, "TEXT", "why"),
    {0},
};

static const ag_opt_t which_options[] = {WHICH, {0}};

static const ag_view_t view[] = {
    {"kind", AG_VIEW_TEXT, "KIND"},
    {"value", AG_VIEW_TEXT, "VALUE"},
    {"issuer", AG_VIEW_TEXT, "ISSUER"},
    {"issued_before", AG_VIEW_TIME, "ISSUED BEFORE"},
    {"expires_at", AG_VIEW_TIME, "EXPIRES"},
    {"status", AG_VIEW_TEXT, "STATUS"},
    {"created_at", AG_VIEW_TIME, NULL},
    {"note", AG_VIEW_TEXT, "NOTE"},
    {0},
};

/* + 0: SQLite's driver binds texts, and no number is less than a text. */
#define SELECT                                                                                                       \
    "SELECT kind, value, issuer, issued_before, expires_at,"                                                         \
    " CASE WHEN expires_at <= %lld + 0 THEN 'expired' ELSE 'active' END, created_at, note FROM api_revoked_tokens"
#define ROW " WHERE kind = %s AND issuer = %s AND value = %s"

static const char sql_list[] = SELECT " ORDER BY kind, issuer, value";
static const char sql_row[] = SELECT ROW;
static const char sql_delete[] = "DELETE FROM api_revoked_tokens" ROW;
static const char sql_sweep[] = "DELETE FROM api_revoked_tokens WHERE expires_at <= %lld + 0";

#define INTO                                                                                                         \
    "INSERT INTO api_revoked_tokens (kind, issuer, value, issued_before, expires_at, note)"                          \
    " VALUES (%s, %s, %s, %lld, %lld, %s)"
/* What was revoked stays so: of two times the later one, and none is for ever. */
#define LATER(old, new)                                                                                              \
    " CASE WHEN " old " IS NULL OR " new " IS NULL THEN NULL WHEN " old " > " new " THEN " old " ELSE " new " END"
#define OLD(column) "api_revoked_tokens." column

static const char sql_write[] =
    INTO " ON CONFLICT (kind, issuer, value) DO UPDATE SET"
         " issued_before =" LATER(
             OLD("issued_before"),
             "excluded.issued_before") ","
                                       " expires_at =" LATER(
                                           OLD("expires_at"),
                                           "excluded.expires_at") ","
                                                                  " note = coalesce(excluded.note, " OLD("note") ")";
static const char sql_write_mysql[] = INTO " ON DUPLICATE KEY UPDATE issued_before =" LATER(
    "issued_before",
    "VALUES(issued_before)") ","
                             " expires_at =" LATER("expires_at",
                                                   "VALUES(expires_at)") ", note = coalesce(VALUES(note), note)";

/* What a command names: two rows at most. */
typedef struct {
    struct {
        const char *kind, *issuer, *value;
    } rows[2];
    int n;
    int token;         /* 1: it was a token */
    apr_int64_t until; /* seconds: when that token has expired everywhere; 0: it does not say */
} which_t;

static const char *number(apr_int64_t n, apr_pool_t *p)
{
    return apr_psprintf(p, "%" APR_INT64_T_FMT, n);
}

/* ---- which tokens ------------------------------------------------------------------------------ */

static void add(which_t *which, ag_revoke_e kind, const char *issuer, const char *value)
{
    which->rows[which->n].kind = ag_revocable_kinds[kind];
    which->rows[which->n].issuer = issuer ? issuer : "";
    which->rows[which->n++].value = value;
}

static int is_value(const char *text, apr_size_t most)
{
    return text && *text && strlen(text) <= most && ag_text_printable(text);
}

static int is_issuer(const char *text)
{
    return is_value(text, MAX_ISSUER) && !strchr(text, ' ');
}

/* What the token says, unverified; NULL: it is no JWT. */
static json_t *claims_of(const char *token, apr_pool_t *p)
{
    const char *dot = strchr(token, '.');
    ag_jwt_t jwt = {.payload = dot ? dot + 1 : NULL};

    if (!ag_jwt_shape(token, strlen(token))) {
        return NULL;
    }
    jwt.payload_size = strcspn(dot + 1, ".");
    return ag_jwt_claims(&jwt, p);
}

static apr_int64_t end_of(json_t *claims)
{
    double exp = json_number_value(json_object_get(claims, "exp"));

    return exp > 0 && exp < (double)(AG_LAST_SECOND - LEEWAY) ? (apr_int64_t)exp + 1 + LEEWAY : 0;
}

static void name_token(which_t *which, const char *token, apr_pool_t *p)
{
    json_t *claims = claims_of(token, p);
    const char *jti = ag_json_scalar(json_object_get(claims, "jti"), p);
    const char *iss = json_string_value(json_object_get(claims, "iss"));
    char *hex = apr_palloc(p, AG_REVOCABLE_DIGEST);

    ag_revocable_digest(hex, token, strlen(token));
    add(which, AG_REVOKE_DIGEST, NULL, hex);
    if (is_value(jti, MAX_VALUE) && is_issuer(iss)) {
        add(which, AG_REVOKE_JTI, iss, jti);
    }
    which->token = 1;
    which->until = end_of(claims);
}

/* In lower case; NULL: it is none. */
static const char *digest_of(const char *text, apr_pool_t *p)
{
    char *hex = apr_pstrdup(p, text), *at;

    for (at = hex; *at; at++) {
        *at = apr_tolower(*at);
    }
    return strlen(hex) == AG_REVOCABLE_DIGEST - 1 && strspn(hex, "0123456789abcdef") == strlen(hex) ? hex : NULL;
}

static const char *name_by_option(which_t *which, const options_t *o, apr_pool_t *p)
{
    const char *values[] = {o->jti, o->subject, o->client, o->digest};
    int kind;

    for (kind = 0; kind < AG_REVOKE_KINDS; kind++) {
        if (!values[kind]) {
            continue;
        }
        if (which->n || which->token) {
            return "name one thing: a token by -, --jti, --subject, --client or --digest";
        }
        add(which, (ag_revoke_e)kind, o->issuer, values[kind]);
    }
    if (o->digest && !(which->rows[0].value = digest_of(o->digest, p))) {
        return "--digest takes 64 hexadecimal digits";
    }
    if (which->n && !is_value(which->rows[0].value, MAX_VALUE)) {
        return "--jti, --subject and --client take UTF-8 without control characters, 480 bytes at most";
    }
    return !which->n && !which->token ? "name a token by - (it is read from standard input), --jti, --subject, "
                                        "--client or --digest"
                                      : NULL;
}

/* A token is never an operand: others would see it. */
static const char *check_operands(which_t *which, const options_t *o, const ag_words_t *operands)
{
    which->token = operands->n > 0;
    if (operands->n && strcmp(operands->v[0], "-") != 0) {
        return "a token is read from standard input: say -";
    }
    if (operands->n && o->issuer) {
        return "--issuer is for --jti, --subject, --client and --digest; a token says it itself";
    }
    return o->issuer && !is_issuer(o->issuer) ? "--issuer takes UTF-8 without blanks, 255 bytes at most" : NULL;
}

/* AG_EXIT_OK, or what was wrong has been said. */
static int name(which_t *which, const ag_ctl_t *ctl, const options_t *o, const ag_words_t *operands)
{
    const char *error, *token;

    memset(which, 0, sizeof *which);
    error = check_operands(which, o, operands);
    error = error ? error : name_by_option(which, o, ctl->pool);
    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    if (which->token) {
        token = ag_ctl_secret(ctl->pool);
        if (!token || !*token) {
            return token ? ag_ctl_fail(AG_EXIT_USAGE, "there is no token on standard input") : AG_EXIT_USAGE;
        }
        name_token(which, token, ctl->pool);
    }
    return AG_EXIT_OK;
}

/* ---- until when -------------------------------------------------------------------------------- */

/* Whole seconds are all that a token tells: the one that is running is before, too. */
static const char *read_before(const char **seconds, const which_t *which, const options_t *o, const ag_ctl_t *ctl)
{
    const char *text = o->before ? o->before : o->subject || o->client ? "now" : "any";
    apr_int64_t at = apr_time_sec(ctl->now) + 1;

    *seconds = NULL;
    if (o->before && which->token) {
        return "--before is not for a single token";
    }
    if (strcmp(text, "any") == 0) {
        return NULL;
    }
    if (strcmp(text, "now") != 0 && !ag_date_read(&at, text)) {
        return "--before takes a date such as 2030-01-31 or 2030-01-31T12:00:00Z, now or any";
    }
    *seconds = number(at, ctl->pool);
    return NULL;
}

static const char *read_keep(const char **seconds, const which_t *which, const options_t *o, const ag_ctl_t *ctl)
{
    apr_int64_t until = which->until;
    const char *error = o->keep ? ag_ctl_until(&until, o->keep, ctl->now, ctl->pool) : NULL;

    *seconds = until ? number(until, ctl->pool) : NULL;
    return error ? apr_pstrcat(ctl->pool, "--keep: ", ag_ctl_plain(error, ctl->pool), NULL) : NULL;
}

/* ---- the commands ------------------------------------------------------------------------------ */

static int write_all(ag_ctl_t *ctl, const which_t *which, const char *before, const char *expires, const char *note)
{
    int mysql = strcmp(apr_dbd_name(ctl->db.driver), "mysql") == 0;
    const char *now = number(apr_time_sec(ctl->now), ctl->pool);
    int i, changed, code = ag_ctl_begin(ctl);

    if (code != AG_EXIT_OK) {
        return code;
    }
    code = ag_ctl_change(&changed, ctl, sql_sweep, 1, &now);
    for (i = 0; i < which->n && code == AG_EXIT_OK; i++) {
        const char *values[] = {
            which->rows[i].kind, which->rows[i].issuer, which->rows[i].value, before, expires, note};

        code = ag_ctl_change(&changed, ctl, mysql ? sql_write_mysql : sql_write, 6, values);
    }
    return ag_ctl_end(ctl, code);
}

static int print(ag_ctl_t *ctl, const which_t *which)
{
    ag_rows_t all = {0};
    const char **cells = apr_palloc(ctl->pool, 2 * 8 * sizeof *cells);
    int i, code = AG_EXIT_OK;

    for (i = 0; i < which->n && code == AG_EXIT_OK; i++) {
        const char *values[] = {number(apr_time_sec(ctl->now), ctl->pool), which->rows[i].kind, which->rows[i].issuer,
                                which->rows[i].value};
        ag_rows_t rows;

        code = ag_ctl_select(&rows, ctl, sql_row, 4, values);
        if (code == AG_EXIT_OK && rows.n) {
            memcpy(cells + all.n++ * rows.columns, rows.cells, (apr_size_t)rows.columns * sizeof *cells);
            all.columns = rows.columns;
        }
    }
    all.cells = cells;
    if (code == AG_EXIT_OK) {
        ag_view_print(ctl, view, &all);
    }
    return code;
}

static int token_revoke(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const options_t *o = options;
    const char *error, *before, *expires;
    which_t which;
    int code = name(&which, ctl, o, operands);

    if (code != AG_EXIT_OK) {
        return code;
    }
    if (which.until && which.until <= apr_time_sec(ctl->now) && !o->keep) {
        return ag_ctl_fail(AG_EXIT_NO, "the token has expired; there is nothing to revoke");
    }
    error = read_before(&before, &which, o, ctl);
    error = error ? error : read_keep(&expires, &which, o, ctl);
    error = !error && o->note && !ag_text_printable(o->note) ? "--note: UTF-8 without control characters" : error;
    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    code = ag_ctl_open(ctl, 1);
    code = code == AG_EXIT_OK ? write_all(ctl, &which, before, expires, o->note) : code;
    return code == AG_EXIT_OK ? print(ctl, &which) : code;
}

static int token_unrevoke(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    int i, changed, gone = 0;
    which_t which;
    int code = name(&which, ctl, options, operands);

    code = code == AG_EXIT_OK ? ag_ctl_open(ctl, 1) : code;
    code = code == AG_EXIT_OK ? ag_ctl_begin(ctl) : code;
    if (code != AG_EXIT_OK) {
        return code;
    }
    for (i = 0; i < which.n && code == AG_EXIT_OK; i++) {
        const char *values[] = {which.rows[i].kind, which.rows[i].issuer, which.rows[i].value};

        code = ag_ctl_change(&changed, ctl, sql_delete, 3, values);
        gone += code == AG_EXIT_OK && changed;
    }
    code = ag_ctl_end(ctl, code);
    if (code == AG_EXIT_OK && !gone) {
        return ag_ctl_fail(AG_EXIT_NO, "nothing is revoked by that name%s",
                           which.token ? "" : ", or by another --issuer; see token list");
    }
    for (i = 0; i < which.n && code == AG_EXIT_OK; i++) {
        ag_ctl_removed(ctl, which.rows[i].kind, which.rows[i].value);
    }
    return code;
}

static int token_list(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const char *now = number(apr_time_sec(ctl->now), ctl->pool);
    int code = ag_ctl_open(ctl, 1);
    ag_rows_t rows;

    (void)options;
    (void)operands;
    code = code == AG_EXIT_OK ? ag_ctl_select(&rows, ctl, sql_list, 1, &now) : code;
    if (code == AG_EXIT_OK) {
        ag_view_print(ctl, view, &rows);
    }
    return code;
}

const ag_cmd_t ag_cmds_token_revoke[] = {
    {"token revoke", token_revoke, revoke_options, sizeof(options_t), "[TOKEN]",
     "refuse a token, or a user's or client's tokens, before they expire"},
    {"token unrevoke", token_unrevoke, which_options, sizeof(options_t), "[TOKEN]", "take that back"},
    {"token list", token_list, NULL, 0, NULL, "list what is revoked"},
    {0},
};
