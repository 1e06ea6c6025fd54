/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_path: Path Item and Operation Objects, and the tree of paths.
 */
#include <apr_lib.h>
#include <apr_strings.h>

#include "load.h"

/* ---- parameters of an operation ------------------------------------------------------------------ */

static int same_name(const ag_parameter_t *a, const ag_parameter_t *b)
{
    return a->place == b->place
           && (a->place == AG_PLACE_HEADER ? strcasecmp(a->name, b->name) : strcmp(a->name, b->name)) == 0;
}

static const ag_parameter_t *find(const apr_array_header_t *list, const ag_parameter_t *parameter)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        const ag_parameter_t *each = APR_ARRAY_IDX(list, i, const ag_parameter_t *);

        if (same_name(each, parameter)) {
            return each;
        }
    }
    return NULL;
}

/* The list that stands there, without what is in `over` already: an operation's own go before its path's. */
static const char *read_list(apr_array_header_t *list, ag_loader_t *loader, const ag_at_t *at,
                             const apr_array_header_t *over)
{
    ag_at_t all = ag_at_member(loader, at, "parameters"), each = {0};
    const char *error = NULL;

    while (!error && ag_at_next(&each, NULL, loader, &all)) {
        const ag_parameter_t *parameter, *other;

        error = ag_load_parameter(&parameter, loader, &each);
        other = error || !parameter ? NULL : find(list, parameter);
        if (other && other != parameter) {
            return ag_at_wrong(loader, &each, "the parameter \"%s\" in: %s stands there twice",
                               ag_text_plain(other->name, loader->ptmp), other->in);
        }
        if (!error && parameter && !other && !find(over, parameter)) {
            APR_ARRAY_PUSH(list, const ag_parameter_t *) = parameter;
        }
    }
    return error;
}

/* Each template has its parameter, and the other way round. */
static const char *pair_values(ag_operation_t *operation, ag_loader_t *loader, const ag_at_t *at,
                               const ag_path_item_t *item)
{
    const ag_parameter_t **values = apr_pcalloc(loader->p, ((apr_size_t)item->n_values + 1) * sizeof *values);
    int i, j;

    operation->values = values;
    for (i = 0; i < operation->n_parameters; i++) {
        const ag_parameter_t *parameter = operation->parameters[i];
        int found = parameter->place != AG_PLACE_PATH;

        for (j = 0; parameter->place == AG_PLACE_PATH && j < item->n_values; j++) {
            if (strcmp(item->values[j], parameter->name) == 0) {
                values[j] = parameter;
                found = 1;
            }
        }
        if (!found) {
            return ag_at_wrong(loader, at, "the parameter \"%s\" in: path is not in the path",
                               ag_text_plain(parameter->name, loader->ptmp));
        }
    }
    for (j = 0; j < item->n_values; j++) {
        if (!values[j]) {
            return ag_at_wrong(loader, at, "the path has {%s}, and there is no parameter of that name in: path",
                               ag_text_plain(item->values[j], loader->ptmp));
        }
    }
    return NULL;
}

/* ---- operations ---------------------------------------------------------------------------------- */

static const char *read_parameters(ag_operation_t *operation, ag_loader_t *loader, const ag_at_t *at,
                                   const ag_at_t *above, const ag_path_item_t *item)
{
    apr_array_header_t *own = apr_array_make(loader->p, 8, sizeof(const ag_parameter_t *));
    apr_array_header_t *inherited = apr_array_make(loader->ptmp, 8, sizeof(const ag_parameter_t *));
    const char *error = read_list(own, loader, at, inherited);

    error = error ? error : read_list(inherited, loader, above, own);
    apr_array_cat(own, inherited);
    operation->parameters = (const ag_parameter_t *const *)own->elts;
    operation->n_parameters = own->nelts;
    error = error ? error : pair_values(operation, loader, at, item);
    return error ? error : ag_load_queries(operation, loader);
}

static const char *read_operation(ag_operation_t *operation, ag_loader_t *loader, const ag_at_t *at,
                                  const ag_at_t *above, const ag_path_item_t *item)
{
    ag_at_t body = ag_at_member(loader, at, "requestBody");
    const char *error = read_parameters(operation, loader, at, above, item);

    operation->id = ag_at_string(loader, at, "operationId");
    error = error || !body.there ? error : ag_load_body(&operation->body, loader, body);
    return error ? error : ag_load_security(operation, loader, at);
}

/* An operation in a file of its own is no OpenAPI, but what some publish. */
static const char *add_operation(ag_path_item_t *item, ag_loader_t *loader, const char *method, const ag_at_t *at,
                                 const ag_at_t *above)
{
    ag_operation_t *operation = apr_pcalloc(loader->p, sizeof *operation);
    ag_at_t place = *at;
    const char *error = ag_at_resolve(&place, loader);
    int i;

    operation->method = method;
    operation->path = item->path;
    for (i = 0; i < item->operations->nelts; i++) {
        const ag_operation_t *other = APR_ARRAY_IDX(item->operations, i, const ag_operation_t *);

        if (strcmp(other->method, method) == 0) {
            return ag_at_wrong(loader, at, "%s stands there twice: once more under the path %s", method,
                               ag_text_plain(other->path, loader->ptmp));
        }
    }
    APR_ARRAY_PUSH(item->operations, ag_operation_t *) = operation;
    loader->openapi->n_operations++;
    return error ? error : read_operation(operation, loader, &place, above, item);
}

/* ---- methods ------------------------------------------------------------------------------------- */

static const struct {
    const char *member, *method;
    int version; /* from which on */
} methods[] = {
    {"get", "GET", 30},         {"head", "HEAD", 30},   {"post", "POST", 30},
    {"put", "PUT", 30},         {"patch", "PATCH", 30}, {"delete", "DELETE", 30},
    {"options", "OPTIONS", 30}, {"trace", "TRACE", 30}, {"query", "QUERY", 32},
};
#define N_METHODS (int)(sizeof methods / sizeof *methods)

/* OpenAPI 3.2: methods by their names. */
static const char *add_others(ag_path_item_t *item, ag_loader_t *loader, const ag_at_t *at)
{
    ag_at_t others = ag_at_member(loader, at, "additionalOperations"), each = {0};
    const char *method, *error = NULL;

    while (!error && loader->version >= 32 && ag_at_next(&each, &method, loader, &others)) {
        error = ag_text_token(method) ? add_operation(item, loader, apr_pstrdup(loader->p, method), &each, at)
                                      : ag_at_wrong(loader, &each, "is no method's name");
    }
    return error;
}

static const char *add_operations(ag_path_item_t *item, ag_loader_t *loader, const ag_at_t *at)
{
    const char *error = NULL;
    int i;

    for (i = 0; !error && i < N_METHODS; i++) {
        ag_at_t operation = ag_at_member(loader, at, methods[i].member);

        if (operation.there && loader->version >= methods[i].version) {
            error = add_operation(item, loader, methods[i].method, &operation, at);
        }
    }
    return error ? error : add_others(item, loader, at);
}

/* HEAD is answered wherever GET is. */
static const char *allow_of(const ag_path_item_t *item, apr_pool_t *p)
{
    const char *allow = "";
    int i, get = 0, head = 0;

    for (i = 0; i < item->operations->nelts; i++) {
        const char *method = APR_ARRAY_IDX(item->operations, i, const ag_operation_t *)->method;

        allow = apr_pstrcat(p, allow, i ? ", " : "", method, NULL);
        get |= strcmp(method, "GET") == 0;
        head |= strcmp(method, "HEAD") == 0;
    }
    return get && !head ? apr_pstrcat(p, allow, ", HEAD", NULL) : allow;
}

/* ---- paths --------------------------------------------------------------------------------------- */

/* As a backend reads a path that is lenient: in any case, without a slash at the end. */
static const char *enter_loosely(ag_loader_t *loader, const char *full, ag_path_item_t *item)
{
    char *loose = apr_pstrdup(loader->p, full), *at;
    apr_size_t n = strlen(loose);
    const char **names;
    void *other;
    int k;

    for (at = loose; *at; at++) {
        *at = (char)apr_tolower(*at);
    }
    while (n > 1 && loose[n - 1] == '/') {
        loose[--n] = '\0';
    }
    return ag_tree_add(loader->openapi->loose, &other, &names, &k, loose, item);
}

static const char *enter(ag_path_item_t **item, ag_loader_t *loader, const ag_at_t *at, const char *full)
{
    const char **names;
    void *other;
    int n;
    const char *error = ag_tree_add(loader->openapi->tree, &other, &names, &n, full, *item);

    if (error) {
        return ag_at_wrong(loader, at, "the path %s", error);
    }
    (*item)->values = names;
    (*item)->n_values = n;
    if (other) {
        *item = other;
    }
    return loader->openapi->options.pass ? enter_loosely(loader, full, *item) : NULL;
}

/* One that stands there already under other names of templates: methods of both are its. */
static const char *fill(ag_path_item_t *made, ag_path_item_t *there, ag_loader_t *loader, const ag_at_t *at)
{
    ag_path_item_t both = *there;
    const char *error;

    if (made != there) {
        ag_at_warn(loader, at, "is the same path as %s", ag_text_plain(there->path, loader->ptmp));
    }
    both.path = made->path;
    both.values = made->values;
    both.n_values = made->n_values;
    error = add_operations(&both, loader, at);
    there->allow = allow_of(there, loader->p);
    return error;
}

static int is_among(const apr_array_header_t *items, const ag_path_item_t *item)
{
    int i;

    for (i = 0; i < items->nelts && APR_ARRAY_IDX(items, i, const ag_path_item_t *) != item; i++) {
    }
    return i < items->nelts;
}

/* Behind each base, where another path may stand already. */
static const char *enter_all(ag_path_item_t *made, ag_loader_t *loader, const ag_at_t *begin, const ag_at_t *at,
                             const apr_array_header_t *bases)
{
    apr_array_header_t *filled = apr_array_make(loader->ptmp, 2, sizeof(const ag_path_item_t *));
    const char *error = NULL;
    int i;

    for (i = 0; !error && i < bases->nelts; i++) {
        ag_path_item_t *there = made;

        error = enter(&there, loader, begin,
                      apr_pstrcat(loader->p, APR_ARRAY_IDX(bases, i, const char *), made->path, NULL));
        if (!error && !is_among(filled, there)) {
            APR_ARRAY_PUSH(filled, const ag_path_item_t *) = there;
            error = fill(made, there, loader, at);
        }
    }
    return error;
}

const char *ag_load_path(ag_loader_t *loader, const char *path, ag_at_t at, const apr_array_header_t *bases)
{
    ag_path_item_t *made = apr_pcalloc(loader->p, sizeof *made);
    const ag_at_t begin = at;
    apr_array_header_t *own;
    const char *error = ag_at_resolve(&at, loader);

    if (strpbrk(path, "?#")) {
        ag_at_warn(loader, &begin, "has a ? or #, so it can never be the path of a request, and is left out");
        return NULL;
    }
    error = error ? error : ag_load_bases(&own, loader, &at);
    if (!error && own && !loader->openapi->options.base) {
        bases = own;
    }
    made->path = path;
    made->operations = apr_array_make(loader->p, 4, sizeof(ag_operation_t *));
    return error ? error : enter_all(made, loader, &begin, &at, bases);
}
