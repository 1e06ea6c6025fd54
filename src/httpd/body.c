/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body: between httpd and the guard's steps that check input: what a request is, its body where a check wants it, and what
 * becomes of the body then. Only the client's own request has one, whatever sub-requests and redirects come of it.
 */
#include "body.h"

/* What httpd will read: 0 nothing, -1 as much as comes. It has refused lengths that are no number before. */
static apr_int64_t length_of(request_rec *r)
{
    const ag_body_t *body = ag_body_of(r);
    const char *length = apr_table_get(r->headers_in, "Content-Length");
    apr_off_t kept = 0;

    if (r->kept_body) { /* mod_request's, which a sub-request gets, too */
        apr_brigade_length(r->kept_body, 1, &kept);
        return kept;
    }
    if (r->main || body->dropped || body->at) {
        return 0; /* it is gone: refused, or begun to be read by a handler */
    }
    if (body->watched && body->whole) {
        return body->size;
    }
    return apr_table_get(r->headers_in, "Transfer-Encoding") ? -1 : length ? apr_atoi64(length) : 0;
}

/* 1 when the application gets the path that was sent, or one made of that alone: mod_proxy with nocanon sends it on whatever
 * a RewriteRule has made of it here. */
static int is_sent(request_rec *r)
{
    return r->parsed_uri.path
           && (strcmp(r->uri, r->parsed_uri.path) == 0 || apr_table_get(r->notes, "proxy-nocanon"));
}

void ag_input_call_of(request_rec *r, ag_check_t *check)
{
    ag_input_call_t *call = apr_pcalloc(r->pool, sizeof *call);

    call->request = &check->exchange->request;
    call->p = r->pool;
    call->method = r->method;
    call->path = r->uri;
    call->target = is_sent(r) ? r->unparsed_uri : NULL;
    call->args = r->args;
    call->own_args = ag_follows_error(r);
    call->below = r->main != NULL && !r->kept_body;
    call->length = length_of(r);
    check->input = call;
}

/* ---- where the body comes from ------------------------------------------------------------------- */

static int flatten_kept(ag_input_call_t *call, request_rec *r)
{
    char *text;
    apr_size_t n;

    if (apr_brigade_pflatten(r->kept_body, &text, &n, r->pool) != APR_SUCCESS) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    call->body.text = text;
    call->body.n = n;
    return OK;
}

/* A module that reads bodies in its fixups and gives them back later, behind our filter's back: what an earlier pass let it
 * read is not there to be checked. */
static int read_by_another(const ag_body_t *body, const ag_input_call_t *call, const request_rec *r, int late)
{
    return (late || r->prev) && !body->size && call->length && ap_find_linked_module("mod_security2.c");
}

static int refuse_unread(request_rec *r)
{
    ap_log_rerror(
        APLOG_MARK, APLOG_ERR, 0, r,
        "AG1001: another module has read the body before it could be checked, so the request is refused; have "
        "the section check it in which the request comes in");
    return HTTP_INTERNAL_SERVER_ERROR;
}

/* What a client waits to be told to send is not sent for an ErrorDocument. */
static int was_never_sent(const request_rec *r)
{
    return r->expecting_100 && !ap_is_HTTP_SUCCESS(r->status);
}

static int read_from_client(ag_input_call_t *call, ag_body_t *body, request_rec *r, int late)
{
    apr_table_t *fields = r->headers_in;
    int status = ag_body_read(body, r, call->wants.most);

    if (r->headers_in != fields) {
        r->headers_in = fields; /* MergeTrailers: what was checked stays what it was */
    }
    if (status != OK) {
        return status;
    }
    if (read_by_another(body, call, r, late)
        || (body->whole && body->size && call->length > 0 && body->size != call->length)) {
        return refuse_unread(r);
    }
    ag_body_replay(body, r);
    return OK;
}

static int take(ag_input_call_t *call, request_rec *r, int late)
{
    ag_body_t *body = ag_body_of(r);
    int status;

    if (r->kept_body) {
        return flatten_kept(call, r);
    }
    if (was_never_sent(r)) {
        return OK;
    }
    if (body->watched && !body->whole && body->size <= call->wants.most) {
        return refuse_unread(r); /* a dry run has read the beginning only, and let it pass */
    }
    status = body->watched ? OK : read_from_client(call, body, r, late);
    call->body.text = body->text;
    call->body.n = (apr_size_t)body->size;
    return status;
}

/* ---- the gate ------------------------------------------------------------------------------------ */

static int check_body(request_rec *r, ag_check_t *check, int late)
{
    int status = take(check->input, r, late);

    if (status != OK) {
        return status;
    }
    return ag_guard_run(check, AG_PHASE_BODY) == AG_R_NONE ? DECLINED : ag_refusal(r, check);
}

static int gate(request_rec *r, ag_check_t *check, int late)
{
    const ag_input_call_t *call = check->input;
    int status = DECLINED;

    if (call->wants.text && call->length && !call->below) {
        status = check_body(r, check, late);
    }
    if (status == DECLINED) {
        ag_tell_defaults(r, call);
    }
    return status;
}

int ag_input_gate(request_rec *r, ag_check_t *check, int status)
{
    status = status == DECLINED ? gate(r, check, 0) : status;
    if (status != DECLINED && !r->main) {
        ag_body_drop(r);
    }
    return status;
}

static int refuse_unchecked(request_rec *r)
{
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                  "AG1004: another module has brought the request into a section in which nobody has checked its "
                  "input, so it is refused");
    return HTTP_INTERNAL_SERVER_ERROR;
}

/* mod_dir has made a sub-request that passed the gate this request (an index, a fallback): that one had no body, and another
 * method. Where none that passed can be found, nobody has looked at this request under the section it is in now. */
int ag_input_handler(request_rec *r)
{
    ag_check_t *check;
    int status;

    if (r->main || !ag_guard_checks_input(ag_policy_of(r))) {
        return DECLINED;
    }
    check = ag_check_found(r);
    if (!check || check->config != r->per_dir_config || !check->input) {
        return refuse_unchecked(r);
    }
    if (!check->input->below) {
        return DECLINED;
    }
    ag_input_call_of(r, check);
    status = ag_step_input(check) == AG_R_NONE ? gate(r, check, 1) : ag_refusal(r, check);
    if (status != DECLINED) {
        ag_body_drop(r);
    }
    return status;
}
