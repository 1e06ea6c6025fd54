/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key rotate: a new key takes the place of an old one. It is the same client's and may do the same;
 * the old one works on until its grace ends, so that nobody is locked out while the new one is put
 * in place, and both count as one client. One transaction: never two successors, never none.
 */
#include <string.h>

#include <apr_strings.h>

#include "../base/measure.h"
#include "../keys/key_format.h"
#include "key.h"

typedef struct {
    const char *grace, *expires, *prefix, *pepper;
} rotate_options_t;

#define OPTION(name, member, value, help)                                                                            \
    {                                                                                                                \
        name, AG_OPT_TEXT, offsetof(rotate_options_t, member), value, help                                           \
    }

static const ag_opt_t rotate_options[] = {
    OPTION("grace", grace, "DURATION", "how long the old key works on: 7d unless given, 0 not at all"),
    OPTION("expires", expires, "TIME",
           "of the new key: " AG_KEY_LIFE " (the default), another duration, a date, or never"),
    OPTION("prefix", prefix, "PREFIX", "how the new key begins; as the old one unless given"),
    OPTION("pepper", pepper, "file:PATH", "the file ApiGuardKeyPepper names"),
    {0},
};

/* Only a key that nobody rotated or revoked in the meantime; the row is locked until the
 * transaction ends. How many rows changed says little: MariaDB does not count a value that was
 * there before. */
static const char sql_retire[] = "UPDATE api_keys SET grace_until = %lld"
                                 " WHERE id = %lld AND is_active = 1 AND rotated_to IS NULL";

static const char sql_succeed[] = "UPDATE api_keys SET rotated_to = %lld WHERE id = %lld";

/* Where the cells of a row go in the draft of its successor. */
static const struct {
    ag_key_cell_e from;
    ag_draft_e to;
} inherited[] = {
    {AG_K_CLIENT, AG_D_CLIENT}, {AG_K_EMAIL, AG_D_EMAIL}, {AG_K_SCOPES, AG_D_SCOPES},
    {AG_K_ROLES, AG_D_ROLES},   {AG_K_IPS, AG_D_IPS},     {AG_K_ENDPOINTS, AG_D_ENDPOINTS},
    {AG_K_RATE, AG_D_RATE},     {AG_K_PLAN, AG_D_PLAN},   {AG_K_METADATA, AG_D_METADATA},
};

static void inherit(ag_draft_t *d, const char **row)
{
    apr_size_t i;

    for (i = 0; i < sizeof inherited / sizeof *inherited; i++) {
        d->text[inherited[i].to] = row[inherited[i].from];
    }
}

/* "sk_live" of "sk_live_0uN4kLm2"; NULL of an imported key's. */
static const char *prefix_of(const char *key_id, apr_pool_t *p)
{
    const char *last = strrchr(key_id, '_');
    const char *prefix = last ? apr_pstrmemdup(p, key_id, (apr_size_t)(last - key_id)) : NULL;

    return prefix && strlen(last + 1) == AG_KEY_PUBLIC_CHARS && ag_key_prefix_valid(prefix) ? prefix : NULL;
}

static int refuse(const char **row)
{
    const char *status = row[AG_K_STATUS];

    if (strcmp(status, "active") == 0) {
        return AG_EXIT_OK;
    }
    return row[AG_K_ROTATED]
               ? ag_ctl_fail(AG_EXIT_NO, "the key was rotated already, to the key number %s", row[AG_K_ROTATED])
               : ag_ctl_fail(AG_EXIT_NO, "the key is %s; make a new one by key create", status);
}

/* When the old key's grace ends: never after its own end. */
static const char *grace_end(const ag_ctl_t *ctl, const char **row, apr_int64_t grace)
{
    const char *end = row[AG_K_END];
    apr_int64_t until = apr_time_sec(ctl->now) + grace;

    return end && apr_atoi64(end) < until ? end : apr_psprintf(ctl->pool, "%" APR_INT64_T_FMT, until);
}

/* What the new key is made of. */
typedef struct {
    const char *prefix; /* NULL: as the old one's */
    ag_ctl_pepper_t pepper;
} making_t;

/* Inside the transaction. *id is the new key's number, *key the key. */
static int replace(const char **id, const char **key, ag_draft_t *d, ag_ctl_t *ctl, const char **row,
                   const char *grace, const making_t *making)
{
    const char *old = row[AG_K_ID];
    const char *values[] = {grace, old};
    const char *error;
    int changed;
    int code = ag_ctl_change(&changed, ctl, sql_retire, 2, values);

    code = code == AG_EXIT_OK ? ag_ctl_key_reread(&row, ctl, old) : code;
    if (code != AG_EXIT_OK) {
        return code;
    }
    if (row[AG_K_ROTATED] || strcmp(row[AG_K_ACTIVE], "1") != 0) {
        return ag_ctl_fail(AG_EXIT_NO, "somebody else revoked or rotated the key just now");
    }
    inherit(d, row);
    error = ag_ctl_key_make(key, d, making->prefix ? making->prefix : prefix_of(row[AG_K_PREFIX], ctl->pool),
                            &making->pepper, ctl->pool);
    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    code = ag_draft_insert(id, ctl, d);
    values[0] = *id;
    return code == AG_EXIT_OK ? ag_ctl_change(&changed, ctl, sql_succeed, 2, values) : code;
}

static int rotate(ag_ctl_t *ctl, const char **row, ag_draft_t *d, apr_int64_t grace, const making_t *making)
{
    const char *until = grace_end(ctl, row, grace);
    const char *id = NULL, *key = NULL;
    json_t *more;
    int code = refuse(row);

    code = code == AG_EXIT_OK ? ag_ctl_begin(ctl) : code;
    if (code != AG_EXIT_OK) {
        return code;
    }
    code = ag_ctl_end(ctl, replace(&id, &key, d, ctl, row, until, making));
    if (code != AG_EXIT_OK) {
        return code;
    }
    more = json_pack("{s:{s:I, s:o, s:I}}", "rotated", "id", (json_int_t)apr_atoi64(row[AG_K_ID]), "key_prefix",
                     ag_ctl_text(row[AG_K_PREFIX], ctl->pool), "grace_until", (json_int_t)apr_atoi64(until));
    if (!ag_ctl_key_hand_out(ctl, id, key, d, more)) {
        return ag_ctl_key_take_back(ctl, id, row);
    }
    if (ctl->terminal && !ctl->json) {
        ag_ctl_fail(0, "the old key %s works until %s", ag_ctl_plain(row[AG_K_PREFIX], ctl->pool),
                    ag_ctl_time(apr_time_from_sec(apr_atoi64(until)), ctl->pool));
    }
    return AG_EXIT_OK;
}

static int key_rotate(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const rotate_options_t *o = options;
    making_t making = {o->prefix, {NULL, 0}};
    ag_draft_t d = {{0}};
    const char **row;
    apr_int64_t grace;
    const char *option = "grace";
    const char *error = ag_measure_duration(&grace, o->grace ? o->grace : "7d", ctl->pool);
    int code;

    if (!error) {
        option = "expires";
        error = ag_ctl_expiry(&d.text[AG_D_EXPIRES], o->expires, ctl->now, ctl->pool);
    }
    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "--%s: %s", option, error);
    }
    error = ag_ctl_pepper(&making.pepper, o->pepper, ctl->pool);
    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    d.text[AG_D_CREATED] = apr_psprintf(ctl->pool, "%" APR_INT64_T_FMT, apr_time_sec(ctl->now));
    d.text[AG_D_ACTIVE] = "1";
    code = ag_ctl_key_find(&row, ctl, operands->v[0], o->pepper);
    return code == AG_EXIT_OK ? rotate(ctl, row, &d, grace, &making) : code;
}

const ag_cmd_t ag_cmds_key_rotate[] = {
    {"key rotate", key_rotate, rotate_options, sizeof(rotate_options_t), "KEY",
     "make the key that takes its place, and show it, this once"},
    {0},
};
