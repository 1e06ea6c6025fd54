/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay: gives a body that was read before its time back to whoever reads the request, as often as httpd sends the request
 * on. It stands in front of all protocol filters: what stands behind them a redirect drops, and mod_proxy would take it for one that
 * changes the body.
 */
#include "body.h"

static ap_filter_rec_t *replay;

#define AT_ONCE 65536

static void put(apr_bucket_brigade *bb, const char *text, apr_size_t n)
{
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_heap_create(text, n, NULL, bb->bucket_alloc)); /* a copy */
}

static void put_end(apr_bucket_brigade *bb)
{
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_eos_create(bb->bucket_alloc));
}

/* How many bytes of what is left this read gets. */
static apr_size_t share(const ag_body_t *body, ap_input_mode_t mode, apr_off_t bytes)
{
    const char *text = body->text + body->at;
    apr_size_t left = (apr_size_t)(body->size - body->at);
    apr_size_t n = mode == AP_MODE_EXHAUSTIVE ? left : AT_ONCE;
    const char *line;

    if ((mode == AP_MODE_READBYTES || mode == AP_MODE_SPECULATIVE) && bytes < (apr_off_t)n) {
        n = bytes > 0 ? (apr_size_t)bytes : 0;
    }
    n = n < left ? n : left;
    line = mode == AP_MODE_GETLINE ? memchr(text, '\n', n) : NULL;
    return line ? (apr_size_t)(line - text) + 1 : n;
}

static apr_status_t give(ag_body_t *body, apr_bucket_brigade *bb, ap_input_mode_t mode, apr_off_t bytes)
{
    apr_size_t n = share(body, mode, bytes);

    if (n) {
        put(bb, body->text + body->at, n);
    }
    body->at += mode == AP_MODE_SPECULATIVE ? 0 : (apr_int64_t)n;
    if (body->whole && body->at == body->size) {
        put_end(bb);
    }
    return APR_SUCCESS;
}

static int has_end(apr_bucket_brigade *bb)
{
    return !APR_BRIGADE_EMPTY(bb) && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(bb));
}

/* Reads on for as long as the client's body lasts, and throws it away. */
static apr_status_t drain(ag_body_t *body, ap_filter_t *f, apr_bucket_brigade *bb, apr_read_type_e block)
{
    apr_status_t rv = APR_SUCCESS;

    while (!body->whole && rv == APR_SUCCESS) {
        body->draining = 1;
        rv = ap_get_brigade(f->next, bb, AP_MODE_READBYTES, block, AT_ONCE);
        body->draining = 0;
        if (rv == APR_SUCCESS && block == APR_NONBLOCK_READ && APR_BRIGADE_EMPTY(bb)) {
            return APR_EAGAIN;
        }
        body->whole = rv == APR_SUCCESS && has_end(bb);
        apr_brigade_cleanup(bb);
    }
    if (body->whole) {
        put_end(bb);
    }
    return rv;
}

static apr_status_t replay_filter(ap_filter_t *f, apr_bucket_brigade *bb, ap_input_mode_t mode, apr_read_type_e block,
                                  apr_off_t bytes)
{
    ag_body_t *body = f->ctx;

    /* httpd's own filter reads trailers from the first one, which is this. */
    if (mode == AP_MODE_INIT || mode == AP_MODE_EATCRLF || body->draining) {
        return ap_get_brigade(f->next, bb, mode, block, bytes);
    }
    if (body->dropped) {
        return drain(body, f, bb, block);
    }
    return body->whole || body->at < body->size ? give(body, bb, mode, bytes)
                                                : ap_get_brigade(f->next, bb, mode, block, bytes);
}

void ag_body_replay(ag_body_t *body, request_rec *r)
{
    if (!body->watched) {
        body->watched = 1;
        ag_filter_first(r, ap_add_input_filter_handle(replay, body, r, r->connection));
    }
}

void ag_body_drop(request_rec *r)
{
    ag_body_t *body = ag_body_of(r);

    body->dropped = 1;
    ag_body_replay(body, r);
}

void ag_register_replay(void)
{
    replay = ap_register_input_filter("APIGUARD_REPLAY", replay_filter, NULL, AP_FTYPE_PROTOCOL);
}
