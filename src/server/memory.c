/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory: one anonymous shared segment, made at the first start and kept by the parent process, so
 * counters and caches live through graceful restarts. Its parts are fixed shares, so that none can
 * push out another. SipHash's key is kept beside it, in the parent's private memory.
 */
#include "server.h"

#include "../cred/token_memo.h"

#define KEPT "mod_apiguard:memory:15"

/* What the parent process keeps. */
typedef struct {
    ag_segment_t segment;
    ag_sip_key_t sip;
} kept_t;

/* ---- blocks ---------------------------------------------------------------------------------- */

static apr_status_t nothing(void *block, int fresh)
{
    (void)block;
    (void)fresh;
    return APR_SUCCESS;
}

static apr_status_t attach_flights(ag_single_flights_t *flights, int fresh)
{
    return fresh ? ag_single_flights_init(flights) : APR_SUCCESS;
}

#define AG_PART(percent, type, member, attach, name)
#define AG_CACHE(percent, member, record, name)
#define AG_BLOCK(bytes, type, member, attach)                                                                        \
    static apr_status_t attach_block_##member(ag_shared_t *shared, void *at, int fresh)                              \
    {                                                                                                                \
        shared->member = at;                                                                                         \
        return attach(shared->member, fresh);                                                                        \
    }
#include "parts.def"
#undef AG_BLOCK

static const struct {
    apr_size_t bytes;
    apr_status_t (*attach)(ag_shared_t *shared, void *at, int fresh);
} blocks[] = {
#define AG_BLOCK(bytes, type, member, attach) {bytes, attach_block_##member},
#include "parts.def"
#undef AG_BLOCK
#undef AG_PART
#undef AG_CACHE
};

#define AG_BLOCK(bytes, type, member, attach) /* from here on: the parts */

/* ---- parts ----------------------------------------------------------------------------------- */

/* What lies in a part, attached to it. */
typedef apr_status_t attach_fn(ag_shared_t *shared, void *at, apr_size_t n, int fresh, apr_pool_t *p);

#define AG_PART(percent, type, member, attach, name)                                                                 \
    static apr_status_t attach_##member(ag_shared_t *shared, void *at, apr_size_t n, int fresh, apr_pool_t *p)       \
    {                                                                                                                \
        return attach(&shared->member, at, n, fresh, p);                                                             \
    }
#define AG_CACHE(percent, member, record, name)                                                                      \
    static apr_status_t attach_##member(ag_shared_t *shared, void *at, apr_size_t n, int fresh, apr_pool_t *p)       \
    {                                                                                                                \
        return ag_cache_attach(&shared->member, at, n, record, fresh, p);                                            \
    }
#include "parts.def"
#undef AG_PART
#undef AG_CACHE

static const struct {
    unsigned percent; /* of the segment */
    attach_fn *attach;
    const char *name;
} parts[] = {
#define AG_PART(percent, type, member, attach, name) {percent, attach_##member, name},
#define AG_CACHE(percent, member, record, name)      {percent, attach_##member, name},
#include "parts.def"
#undef AG_PART
#undef AG_CACHE
};

#define AG_PART(percent, type, member, attach, name) +(percent)
#define AG_CACHE(percent, member, record, name)      +(percent)
_Static_assert(0
#include "parts.def"
                   == 100,
               "the parts fill the segment");
#undef AG_PART
#undef AG_CACHE
#undef AG_BLOCK

#define LINES(bytes) (((bytes) + 63) & ~(apr_size_t)63) /* whole cache lines */

static apr_status_t lay_out_blocks(char **at, ag_shared_t *shared, int fresh)
{
    apr_status_t rv = APR_SUCCESS;
    apr_size_t i;

    for (i = 0; rv == APR_SUCCESS && i < sizeof blocks / sizeof *blocks; i++) {
        rv = blocks[i].attach(shared, *at, fresh);
        *at += LINES(blocks[i].bytes);
    }
    return rv;
}

/* Where each part lies follows from the size, which no child can change; what a part says of itself is
 * compared with that. Of the first that says something else *part is the name. */
static apr_status_t lay_out(const char **part, void *ctx, const ag_segment_t *segment, int fresh, apr_pool_t *pconf)
{
    char *base = apr_shm_baseaddr_get(segment->shm), *at = base;
    ag_shared_t *shared = ctx;
    apr_status_t rv = lay_out_blocks(&at, shared, fresh);
    apr_size_t size = segment->size - (apr_size_t)(at - base);
    apr_size_t i;

    for (i = 0; rv == APR_SUCCESS && i < sizeof parts / sizeof *parts; i++) {
        apr_size_t n = size / 100 * parts[i].percent & ~(apr_size_t)63; /* cache lines */

        *part = parts[i].name;
        rv = parts[i].attach(shared, at, n, fresh, pconf);
        at += n;
    }
    return rv;
}

/* The size is fixed for the life of the server. */
static void tell_size(apr_size_t is, apr_size_t wanted, server_rec *s)
{
    if (is != wanted) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     "AG0110: ApiGuardSharedMemory: the size is "
                     "fixed for the life of the server; %" APR_SIZE_T_FMT " bytes stay until it is "
                     "stopped",
                     is);
    }
}

int ag_memory_open(ag_shared_t *shared, apr_size_t size, server_rec *s)
{
    kept_t *kept = ag_keep(KEPT, sizeof *kept, s->process->pool);
    apr_status_t rv = APR_SUCCESS;

    if (kept->segment.shm) {
        tell_size(kept->segment.size, size, s);
    }
    else {
        rv = ag_random(&kept->sip, sizeof kept->sip);
    }
    shared->sip = kept->sip;
    rv = rv == APR_SUCCESS ? ag_keep_segment(&kept->segment, size, lay_out, shared, s) : rv;
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, s,
                     "AG0111: ApiGuardSharedMemory: %" APR_SIZE_T_FMT " bytes of shared memory cannot be set up",
                     size);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}
