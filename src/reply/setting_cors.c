/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: the value of ApiGuardCORS. Everything that would leave a browser without an answer, or open more than
 * the line says, stops the start.
 */
#include "setting.h"

#include <string.h>

#include <apr_strings.h>

#include "../base/measure.h"

#define ALLOWED                                                                                                      \
    "origin=ORIGIN,... [methods=METHOD,...] [headers=NAME,...] [expose=NAME,...] [credentials] [max-age=DURATION] "  \
    "[private-network], or off"
#define METHODS "GET, HEAD, PUT, PATCH, POST, DELETE, QUERY"
#define MAX_AGE "600"

/* ---- lists --------------------------------------------------------------------------------------- */

/* The words between the commas, each of which `check` finds good. An error text or NULL. */
static const char *read_list(ag_words_t *list, const char *value,
                             const char *(*check)(const char *word, apr_pool_t *p), apr_pool_t *p)
{
    const char *error = NULL, *comma;
    int i, n = 1;

    for (comma = value; (comma = strchr(comma, ',')); comma++) {
        n++;
    }
    list->n = 0;
    list->v = apr_palloc(p, (apr_size_t)n * sizeof *list->v);
    for (; !error && list->n < n; value += strcspn(value, ",") + 1) {
        const char *word = apr_pstrmemdup(p, value, strcspn(value, ","));

        for (i = 0; i < list->n; i++) {
            error = strcasecmp(list->v[i], word) == 0 ? apr_psprintf(p, "\"%s\" stands there twice", word) : error;
        }
        error = error ? error : *word ? check(word, p) : "something is missing before or behind a comma";
        list->v[list->n++] = word;
    }
    if (!error && n > 1 && ag_words_has(list, "*")) {
        return "\"*\" stands alone";
    }
    return error;
}

static const char *check_name(const char *word, apr_pool_t *p)
{
    return ag_text_token(word) ? NULL : apr_psprintf(p, "\"%s\" is no name of a field", word);
}

/* A browser compares them to the letter (RFC 9110 s9.1), and writes the usual ones in capitals. */
static const char *check_method(const char *word, apr_pool_t *p)
{
    const char *at;

    for (at = word; *at && (*at < 'a' || *at > 'z'); at++) {
    }
    return ag_text_token(word) && !*at ? NULL
                                       : apr_psprintf(p, "\"%s\" is no method in capital letters, as GET is", word);
}

static const char *join(const ag_words_t *list, apr_pool_t *p)
{
    const char *text = list->v[0];
    int i;

    for (i = 1; i < list->n; i++) {
        text = apr_pstrcat(p, text, ", ", list->v[i], NULL);
    }
    return text;
}

/* ---- options ------------------------------------------------------------------------------------- */

static const char *check_origin(const char *word, apr_pool_t *p)
{
    ag_origin_t origin;

    return strcmp(word, "*") == 0 ? NULL : ag_origin_read(&origin, word, p);
}

static const char *read_origins(ag_cors_t *cors, const char *value, apr_pool_t *p)
{
    ag_words_t list;
    const char *error = read_list(&list, value, check_origin, p);
    ag_origin_t *origins = apr_palloc(p, (apr_size_t)list.n * sizeof *origins);
    int i;

    cors->any = !error && strcmp(list.v[0], "*") == 0;
    cors->n = cors->any ? 0 : list.n;
    cors->origins = origins;
    for (i = 0; !error && i < cors->n; i++) {
        error = ag_origin_read(&origins[i], list.v[i], p);
    }
    return error;
}

static const char *read_methods(ag_cors_t *cors, const char *value, apr_pool_t *p)
{
    ag_words_t list;
    const char *error = read_list(&list, value, check_method, p);

    cors->methods = error ? NULL : join(&list, p);
    return error;
}

/* `*` does not stand for Authorization (Fetch, "CORS-preflight fetch"). */
static const char *read_headers(ag_cors_t *cors, const char *value, apr_pool_t *p)
{
    ag_words_t list;
    const char *error = read_list(&list, value, check_name, p);

    cors->headers = error ? NULL : strcmp(value, "*") == 0 ? "*, Authorization" : join(&list, p);
    return error;
}

static const char *read_expose(ag_cors_t *cors, const char *value, apr_pool_t *p)
{
    ag_words_t list;
    const char *error = read_list(&list, value, check_name, p);

    cors->expose = error ? NULL : join(&list, p);
    return error;
}

static const char *read_max_age(ag_cors_t *cors, const char *value, apr_pool_t *p)
{
    apr_int64_t seconds = 0;
    const char *error = ag_measure_duration(&seconds, value, p);

    cors->max_age = apr_psprintf(p, "%" APR_INT64_T_FMT, seconds);
    return error;
}

static const char *read_credentials(ag_cors_t *cors, const char *value, apr_pool_t *p)
{
    (void)value;
    (void)p;
    cors->credentials = 1;
    return NULL;
}

static const char *read_private_network(ag_cors_t *cors, const char *value, apr_pool_t *p)
{
    (void)value;
    (void)p;
    cors->private_network = 1;
    return NULL;
}

static const struct {
    const char *name;
    int valued; /* NAME=VALUE, else the name alone */
    const char *(*read)(ag_cors_t *cors, const char *value, apr_pool_t *p);
} options[] = {
    {"origin", 1, read_origins},
    {"methods", 1, read_methods},
    {"headers", 1, read_headers},
    {"expose", 1, read_expose},
    {"max-age", 1, read_max_age},
    {"credentials", 0, read_credentials},
    {"private-network", 0, read_private_network},
};

/* Which of them the word is, and its value; -1: none. */
static int option_of(const char **value, const char *word)
{
    int i;

    for (i = 0; i < (int)(sizeof options / sizeof *options); i++) {
        *value = options[i].valued ? ag_text_option(word, options[i].name) : word;
        if (*value && (options[i].valued || strcasecmp(word, options[i].name) == 0)) {
            return i;
        }
    }
    return -1;
}

static const char *read_word(ag_cors_t *cors, unsigned *seen, const char *word, apr_pool_t *p)
{
    const char *value, *error;
    int i = option_of(&value, word);

    if (i < 0) {
        return apr_psprintf(p, "\"%s\" is not allowed: " ALLOWED, word);
    }
    if (*seen & 1u << i) {
        return apr_psprintf(p, "%s stands there twice", options[i].name);
    }
    *seen |= 1u << i;
    if (!*value) {
        return apr_psprintf(p, "%s=: a value is missing", options[i].name);
    }
    error = options[i].read(cors, value, p);
    return error ? apr_psprintf(p, "%s=: %s", options[i].name, error) : NULL;
}

/* What a browser would not take together with credentials, or what would be everybody (Fetch, "CORS protocol and
 * credentials"): a page in a sandbox of any site is null. */
static const char *check_credentials(const ag_cors_t *cors)
{
    int i;

    if (!cors->credentials) {
        return NULL;
    }
    for (i = 0; i < cors->n; i++) {
        if (strcmp(cors->origins[i].begin, "null") == 0) {
            return "with credentials, origin=null would let any page in that hides where it comes from";
        }
    }
    if (cors->any) {
        return "with credentials, origin=* is not allowed: name the origins";
    }
    if (*cors->methods == '*' || (cors->headers && *cors->headers == '*') || (cors->expose && *cors->expose == '*')) {
        return "with credentials, a browser takes * for a name and not for all: name the methods, headers or fields";
    }
    return NULL;
}

static const char *parse(void *value, const ag_setting_t *row, const ag_words_t *words, const ag_setting_call_t *call)
{
    ag_cors_t *cors = apr_pcalloc(call->p, sizeof *cors);
    const char *error = NULL;
    unsigned seen = 0;
    int i;

    (void)row;
    cors->methods = METHODS;
    cors->max_age = MAX_AGE;
    *(const ag_cors_t **)value = NULL;
    if (words->n == 1 && strcasecmp(words->v[0], "off") == 0) {
        return NULL;
    }
    for (i = 0; !error && i < words->n; i++) {
        error = read_word(cors, &seen, words->v[i], call->p);
    }
    if (!error && !(seen & 1)) {
        error = "origin= is missing: " ALLOWED;
    }
    error = error ? error : check_credentials(cors);
    *(const ag_cors_t **)value = error ? NULL : cors;
    return error;
}

const ag_setting_kind_t ag_kind_cors = {parse, NULL, NULL};
