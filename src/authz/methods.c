/* SPDX-License-Identifier: Apache-2.0 */
/*
 * methods: which permission a method asks for, so that a read-only key is one word. HEAD asks for what
 * GET does unless it is named itself. A method that is not named is allowed to nobody.
 */
#include "methods.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

/* RFC 9110 s9.1: a method's name is case-sensitive. `*` is any method that is not named. */
static int is_method(const char *name)
{
    const char *at;

    for (at = name; apr_isupper(*at) || *at == '-'; at++) {
    }
    return (*name && !*at) || strcmp(name, "*") == 0;
}

static const char *wrong(const char *word, apr_pool_t *p)
{
    return apr_psprintf(p,
                        "\"%s\" is not allowed: METHOD,METHOD=SCOPE, with methods in capital "
                        "letters or *, and one scope (METHOD=A METHOD=B for either), or none",
                        word);
}

/* "GET,HEAD=read" */
static const char *read_word(apr_array_header_t *list, const char *word, apr_pool_t *p)
{
    const char *sign = strchr(word, '=');
    char *methods = apr_pstrmemdup(p, word, sign ? (apr_size_t)(sign - word) : 0);
    char *last = NULL, *method = apr_strtok(methods, ",", &last);

    if (!method || !sign[1] || strpbrk(sign + 1, "*,")) {
        return wrong(word, p);
    }
    for (; method; method = apr_strtok(NULL, ",", &last)) {
        ag_method_scope_t *pair = apr_array_push(list);

        if (!is_method(method)) {
            return wrong(word, p);
        }
        pair->method = method;
        pair->scope = sign + 1;
    }
    return NULL;
}

static const char *parse(void *value, const ag_setting_t *row, const ag_words_t *words, const ag_setting_call_t *call)
{
    apr_array_header_t *list = apr_array_make(call->p, 8, sizeof(ag_method_scope_t));
    ag_method_scopes_t *scopes = value;
    const char *error = NULL;
    int none = words->n == 1 && strcasecmp(words->v[0], "none") == 0;
    int i;

    (void)row;
    for (i = 0; !none && !error && i < words->n; i++) {
        error = read_word(list, words->v[i], call->p);
    }
    scopes->v = (const ag_method_scope_t *)list->elts;
    scopes->n = list->nelts;
    return error;
}

const ag_setting_kind_t ag_kind_method_scopes = {parse, NULL, NULL};

static int is_named(const ag_method_scopes_t *scopes, const char *method)
{
    int i;

    for (i = 0; i < scopes->n && strcmp(scopes->v[i].method, method) != 0; i++) {
    }
    return i < scopes->n;
}

/* The name under which the method stands in the map. */
static const char *entry_of(const ag_method_scopes_t *scopes, const char *method)
{
    if (is_named(scopes, method)) {
        return method;
    }
    return strcmp(method, "HEAD") == 0 && is_named(scopes, "GET") ? "GET" : "*";
}

int ag_methods_allow(const ag_method_scopes_t *scopes, const char *method, const ag_principal_t *who,
                     const char **wanted, apr_pool_t *p)
{
    const char *entry = entry_of(scopes, method);
    int i, j;

    *wanted = NULL;
    for (i = 0; i < scopes->n; i++) {
        if (strcmp(scopes->v[i].method, entry) != 0) {
            continue;
        }
        for (j = 0; j < who->scopes.n; j++) {
            if (ag_principal_covers(who, who->scopes.v[j], scopes->v[i].scope)) {
                return 1;
            }
        }
        *wanted = *wanted ? apr_pstrcat(p, *wanted, " ", scopes->v[i].scope, NULL) : scopes->v[i].scope;
    }
    return scopes->n == 0;
}

const char *ag_methods_asked(const ag_method_scopes_t *scopes, const char *method, apr_pool_t *p)
{
    static const ag_principal_t nobody;
    const char *asked;

    ag_methods_allow(scopes, method, &nobody, &asked, p);
    return asked;
}
