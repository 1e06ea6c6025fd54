/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ref: see ref.h. Pointers are put together on the way down: to find one by walking from the root again would cost the
 * whole document for each place.
 */
#include "ref.h"

#include <apr_strings.h>

#include "../core/open.h"
#include "../schema/uri.h"

/* ---- words --------------------------------------------------------------------------------------- */

static const char *words(const ag_at_t *at, const char *format, va_list args, apr_pool_t *p)
{
    return apr_pstrcat(p, at->file->path, "#", ag_text_plain(at->pointer, p), ": ", apr_pvsprintf(p, format, args),
                       NULL);
}

const char *ag_at_wrong(const ag_loader_t *loader, const ag_at_t *at, const char *format, ...)
{
    const char *text;
    va_list args;

    va_start(args, format);
    text = words(at, format, args, loader->p);
    va_end(args);
    return text;
}

void ag_at_warn(ag_loader_t *loader, const ag_at_t *at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    APR_ARRAY_PUSH(loader->openapi->warnings, const char *) = words(at, format, args, loader->p);
    va_end(args);
}

/* ---- files --------------------------------------------------------------------------------------- */

const char *ag_file_read(void *ctx, const char **text, apr_size_t *n, const char *path, apr_pool_t *p)
{
    char *bytes;
    const char *error = ag_open_source(&bytes, n, apr_pstrcat(p, "file:", path, NULL), p);

    (void)ctx;
    *text = bytes;
    return error;
}

#define CONVERT                                                                                                           \
    "; a document in YAML is converted with \"yq -o=json openapi.yaml > openapi.json\", or with all its files in one by " \
    "\"npx @redocly/cli bundle openapi.yaml -o openapi.json\""

/* A document that begins with another letter is written in YAML, most likely. */
static const char *not_json(const char *path, const char *text, apr_size_t n, const ag_doc_wrong_t *wrong,
                            apr_pool_t *p)
{
    apr_size_t at = 0;

    while (at < n && strchr(" \t\r\n", text[at])) {
        at++;
    }
    return apr_psprintf(p, "%s#%s: this is not JSON: %s, at byte %" APR_SIZE_T_FMT "%s", path,
                        ag_text_plain(wrong->pointer, p), wrong->what, wrong->at,
                        at < n && text[at] == '{' ? "" : CONVERT);
}

const char *ag_file_parse(ag_file_t **file, ag_loader_t *loader, const char *path, const char *text, apr_size_t n)
{
    ag_file_t *made = apr_pcalloc(loader->p, sizeof *made);
    ag_doc_wrong_t wrong;

    ag_open_skip_mark(&text, &n);
    made->path = apr_pstrdup(loader->p, path);
    apr_hash_set(loader->files, made->path, APR_HASH_KEY_STRING, made);
    *file = made;
    return ag_doc_parse(&made->doc, &wrong, text, n, &(ag_doc_limits_t){0}, loader->p)
               ? not_json(path, text, n, &wrong, loader->p)
               : NULL;
}

static const char *read_file(ag_file_t **file, ag_loader_t *loader, const char *path)
{
    const char *text;
    apr_size_t n;
    const char *error = ag_file_read(NULL, &text, &n, path, loader->p);

    return error ? apr_psprintf(loader->p, "%s: %s", path, error) : ag_file_parse(file, loader, path, text, n);
}

/* A file that a reference names, read once. */
static const char *open_file(const ag_file_t **file, ag_loader_t *loader, const char *path)
{
    ag_file_t *made = apr_hash_get(loader->files, path, APR_HASH_KEY_STRING);
    const char *error = NULL;

    if (!made) {
        error = read_file(&made, loader, path);
        error = error ? error : ag_schemas_add(loader->schemas, &made->doc, path);
    }
    *file = made;
    return error;
}

/* ---- ways ---------------------------------------------------------------------------------------- */

/* One more segment of a pointer (RFC 6901 s3). */
static const char *pointer_below(const char *pointer, const char *name, apr_pool_t *p)
{
    char *out = apr_palloc(p, strlen(pointer) + 2 * strlen(name) + 2),
         *to = apr_cpystrn(out, pointer, strlen(pointer) + 1);

    *to++ = '/';
    for (; *name; name++) {
        if (*name == '~' || *name == '/') {
            *to++ = '~';
        }
        *to++ = *name == '~' ? '0' : *name == '/' ? '1' : *name;
    }
    *to = '\0';
    return out;
}

ag_at_t ag_at_member(const ag_loader_t *loader, const ag_at_t *at, const char *name)
{
    ag_at_t member = {at->file, 0, 0, 0, at->pointer};

    if (ag_at_is(at, AG_JSON_OBJECT)) {
        member.node = ag_doc_member(&at->file->doc, at->node, name, strlen(name));
        member.there = member.node != 0;
        member.pointer = member.there ? pointer_below(at->pointer, name, loader->ptmp) : at->pointer;
    }
    return member;
}

int ag_at_next(ag_at_t *each, const char **name, const ag_loader_t *loader, const ag_at_t *in)
{
    const ag_doc_t *doc = &in->file->doc;
    int object = ag_at_is(in, AG_JSON_OBJECT);
    apr_uint32_t at = each->there ? doc->nodes[each->node].next : in->node + 1;
    const char *text;

    each->file = in->file;
    if ((!object && !ag_at_is(in, AG_JSON_ARRAY)) || at >= doc->nodes[in->node].next) {
        each->there = 0;
        return 0;
    }
    text = object ? apr_pstrmemdup(loader->ptmp, ag_doc_text(doc, &doc->nodes[at]), doc->nodes[at].n)
                  : apr_itoa(loader->ptmp, each->there ? ++each->item : 0);
    if (name) {
        *name = text;
    }
    each->node = at + (apr_uint32_t)object;
    each->there = 1;
    each->pointer = pointer_below(in->pointer, text, loader->ptmp);
    return 1;
}

const char *ag_at_string(const ag_loader_t *loader, const ag_at_t *at, const char *name)
{
    return ag_at_is(at, AG_JSON_OBJECT) ? ag_doc_string(&at->file->doc, at->node, name, loader->p) : NULL;
}

int ag_at_true(const ag_loader_t *loader, const ag_at_t *at, const char *name)
{
    ag_at_t member = ag_at_member(loader, at, name);

    return ag_at_is(&member, AG_JSON_TRUE);
}

/* ---- $ref ---------------------------------------------------------------------------------------- */

#define HOPS 32

/* The file that a reference names, seen from the one it stands in. */
static const char *open_reference(const ag_file_t **file, ag_loader_t *loader, const ag_at_t *at, const char *ref)
{
    const char *named = ag_uri_file(ref);

    *file = at->file;
    if (*ref == '#' || !*ref) {
        return NULL;
    }
    if ((!named && ag_uri_scheme(ref)) || strncmp(ref, "//", 2) == 0) {
        return ag_at_wrong(
            loader, at,
            "\"$ref\" names another server (%s): nothing is fetched. Keep the document as a file beside "
            "this one, and refer to that",
            ag_text_plain(ref, loader->ptmp));
    }
    named = ag_uri_decode(ag_uri_resolve(at->file->path, named ? named : ref, loader->ptmp), loader->ptmp);
    return named ? open_file(file, loader, named) : ag_at_wrong(loader, at, "\"$ref\" has a %% that is no escape");
}

static const char *follow(ag_at_t *at, ag_loader_t *loader, const char *ref)
{
    const char *fragment = ag_uri_fragment(ref, loader->ptmp);
    const ag_file_t *file;
    const char *error = open_reference(&file, loader, at, ref);
    apr_uint32_t node = 0;
    int found = 0;

    if (error) {
        return error;
    }
    if (fragment && (!*fragment || *fragment == '/')) {
        node = ag_doc_at(&file->doc, fragment, &found);
    }
    if (!found) {
        return ag_at_wrong(loader, at, "\"$ref\": there is nothing at %s", ag_text_plain(ref, loader->ptmp));
    }
    at->file = file;
    at->node = node;
    at->pointer = fragment;
    return NULL;
}

const char *ag_at_resolve(ag_at_t *at, ag_loader_t *loader)
{
    const ag_at_t begin = *at;
    const char *ref, *error = NULL;
    int hops;

    for (hops = 0; !error && (ref = ag_at_string(loader, at, "$ref")); hops++) {
        if (hops == HOPS) {
            return ag_at_wrong(loader, &begin, "\"$ref\" comes back to itself, or leads on more than 32 times");
        }
        error = follow(at, loader, ref);
    }
    return error;
}

const char *ag_at_schema(const ag_schema_t **schema, ag_loader_t *loader, const ag_at_t *at)
{
    return ag_schemas_compile_node(schema, loader->schemas, at->file->path, at->node);
}
