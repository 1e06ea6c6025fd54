/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inflate: bodies with a Content-Encoding, decoded by zlib up to a size that the section allows.
 */
#include "input.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

/* What has been decoded so far, in malloc's memory: it grows by realloc, and is freed with the pool. */
typedef struct {
    char *text;
    apr_size_t n, room, most;
} out_t;

static apr_status_t let_go(void *out)
{
    free(((out_t *)out)->text);
    return APR_SUCCESS;
}

/* One byte beyond the most, to see that it is passed. */
static int grow(out_t *out)
{
    apr_size_t room = out->room ? out->room * 2 : 16384;
    char *text;

    room = room > out->most ? out->most + 1 : room;
    text = realloc(out->text, room);
    if (!text) {
        return 0;
    }
    out->text = text;
    out->room = room;
    return 1;
}

/* One stream of it; a gzip body may have several, one after the other (RFC 1952 s2.2). */
static int run(out_t *out, z_stream *z)
{
    int rv = Z_OK;

    while (rv == Z_OK) {
        if (out->n == out->room && (out->n > out->most || !grow(out))) {
            return -1;
        }
        z->next_out = (unsigned char *)out->text + out->n;
        z->avail_out = (unsigned)(out->room - out->n > 1u << 30 ? 1u << 30 : out->room - out->n);
        rv = inflate(z, Z_NO_FLUSH);
        out->n = (apr_size_t)((char *)z->next_out - out->text);
    }
    return out->n > out->most ? -1 : rv == Z_STREAM_END;
}

int ag_inflate(const char **text, apr_size_t *n, const char *coding, const char *from, apr_size_t size,
               apr_size_t most, apr_pool_t *p)
{
    int gzip = strcmp(coding, "gzip") == 0;
    out_t *out = apr_pcalloc(p, sizeof *out);
    z_stream z;
    int rv;

    memset(&z, 0, sizeof z);
    if (size > 0xFFFFFFFF || inflateInit2(&z, gzip ? 16 + MAX_WBITS : MAX_WBITS) != Z_OK) {
        return -1;
    }
    out->most = most;
    apr_pool_cleanup_register(p, out, let_go, apr_pool_cleanup_null);
    z.next_in = (unsigned char *)from;
    z.avail_in = (unsigned)size;
    do {
        rv = run(out, &z);
    } while (rv == 1 && gzip && z.avail_in && inflateReset(&z) == Z_OK);
    rv = rv == 1 && z.avail_in ? 0 : rv;
    inflateEnd(&z);
    *text = out->text;
    *n = out->n;
    return rv;
}
