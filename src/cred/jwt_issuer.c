/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt_issuer: a name belongs to its issuer. Where a section accepts tokens of several, "admin" of one
 * is not "admin" of another, and all names are told as NAME@ISSUER. What an issuer is called there can
 * hold no `@`, so that the last one always parts the two.
 */
#include <string.h>

#include <apr_strings.h>

#include "jwt.h"

/* One issuer as the section calls it. */
typedef struct label_t {
    const char *issuer;
    const char *name;
} label_t;

static int by_list(const ag_jwt_policy_t *policy)
{
    return policy->issuers.n > 0;
}

static int count(const ag_jwt_policy_t *policy)
{
    return by_list(policy) ? policy->issuers.n : policy->n_sets;
}

/* The i-th of those that the list names, or else the key sets; `issuer` is NULL for a set bound to none. */
static label_t label(const ag_jwt_policy_t *policy, int i)
{
    label_t one;

    one.issuer = by_list(policy) ? policy->issuers.v[i] : policy->sets[i]->issuer;
    one.name = by_list(policy) && policy->issuer_names ? policy->issuer_names[i] : one.issuer;
    return one;
}

int ag_jwt_several(const ag_jwt_policy_t *policy)
{
    const char *first = NULL;
    int i;

    if (by_list(policy)) {
        return policy->issuers.n > 1;
    }
    for (i = 0; i < policy->n_sets; i++) {
        const char *issuer = policy->sets[i]->issuer;

        if (issuer && first && strcmp(issuer, first) != 0) {
            return 1;
        }
        first = issuer ? issuer : first;
    }
    return 0;
}

static int accepts(const ag_jwt_policy_t *policy, const char *issuer)
{
    int i, found = 0;

    for (i = 0; i < count(policy) && !found; i++) {
        const char *each = label(policy, i).issuer;

        found = !each || strcmp(each, issuer) == 0; /* a key bound to none signs for any */
    }
    return found;
}

int ag_jwt_accepts(const ag_jwt_policy_t *policy, const char *issuer)
{
    return !count(policy) || accepts(policy, issuer);
}

const char *ag_jwt_only_issuer(const ag_jwt_policy_t *policy)
{
    const char *only = "";
    int i;

    for (i = 0; i < count(policy); i++) {
        const char *issuer = label(policy, i).issuer;

        only = issuer ? issuer : only;
    }
    return ag_jwt_several(policy) ? NULL : only;
}

int ag_jwt_accepts_other(const ag_jwt_policy_t *policy, const ag_jwt_policy_t *than)
{
    int i, found = 0;

    for (i = 0; i < count(policy) && count(than) && !found; i++) {
        const char *issuer = label(policy, i).issuer;

        found = issuer && !accepts(than, issuer);
    }
    return found;
}

/* 1 when `text` is "NAME:..." */
static int leads(const char *name, const char *text)
{
    apr_size_t n = strlen(name);

    return strncmp(name, text, n) == 0 && text[n] == ':';
}

/* Could one be taken for the other, in USER@NAME, in jwt:NAME:CLIENT or in a list of both kinds of names? */
static int collide(const label_t *a, const label_t *b)
{
    if (!a->issuer || !b->issuer || strcmp(a->issuer, b->issuer) == 0) {
        return 0;
    }
    return strcmp(a->name, b->name) == 0 || strcmp(a->name, b->issuer) == 0 || strcmp(a->issuer, b->name) == 0
           || leads(a->name, b->name) || leads(b->name, a->name);
}

static int is_clear(const ag_jwt_policy_t *policy, const label_t *one)
{
    int i;

    if (strchr(one->name, '@') || ag_cred_is_issuer(one->name, 0)) {
        return 0;
    }
    for (i = 0; i < count(policy); i++) {
        label_t other = label(policy, i);

        if (collide(one, &other)) {
            return 0;
        }
    }
    return 1;
}

const char *ag_jwt_unclear(const ag_jwt_policy_t *policy)
{
    int i;

    for (i = 0; ag_jwt_several(policy) && i < count(policy); i++) {
        label_t one = label(policy, i);

        if (one.issuer && !is_clear(policy, &one)) {
            return one.name;
        }
    }
    return NULL;
}

const char *ag_jwt_issuer_in(const ag_jwt_policy_t *policy, const char *text, char end)
{
    int i;

    for (i = 0; i < count(policy); i++) {
        const char *name = label(policy, i).name;
        apr_size_t n = name ? strlen(name) : 0;

        if (n && strncmp(name, text, n) == 0 && text[n] == end) {
            return name;
        }
    }
    return NULL;
}

const char *ag_jwt_issuer_at(const ag_jwt_policy_t *policy, int i, int *more)
{
    *more = i < count(policy);
    return *more ? label(policy, i).name : NULL;
}

int ag_jwt_name_issuer(ag_principal_t *who, const ag_jwt_policy_t *policy)
{
    label_t one = {who->issuer, who->issuer};
    int i;

    for (i = 0; i < policy->issuers.n; i++) {
        if (strcmp(policy->issuers.v[i], who->issuer) == 0) {
            one = label(policy, i);
        }
    }
    who->issuer_name = one.name;
    who->several = policy->n_sets > 1 || policy->issuers.n > 1 ? ag_jwt_several(policy) : 0;
    who->issuers = policy->known;
    return !who->several || is_clear(policy, &one);
}
