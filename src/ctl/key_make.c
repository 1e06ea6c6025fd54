/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_make: a new key, from its random bits to the one time it is shown. Only its hash leaves this
 * file for the database.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <apr_signal.h>
#include <apr_strings.h>

#include "../keys/key_format.h"
#include "key.h"

const char *ag_ctl_expiry(const char **text, const char *expires, apr_time_t now, apr_pool_t *p)
{
    apr_int64_t seconds;
    const char *error = ag_ctl_until(&seconds, expires ? expires : AG_KEY_LIFE, now, p);

    *text = seconds ? apr_psprintf(p, "%" APR_INT64_T_FMT, seconds) : NULL;
    return error;
}

const char *ag_ctl_key_make(const char **key, ag_draft_t *d, const char *prefix, const ag_ctl_pepper_t *pepper,
                            apr_pool_t *p)
{
    char *made = ag_ctl_secret_memory(AG_KEY_MAX + 1, p);
    char *hash = apr_palloc(p, 2 * AG_SHA256_SIZE + 1);

    if (prefix && !ag_key_prefix_valid(prefix)) {
        return "--prefix: a letter, then 1 to 15 letters, digits or underscores";
    }
    if (ag_key_make(made, prefix ? prefix : "agk") != APR_SUCCESS) {
        return "the system gives no random numbers";
    }
    ag_key_hash(hash, made, strlen(made), pepper->bytes, pepper->n);
    d->text[AG_D_HASH] = hash;
    d->text[AG_D_PREFIX] = ag_key_public(made, strlen(made), p);
    *key = made;
    return NULL;
}

/* NULL stays null. */
static json_t *seconds_json(const char *text)
{
    return text ? json_integer(apr_atoi64(text)) : json_null();
}

/* 1 when the system has taken all of it: nobody gets a key that is still in our memory when this fails. */
static int is_written(void)
{
    return fflush(stdout) == 0 && !ferror(stdout);
}

int ag_ctl_key_hand_out(const ag_ctl_t *ctl, const char *id, const char *key, const ag_draft_t *d, json_t *more)
{
    const char *client = d->text[AG_D_CLIENT];
    const char *expires = d->text[AG_D_EXPIRES];
    json_t *object;

    apr_signal(SIGPIPE, SIG_IGN); /* where nobody reads that is an error, too, and not our end */
    if (!ctl->json) {
        json_decref(more);
        if (ctl->terminal) {
            fprintf(stderr, "The key of %s, number %s, %s%s. It is shown this once:\n\n",
                    ag_ctl_plain(client, ctl->pool), id, expires ? "good until " : "which never expires",
                    expires ? ag_ctl_time(apr_time_from_sec(apr_atoi64(expires)), ctl->pool) : "");
        }
        puts(key);
        return is_written();
    }
    object = json_pack("{s:I, s:s, s:s, s:o, s:o}", "id", (json_int_t)apr_atoi64(id), "key", key, "key_prefix",
                       d->text[AG_D_PREFIX], "client_name", ag_ctl_text(client, ctl->pool), "expires_at",
                       seconds_json(expires));
    if (more) {
        json_object_update(object, more);
        json_decref(more);
    }
    ag_ctl_json(object);
    return is_written();
}

static const char sql_restore[] = "UPDATE api_keys SET rotated_to = NULL, grace_until = %lld"
                                  " WHERE id = %lld AND rotated_to = %lld";

static const char sql_remove[] = "DELETE FROM api_keys WHERE id = %lld";

/* In a transaction. */
static int unmake(ag_ctl_t *ctl, const char *id, const char **old)
{
    const char *values[] = {old ? old[AG_K_GRACE] : NULL, old ? old[AG_K_ID] : NULL, id};
    int changed;
    int code = old ? ag_ctl_change(&changed, ctl, sql_restore, 3, values) : AG_EXIT_OK;

    return code == AG_EXIT_OK ? ag_ctl_change(&changed, ctl, sql_remove, 1, &id) : code;
}

int ag_ctl_key_take_back(ag_ctl_t *ctl, const char *id, const char **old)
{
    int code = ag_ctl_begin(ctl);

    code = code == AG_EXIT_OK ? ag_ctl_end(ctl, unmake(ctl, id, old)) : code;
    if (code != AG_EXIT_OK) {
        return ag_ctl_fail(
            code, "the output could not be written, so nobody has the new key; revoke it: its number is %s", id);
    }
    return ag_ctl_fail(AG_EXIT_NO, "the output could not be written, so the new key was taken away again%s",
                       old ? " and the old one works as before" : "");
}
