/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep: a segment of shared memory, and a file, that outlive graceful restarts. What says where they are is a
 * block of the parent's (core/keep).
 */
#include "server.h"

#include <unistd.h>

void ag_memory_broken(const char *what, server_rec *s)
{
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                 "AG0740: shared memory: the head of %s is not what this "
                 "server wrote there: a process of it has written over it, or it is of another version "
                 "of the module. All of that memory is made anew, and what it held is lost",
                 what);
}

/* The system hands it out all zero. */
static apr_status_t make(ag_segment_t *segment, apr_size_t size, ag_lay_out_fn *lay_out, void *ctx, server_rec *s)
{
    const char *part;
    apr_status_t rv = apr_shm_create(&segment->shm, size, NULL, s->process->pool);

    if (rv != APR_SUCCESS) {
        segment->shm = NULL;
        return rv;
    }
    segment->size = size;
    return lay_out(&part, ctx, segment, 1, s->process->pconf);
}

apr_status_t ag_keep_segment(ag_segment_t *segment, apr_size_t size, ag_lay_out_fn *lay_out, void *ctx, server_rec *s)
{
    const char *part;
    apr_status_t rv;

    if (!segment->shm) {
        return make(segment, size, lay_out, ctx, s);
    }
    rv = lay_out(&part, ctx, segment, 0, s->process->pconf);
    if (rv != APR_EINVAL) {
        return rv;
    }
    ag_memory_broken(part, s);
    apr_shm_destroy(segment->shm); /* what children still use of it lives on with them */
    return make(segment, size, lay_out, ctx, s);
}

typedef struct {
    const char *path;
    pid_t owner;
} file_t;

static apr_status_t remove_at_end(void *data)
{
    const file_t *file = data;

    if (getpid() == file->owner && ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_EXITING) {
        unlink(file->path);
    }
    return APR_SUCCESS;
}

void ag_keep_file(const char *path, apr_pool_t *pconf)
{
    file_t *file = apr_palloc(pconf, sizeof *file);

    file->path = path;
    file->owner = getpid();
    apr_pool_cleanup_register(pconf, file, remove_at_end, apr_pool_cleanup_null);
}
