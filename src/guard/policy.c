/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy: the two tables, and what can be read from a complete section.
 */
#include "policy.h"

#include <stddef.h>
#include <string.h>

#include <apr_strings.h>

#define AG_SETTING(directive, member, kind, type, initial, allowed, where, help)                                     \
    {directive, &ag_kind_##kind, offsetof(ag_policy_t, member), sizeof(type), initial, allowed, where, help},
const ag_setting_t ag_policy_rows[AG_POLICY_COUNT] = {
#include "policy.def"
};
#undef AG_SETTING

#define AG_SETTING(directive, member, kind, type, initial, allowed, where, help)                                     \
    {directive, &ag_kind_##kind, offsetof(ag_site_t, member), sizeof(type), initial, allowed, where, help},
const ag_setting_t ag_site_rows[AG_SITE_COUNT] = {
#include "site.def"
};
#undef AG_SETTING

const ag_settings_t ag_policy_table = {ag_policy_rows, AG_POLICY_COUNT, sizeof(ag_policy_t)};
const ag_settings_t ag_site_table = {ag_site_rows, AG_SITE_COUNT, sizeof(ag_site_t)};

ag_policy_t *ag_policy_make(apr_pool_t *p)
{
    ag_policy_t *policy = apr_pcalloc(p, sizeof *policy);

    ag_settings_initial(policy, &ag_policy_table, p);
    return policy;
}

const ag_policy_t *ag_policy_merge(const ag_policy_t *outer, const ag_policy_t *inner, apr_pool_t *p)
{
    ag_policy_t *merged;

    if (!ag_settings_written(inner, &ag_policy_table)) {
        return outer;
    }
    if (!ag_settings_written(outer, &ag_policy_table)) {
        return inner;
    }
    merged = apr_palloc(p, sizeof *merged);
    ag_settings_merge(merged, outer, inner, &ag_policy_table, p);
    return merged;
}

ag_site_t *ag_site_make(apr_pool_t *p)
{
    ag_site_t *site = apr_pcalloc(p, sizeof *site);

    ag_settings_initial(site, &ag_site_table, p);
    return site;
}

ag_site_t *ag_site_merge(const ag_site_t *outer, const ag_site_t *inner, apr_pool_t *p)
{
    ag_site_t *merged = apr_palloc(p, sizeof *merged);

    ag_settings_merge(merged, outer, inner, &ag_site_table, p);
    return merged;
}

static int count(const apr_array_header_t *list)
{
    return list ? list->nelts : 0;
}

/* The key sets of one list that may be used, also those that could not be loaded. Where several issuers are allowed, a set that is bound
 * to none could sign for all of them (RFC 8725 s3.8) and is left out. */
static int collect(const ag_jwt_keyset_t **sets, int n, const apr_array_header_t *list, int bound_only)
{
    int i;

    for (i = 0; i < count(list); i++) {
        const ag_keyset_source_t *source = APR_ARRAY_IDX(list, i, ag_keyset_source_t *);

        if (source->set.issuer || !bound_only) {
            sets[n++] = &source->set;
        }
    }
    return n;
}

static const char *find(const apr_array_header_t *list, int bound)
{
    int i;

    for (i = 0; i < count(list); i++) {
        const ag_keyset_source_t *source = APR_ARRAY_IDX(list, i, ag_keyset_source_t *);

        if ((source->set.issuer != NULL) == bound) {
            return source->source;
        }
    }
    return NULL;
}

/* More than one issuer, by the list or by what keys are bound to: then a key that is bound to none could
 * sign for all of them (RFC 8725 s3.8). */
static int bound_only(const ag_policy_t *policy)
{
    if (count(policy->jwt_keys) + count(policy->jwks) < 2 && !policy->issuers.words.n) {
        return 0; /* one set: whatever it is bound to, there is no other */
    }
    return policy->issuers.words.n ? policy->issuers.words.n > 1 : find(policy->jwt_keys, 1) || find(policy->jwks, 1);
}

/* Of the whole configuration, set once it is read. */
static ag_words_t known_issuers;

int ag_policy_parts_names(const ag_policy_t *policy)
{
    return known_issuers.n || policy->jwt_keys || policy->jwks || policy->issuers.discovered;
}

void ag_policy_know_issuers(const ag_words_t *names)
{
    known_issuers = *names;
}

/* Found out by the first request, and by others that come at the same time: to the same. */
static ag_id_t find_realm(ag_policy_t *policy)
{
    ag_id_t realm = ag_settings_realm(policy, &ag_policy_table);

    __atomic_store_n(&policy->realm.hi, realm.hi, __ATOMIC_RELAXED);
    __atomic_store_n(&policy->realm.lo, realm.lo, __ATOMIC_RELAXED);
    __atomic_store_n(&policy->realm_for, policy, __ATOMIC_RELEASE);
    return realm;
}

ag_id_t ag_policy_realm(const ag_policy_t *policy)
{
    ag_id_t realm;

    if (__atomic_load_n(&policy->realm_for, __ATOMIC_ACQUIRE) != policy) {
        return find_realm((ag_policy_t *)policy);
    }
    realm.hi = __atomic_load_n(&policy->realm.hi, __ATOMIC_RELAXED);
    realm.lo = __atomic_load_n(&policy->realm.lo, __ATOMIC_RELAXED);
    return realm;
}

static int count_rings(const ag_jwt_policy_t *jwt)
{
    int i, n = 0;

    for (i = 0; i < jwt->n_sets; i++) {
        n += jwt->sets[i]->ring != NULL;
    }
    return n;
}

/* ApiGuardAudience auto. Where no resource is known nobody can name it: no text in JSON holds that byte. */
static ag_words_t own_audience(const ag_policy_t *policy)
{
    static const char *nobody = "\xFF";
    ag_words_t one = {1, policy->resource && policy->resource->uri ? &policy->resource->uri : &nobody};

    return one;
}

void ag_policy_jwt(ag_jwt_policy_t *jwt, const ag_policy_t *policy, apr_pool_t *p)
{
    const ag_jwt_keyset_t **sets =
        apr_palloc(p, (apr_size_t)(count(policy->jwt_keys) + count(policy->jwks) + count(policy->issuers.discovered))
                          * sizeof *sets);
    int bound = bound_only(policy);

    jwt->n_sets = collect(sets, 0, policy->jwt_keys, bound);
    jwt->n_sets = collect(sets, jwt->n_sets, policy->jwks, bound);
    jwt->n_sets = collect(sets, jwt->n_sets, policy->issuers.discovered, bound);
    jwt->sets = sets;
    jwt->n_rings = count_rings(jwt);
    jwt->unknown = NULL;
    jwt->known = known_issuers;
    jwt->issuers = policy->issuers.words;
    jwt->issuer_names = policy->issuers.names;
    jwt->audiences = policy->audiences.own ? own_audience(policy) : policy->audiences.words;
    jwt->types = policy->token_types;
    jwt->bound_only = policy->token_binding == AG_BINDING_REQUIRE;
    jwt->leeway = (int)policy->leeway;
    jwt->max_lifetime = (int)policy->max_lifetime;
    jwt->required = policy->required.words;
    jwt->map = policy->claim_map.map;
}

unsigned ag_policy_prepared(const ag_policy_t *policy)
{
    unsigned types = 0;

#define AG_HAS(list)                                   (count(policy->list) > 0)
#define AG_NAMES(member)                               (policy->member != NULL)
#define AG_SAID(member)                                (policy->member.said)
#define AG_CREDENTIAL(name, token, places, advice, on) types |= (on) ? 1u << AG_CRED_##name : 0;
#include "../core/credentials.def"
#undef AG_CREDENTIAL
#undef AG_HAS
#undef AG_NAMES
#undef AG_SAID
    return types;
}

unsigned ag_policy_types(const ag_policy_t *policy)
{
    return policy->providers ? policy->providers : ag_policy_prepared(policy);
}

const char *ag_policy_advice(const ag_policy_t *policy, apr_pool_t *p)
{
    unsigned types = ag_policy_types(policy);
    const char *text = "Send ";
    int i, n = 0;

    for (i = 0; i < AG_CRED_COUNT; i++) {
        const ag_cred_kind_t *kind = &ag_cred_kinds[i];
        const char *how = kind == AG_KIND(key) ? policy->key_from.advice : kind->advice;

        if (types & kind->bit && how && !strstr(text, how)) {
            text = apr_pstrcat(p, text, n++ ? ", or " : "", how, NULL);
        }
    }
    return n ? text : NULL;
}

/* Unless it was said: what JSON needs, and the fields in which this section reads credentials. */
const char *ag_policy_cors_headers(const ag_policy_t *policy, apr_pool_t *p)
{
    const char *text = "Authorization, Content-Type";
    int i;

    if (policy->cors->headers) {
        return policy->cors->headers;
    }
    for (i = 0; i < policy->key_from.n; i++) {
        if (policy->key_from.sources[i].from == AG_FROM_HEADER) {
            text = apr_pstrcat(p, text, ", ", policy->key_from.sources[i].name, NULL);
        }
    }
    return text;
}

/* Issuers by names of which one could be taken for another. */
static const char *check_issuers(const ag_policy_t *policy, apr_pool_t *p)
{
    const char *name;
    ag_jwt_policy_t jwt;

    ag_policy_jwt(&jwt, policy, p);
    name = ag_jwt_unclear(&jwt);
    return name ? apr_psprintf(p,
                               "ApiGuardIssuer: \"%s\" could be taken for another issuer or user, "
                               "where several issuers are accepted; give it a name=WORD of its own",
                               name)
                : NULL;
}

const char *ag_policy_check(const ag_policy_t *policy, apr_pool_t *p)
{
    const char *source = find(policy->jwt_keys, 0);

    source = source ? source : find(policy->jwks, 0);
    if (source && bound_only(policy)) {
        return apr_psprintf(p,
                            "ApiGuardIssuer: with more than one issuer every key needs issuer=, "
                            "\"%s\" has none",
                            source);
    }
    return policy->jwt_keys || policy->jwks || policy->issuers.words.n > 1 ? check_issuers(policy, p) : NULL;
}
