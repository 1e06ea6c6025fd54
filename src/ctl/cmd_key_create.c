/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key create: makes a key and shows it once. Everything is checked before anything is written, by
 * the parsers the server reads the row with.
 */
#include <string.h>

#include <apr_strings.h>

#include "key.h"

typedef struct {
    const char *client, *email, *template, *expires, *prefix, *metadata, *pepper;
    ag_rules_t rules;
} create_options_t;

#define OPTION(name, member, value, help)                                                                            \
    {                                                                                                                \
        name, AG_OPT_TEXT, offsetof(create_options_t, member), value, help                                           \
    }

static const ag_opt_t create_options[] = {
    OPTION("client", client, "NAME", "whose key it is; needed"),
    OPTION("email", email, "ADDRESS", "whom to write to about it"),
    OPTION("template", template, "NAME", "a template, which fills what is not said here"),
    AG_RULE_OPTIONS(create_options_t),
    OPTION("expires", expires, "TIME",
           AG_KEY_LIFE " (the default, or the template's), another duration, a date, or never"),
    OPTION("prefix", prefix, "PREFIX", "how the key begins, agk unless given"),
    OPTION("metadata", metadata, "JSON", "an object of your own"),
    OPTION("pepper", pepper, "file:PATH", "the file ApiGuardKeyPepper names"),
    {0},
};

/* One text into its column; an error text that names the option, or NULL. */
static const char *set(ag_draft_t *d, ag_draft_e column, const char *option, const char *text, apr_pool_t *p)
{
    const char *error = ag_draft_check_text(column, text, p);

    d->text[column] = text;
    return error ? apr_pstrcat(p, "--", option, ": ", error, NULL) : NULL;
}

/* Fills what the options say; an error text or NULL. */
static const char *fill(ag_draft_t *d, const create_options_t *o, apr_time_t now, apr_pool_t *p)
{
    const char *error = o->client ? NULL : "--client NAME is needed: whose key it is";

    error = error ? error : set(d, AG_D_CLIENT, "client", o->client, p);
    error = error ? error : set(d, AG_D_EMAIL, "email", o->email, p);
    error = error ? error : set(d, AG_D_METADATA, "metadata", o->metadata, p);
    error = error ? error : ag_ctl_rules(d, &o->rules, p);
    if (!error) {
        error = ag_ctl_expiry(&d->text[AG_D_EXPIRES], o->expires, now, p);
        error = error ? apr_pstrcat(p, "--expires: ", error, NULL) : NULL;
    }
    d->text[AG_D_CREATED] = apr_psprintf(p, "%" APR_INT64_T_FMT, apr_time_sec(now));
    d->text[AG_D_ACTIVE] = "1";
    return error;
}

/* What the template has to say where the options are silent. */
static int fill_from_template(ag_draft_t *d, ag_ctl_t *ctl, const create_options_t *o)
{
    const char *life = NULL;
    int code = o->template ? ag_ctl_template(d, &life, ctl, o->template) : AG_EXIT_OK;
    const char *error = NULL;

    if (code == AG_EXIT_OK && life && !o->expires) {
        error = ag_ctl_expiry(&d->text[AG_D_EXPIRES], life, ctl->now, ctl->pool);
    }
    return error ? ag_ctl_fail(AG_EXIT_NO, "the template's expires_in: %s", error) : code;
}

static int key_create(ag_ctl_t *ctl, const void *options, const ag_words_t *operands)
{
    const create_options_t *o = options;
    ag_draft_t d = {{0}};
    const char *id, *key;
    const char *error = fill(&d, o, ctl->now, ctl->pool);
    ag_ctl_pepper_t pepper;
    int code;

    (void)operands;
    error = error ? error : ag_ctl_pepper(&pepper, o->pepper, ctl->pool);
    error = error ? error : ag_ctl_key_make(&key, &d, o->prefix, &pepper, ctl->pool);
    if (error) {
        return ag_ctl_fail(AG_EXIT_USAGE, "%s", error);
    }
    code = ag_ctl_open(ctl, 1);
    code = code == AG_EXIT_OK ? fill_from_template(&d, ctl, o) : code;
    code = code == AG_EXIT_OK ? ag_draft_check_plan(ctl, d.text[AG_D_PLAN]) : code;
    code = code == AG_EXIT_OK ? ag_draft_insert(&id, ctl, &d) : code;
    if (code != AG_EXIT_OK || ag_ctl_key_hand_out(ctl, id, key, &d, NULL)) {
        return code;
    }
    return ag_ctl_key_take_back(ctl, id, NULL);
}

const ag_cmd_t ag_cmds_key_create[] = {
    {"key create", key_create, create_options, sizeof(create_options_t), NULL, "make a key and show it, this once"},
    {0},
};
