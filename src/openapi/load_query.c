/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_query: the names that an operation's query may have. An object that is exploded (form) has its members there, each
 * as an argument of its own.
 */
#include <apr_strings.h>

#include "load.h"

/* Members' names by `properties`, also of the parts of allOf. */
static void add_members(apr_array_header_t *names, int *open, ag_loader_t *loader, ag_at_t at, int depth)
{
    ag_at_t each = {0}, all, more, properties;
    const char *name;

    if (depth > 16 || ag_at_resolve(&at, loader)) {
        return; /* the schema's compiler says what is wrong */
    }
    properties = ag_at_member(loader, &at, "properties");
    while (ag_at_next(&each, &name, loader, &properties)) {
        APR_ARRAY_PUSH(names, const char *) = apr_pstrdup(loader->p, name);
    }
    more = ag_at_member(loader, &at, "additionalProperties");
    *open |= more.there && !ag_at_is(&more, AG_JSON_FALSE);
    all = ag_at_member(loader, &at, "allOf");
    memset(&each, 0, sizeof each);
    while (ag_at_next(&each, NULL, loader, &all)) {
        add_members(names, open, loader, each, depth + 1);
    }
}

apr_array_header_t *ag_load_members(int *open, ag_loader_t *loader, ag_at_t at)
{
    apr_array_header_t *names = apr_array_make(loader->p, 4, sizeof(const char *));

    *open = 0;
    add_members(names, open, loader, at, 0);
    return names;
}

const ag_input_names_t *ag_load_names(ag_loader_t *loader, ag_at_t at, const ag_at_t *more)
{
    ag_at_t each = {0};
    const char *name;
    int open;
    apr_array_header_t *names = ag_load_members(&open, loader, at);

    while (more && ag_at_next(&each, &name, loader, more)) {
        APR_ARRAY_PUSH(names, const char *) = apr_pstrdup(loader->p, name);
    }
    return names->nelts ? ag_input_names_make((const char *const *)names->elts, names->nelts, loader->p) : NULL;
}

const char *ag_load_queries(ag_operation_t *operation, ag_loader_t *loader)
{
    apr_array_header_t *names = apr_array_make(loader->p, 8, sizeof(const char *));
    apr_array_header_t *queries = apr_array_make(loader->p, 8, sizeof(ag_query_t));
    int i, j;

    for (i = 0; i < operation->n_parameters; i++) {
        const ag_parameter_t *parameter = operation->parameters[i];
        const char *const *members = (const char *const *)(parameter->members ? parameter->members->elts : NULL);
        ag_query_t query = {parameter, NULL};

        operation->whole_query |= parameter->place == AG_PLACE_QUERYSTRING;
        if (parameter->place != AG_PLACE_QUERY) {
            continue;
        }
        for (j = 0; members && j < parameter->members->nelts; j++) {
            query.member = APR_ARRAY_PUSH(names, const char *) = members[j];
            APR_ARRAY_PUSH(queries, ag_query_t) = query;
        }
        if (!members) {
            APR_ARRAY_PUSH(names, const char *) = parameter->name;
            APR_ARRAY_PUSH(queries, ag_query_t) = query;
        }
        if (parameter->open) {
            operation->rest = parameter;
        }
    }
    operation->queries = (const ag_query_t *)queries->elts;
    operation->n_queries = queries->nelts;
    operation->names = ag_input_names_make((const char *const *)names->elts, names->nelts, loader->p);
    return NULL;
}
