/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_security: Security Scheme and Security Requirement Objects. Of oauth2 and openIdConnect the scopes are demanded; of
 * all others that somebody is known at all: who that may be is the section's business.
 */
#include <apr_strings.h>

#include "load.h"

static ag_at_t schemes_of(const ag_loader_t *loader)
{
    ag_at_t components = ag_at_member(loader, &loader->root, "components");

    return ag_at_member(loader, &components, "securitySchemes");
}

const char *ag_load_schemes(ag_loader_t *loader)
{
    ag_at_t schemes = schemes_of(loader), each = {0};
    const char *error = NULL;

    while (!error && ag_at_next(&each, NULL, loader, &schemes)) {
        ag_at_t scheme = each;
        const char *in, *name;

        error = ag_at_resolve(&scheme, loader);
        in = ag_at_string(loader, &scheme, "in");
        name = ag_at_string(loader, &scheme, "name");
        if (!error && in && name && strcmp(in, "query") == 0) {
            APR_ARRAY_PUSH(loader->credentials, const char *) = name;
        }
    }
    return error;
}

/* ---- demands ------------------------------------------------------------------------------------- */

static const char *add_scopes(apr_array_header_t *scopes, ag_loader_t *loader, const ag_at_t *list)
{
    ag_at_t each = {0};

    if (!ag_at_is(list, AG_JSON_ARRAY)) {
        return ag_at_wrong(loader, list, "is no list of scopes");
    }
    while (ag_at_next(&each, NULL, loader, list)) {
        const ag_node_t *node = ag_at_node(&each);
        const char *scope = apr_pstrmemdup(loader->p, ag_doc_text(&each.file->doc, node), node->n);

        if (node->kind != AG_JSON_STRING || !ag_text_visible(scope, node->n, 0) || strpbrk(scope, "\"\\*")) {
            return ag_at_wrong(loader, &each, "is no scope");
        }
        APR_ARRAY_PUSH(scopes, const char *) = scope;
    }
    return NULL;
}

/* One scheme of a requirement. */
static const char *add_scheme(apr_array_header_t *scopes, ag_loader_t *loader, const ag_at_t *at, const char *name)
{
    ag_at_t schemes = schemes_of(loader), scheme = ag_at_member(loader, &schemes, name);
    const char *error = scheme.there ? ag_at_resolve(&scheme, loader) : NULL;
    const char *type = ag_at_string(loader, &scheme, "type");

    if (error || !type) {
        return error ? error : ag_at_wrong(loader, at, "there is no such scheme in /components/securitySchemes");
    }
    if (strcmp(type, "oauth2") == 0 || strcmp(type, "openIdConnect") == 0) {
        return add_scopes(scopes, loader, at);
    }
    return strcmp(type, "apiKey") == 0 || strcmp(type, "http") == 0 || strcmp(type, "mutualTLS") == 0
               ? NULL
               : ag_at_wrong(
                   loader, at,
                   "the \"type\" of this scheme is none of oauth2, openIdConnect, http, apiKey and mutualTLS");
}

static const char *read_demand(ag_demand_t *demand, ag_loader_t *loader, const ag_at_t *at)
{
    apr_array_header_t *scopes = apr_array_make(loader->p, 2, sizeof(const char *));
    ag_at_t each = {0};
    const char *name, *error = NULL;

    demand->identified = 0;
    while (!error && ag_at_next(&each, &name, loader, at)) {
        demand->identified = 1;
        error = add_scheme(scopes, loader, &each, name);
    }
    demand->scopes.n = scopes->nelts;
    demand->scopes.v = (const char **)scopes->elts;
    return error;
}

const char *ag_load_security(ag_operation_t *operation, ag_loader_t *loader, const ag_at_t *at)
{
    apr_array_header_t *demands = apr_array_make(loader->p, 2, sizeof(ag_demand_t));
    ag_at_t list = ag_at_member(loader, at, "security"), each = {0};
    const char *error = NULL;

    if (!list.there) {
        list = ag_at_member(loader, &loader->root, "security");
    }
    if (list.there && !ag_at_is(&list, AG_JSON_ARRAY)) {
        error = ag_at_wrong(loader, &list, "is no list of requirements");
    }
    while (!error && ag_at_next(&each, NULL, loader, &list)) {
        error = ag_at_is(&each, AG_JSON_OBJECT) ? read_demand(apr_array_push(demands), loader, &each)
                                                : ag_at_wrong(loader, &each, "is no object of schemes and scopes");
    }
    operation->demands = (const ag_demand_t *)demands->elts;
    operation->n_demands = demands->nelts;
    if (error && !loader->openapi->options.scopes) {
        APR_ARRAY_PUSH(loader->openapi->warnings, const char *) = error;
        error = NULL;
    }
    return error;
}
