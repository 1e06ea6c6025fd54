/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openapi_fixture: documents from texts, and what a request is told by one: "ok", or the code of the refusal and each
 * finding as " IN:NAME:KEYWORD".
 */
#ifndef AG_OPENAPI_FIXTURE_H
#define AG_OPENAPI_FIXTURE_H

#include "unit.h"

#include <unistd.h>

#include "../../src/core/reason.h"
#include "../../src/openapi/openapi.h"

/* Writes the text to a file that goes with the pool; its path. */
static inline apr_status_t remove_file(void *path)
{
    unlink(path);
    return APR_SUCCESS;
}

static inline const char *write_document(const char *text, apr_pool_t *p)
{
    char *path = apr_pstrdup(p, "/tmp/openapi-XXXXXX");
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    apr_pool_cleanup_register(p, path, remove_file, apr_pool_cleanup_null);
    return path;
}

/* What is wrong with it, without the file's name; NULL: it is loaded. */
static inline const char *load_with(ag_openapi_t **openapi, const char *text, const ag_openapi_options_t *options,
                                    apr_pool_t *p)
{
    const char *path = write_document(text, p);
    const char *error = ag_openapi_load(openapi, path, options, p);

    return error && strncmp(error, path, strlen(path)) == 0 ? error + strlen(path) : error;
}

static inline ag_openapi_t *load_document(const char *text, apr_pool_t *p)
{
    static const ag_openapi_options_t options;
    ag_openapi_t *openapi;
    const char *error = load_with(&openapi, text, &options, p);

    if (error) {
        fail_msg("%s: %s", error, text);
    }
    return openapi;
}

/* ---- requests ------------------------------------------------------------------------------------ */

typedef struct {
    const char *method;
    const char *target;        /* path as it is sent, and ?query */
    const char *const *fields; /* NAME, VALUE ...; NULL: none */
    const char *body;          /* NULL: none */
} asked_t;

/* As httpd does, without its dot segments. */
static inline const char *decoded_path(const char *target, apr_pool_t *p)
{
    ag_span_t path = ag_span(target, strcspn(target, "?#"));

    assert_int_equal(ag_span_decode(&path, path, 0, p), AG_ENCODED_WELL);
    return apr_pstrmemdup(p, path.at, path.n);
}

static inline const char *told(const ag_input_call_t *call, ag_reason_e reason, apr_pool_t *p)
{
    const char *text = ag_reason(reason)->code;
    int i;

    for (i = 0; i < call->findings.n && i < AG_FINDINGS_MOST; i++) {
        const ag_finding_t *f = &call->findings.list[i];

        assert_non_null(f->detail);
        text =
            apr_psprintf(p, "%s %s:%s:%s", text, f->in ? f->in : "body", f->name ? f->name : f->pointer, f->keyword);
    }
    return text;
}

static inline ag_reason_e read_body(ag_input_call_t *call, const char *body)
{
    ag_doc_wrong_t wrong;

    call->body.text = body;
    call->body.n = strlen(body);
    call->wants.doc = ag_input_is_json(call->media.type);
    return call->wants.doc
                   && ag_doc_parse(&call->body.doc, &wrong, body, call->body.n, &(ag_doc_limits_t){0}, call->p)
               ? AG_R_INPUT_INVALID
               : AG_R_NONE;
}

static inline const char *ask_for(const ag_openapi_t *openapi, const asked_t *asked, apr_pool_t *p)
{
    ag_request_t request = make_request(asked->fields, p);
    const char *args = strchr(asked->target, '?');
    ag_input_call_t call = {.request = &request,
                            .p = p,
                            .method = asked->method,
                            .args = args ? args + 1 : NULL,
                            .target = asked->target,
                            .path = decoded_path(asked->target, p),
                            .length = asked->body ? (apr_int64_t)strlen(asked->body) : 0};
    ag_openapi_found_t found;
    ag_reason_e reason = ag_openapi_find(&found, openapi, &call);

    if (reason == AG_R_NONE && found.operation) {
        reason = ag_openapi_head(&found, openapi, &call);
        if (reason == AG_R_NONE && asked->body) {
            reason = read_body(&call, asked->body);
            reason = reason == AG_R_NONE ? ag_openapi_body(found.operation, &call, p) : reason;
        }
        else if (reason == AG_R_NONE && call.wants.body) {
            reason = AG_R_INPUT_INVALID;
        }
    }
    return told(&call, reason, p);
}

static inline const char *ask_get(const ag_openapi_t *openapi, const char *target, apr_pool_t *p)
{
    asked_t asked = {"GET", target, NULL, NULL};

    return ask_for(openapi, &asked, p);
}

#endif
