/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key show, revoke, activate, expire, verify: what is done with keys that exist.
 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "../keys/keys.h"
#include "key.h"

typedef struct {
    const char *pepper, *at;
} key_options_t;

#define PEPPER                                                                                                       \
    {                                                                                                                \
        "pepper", AG_OPT_TEXT, offsetof(key_options_t, pepper), "file:PATH",                                         \
            "with -: the file ApiGuardKeyPepper names"                                                               \
    }

static const ag_opt_t key_options[] = {PEPPER, {0}};

static const ag_opt_t expire_options[] = {
    {"at", AG_OPT_TEXT, offsetof(key_options_t, at), "TIME", "now (the default), a duration, a date, or never"},
    PEPPER,
    {0},
};

static const char sql_set_active[] = "UPDATE api_keys SET is_active = %d WHERE id = %lld";
static const char sql_set_expiry[] = "UPDATE api_keys SET expires_at = %lld WHERE id = %lld";

/* ---- show ------------------------------------------------------------------------------------ */

static int find(const char ***row, ag_ctl_t *ctl, const key_options_t *o, const char *operand)
{
    return ag_ctl_key_find(row, ctl, operand, o->pepper);
}

static int key_show(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const char **row;
    int code = find(&row, ctl, options, operands->v[0]);

    if (code == AG_EXIT_OK) {
        ag_ctl_key_print(ctl, row);
    }
    return code;
}

/* ---- revoke, activate, expire ---------------------------------------------------------------- */

static int is_good(const char *status)
{
    return strcmp(status, "active") == 0 || strcmp(status, "rotated") == 0;
}

static void tell(const ag_ctl_t *ctl, const char **row, const char *status, const char *more)
{
    const char *end = row[AG_K_END];
    int good = is_good(status);

    printf("key %s of %s is %s%s%s%s\n", ag_ctl_plain(row[AG_K_PREFIX], ctl->pool),
           ag_ctl_plain(row[AG_K_CLIENT], ctl->pool), status, good && end ? " until " : "",
           good && end ? ag_ctl_time(apr_time_from_sec(apr_atoi64(end)), ctl->pool) : "", more);
}

/* Writes one value of the key that is named, and tells what became of it. */
static int change(ag_ctl_t *ctl, const key_options_t *o, const char *operand, const char *sql, const char *value)
{
    const char **row;
    const char *values[2];
    int changed; /* is not looked at: a value that was there before is none for some databases */
    int code = find(&row, ctl, o, operand);

    if (code != AG_EXIT_OK) {
        return code;
    }
    values[0] = value;
    values[1] = row[AG_K_ID];
    code = ag_ctl_change(&changed, ctl, sql, 2, values);
    code = code == AG_EXIT_OK ? ag_ctl_key_reread(&row, ctl, row[AG_K_ID]) : code;
    if (code != AG_EXIT_OK) {
        return code;
    }
    if (ctl->json) {
        ag_ctl_key_print(ctl, row);
    }
    else {
        tell(ctl, row, row[AG_K_STATUS], "");
    }
    return AG_EXIT_OK;
}

static int key_revoke(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    return change(ctl, options, operands->v[0], sql_set_active, "0");
}

static int key_activate(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    return change(ctl, options, operands->v[0], sql_set_active, "1");
}

static int key_expire(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const key_options_t *o = options;
    const char *at = NULL;
    const char *error = NULL;

    if (!o->at || strcmp(o->at, "now") == 0) {
        at = apr_psprintf(ctl->pool, "%" APR_INT64_T_FMT, apr_time_sec(ctl->now));
    }
    else {
        error = ag_ctl_expiry(&at, o->at, ctl->now, ctl->pool);
    }
    return error ? ag_ctl_fail(AG_EXIT_USAGE, "--at: %s", error) : change(ctl, o, operands->v[0], sql_set_expiry, at);
}

/* ---- verify ---------------------------------------------------------------------------------- */

/* Whether a hash was made under a pepper only the whole key tells; a bcrypt hash never was. */
static int check_pepper(const key_options_t *o, const char *operand, const char **row)
{
    if (!o->pepper || strcmp(operand, "-") == 0) {
        return AG_EXIT_OK;
    }
    if (ag_draft_is_bcrypt(row[AG_K_HASH])) {
        return ag_ctl_fail(AG_EXIT_NO, "a server with a pepper looks for no bcrypt hash");
    }
    return ag_ctl_fail(AG_EXIT_USAGE, "whether a key was made under this pepper only the whole key tells: "
                                      "pass - and the key on stdin");
}

/* Under which pepper a server must look for it to find it, since this tool does not know the server's. */
static const char *told_pepper(const key_options_t *o, const char *operand)
{
    return strcmp(operand, "-") != 0 ? ""
           : o->pepper               ? ", for a server with this pepper"
                                     : ", for a server without ApiGuardKeyPepper";
}

/* Reads the row as the server does, so what it would complain of is said here too. */
static int key_verify(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const char **row;
    ag_db_port_t port = ag_ctl_port(ctl);
    ag_key_t *key;
    const char *status;
    int code = find(&row, ctl, options, operands->v[0]);

    code = code == AG_EXIT_OK ? check_pepper(options, operands->v[0], row) : code;
    if (code != AG_EXIT_OK) {
        return code;
    }
    if (ag_keys_dbd_get(&key, &port, NULL, row[AG_K_HASH], &ctl->log, ctl->pool) != APR_SUCCESS) {
        return ag_ctl_fail(AG_EXIT_NO, "the server cannot use this key");
    }
    status = !key->active ? "revoked" : key->expires && key->expires <= ctl->now ? "expired" : row[AG_K_STATUS];
    if (ctl->json) {
        ag_ctl_key_print(ctl, row);
    }
    else {
        tell(ctl, row, status, told_pepper(options, operands->v[0]));
    }
    return is_good(status) ? AG_EXIT_OK : AG_EXIT_NO;
}

#define ROW(name, run, options, operands, help)                                                                      \
    {                                                                                                                \
        name, run, options, sizeof(options##_t), operands, help                                                      \
    }

const ag_cmd_t ag_cmds_key[] = {
    ROW("key show", key_show, key_options, "KEY", "show all that is known of a key"),
    ROW("key revoke", key_revoke, key_options, "KEY", "refuse a key from now on"),
    ROW("key activate", key_activate, key_options, "KEY", "accept a revoked key again"),
    {"key expire", key_expire, expire_options, sizeof(key_options_t), "KEY", "end a key, now or at a time"},
    ROW("key verify", key_verify, key_options, "KEY", "is it good? Status 0 yes, 1 no"),
    {0},
};
