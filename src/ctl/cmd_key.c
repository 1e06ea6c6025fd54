/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key list, show, revoke, activate, verify: what is done with keys that exist.
 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "../keys/keys.h"
#include "key.h"

typedef struct {
    const char *client;
} list_options_t;

static const ag_opt_t list_options[] = {
    {"client", AG_OPT_TEXT, offsetof(list_options_t, client), "NAME", "this client's alone"},
    {0},
};

typedef struct {
    const char *pepper;
} key_options_t;

static const ag_opt_t key_options[] = {
    {"pepper", AG_OPT_TEXT, offsetof(key_options_t, pepper), "file:PATH",
     "with -: the file ApiGuardKeyPepper names"},
    {0},
};

static const char sql_set_active[] = "UPDATE api_keys SET is_active = %d WHERE id = %lld";

static int key_list(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const list_options_t *o = options;
    const char *client = o->client;
    ag_rows_t rows;
    int code = ag_ctl_open(ctl, 1);

    (void)operands;
    if (code == AG_EXIT_OK) {
        code = ag_ctl_keys_select(&rows, ctl,
                                  client ? " WHERE k.client_name = %s ORDER BY k.id"
                                         : " ORDER BY k.id",
                                  client ? 1 : 0, client ? &client : NULL);
    }
    if (code == AG_EXIT_OK) {
        ag_ctl_keys_print(ctl, &rows);
    }
    return code;
}

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

/* ---- revoke and activate --------------------------------------------------------------------- */

static int set_active(ag_ctl_t *ctl, const void *options, const char *operand, const char *active)
{
    const char **row;
    const char *values[2];
    int changed;
    int code = find(&row, ctl, options, operand);

    if (code != AG_EXIT_OK) {
        return code;
    }
    values[0] = active;
    values[1] = row[AG_K_ID];
    code = ag_ctl_change(&changed, ctl, sql_set_active, 2, values);
    if (code != AG_EXIT_OK) {
        return code;
    }
    if (changed != 1) {
        return ag_ctl_fail(AG_EXIT_NO, "the key is gone");
    }
    row[AG_K_ACTIVE] = active;
    if (ctl->json) {
        ag_ctl_key_print(ctl, row);
    }
    else {
        printf("key %s of %s is %s\n", ag_ctl_plain(row[AG_K_PREFIX], ctl->pool),
               ag_ctl_plain(row[AG_K_CLIENT], ctl->pool), ag_ctl_key_status(ctl, row));
    }
    return AG_EXIT_OK;
}

static int key_revoke(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    return set_active(ctl, options, operands->v[0], "0");
}

static int key_activate(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    return set_active(ctl, options, operands->v[0], "1");
}

/* ---- verify ---------------------------------------------------------------------------------- */

/* Reads the row as the server does, so what it would complain of is said here too. */
static int key_verify(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const char **row;
    const char *status;
    ag_db_port_t port = ag_ctl_port(ctl);
    ag_key_t *key;
    int code = find(&row, ctl, options, operands->v[0]);

    if (code != AG_EXIT_OK) {
        return code;
    }
    if (ag_keys_dbd_get(&key, &port, NULL, row[AG_K_HASH], &ctl->log, ctl->pool) != APR_SUCCESS) {
        return ag_ctl_fail(AG_EXIT_NO, "the server cannot use this key");
    }
    status = !key->active                               ? "revoked"
             : key->expires && key->expires <= ctl->now ? "expired"
                                                        : "active";
    if (ctl->json) {
        ag_ctl_key_print(ctl, row);
    }
    else {
        printf("key %s of %s is %s\n", ag_ctl_plain(key->key_id, ctl->pool),
               ag_ctl_plain(key->client, ctl->pool), status);
    }
    return strcmp(status, "active") == 0 ? AG_EXIT_OK : AG_EXIT_NO;
}

#define ROW(name, run, options, operands, help) \
    {name, run, options, sizeof(options##_t), operands, help}

const ag_cmd_t ag_cmds_key[] = {
    ROW("key list", key_list, list_options, NULL, "list the keys"),
    ROW("key show", key_show, key_options, "KEY", "show all that is known of a key"),
    ROW("key revoke", key_revoke, key_options, "KEY", "refuse a key from now on"),
    ROW("key activate", key_activate, key_options, "KEY", "accept a revoked key again"),
    ROW("key verify", key_verify, key_options, "KEY", "is it good? Status 0 yes, 1 no"),
    {0},
};
