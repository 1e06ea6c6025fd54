/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An OpenAPI document, and behind a NUL a request to it: "METHOD TARGET", a line each for Content-Type, a field X and Cookie, the
 * body. Whatever both are, nothing is read that is not theirs, and nothing takes long.
 */
#include <stdint.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "../../src/openapi/openapi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *fields[3];
static const char *const names[] = {"Content-Type", "X", "Cookie"};

static const char *header(const ag_request_t *request, const char *name)
{
    int i;

    (void)request;
    for (i = 0; i < 3; i++) {
        if (strcasecmp(names[i], name) == 0) {
            return fields[i];
        }
    }
    return NULL;
}

static void spellings(const ag_request_t *request, const char *name, ag_spelling_fn each, void *ctx)
{
    const char *value = header(request, name);

    if (value && *value) {
        each(ctx, name, value);
    }
}

static char *line(char **at)
{
    char *start = *at;

    *at += strcspn(*at, "\n");
    if (**at) {
        *(*at)++ = '\0';
    }
    return start;
}

static void ask(const ag_openapi_t *openapi, char *text, apr_pool_t *p)
{
    ag_request_t request = {.pool = p, .header = header, .spellings = spellings};
    char *first = line(&text), *target = strchr(first, ' ');
    ag_span_t path = ag_span(target ? target + 1 : "/", strcspn(target ? target + 1 : "/", "?"));
    ag_input_call_t call = {.request = &request, .p = p, .method = first};
    ag_openapi_found_t found;
    ag_doc_wrong_t wrong;
    int i;

    for (i = 0; i < 3; i++) {
        fields[i] = line(&text);
    }
    if (target) {
        *target++ = '\0';
        call.args = strchr(target, '?') ? strchr(target, '?') + 1 : NULL;
    }
    call.length = (apr_int64_t)strlen(text);
    if (ag_span_decode(&path, path, 0, p) != AG_ENCODED_WELL) {
        return;
    }
    call.path = apr_pstrmemdup(p, path.at, path.n);
    call.target = target;
    if (ag_openapi_find(&found, openapi, &call) != AG_R_NONE || !found.operation
        || ag_openapi_head(&found, openapi, &call) != AG_R_NONE || !call.length) {
        return;
    }
    call.body.text = text;
    call.body.n = strlen(text);
    call.wants.doc = call.typed && ag_input_is_json(call.media.type);
    if (!call.wants.doc || ag_doc_parse(&call.body.doc, &wrong, text, call.body.n, &(ag_doc_limits_t){0}, p) == 0) {
        ag_openapi_body(found.operation, &call, p);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static apr_pool_t *all;
    const char *end = memchr(data, '\0', size);
    ag_openapi_options_t options = {.pass = (int)(size & 1), .formats = 1, .scopes = 1};
    ag_openapi_t *openapi;
    apr_pool_t *p;

    if (!all) {
        apr_initialize();
        apr_pool_create(&all, NULL);
    }
    apr_pool_create(&p, all);
    if (!ag_openapi_compile(&openapi, "a.json", apr_pmemdup(p, data, size),
                            end ? (apr_size_t)(end - (const char *)data) : size, &options, p)
        && end) {
        ask(openapi, apr_pstrmemdup(p, end + 1, size - (apr_size_t)(end + 1 - (const char *)data)), p);
    }
    apr_pool_destroy(p);
    return 0;
}
