/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kinds: values of a section. Each parser names the wrong word and what is allowed.
 */
#include "kinds.h"

#include <string.h>

#include <apr_strings.h>

#include "../core/open.h"

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

/* ---- names: ApiGuardAudience, ApiGuardRequireClaim ---------------------------- */

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

/* ---- ApiGuardKeyFrom ------------------------------------------------------------------------------ */

static const struct {
    const char *word;
    ag_from_e from;
    int named;
} sources[] = {
    {"header:", AG_FROM_HEADER, 1}, {"query:", AG_FROM_QUERY, 1}, {"cookie:", AG_FROM_COOKIE, 1},
    {"bearer", AG_FROM_BEARER, 0},  {"basic", AG_FROM_BASIC, 0},
};

/* A token (RFC 9110 s5.6.2): the name of a header, a cookie or an argument. */
static int is_token(const char *name)
{
    return *name && ag_text_visible(name, strlen(name), 0)
           && strcspn(name, "\"(),/:;<=>?@[\\]{}&%+") == strlen(name);
}

static const char *parse_source(ag_key_source_t *source, const char *word, apr_pool_t *p)
{
    int i;

    for (i = 0; i < (int)(sizeof sources / sizeof *sources); i++) {
        apr_size_t n = strlen(sources[i].word);

        if (strncasecmp(word, sources[i].word, n) == 0
            && (sources[i].named ? is_token(word + n) : !word[n])) {
            source->from = sources[i].from;
            source->name = word + n;
            if (source->from == AG_FROM_HEADER && strcasecmp(word + n, "Authorization") == 0) {
                source->from = AG_FROM_PLAIN; /* read together with the schemes that stand there */
            }
            return NULL;
        }
    }
    return apr_psprintf(p, "\"%s\" is not allowed: header:NAME, bearer, basic, query:NAME or "
                        "cookie:NAME", word);
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

        text = apr_pstrcat(p, text, joint, words[source->from][0], source->name,
                           words[source->from][1], NULL);
    }
    return text;
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
    from->places = places_of(from);
    from->vary = vary_of(from, call->p);
    from->advice = apr_pstrcat(call->p, "Send the key ", advice_of(from, call->p), NULL);
    from->advice_both = apr_pstrcat(call->p, from->advice, ", or a token as Authorization: Bearer",
                                    NULL);
    return NULL;
}

const ag_setting_kind_t ag_kind_key_from = {parse_key_from, NULL, NULL};

/* ---- ApiGuardRateLimit ---------------------------------------------------------------------------- */

void ag_limits_add(ag_limits_t *limits, ag_limit_t *limit, apr_pool_t *p)
{
    if (!limit || !limits->list) {
        static const ag_limits_t none = {NULL, 0, 0};

        *limits = none;
        limits->list = apr_array_make(p, 2, sizeof(ag_limit_t *));
    }
    APR_ARRAY_PUSH(limits->list, ag_limit_t *) = limit;
    if (limit) {
        limits->windows += limit->n_windows;
        limits->early |= ag_limit_is_early(limit);
    }
}

static const char *limits_off(ag_limits_t *limits, const ag_setting_call_t *call)
{
    if (call->scope && !call->opens) {
        return "off is not allowed in .htaccess";
    }
    ag_limits_add(limits, NULL, call->p); /* the mark that nothing is inherited */
    return NULL;
}

typedef const char *(*parse_fn)(ag_limit_t *limit, const ag_words_t *words,
                                const ag_expr_port_t *expr, apr_pool_t *p);

static const char *add_limit(ag_limits_t *limits, const ag_words_t *words, parse_fn parse,
                             const ag_setting_call_t *call)
{
    ag_limit_t *limit = apr_pcalloc(call->p, sizeof *limit);
    const char *error;
    int i;

    if (words->n == 1 && strcasecmp(words->v[0], "off") == 0) {
        return limits_off(limits, call);
    }
    error = parse(limit, words, call->expr, call->p);
    if (error) {
        return error;
    }
    if (!call->again) {
        limits->list = NULL;
    }
    for (i = 0; limits->list && i < limits->list->nelts; i++) {
        const ag_limit_t *other = APR_ARRAY_IDX(limits->list, i, ag_limit_t *);

        if (other && strcmp(other->text, limit->text) == 0) {
            return apr_psprintf(call->p, "\"%s\" stands here twice", limit->text);
        }
    }
    ag_limits_add(limits, limit, call->p);
    if (call->limits) {
        APR_ARRAY_PUSH(call->limits, ag_limit_t *) = limit;
    }
    else {
        ag_limit_name(limit, call->scope, call->p);
    }
    return NULL;
}

static const char *parse_rate_limit(void *value, const ag_setting_t *row, const ag_words_t *words,
                                    const ag_setting_call_t *call)
{
    (void)row;
    return add_limit(value, words, ag_limit_parse, call);
}

static const char *parse_concurrency(void *value, const ag_setting_t *row, const ag_words_t *words,
                                     const ag_setting_call_t *call)
{
    (void)row;
    return add_limit(value, words, ag_concurrency_parse, call);
}

/* Inner limits are added to the outer ones, unless `off` stands first. */
static void merge_limits(void *value, const void *outer, const void *inner, apr_pool_t *p)
{
    const ag_limits_t *out = outer, *in = inner;
    ag_limits_t *limits = value;

    *limits = *in;
    if (APR_ARRAY_IDX(in->list, 0, ag_limit_t *)) {
        limits->list = apr_array_append(p, out->list, in->list);
        limits->windows += out->windows;
        limits->early |= out->early;
    }
}

const ag_setting_kind_t ag_kind_rate_limit = {parse_rate_limit, merge_limits, NULL};
const ag_setting_kind_t ag_kind_concurrency = {parse_concurrency, merge_limits, NULL};

/* ---- ApiGuardStoreFailure, ApiGuardInvalidKeyStatus ------------------------------------------- */

static const char *parse_store_failure(void *value, const ag_setting_t *row,
                                       const ag_words_t *words, const ag_setting_call_t *call)
{
    ag_store_failure_t *failure = value;
    apr_int64_t nodes = 1;

    (void)row;
    failure->policy = ag_setting_choose("local|allow|deny", words->v[0]);
    if (strncasecmp(words->v[0], "local/", 6) == 0) {
        failure->policy = AG_FAIL_LOCAL;
        if (ag_measure_number(&nodes, words->v[0] + 6, 1, 100000, call->p)) {
            failure->policy = -1;
        }
    }
    failure->nodes = (int)nodes;
    return failure->policy >= 0 && words->n == 1
               ? NULL
               : apr_psprintf(call->p, "\"%s\" is not allowed: local, local/NODES, allow or deny",
                              words->v[words->n - 1]);
}

const ag_setting_kind_t ag_kind_store_failure = {parse_store_failure, NULL, NULL};

static const char *parse_key_status(void *value, const ag_setting_t *row, const ag_words_t *words,
                                    const ag_setting_call_t *call)
{
    const char *error = ag_kind_choice.parse(value, row, words, call);

    *(int *)value = *(int *)value ? 403 : 401;
    return error;
}

const ag_setting_kind_t ag_kind_key_status = {parse_key_status, NULL, NULL};
