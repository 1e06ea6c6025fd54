/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: ApiGuardIssuer. Each issuer may be given a short name, by which rules call it and which stands
 * behind its users' names where a section accepts tokens of several. Its metadata may say where its keys are.
 */
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "setting.h"

#define MAX_NAME 63

/* No sign that parts a name from what stands beside it: `@`, `:`, a blank. */
static int is_name(const char *name)
{
    const char *at;

    for (at = name; apr_isalnum(*at) || *at == '.' || *at == '_' || *at == '-'; at++) {
    }
    return *name && !*at && at - name <= MAX_NAME && !ag_cred_is_issuer(name, 1);
}

/* ", not "key"": for a message. */
static const char *not_these(apr_pool_t *p)
{
    const char *text = "";
    int i;

    for (i = 0; i < AG_CRED_COUNT; i++) {
        const char *name = ag_cred_kinds[i].name;

        text = ag_cred_is_issuer(name, 0) ? apr_pstrcat(p, text, ", not \"", name, "\"", NULL) : text;
    }
    return text;
}

static int is_none(const char *word)
{
    return strcasecmp(word, "none") == 0 || strcasecmp(word, "off") == 0;
}

/* What is being put together: two lists side by side, and what was said of the last issuer. */
typedef struct {
    apr_array_header_t *issuers;
    apr_array_header_t *names;
    apr_array_header_t *discovered;
    int discover;
    const char *ca;
} lists_t;

static const char *add_issuer(lists_t *lists, const char *issuer, apr_pool_t *p)
{
    int i;

    if (!*issuer) {
        return "\"\" is not allowed: a name is missing";
    }
    if (is_none(issuer)) {
        return apr_psprintf(p, "\"%s\" stands alone", issuer);
    }
    for (i = 0; i < lists->issuers->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(lists->issuers, i, const char *), issuer) == 0) {
            return apr_psprintf(p, "\"%s\" stands here twice", issuer);
        }
    }
    APR_ARRAY_PUSH(lists->issuers, const char *) = issuer;
    APR_ARRAY_PUSH(lists->names, const char *) = issuer;
    return NULL;
}

/* It belongs to the issuer in front of it. */
static const char *name_last(lists_t *lists, const char *name, apr_pool_t *p)
{
    int last = lists->issuers->nelts - 1;

    if (!is_name(name) || last < 0
        || APR_ARRAY_IDX(lists->names, last, const char *) != APR_ARRAY_IDX(lists->issuers, last, const char *)) {
        return apr_psprintf(p,
                            "\"name=%s\" is not allowed: behind an issuer, once, 1 to %d letters, "
                            "digits and . _ -%s",
                            name, MAX_NAME, not_these(p));
    }
    APR_ARRAY_IDX(lists->names, last, const char *) = name;
    return NULL;
}

/* Of all that is said so far, for the realm. */
static ag_id_t id_of(const ag_setting_t *row, const lists_t *lists, apr_pool_t *p)
{
    const char *text = row->name;
    int i;

    for (i = 0; i < lists->issuers->nelts; i++) {
        text = apr_pstrcat(p, text, "\n", APR_ARRAY_IDX(lists->issuers, i, const char *), "\t",
                           APR_ARRAY_IDX(lists->names, i, const char *), NULL);
    }
    return ag_id_of(text, strlen(text));
}

static void begin(lists_t *lists, const ag_issuers_t *so_far, int again, apr_pool_t *p)
{
    int i;

    lists->discover = 0;
    lists->ca = NULL;
    lists->discovered = again && so_far->discovered ? so_far->discovered : NULL;
    lists->issuers = apr_array_make(p, 2, sizeof(const char *));
    lists->names = apr_array_make(p, 2, sizeof(const char *));
    for (i = 0; again && i < so_far->words.n; i++) {
        APR_ARRAY_PUSH(lists->issuers, const char *) = so_far->words.v[i];
        APR_ARRAY_PUSH(lists->names, const char *) = so_far->names[i];
    }
}

/* All was said of the last issuer. */
static const char *finish(lists_t *lists, const ag_setting_t *row, const ag_setting_call_t *call)
{
    int last = lists->issuers->nelts - 1;
    ag_keyset_source_t *source;
    const char *error;

    if (!lists->discover) {
        return lists->ca ? "ca=PATH stands with discover" : NULL;
    }
    error = ag_keyring_discover(&source, APR_ARRAY_IDX(lists->issuers, last, const char *), lists->ca, call);
    if (error) {
        return error;
    }
    if (!lists->discovered) {
        lists->discovered = apr_array_make(call->p, 1, sizeof source);
    }
    APR_ARRAY_PUSH(lists->discovered, ag_keyset_source_t *) = source;
    lists->discover = 0;
    lists->ca = NULL;
    return ag_setting_later(call, row->name, AG_LATER_OURS, ag_keyring_open, source);
}

/* What belongs to the issuer in front of it. 0: it is no such word. */
static int is_option(const char **error, lists_t *lists, const char *word, const ag_setting_call_t *call)
{
    const char *value;

    if ((value = ag_text_option(word, "name"))) {
        *error = name_last(lists, value, call->p);
        return 1;
    }
    if (strcasecmp(word, "discover") == 0) {
        *error = lists->discover ? "discover stands here twice" : NULL;
        lists->discover = 1;
        return 1;
    }
    if ((value = ag_text_option(word, "ca"))) {
        lists->ca = *value ? ag_keyring_ca(value, call) : NULL;
        *error = lists->ca ? NULL : apr_psprintf(call->p, "\"%s\" is not allowed: ca=PATH", word);
        return 1;
    }
    return 0;
}

static const char *parse_issuers(void *value, const ag_setting_t *row, const ag_words_t *words,
                                 const ag_setting_call_t *call)
{
    int none = words->n == 1 && is_none(words->v[0]);
    ag_issuers_t *issuers = value;
    const char *error = NULL;
    lists_t lists;
    int i;

    begin(&lists, issuers, call->again && !none, call->p);
    for (i = 0; !none && !error && i < words->n; i++) {
        if (is_option(&error, &lists, words->v[i], call)) {
            error = i > 0 ? error : "name=WORD, discover and ca=PATH stand behind their issuer";
            continue;
        }
        error = finish(&lists, row, call);
        error = error ? error : add_issuer(&lists, words->v[i], call->p);
    }
    error = error ? error : finish(&lists, row, call);
    issuers->words.n = lists.issuers->nelts;
    issuers->words.v = lists.issuers->nelts ? (const char **)lists.issuers->elts : NULL;
    issuers->names = (const char **)lists.names->elts;
    issuers->discovered = lists.discovered;
    issuers->id = id_of(row, &lists, call->p);
    return error;
}

static ag_id_t digest_issuers(const void *value)
{
    return ((const ag_issuers_t *)value)->id;
}

const ag_setting_kind_t ag_kind_issuers = {parse_issuers, NULL, digest_issuers};
