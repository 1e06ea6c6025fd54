/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: what sections say of tokens. Keys are named here and opened once the configuration is read.
 */
#include <string.h>

#include <apr_strings.h>

#include "../core/open.h"
#include "keyring.h"
#include "setting.h"

#define KEPT "mod_apiguard:jwks:2:" /* and the file: its last good text */

/* ---- ApiGuardJWTKey, ApiGuardJWKS -------------------------------------------------------------------- */

static const char *open_key(void *ctx, ag_later_call_t *opening)
{
    ag_keyset_source_t *source = ctx;
    char *text;
    apr_size_t n;
    const char *error = ag_open_source(&text, &n, source->source, opening->ptmp);

    source->set.origin = source->source;
    if (error) {
        return error;
    }
    error = ag_jwt_load_key(&source->set, source->alg, source->kid, text, n, opening->p);
    if (!error && source->set.keys->secret) {
        opening->warning = ag_open_oddity(text, n, source->source, opening->ptmp);
    }
    ag_wipe(text, n);
    return error ? apr_psprintf(opening->ptmp, "%s %s: %s", ag_alg_name(source->alg), source->source, error) : NULL;
}

/* *broken: the file is there and holds no key set, as after a download that failed half-way. */
static const char *load_jwks(ag_keyset_source_t *source, int *broken, ag_later_call_t *opening)
{
    const char *name = apr_pstrcat(opening->ptmp, KEPT, source->source, NULL);
    char *text;
    apr_size_t n;
    const char *error = ag_open_source(&text, &n, source->source, opening->ptmp);

    *broken = 0;
    if (error) {
        return error;
    }
    error = ag_jwt_load_jwks(&source->set, text, n, opening->p);
    if (!error) {
        ag_open_keep(name, text, n, opening->pkeep);
    }
    *broken = !source->set.is_read;
    ag_wipe(text, n);
    return error ? apr_psprintf(opening->ptmp, "key set %s: %s", source->source, error) : NULL;
}

/* The set that was read last, by this process. */
static int load_kept(ag_keyset_source_t *source, const ag_later_call_t *opening)
{
    apr_size_t n;
    const char *name = apr_pstrcat(opening->ptmp, KEPT, source->source, NULL);
    const char *text = ag_open_kept(&n, name, opening->pkeep);

    return text && !ag_jwt_load_jwks(&source->set, text, n, opening->p);
}

/* A file that is no key set says nothing, and what was said before goes on. One without a usable key,
 * or one that is gone, may be what its owner meant: then no key is good any more. */
static const char *open_jwks(void *ctx, ag_later_call_t *opening)
{
    ag_keyset_source_t *source = ctx;
    int broken;
    const char *error = load_jwks(source, &broken, opening);

    source->set.origin = source->source;
    if (error && broken && load_kept(source, opening)) {
        opening->warning = apr_pstrcat(opening->ptmp, error,
                                       "; the set that was read last stays in "
                                       "force",
                                       NULL);
        return NULL;
    }
    if (!error && source->set.left_out) {
        opening->warning = apr_psprintf(opening->ptmp, "key set %s: %s", source->source, source->set.left_out);
    }
    return error;
}

static const char *read_options(ag_keyset_source_t *source, const ag_words_t *words, int from, apr_pool_t *p)
{
    int i;

    for (i = from; i < words->n; i++) {
        const char *word = words->v[i];
        const char *value;

        if ((value = ag_text_option(word, "issuer")) && *value) {
            source->set.issuer = value;
        }
        else if ((value = ag_text_option(word, "audience")) && *value) {
            source->set.audience = value;
        }
        else if (source->alg != AG_ALG_NONE && (value = ag_text_option(word, "kid")) && *value) {
            source->kid = value;
        }
        else {
            return apr_psprintf(p, "\"%s\" is not allowed: %sissuer=URL or audience=NAME", word,
                                source->alg != AG_ALG_NONE ? "kid=ID, " : "");
        }
    }
    return NULL;
}

static const char *add_keyset(apr_array_header_t **list, ag_keyset_source_t *source, const ag_setting_t *row,
                              const ag_words_t *words, int at, const ag_setting_call_t *call)
{
    const char *error;

    if (!call->later) {
        return "this is not allowed in .htaccess";
    }
    source->source = at < words->n ? ag_open_absolute(words->v[at], call->root, call->p) : NULL;
    if (!source->source || (source->alg == AG_ALG_NONE && strncmp(source->source, "file:", 5))) {
        return apr_psprintf(call->p, "\"%s\" is not allowed: %s", at < words->n ? words->v[at] : "",
                            source->alg == AG_ALG_NONE ? "file:PATH or https://..."
                                                       : "file:PATH, base64:PATH or env:NAME");
    }
    error = read_options(source, words, at + 1, call->p);
    if (error) {
        return error;
    }
    if (!call->again) {
        *list = apr_array_make(call->p, 2, sizeof(ag_keyset_source_t *));
    }
    APR_ARRAY_PUSH(*list, ag_keyset_source_t *) = source;
    return source->alg == AG_ALG_NONE ? ag_setting_later(call, row->name, AG_LATER_THEIRS, open_jwks, source)
                                      : ag_setting_later(call, row->name, AG_LATER_OURS, open_key, source);
}

static const char *parse_jwt_key(void *value, const ag_setting_t *row, const ag_words_t *words,
                                 const ag_setting_call_t *call)
{
    ag_keyset_source_t *source = apr_pcalloc(call->p, sizeof *source);

    source->alg = ag_alg_find(words->v[0]);
    if (source->alg == AG_ALG_NONE) {
        return apr_psprintf(call->p, "\"%s\" is not allowed: %s", words->v[0], ag_alg_list(call->p));
    }
    return add_keyset(value, source, row, words, 1, call);
}

static const char *add_keyring(apr_array_header_t **list, const ag_setting_t *row, const ag_words_t *words,
                               const ag_setting_call_t *call)
{
    ag_keyset_source_t *source;
    const char *error = ag_keyring_line(&source, words, call);

    if (error) {
        return error;
    }
    if (!call->again) {
        *list = apr_array_make(call->p, 2, sizeof(ag_keyset_source_t *));
    }
    APR_ARRAY_PUSH(*list, ag_keyset_source_t *) = source;
    return ag_setting_later(call, row->name, AG_LATER_OURS, ag_keyring_open, source);
}

static const char *parse_jwks(void *value, const ag_setting_t *row, const ag_words_t *words,
                              const ag_setting_call_t *call)
{
    if (call->later && words->n && ag_keyring_is_address(words->v[0])) {
        return add_keyring(value, row, words, call);
    }
    return add_keyset(value, apr_pcalloc(call->p, sizeof(ag_keyset_source_t)), row, words, 0, call);
}

/* What the files held when they were opened, which is before the first request. */
static ag_id_t digest_keysets(const void *value)
{
    const apr_array_header_t *list = *(apr_array_header_t *const *)value;
    ag_id_t id = {0, 0};
    int i;

    for (i = 0; list && i < list->nelts; i++) {
        id = ag_setting_chain(id, APR_ARRAY_IDX(list, i, ag_keyset_source_t *)->set.id);
    }
    return id;
}

const ag_setting_kind_t ag_kind_jwt_key = {parse_jwt_key, NULL, digest_keysets};
const ag_setting_kind_t ag_kind_jwks = {parse_jwks, NULL, digest_keysets};

/* ---- ApiGuardClaimMap -------------------------------------------------------------------------------- */

static const char *parse_claim_map(void *value, const ag_setting_t *row, const ag_words_t *words,
                                   const ag_setting_call_t *call)
{
    ag_named_map_t *named = value;
    ag_claim_map_t *map = &named->map;
    const struct {
        const char *name;
        const char **path;
    } members[] = {{"user", &map->user}, {"client", &map->client}, {"scope", &map->scope}, {"roles", &map->roles}};
    const char *text = row->name;
    int i, m;

    memset(named, 0, sizeof *named);
    for (i = 0; i < words->n; i++) {
        const char *path = NULL;

        if (strcasecmp(words->v[i], "wildcards") == 0) {
            map->wildcards = 1;
            text = apr_pstrcat(call->p, text, "\nwildcards", NULL);
            continue;
        }
        for (m = 0; m < 4 && !path; m++) {
            path = ag_text_option(words->v[i], members[m].name);
        }
        if (!path || !*path) {
            return apr_psprintf(call->p,
                                "\"%s\" is not allowed: user=, client=, scope= or roles= "
                                "with the name of a claim, or wildcards",
                                words->v[i]);
        }
        *members[m - 1].path = path;
        text = apr_pstrcat(call->p, text, "\n", words->v[i], NULL);
    }
    named->id = ag_id_of(text, strlen(text));
    return NULL;
}

static ag_id_t digest_claim_map(const void *value)
{
    return ((const ag_named_map_t *)value)->id;
}

const ag_setting_kind_t ag_kind_claim_map = {parse_claim_map, NULL, digest_claim_map};
