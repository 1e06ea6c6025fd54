/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key: what the commands about keys share: a key as the table holds it, how it is named, found and
 * printed. A row is an array of texts in the order of ag_key_cell_e.
 */
#ifndef AG_CTL_KEY_H
#define AG_CTL_KEY_H

#include "draft.h"

typedef enum {
    AG_K_ID,
    AG_K_PREFIX,
    AG_K_CLIENT,
    AG_K_EMAIL,
    AG_K_SCOPES,
    AG_K_ROLES,
    AG_K_IPS,
    AG_K_ENDPOINTS,
    AG_K_RATE,
    AG_K_PLAN,
    AG_K_CREATED,
    AG_K_EXPIRES,
    AG_K_GRACE,
    AG_K_ACTIVE,
    AG_K_ROTATED,
    AG_K_METADATA,
    AG_K_REQUESTS,
    AG_K_DENIED,
    AG_K_HASH,
    AG_K_END, /* when it ends: at its expiry or with its grace, whichever is first; NULL: never */
    AG_K_LAST_USED,
    AG_K_STATUS /* now: "active", "rotated" (good until its grace ends), "expired" or "revoked" */
} ag_key_cell_e;

/* ---- key_view.c ------------------------------------------------------------------------------ */

/* The keys that fit `condition`: SQL from WHERE on, in which the table is k. An exit code; what was
 * wrong has been said. */
int ag_ctl_keys_select(ag_rows_t *rows, ag_ctl_t *ctl, const char *condition, int n, const char **values);

/* As a table, or as a JSON array. */
void ag_ctl_keys_print(const ag_ctl_t *ctl, const ag_rows_t *rows);

/* As a JSON array. */
json_t *ag_ctl_keys_json(const ag_ctl_t *ctl, const ag_rows_t *rows);

/* One key: a line for each cell, or a JSON object. Its hash is not shown. */
void ag_ctl_key_print(const ag_ctl_t *ctl, const char **row);

/* ---- key_name.c ------------------------------------------------------------------------------ */

/* The one key that `operand` names: an id, a public prefix, or "-" for a whole key on standard
 * input, hashed under `pepper` ("file:PATH" or NULL). Opens the database. An exit code; what was
 * wrong has been said. */
int ag_ctl_key_find(const char ***row, ag_ctl_t *ctl, const char *operand, const char *pepper);

/* The row of that id, read anew. An exit code; what was wrong has been said. */
int ag_ctl_key_reread(const char ***row, ag_ctl_t *ctl, const char *id);

/* ---- key_match.c ----------------------------------------------------------------------------- */

typedef struct ag_ctl_pepper_t {
    const unsigned char *bytes; /* wiped with the pool */
    apr_size_t n;               /* 0: there is none */
} ag_ctl_pepper_t;

/* Of a --pepper option, which may be NULL: read as the server reads it, and before ag_ctl_open(), with which
 * root becomes a user who may not read such a file. An error text or NULL. */
const char *ag_ctl_pepper(ag_ctl_pepper_t *pepper, const char *source, apr_pool_t *p);

/* The row of the key in `text`: one, or none. An exit code; what was wrong has been said. */
int ag_ctl_key_match(ag_rows_t *rows, ag_ctl_t *ctl, const char *text, apr_size_t n, const ag_ctl_pepper_t *pepper);

/* ---- key_rules.c ----------------------------------------------------------------------------- */

/* What a key may do, as options say it: for a key, and for a template. */
typedef struct ag_rules_t {
    ag_words_t scopes, roles, ips, endpoints, rates;
    const char *plan;
} ag_rules_t;

/* The rows of a table of options whose struct has an ag_rules_t called `rules`. */
#define AG_RULE_OPTIONS(type)                                                                                        \
    {"scope", AG_OPT_LIST, offsetof(type, rules.scopes), "SCOPE", "a permission; may be repeated"},                  \
        {"role", AG_OPT_LIST, offsetof(type, rules.roles), "ROLE", "a role; may be repeated"},                       \
        {"ip", AG_OPT_LIST, offsetof(type, rules.ips), "NETWORK", "a network it works from; may be repeated"},       \
        {"endpoint", AG_OPT_LIST, offsetof(type, rules.endpoints), "\"METHOD /PATH\"",                               \
         "an endpoint it works for, the method may be left out; may be repeated"},                                   \
        {"rate", AG_OPT_LIST, offsetof(type, rules.rates), "N/PERIOD", "a limit of its own; may be repeated"},       \
    {                                                                                                                \
        "plan", AG_OPT_TEXT, offsetof(type, rules.plan), "NAME", "the plan whose limit it takes"                     \
    }

/* Into the draft; an error text that names the option, or NULL. */
const char *ag_ctl_rules(ag_draft_t *d, const ag_rules_t *rules, apr_pool_t *p);

/* ---- key_make.c ------------------------------------------------------------------------------ */

#define AG_KEY_LIFE "90d" /* unless something else is said */

/* Seconds since 1970 as the table holds them, from an --expires; NULL for "never". An error text
 * or NULL. */
const char *ag_ctl_expiry(const char **text, const char *expires, apr_time_t now, apr_pool_t *p);

/* Makes a key that begins with `prefix` (NULL: agk), hashed under `pepper`.
 * Its hash and public prefix go into the draft; *key is wiped with the pool. An error text or
 * NULL. */
const char *ag_ctl_key_make(const char **key, ag_draft_t *d, const char *prefix, const ag_ctl_pepper_t *pepper,
                            apr_pool_t *p);

/* Prints a key that was made, this once: alone on standard output when that is no terminal. `more`
 * (may be NULL) goes into the JSON object and is taken over. 0: it could not be printed, so nobody has it. */
int ag_ctl_key_hand_out(const ag_ctl_t *ctl, const char *id, const char *key, const ag_draft_t *d, json_t *more);

/* Removes the key of that number, which nobody has; the key that it took the place of (`old`: as it was read
 * before, or NULL) is again as it was. What happened is said; an exit code, never AG_EXIT_OK. */
int ag_ctl_key_take_back(ag_ctl_t *ctl, const char *id, const char **old);

/* ---- cmd_template.c -------------------------------------------------------------------------- */

/* Fills what the draft leaves open from the template; *life is how many seconds its keys last, or
 * NULL. An exit code; what was wrong has been said. */
int ag_ctl_template(ag_draft_t *d, const char **life, ag_ctl_t *ctl, const char *name);

#endif
