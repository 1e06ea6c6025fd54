/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: ApiGuardIssuer. Each issuer may be given a short name, by which rules call it and which stands
 * behind its users' names where a section accepts tokens of several.
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

/* What is being put together: two lists side by side. */
typedef struct {
    apr_array_header_t *issuers;
    apr_array_header_t *names;
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

    lists->issuers = apr_array_make(p, 2, sizeof(const char *));
    lists->names = apr_array_make(p, 2, sizeof(const char *));
    for (i = 0; again && i < so_far->words.n; i++) {
        APR_ARRAY_PUSH(lists->issuers, const char *) = so_far->words.v[i];
        APR_ARRAY_PUSH(lists->names, const char *) = so_far->names[i];
    }
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
        const char *name = ag_text_option(words->v[i], "name");

        error = name && i > 0 ? name_last(&lists, name, call->p)
                : name        ? "name=WORD stands behind its issuer"
                              : add_issuer(&lists, words->v[i], call->p);
    }
    issuers->words.n = lists.issuers->nelts;
    issuers->words.v = lists.issuers->nelts ? (const char **)lists.issuers->elts : NULL;
    issuers->names = (const char **)lists.names->elts;
    issuers->id = id_of(row, &lists, call->p);
    return error;
}

static ag_id_t digest_issuers(const void *value)
{
    return ((const ag_issuers_t *)value)->id;
}

const ag_setting_kind_t ag_kind_issuers = {parse_issuers, NULL, digest_issuers};
