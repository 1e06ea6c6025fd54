/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk: the file where apiguardctl meets this server (guard/desk), made by the parent at the first
 * start and kept over graceful restarts. What the tool asks there desk_limits.c answers.
 */
#include "glue.h"

#include <sys/mman.h>
#include <unistd.h>

#include "../guard/desk.h"

#define USERDATA "mod_apiguard:desk:3"
#define BANS_PERCENT 3 /* of ApiGuardSharedMemory, and not taken from it */

/* What the parent process keeps; the module itself is unloaded and loaded between two generations. */
typedef struct {
    ag_desk_t *desk;
    const char *path; /* NULL: memory without a file */
    pid_t owner;
} kept_t;

/* ---- the file -------------------------------------------------------------------------------- */

static apr_status_t remove_at_end(void *data)
{
    const kept_t *kept = data;

    if (kept->path && getpid() == kept->owner
        && ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_EXITING) {
        unlink(kept->path);
    }
    return APR_SUCCESS;
}

/* Bans work without a file, and only the tool does not. */
static apr_status_t make_without_file(kept_t *kept, apr_size_t bans)
{
    void *at = mmap(NULL, ag_desk_bytes(bans), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                    -1, 0);

    kept->path = NULL;
    if (at == MAP_FAILED) {
        return APR_ENOMEM;
    }
    kept->desk = at;
    return ag_desk_format(kept->desk, bans);
}

static apr_status_t make(kept_t *kept, apr_size_t bans, server_rec *s)
{
    apr_pool_t *pprocess = s->process->pool;
    apr_status_t rv;

    kept->owner = getpid();
    kept->path = ap_runtime_dir_relative(pprocess, ag_desk_file(kept->owner, pprocess));
    ag_desk_find(ap_runtime_dir_relative(pprocess, ""), 1, pprocess);
    rv = ag_desk_make(&kept->desk, kept->path, bans);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, rv, s, "AG0180: %s cannot be made, so apiguardctl "
                     "cannot show or end this server's bans and limits", kept->path);
        rv = make_without_file(kept, bans);
    }
    return rv;
}

int ag_desk_wanted(server_rec *s)
{
    return ag_plans()->names->nelts > 0 || ag_database_there(s);
}

int ag_desk_start(ag_shared_t *shared, apr_size_t memory, apr_pool_t *pconf, server_rec *s)
{
    apr_pool_t *pprocess = s->process->pool;
    kept_t *kept = NULL;
    apr_status_t rv = APR_SUCCESS;
    int fresh;

    apr_pool_userdata_get((void **)&kept, USERDATA, pprocess);
    fresh = kept == NULL;
    if (fresh) {
        kept = apr_pcalloc(pprocess, sizeof *kept);
        rv = make(kept, memory / 100 * BANS_PERCENT, s);
    }
    if (rv == APR_SUCCESS) {
        rv = ag_desk_bans(&shared->bans, kept->desk, fresh, &shared->sip, pconf);
    }
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, s, "AG0181: there is no memory for ApiGuardBan");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (fresh) {
        apr_pool_userdata_set(kept, USERDATA, apr_pool_cleanup_null, pprocess);
    }
    apr_pool_cleanup_register(pconf, kept, remove_at_end, apr_pool_cleanup_null);
    kept->desk->served = (apr_uint64_t)ag_desk_wanted(s);
    shared->desk = kept->desk;
    return OK;
}
