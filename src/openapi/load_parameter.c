/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_parameter: Parameter and Encoding Objects. Each place is compiled once, whoever refers to it.
 */
#include <apr_strings.h>

#include "load.h"

/* ---- styles -------------------------------------------------------------------------------------- */

#define IN(place) (1u << AG_PLACE_##place)

static const struct {
    const char *name;
    unsigned places;
} styles[] = {
    [AG_STYLE_SIMPLE] = {"simple", IN(PATH) | IN(HEADER)},
    [AG_STYLE_LABEL] = {"label", IN(PATH)},
    [AG_STYLE_MATRIX] = {"matrix", IN(PATH)},
    [AG_STYLE_FORM] = {"form", IN(QUERY) | IN(COOKIE)},
    [AG_STYLE_SPACES] = {"spaceDelimited", IN(QUERY)},
    [AG_STYLE_PIPES] = {"pipeDelimited", IN(QUERY)},
    [AG_STYLE_DEEP] = {"deepObject", IN(QUERY)},
    [AG_STYLE_COOKIE] = {"cookie", IN(COOKIE)},
};
#define N_STYLES (int)(sizeof styles / sizeof *styles)

static const struct {
    const char *name;
    ag_style_e style; /* unless it names one */
} places[] = {
    [AG_PLACE_PATH] = {"path", AG_STYLE_SIMPLE},
    [AG_PLACE_QUERY] = {"query", AG_STYLE_FORM},
    [AG_PLACE_HEADER] = {"header", AG_STYLE_SIMPLE},
    [AG_PLACE_COOKIE] = {"cookie", AG_STYLE_FORM},
    [AG_PLACE_QUERYSTRING] = {"querystring", AG_STYLE_FORM},
};
#define N_PLACES (int)(sizeof places / sizeof *places)

static const char *read_style(ag_parameter_t *parameter, ag_loader_t *loader, const ag_at_t *at)
{
    const char *name = ag_at_string(loader, at, "style");
    ag_at_t explode = ag_at_member(loader, at, "explode");
    int i = parameter->style;

    if (name) {
        for (i = 0; i < N_STYLES && strcmp(styles[i].name, name) != 0; i++) {
        }
        if (i == N_STYLES || !(styles[i].places & 1u << parameter->place)) {
            return ag_at_wrong(loader, at, "\"%s\" is no style of a parameter in: %s",
                               ag_text_plain(name, loader->ptmp), places[parameter->place].name);
        }
        parameter->style = (ag_style_e)i;
    }
    parameter->explode =
        explode.there ? ag_at_is(&explode, AG_JSON_TRUE) : i == AG_STYLE_FORM || i == AG_STYLE_COOKIE;
    if (parameter->explode && (i == AG_STYLE_SPACES || i == AG_STYLE_PIPES)) {
        parameter->style = AG_STYLE_FORM; /* each value under the name again: nothing is left to delimit */
    }
    return NULL;
}

/* ---- what its text is ---------------------------------------------------------------------------- */

static ag_text_e text_of(const char *type)
{
    return ag_input_is_json(type)                                   ? AG_TEXT_JSON
           : strcmp(type, "application/x-www-form-urlencoded") == 0 ? AG_TEXT_FORM
                                                                    : AG_TEXT_WHOLE;
}

static const char *read_content(ag_parameter_t *parameter, ag_loader_t *loader, const ag_at_t *content)
{
    ag_at_t entry = {0}, schema;
    const char *type, *range, *error;

    if (!ag_at_next(&entry, &type, loader, content) || ag_at_node(content)->n != 1) {
        return ag_at_wrong(loader, content, "\"content\" of a parameter has one media type, not several or none");
    }
    error = ag_media_range(&range, apr_pstrmemdup(loader->ptmp, type, strcspn(type, "; ")), loader->ptmp);
    if (error) {
        return ag_at_wrong(loader, &entry, "%s", error);
    }
    parameter->text = text_of(range);
    error = ag_at_resolve(&entry, loader);
    schema = ag_at_member(loader, &entry, "schema");
    if (parameter->text == AG_TEXT_FORM) {
        parameter->names = ag_load_names(loader, schema, NULL);
    }
    return error || !schema.there ? error : ag_at_schema(&parameter->schema, loader, &schema);
}

/* An exploded object's members are arguments of their own. */
static void read_members(ag_parameter_t *parameter, ag_loader_t *loader, ag_at_t schema)
{
    apr_array_header_t *members = ag_load_members(&parameter->open, loader, schema);

    if ((parameter->style != AG_STYLE_FORM && parameter->style != AG_STYLE_COOKIE) || !parameter->explode
        || !(members->nelts || parameter->open)) {
        parameter->open = 0;
        return;
    }
    parameter->members = members;
}

static const char *read_value(ag_parameter_t *parameter, ag_loader_t *loader, const ag_at_t *at)
{
    ag_at_t content = ag_at_member(loader, at, "content"), schema = ag_at_member(loader, at, "schema");
    const char *error;

    if (content.there && schema.there) {
        return ag_at_wrong(loader, at, "\"schema\" and \"content\" stand beside each other: which of them holds?");
    }
    if (content.there) {
        return read_content(parameter, loader, &content);
    }
    error = read_style(parameter, loader, at);
    if (!error && schema.there) {
        read_members(parameter, loader, schema);
        return ag_at_schema(&parameter->schema, loader, &schema);
    }
    if (error) {
        return error;
    }
    ag_at_warn(loader, at, "has neither \"schema\" nor \"content\": any value is taken");
    return NULL;
}

/* ---- parameters ---------------------------------------------------------------------------------- */

/* OpenAPI 3.2 s4.12.2.1: other parts of a document describe these. */
static int is_ignored(const ag_parameter_t *parameter)
{
    static const char *const fields[] = {"Accept", "Content-Type", "Authorization"};
    apr_size_t i;

    for (i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (parameter->place == AG_PLACE_HEADER && strcasecmp(parameter->name, fields[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

static const char *read_place(ag_parameter_t *parameter, ag_loader_t *loader, const ag_at_t *at)
{
    const char *in = ag_at_string(loader, at, "in");
    int i = 0;

    parameter->name = ag_at_string(loader, at, "name");
    if (!parameter->name || !in) {
        return ag_at_wrong(loader, at, "is no parameter: \"name\" and \"in\" are missing");
    }
    while (i < N_PLACES && strcmp(places[i].name, in) != 0) {
        i++;
    }
    if (i == N_PLACES) {
        return ag_at_wrong(loader, at, "in: \"%s\" is none of path, query, header, cookie and querystring%s",
                           ag_text_plain(in, loader->ptmp),
                           strcmp(in, "body") == 0 || strcmp(in, "formData") == 0
                               ? " (Swagger 2.0 has it; OpenAPI 3 has requestBody)"
                               : "");
    }
    parameter->n = strlen(parameter->name);
    parameter->place = (ag_place_e)i;
    parameter->in = places[i].name;
    parameter->style = places[i].style;
    return NULL;
}

static const char *make(ag_parameter_t *parameter, ag_loader_t *loader, const ag_at_t *at)
{
    const char *error = read_place(parameter, loader, at);

    if (error || is_ignored(parameter)) {
        return error;
    }
    parameter->required = ag_at_true(loader, at, "required");
    parameter->allow_empty = parameter->place == AG_PLACE_QUERY && ag_at_true(loader, at, "allowEmptyValue");
    if (parameter->place == AG_PLACE_PATH && !parameter->required) {
        ag_at_warn(loader, at, "is a part of the path: that is always required");
        parameter->required = 1;
    }
    if (parameter->place == AG_PLACE_QUERYSTRING && !ag_at_member(loader, at, "content").there) {
        return ag_at_wrong(loader, at, "in: querystring goes with \"content\"");
    }
    return read_value(parameter, loader, at);
}

const char *ag_load_parameter(const ag_parameter_t **parameter, ag_loader_t *loader, const ag_at_t *at)
{
    ag_at_t place = *at;
    const char *error = ag_at_resolve(&place, loader), *key;
    ag_parameter_t *made;

    if (error) {
        return error;
    }
    key = apr_psprintf(loader->ptmp, "%s#%u", place.file->path, place.node);
    made = apr_hash_get(loader->parameters, key, APR_HASH_KEY_STRING);
    if (!made) {
        made = apr_pcalloc(loader->p, sizeof *made);
        apr_hash_set(loader->parameters, key, APR_HASH_KEY_STRING, made);
        error = make(made, loader, &place);
    }
    *parameter = made->name && is_ignored(made) ? NULL : made;
    return error;
}

const char *ag_load_encoding(ag_parameter_t *field, ag_loader_t *loader, const ag_at_t *at)
{
    const char *type = ag_at_string(loader, at, "contentType");
    int styled = ag_at_member(loader, at, "style").there || ag_at_member(loader, at, "explode").there;

    if (!styled && type) {
        field->text = text_of(type);
    }
    field->place = AG_PLACE_QUERY;
    field->style = AG_STYLE_FORM;
    return read_style(field, loader, at);
}
