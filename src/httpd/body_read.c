/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body_read: a body is read from the client and kept, byte for byte. httpd's own filters see to its framing and its limits,
 * and tell a client that waits for it to go on.
 */
#include "body.h"

#define AT_ONCE 65536
#define SMALL   8192 /* a body of unknown length begins with so much room */

static apr_status_t open_file(ag_body_t *body, apr_pool_t *p)
{
    const char *folder;
    char *path;
    apr_status_t rv = apr_temp_dir_get(&folder, p);

    if (rv == APR_SUCCESS) {
        path = apr_pstrcat(p, folder, "/apiguard.body.XXXXXX", NULL);
        rv = apr_file_mktemp(&body->file, path, APR_FOPEN_CREATE | APR_FOPEN_EXCL | APR_FOPEN_READ | APR_FOPEN_WRITE,
                             p);
    }
    if (rv == APR_SUCCESS) {
        rv = apr_file_remove(path, p); /* it is gone when the request is, however this process ends */
    }
    return rv == APR_SUCCESS ? apr_file_write_full(body->file, body->memory, (apr_size_t)body->size, NULL) : rv;
}

/* As much room as the body needs in memory, 64 KB at most. */
static void grow(ag_body_t *body, apr_size_t n, apr_pool_t *p)
{
    apr_size_t room = body->room * 2 > n ? body->room * 2 : n;
    char *memory;

    room = room > AG_BODY_IN_MEMORY ? AG_BODY_IN_MEMORY : room;
    memory = apr_palloc(p, room);
    if (body->size) {
        memcpy(memory, body->memory, (apr_size_t)body->size);
    }
    body->memory = memory;
    body->room = room;
}

static apr_status_t append(ag_body_t *body, const char *text, apr_size_t n, apr_pool_t *p)
{
    apr_size_t all = (apr_size_t)body->size + n;
    apr_status_t rv = APR_SUCCESS;

    if (!body->file && all > AG_BODY_IN_MEMORY) {
        rv = open_file(body, p);
    }
    else if (!body->file && all > body->room) {
        grow(body, all, p);
    }
    if (body->file && rv == APR_SUCCESS) {
        rv = apr_file_write_full(body->file, text, n, NULL);
    }
    else if (rv == APR_SUCCESS) {
        memcpy(body->memory + body->size, text, n);
    }
    body->size = (apr_int64_t)all;
    return rv;
}

/* Our own fault, not the client's. */
static int failed(request_rec *r, apr_status_t rv)
{
    ap_log_rerror(APLOG_MARK, APLOG_ERR, rv, r,
                  "AG1000: a body of more than 64 KB could not be kept in the folder for temporary files");
    return HTTP_INTERNAL_SERVER_ERROR;
}

/* All that one read brought. OK, or a status. */
static int keep(ag_body_t *body, request_rec *r, apr_bucket_brigade *bb)
{
    apr_bucket *e;

    for (e = APR_BRIGADE_FIRST(bb); e != APR_BRIGADE_SENTINEL(bb) && !body->whole; e = APR_BUCKET_NEXT(e)) {
        const char *text;
        apr_size_t n;
        apr_status_t rv;

        if (APR_BUCKET_IS_EOS(e)) {
            body->whole = 1;
        }
        if (APR_BUCKET_IS_METADATA(e)) {
            continue;
        }
        rv = apr_bucket_read(e, &text, &n, APR_BLOCK_READ);
        if (rv != APR_SUCCESS) {
            return ap_map_http_request_error(rv, HTTP_BAD_REQUEST);
        }
        rv = append(body, text, n, r->pool);
        if (rv != APR_SUCCESS) {
            return failed(r, rv);
        }
    }
    return OK;
}

static int finish(ag_body_t *body, request_rec *r)
{
    apr_mmap_t *map;
    apr_status_t rv;

    body->text = body->size ? body->memory : "";
    if (!body->file) {
        return OK;
    }
    rv = apr_mmap_create(&map, body->file, 0, (apr_size_t)body->size, APR_MMAP_READ, r->pool);
    if (rv != APR_SUCCESS) {
        return failed(r, rv);
    }
    body->text = map->mm;
    return OK;
}

/* The first room: what Content-Length says, or a little. */
static void prepare(ag_body_t *body, request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");
    apr_int64_t n = length ? apr_atoi64(length) : 0;

    grow(body, n > 0 && n < AG_BODY_IN_MEMORY ? (apr_size_t)n : SMALL, r->pool);
}

int ag_body_read(ag_body_t *body, request_rec *r, apr_int64_t most)
{
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    int status = OK;

    prepare(body, r);
    while (status == OK && !body->whole && body->size <= most) {
        apr_status_t rv = ap_get_brigade(r->proto_input_filters, bb, AP_MODE_READBYTES, APR_BLOCK_READ, AT_ONCE);

        status = rv == APR_SUCCESS ? keep(body, r, bb) : ap_map_http_request_error(rv, HTTP_BAD_REQUEST);
        apr_brigade_cleanup(bb);
    }
    apr_brigade_destroy(bb);
    return status == OK ? finish(body, r) : status;
}
