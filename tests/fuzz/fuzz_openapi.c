/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_openapi: a byte that chooses (unknown ones pass, formats, scopes), an OpenAPI document, and a request: its method and
 * target in a line, its fields a line each, its body; the byte 0xFF stands between the three. Besides not crashing: a document
 * that is refused has a text, and so has a request; one that passes has no findings.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "../../src/base/text.h"
#include "../../src/openapi/openapi.h"

#define FIELDS 8

typedef struct {
    int n;
    const char *names[FIELDS], *values[FIELDS];
} fields_t;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static apr_pool_t *root, *pool;

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

/* ---- a request ---------------------------------------------------------------------------------- */

static const char *field_of(const ag_request_t *request, const char *name)
{
    const fields_t *fields = request->ctx;
    const char *value = NULL;
    int i;

    for (i = 0; i < fields->n; i++) {
        if (strcasecmp(fields->names[i], name) == 0) {
            value = value ? apr_pstrcat(pool, value, ", ", fields->values[i], NULL) : fields->values[i];
        }
    }
    return value;
}

static void spellings_of(const ag_request_t *request, const char *name, ag_spelling_fn each, void *ctx)
{
    const fields_t *fields = request->ctx;
    int i;

    for (i = 0; i < fields->n; i++) {
        if (ag_text_same_field(fields->names[i], name)) {
            each(ctx, fields->names[i], fields->values[i]);
        }
    }
}

/* The next line of *text, which moves behind it; NULL at the end. */
static char *line_of(char **text)
{
    char *line = *text;

    if (!*line) {
        return NULL;
    }
    *text += strcspn(line, "\n");
    if (**text) {
        *(*text)++ = '\0';
    }
    return line;
}

/* As httpd takes them: a name is a token. */
static void read_fields(fields_t *fields, char *text)
{
    char *line, *colon;

    fields->n = 0;
    while (fields->n < FIELDS && (line = line_of(&text))) {
        colon = strchr(line, ':');
        if (colon) {
            *colon = '\0';
        }
        if (colon && ag_text_token(line)) {
            fields->names[fields->n] = line;
            fields->values[fields->n++] = colon + 1 + strspn(colon + 1, " ");
        }
    }
}

static void check_call(const ag_input_call_t *call, ag_reason_e reason)
{
    int i;

    must(reason != AG_R_NONE || !call->findings.n);
    must(reason != AG_R_INPUT_REJECTED || call->findings.n || call->detail);
    must(!call->detail || ag_text_printable(call->detail));
    for (i = 0; i < call->findings.n && i < AG_FINDINGS_MOST; i++) {
        const ag_finding_t *finding = call->findings.list + i;

        must(finding->keyword && finding->detail && *finding->detail);
        must(!finding->pointer || ag_text_printable(finding->pointer));
    }
}

static ag_reason_e check_body(const ag_openapi_found_t *found, ag_input_call_t *call, const char *body)
{
    ag_doc_wrong_t wrong;

    call->body.text = body;
    call->body.n = (apr_size_t)call->length;
    call->wants.doc = call->typed && ag_input_is_json(call->media.type);
    if (call->wants.doc && ag_doc_parse(&call->body.doc, &wrong, body, call->body.n, NULL, call->p)) {
        return AG_R_NONE;
    }
    return ag_openapi_body(found->operation, call, call->p);
}

/* What httpd lets through: a path that begins with a slash, its escapes good. */
static int read_target(ag_input_call_t *call, char *line)
{
    char *blank = strchr(line, ' '), *args;
    ag_span_t path;

    if (!blank || blank[1] != '/') {
        return 0;
    }
    *blank = '\0';
    call->method = line;
    call->target = blank + 1;
    args = strchr(blank + 1, '?');
    call->args = args ? args + 1 : NULL;
    path = ag_span(call->target, args ? (apr_size_t)(args - call->target) : strlen(call->target));
    if (ag_span_decode(&path, path, 0, pool) != AG_ENCODED_WELL) {
        return 0;
    }
    call->path = apr_pstrmemdup(pool, path.at, path.n);
    return ag_text_token(line);
}

static void ask(const ag_openapi_t *openapi, char *line, char *fields, const char *body, size_t n)
{
    fields_t list;
    ag_request_t request = {
        .pool = pool, .header = field_of, .spellings = spellings_of, .authorization = "Authorization", .ctx = &list};
    ag_input_call_t call = {.request = &request, .p = pool, .length = (apr_int64_t)n};
    ag_openapi_found_t found;
    ag_reason_e reason;

    if (!read_target(&call, line)) {
        return;
    }
    request.method = call.method;
    request.path = call.path;
    request.args = call.args;
    read_fields(&list, fields);
    reason = ag_openapi_find(&found, openapi, &call);
    if (reason == AG_R_NONE && found.operation) {
        reason = ag_openapi_head(&found, openapi, &call);
        reason = reason == AG_R_NONE && n ? check_body(&found, &call, body) : reason;
        must(*ag_operation_name(found.operation, pool));
    }
    check_call(&call, reason);
}

/* ---- an input ----------------------------------------------------------------------------------- */

/* What stands before the next 0xFF, with a NUL behind it; *n is its length. */
static char *part(size_t *n, const char **at, const char *end)
{
    const char *stop = memchr(*at, 0xFF, (size_t)(end - *at));
    char *text;

    *n = (size_t)((stop ? stop : end) - *at);
    text = apr_pstrmemdup(pool, *at, *n);
    *at = stop ? stop + 1 : end;
    return text;
}

static void run(unsigned char choice, const char *at, const char *end)
{
    ag_openapi_options_t options = {.pass = choice & 1, .formats = choice >> 1 & 1, .scopes = choice >> 2 & 1};
    ag_openapi_t *openapi;
    size_t n, ignored;
    const char *text = part(&n, &at, end), *body;
    const char *error = ag_openapi_compile(&openapi, "o.json", text, n, &options, pool);
    char *head, *line;

    must(!error || *error);
    if (error) {
        return;
    }
    head = part(&ignored, &at, end);
    body = part(&n, &at, end);
    line = line_of(&head);
    if (line) {
        ask(openapi, line, head, body, n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (!root) {
        apr_initialize();
        apr_pool_create(&root, NULL);
        apr_pool_create(&pool, root);
    }
    if (n) {
        run(data[0], (const char *)data + 1, (const char *)data + n);
    }
    apr_pool_clear(pool);
    return 0;
}
