/* SPDX-License-Identifier: Apache-2.0 */
/*
 * find: which operation a request is, and whether whoever asks may use it.
 */
#include <apr_strings.h>

#include "../input/sent.h"
#include "model.h"
#include "path.h"

/* ---- path and method ----------------------------------------------------------------------------- */

static const ag_operation_t *operation_of(const ag_path_item_t *item, const char *method)
{
    const ag_operation_t *get = NULL;
    int i, head = strcmp(method, "HEAD") == 0;

    for (i = 0; i < item->operations->nelts; i++) {
        const ag_operation_t *each = APR_ARRAY_IDX(item->operations, i, const ag_operation_t *);

        if (strcmp(each->method, method) == 0) {
            return each;
        }
        get = head && strcmp(each->method, "GET") == 0 ? each : get;
    }
    return get;
}

/* 1 when a backend that is lenient would find one of the document's paths there; one that is too deep may be shorter without
 * its semicolons. */
static int is_known_loosely(const ag_openapi_t *openapi, ag_path_t *path, apr_pool_t *p)
{
    ag_tree_found_t found;

    if (path->n < 0) {
        return path->semicolons != 0;
    }
    ag_path_loosen(path, p);
    return ag_tree_find(&found, openapi->loose, path->segments, path->n);
}

static ag_reason_e unknown(const ag_openapi_t *openapi, ag_path_t *path, ag_input_call_t *call)
{
    if (!openapi->options.pass) {
        return ag_input_refuse(call, AG_R_ENDPOINT_UNKNOWN, NULL);
    }
    return is_known_loosely(openapi, path, call->p)
               ? ag_input_refuse(call, AG_R_ENDPOINT_UNKNOWN,
                                 "The path differs from a known one in its case, a slash or a semicolon alone")
               : AG_R_NONE;
}

/* A ";" begins parameters of a segment for some backends (RFC 3986 s3.3), and is a part of it for others: it may stand
 * where the document has it (style: matrix) alone. */
static int has_odd_semicolon(const ag_openapi_found_t *found)
{
    apr_uint64_t may = 0;
    int i;

    for (i = 0; i < found->path.n; i++) {
        if (found->operation->values[i]->style == AG_STYLE_MATRIX) {
            may |= (apr_uint64_t)1 << found->path.of[i];
        }
    }
    return (found->semicolons & ~may) != 0;
}

typedef struct {
    const char *method;
    int others;
} asked_t;

static void look(void *ctx, const char *name, const char *value)
{
    asked_t *asked = ctx;

    (void)name;
    asked->others += *value && strcasecmp(value, asked->method) != 0;
}

/* The backend would run another operation than the one that is looked at here. */
static int asks_for_another(const ag_input_call_t *call)
{
    asked_t asked = {call->method, 0};

    if (call->request) { /* the tool has none */
        ag_input_overrides(call->request, look, &asked);
    }
    return asked.others;
}

ag_reason_e ag_openapi_find(ag_openapi_found_t *found, const ag_openapi_t *openapi, ag_input_call_t *call)
{
    const ag_path_item_t *item;
    ag_path_t path;
    const char *detail = ag_path_read(&path, call->path, call->target);

    found->operation = NULL;
    if (detail) {
        return ag_input_refuse(call, AG_R_INPUT_INVALID, detail);
    }
    if (path.n < 0 || !ag_tree_find(&found->path, openapi->tree, path.segments, path.n)) {
        return unknown(openapi, &path, call);
    }
    item = found->path.leaf;
    found->operation = operation_of(item, call->method);
    found->encoded = path.encoded;
    found->semicolons = path.semicolons;
    if (!found->operation) {
        call->field.name = "Allow";
        call->field.value = item->allow;
        return ag_input_refuse(call, AG_R_METHOD_NOT_ALLOWED, NULL);
    }
    if (asks_for_another(call)) {
        return ag_input_refuse(call, AG_R_INPUT_INVALID, "A field asks for another method");
    }
    return found->path.two_ways || has_odd_semicolon(found)
               ? ag_input_refuse(call, AG_R_INPUT_INVALID, "The path's parameters can be read in more than one way")
               : AG_R_NONE;
}

/* ---- who ----------------------------------------------------------------------------------------- */

static int holds(const ag_principal_t *who, const char *scope)
{
    int i;

    for (i = 0; i < who->scopes.n; i++) {
        if (ag_principal_covers(who, who->scopes.v[i], scope)) {
            return 1;
        }
    }
    return 0;
}

static int meets(const ag_demand_t *demand, const ag_principal_t *who)
{
    int i;

    if (!demand->identified) {
        return 1;
    }
    for (i = 0; who && !who->anonymous && i < demand->scopes.n && holds(who, demand->scopes.v[i]); i++) {
    }
    return who && !who->anonymous && i == demand->scopes.n;
}

static const char *joined(const ag_words_t *words, apr_pool_t *p)
{
    const char *text = NULL;
    int i;

    for (i = 0; i < words->n; i++) {
        text = text ? apr_pstrcat(p, text, " ", words->v[i], NULL) : words->v[i];
    }
    return text;
}

int ag_openapi_allows(const char **wanted, const ag_openapi_t *openapi, const ag_operation_t *operation,
                      const ag_principal_t *who, apr_pool_t *p)
{
    int i;

    *wanted = NULL;
    if (!openapi->options.scopes || !operation->n_demands) {
        return 1;
    }
    for (i = 0; i < operation->n_demands; i++) {
        if (meets(&operation->demands[i], who)) {
            return 1;
        }
    }
    *wanted = joined(&operation->demands[0].scopes, p);
    return 0;
}

const char *ag_operation_name(const ag_operation_t *operation, apr_pool_t *p)
{
    return apr_pstrcat(p, operation->method, " ", operation->path, operation->id ? " " : NULL, operation->id, NULL);
}
