/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: what a server says of its keys. A pepper is named here and opened once the configuration is read.
 */
#include "setting.h"

#include <string.h>

#include <apr_strings.h>

#include "../base/measure.h"
#include "../core/open.h"
#include "key_format.h"

/* ---- ApiGuardKeyQuery ---------------------------------------------------------------------------------- */

/* One %s stands for the hash; APR reads any other % as a parameter too. */
static const char *parse_key_query(void *value, const ag_setting_t *row, const ag_words_t *words,
                                   const ag_setting_call_t *call)
{
    const char *query = words->v[0];
    const char *percent = strchr(query, '%');

    if (words->n > 1) {
        return "the whole statement stands in quotes";
    }
    if (strncasecmp(query, "SELECT ", 7) != 0 || !percent || percent[1] != 's' || strchr(percent + 1, '%')) {
        return apr_psprintf(call->p,
                            "\"%s\" is not allowed: a SELECT with one %%s, for the key's "
                            "hash",
                            query);
    }
    return ag_kind_text.parse(value, row, words, call);
}

static ag_id_t digest_key_query(const void *value)
{
    const char *query = *(const char *const *)value;

    return ag_id_of(query ? query : "", query ? strlen(query) : 0);
}

const ag_setting_kind_t ag_kind_key_query = {parse_key_query, NULL, digest_key_query};

/* ---- ApiGuardKeyCache ---------------------------------------------------------------------------------- */

static const char *parse_key_cache(void *value, const ag_setting_t *row, const ag_words_t *words,
                                   const ag_setting_call_t *call)
{
    ag_key_cache_t *cache = value;
    const struct {
        const char *name;
        apr_int64_t *seconds;
    } members[] = {{"ttl", &cache->ttl}, {"stale", &cache->stale}, {"negative", &cache->negative}};
    int i, m;

    (void)row;
    for (i = 0; i < words->n; i++) {
        const char *text = NULL;
        const char *error;

        for (m = 0; m < 3 && !text; m++) {
            text = ag_text_option(words->v[i], members[m].name);
        }
        if (!text) {
            return apr_psprintf(call->p,
                                "\"%s\" is not allowed: ttl=, stale= or negative= with a "
                                "duration",
                                words->v[i]);
        }
        error = ag_measure_duration(members[m - 1].seconds, text, call->p);
        if (error) {
            return error;
        }
    }
    return NULL;
}

const ag_setting_kind_t ag_kind_key_cache = {parse_key_cache, NULL, NULL};

/* ---- ApiGuardKeyPepper --------------------------------------------------------------------------------- */

static const char *open_pepper(void *ctx, ag_later_call_t *opening)
{
    ag_pepper_t *pepper = ctx;
    const char *error = ag_key_pepper(&pepper->bytes, &pepper->size, pepper->source, opening->p);

    if (!error) {
        opening->warning = ag_open_oddity((const char *)pepper->bytes, pepper->size, pepper->source, opening->ptmp);
    }
    return error;
}

static const char *parse_pepper(void *value, const ag_setting_t *row, const ag_words_t *words,
                                const ag_setting_call_t *call)
{
    ag_pepper_t *pepper = apr_pcalloc(call->p, sizeof *pepper);

    pepper->source = words->n == 1 ? ag_open_absolute(words->v[0], call->root, call->p) : NULL;
    if (!pepper->source) {
        return apr_psprintf(call->p, "\"%s\" is not allowed: file:PATH, base64:PATH or env:NAME",
                            words->v[words->n - 1]);
    }
    *(ag_pepper_t **)value = pepper;
    return ag_setting_later(call, row->name, AG_LATER_OURS, open_pepper, pepper);
}

static ag_id_t digest_pepper(const void *value)
{
    const ag_pepper_t *pepper = *(ag_pepper_t *const *)value;

    return ag_id_of(pepper ? (const char *)pepper->bytes : "", pepper ? pepper->size : 0);
}

const ag_setting_kind_t ag_kind_pepper = {parse_pepper, NULL, digest_pepper};
