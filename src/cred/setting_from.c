/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: where a key may stand, and lists of names of which a token must have one. Each parser names the
 * wrong word and what is allowed.
 */
#include "setting.h"

#include <string.h>

#include <apr_strings.h>

/* Joins the words again, for a digest: the texts decide, not how they were spaced. */
static ag_id_t words_id(const ag_setting_t *row, const ag_words_t *words, apr_pool_t *p)
{
    const char *text = row->name;
    int i;

    for (i = 0; i < words->n; i++) {
        text = apr_pstrcat(p, text, "\n", words->v[i], NULL);
    }
    return ag_id_of(text, strlen(text));
}

/* ---- names: ApiGuardRequireClaim ---------------------------------------------- */

static const char *parse_names(void *value, const ag_setting_t *row, const ag_words_t *words,
                               const ag_setting_call_t *call)
{
    ag_names_t *names = value;
    const char *error = ag_kind_words.parse(&names->words, row, words, call);
    int i;

    for (i = 0; !error && i < names->words.n; i++) {
        error = *names->words.v[i] ? NULL : "\"\" is not allowed: a name is missing";
    }
    names->id = words_id(row, &names->words, call->p);
    return error;
}

static ag_id_t digest_names(const void *value)
{
    return ((const ag_names_t *)value)->id;
}

const ag_setting_kind_t ag_kind_names = {parse_names, NULL, digest_names};

/* ---- the same with auto: ApiGuardAudience ------------------------------------------------------- */

static const char *parse_audiences(void *value, const ag_setting_t *row, const ag_words_t *words,
                                   const ag_setting_call_t *call)
{
    static const ag_words_t none;
    ag_names_t *names = value;
    const char *error = parse_names(value, row, words, call);

    names->own = ag_words_has(words, "auto");
    if (!error && names->own) {
        names->words = none;
        error = words->n > 1 ? "\"auto\" stands alone" : NULL;
    }
    return error;
}

const ag_setting_kind_t ag_kind_audiences = {parse_audiences, NULL, digest_names};

/* ---- ApiGuardKeyFrom ------------------------------------------------------------------------------ */

static const struct {
    const char *word;
    ag_from_e from;
    int named;
} sources[] = {
    {"header:", AG_FROM_HEADER, 1}, {"query:", AG_FROM_QUERY, 1}, {"cookie:", AG_FROM_COOKIE, 1},
    {"bearer", AG_FROM_BEARER, 0},  {"basic", AG_FROM_BASIC, 0},
};

/* The name of a header, a cookie or an argument; in the latter & % and + stand for something else. */
static int is_name(const char *name)
{
    return ag_text_token(name) && !strpbrk(name, "&%+");
}

static const char *parse_source(ag_key_source_t *source, const char *word, apr_pool_t *p)
{
    int i;

    for (i = 0; i < (int)(sizeof sources / sizeof *sources); i++) {
        apr_size_t n = strlen(sources[i].word);

        if (strncasecmp(word, sources[i].word, n) == 0 && (sources[i].named ? is_name(word + n) : !word[n])) {
            source->from = sources[i].from;
            source->name = word + n;
            if (source->from == AG_FROM_HEADER && ag_text_behind(word + n, AG_IDENTITY_PREFIX)) {
                break;
            }
            if (source->from == AG_FROM_HEADER && strcasecmp(word + n, "Authorization") == 0) {
                source->from = AG_FROM_PLAIN; /* read together with the schemes that stand there */
            }
            return NULL;
        }
    }
    return apr_psprintf(p,
                        "\"%s\" is not allowed: header:NAME (but X-ApiGuard-*, which is dropped), bearer, basic, "
                        "query:NAME or cookie:NAME",
                        word);
}

/* The request fields that decide; Authorization always, since tokens stand there. */
static const char *vary_of(const ag_key_from_t *from, apr_pool_t *p)
{
    const char *vary = "Authorization";
    int i;

    for (i = 0; i < from->n; i++) {
        if (from->sources[i].from == AG_FROM_HEADER) {
            vary = apr_pstrcat(p, vary, ", ", from->sources[i].name, NULL);
        }
    }
    return from->places & AG_FROM_BIT(AG_FROM_COOKIE) ? apr_pstrcat(p, vary, ", Cookie", NULL) : vary;
}

/* Every source without a scheme of its own is offered as `ApiKey` in the challenge, so what follows
 * that is read, too. */
static unsigned places_of(const ag_key_from_t *from)
{
    unsigned schemes = AG_FROM_BIT(AG_FROM_BEARER) | AG_FROM_BIT(AG_FROM_BASIC), places = 0;
    int i;

    for (i = 0; i < from->n; i++) {
        places |= AG_FROM_BIT(from->sources[i].from);
    }
    return places & ~schemes ? places | AG_FROM_BIT(AG_FROM_APIKEY) : places;
}

/* "in the X-API-Key field or as Authorization: Bearer" */
static const char *advice_of(const ag_key_from_t *from, apr_pool_t *p)
{
    static const char *const words[][2] = {
        [AG_FROM_HEADER] = {"in the ", " field"},
        [AG_FROM_BEARER] = {"as Authorization: Bearer", ""},
        [AG_FROM_BASIC] = {"as the password of Authorization: Basic", ""},
        [AG_FROM_QUERY] = {"in the ", " argument"},
        [AG_FROM_COOKIE] = {"in the ", " cookie"},
        [AG_FROM_PLAIN] = {"in the ", " field"},
    };
    const char *text = "";
    int i;

    for (i = 0; i < from->n; i++) {
        const ag_key_source_t *source = &from->sources[i];
        const char *joint = i == 0 ? "" : i == from->n - 1 ? " or " : ", ";

        text = apr_pstrcat(p, text, joint, words[source->from][0], source->name, words[source->from][1], NULL);
    }
    return text;
}

/* For whoever checks arguments: these are known. */
static const ag_input_names_t *arguments_of(const ag_key_from_t *from, apr_pool_t *p)
{
    ag_input_names_t *names = ag_input_names_room(from->queries, p);
    int i;

    for (i = 0; i < from->n; i++) {
        if (from->sources[i].from == AG_FROM_QUERY) {
            ag_input_names_add(names, from->sources[i].name, p);
        }
    }
    return names;
}

static const char *parse_key_from(void *value, const ag_setting_t *row, const ag_words_t *words,
                                  const ag_setting_call_t *call)
{
    ag_key_source_t *list = apr_pcalloc(call->p, (apr_size_t)words->n * sizeof *list);
    ag_key_from_t *from = value;
    const char *error = NULL;
    int queries = 0;
    int i;

    (void)row;
    for (i = 0; !error && i < words->n; i++) {
        error = parse_source(&list[i], words->v[i], call->p);
        queries += !error && list[i].from == AG_FROM_QUERY;
    }
    if (error) {
        return error;
    }
    from->sources = list;
    from->n = words->n;
    from->queries = queries;
    from->arguments = queries ? arguments_of(from, call->p) : NULL;
    from->places = places_of(from);
    from->vary = vary_of(from, call->p);
    from->advice = apr_pstrcat(call->p, "the key ", advice_of(from, call->p), NULL);
    return NULL;
}

const ag_setting_kind_t ag_kind_key_from = {parse_key_from, NULL, NULL};
