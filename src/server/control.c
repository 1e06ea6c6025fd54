/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control: the file where apiguardctl meets this server (control/control), made by the parent at the first
 * start and kept over graceful restarts. What the tool asks there control_limits.c answers.
 */
#include "server.h"

#include <sys/mman.h>
#include <unistd.h>

#include "../control/control.h"

#define KEPT         "mod_apiguard:control:6"
#define BANS_PERCENT 3 /* of ApiGuardSharedMemory, and not taken from it */

/* What the parent process keeps. */
typedef struct {
    ag_control_t *control;
    apr_size_t room;  /* for bans */
    const char *path; /* NULL: memory without a file */
} kept_t;

/* ---- the file -------------------------------------------------------------------------------- */

/* Bans work without a file, and only the tool does not. */
static apr_status_t make_without_file(kept_t *kept)
{
    void *at = mmap(NULL, ag_control_bytes(kept->room), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    kept->path = NULL;
    if (at == MAP_FAILED) {
        return APR_ENOMEM;
    }
    kept->control = at;
    return ag_control_format(kept->control, kept->room);
}

static apr_status_t make(kept_t *kept, apr_size_t bans, server_rec *s)
{
    apr_pool_t *pprocess = s->process->pool;
    apr_status_t rv;

    kept->room = bans;
    kept->path = ap_runtime_dir_relative(pprocess, ag_control_file(getpid(), pprocess));
    ag_control_find(ap_runtime_dir_relative(pprocess, ""), 1, pprocess);
    rv = ag_control_make(&kept->control, kept->path, bans);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, rv, s,
                     "AG0180: %s cannot be made, so apiguardctl "
                     "cannot show or end this server's bans and limits",
                     kept->path);
        rv = make_without_file(kept);
    }
    return rv;
}

int ag_control_wanted(server_rec *s)
{
    return ag_written("ApiGuardRateLimit", NULL) || ag_written("ApiGuardConcurrency", NULL) || ag_database_there(s);
}

/* A control file whose head a child has written over is made anew; those who use it still have it. */
static apr_status_t open_bans(ag_bans_t **bans, kept_t *kept, apr_size_t room, int fresh, const ag_sip_key_t *sip,
                              apr_pool_t *pconf, server_rec *s)
{
    apr_status_t rv = ag_control_bans(bans, kept->control, kept->room, fresh, sip, pconf);

    if (fresh || rv != APR_EINVAL) {
        return rv;
    }
    ag_memory_broken("the control file with the bans", s);
    munmap(kept->control, ag_control_bytes(kept->room));
    rv = make(kept, room, s);
    return rv == APR_SUCCESS ? ag_control_bans(bans, kept->control, kept->room, 1, sip, pconf) : rv;
}

int ag_control_start(ag_shared_t *shared, apr_size_t memory, apr_pool_t *pconf, server_rec *s)
{
    apr_size_t room = memory / 100 * BANS_PERCENT;
    kept_t *kept = ag_keep(KEPT, sizeof *kept, s->process->pool);
    int fresh = !kept->control;
    apr_status_t rv = fresh ? make(kept, room, s) : APR_SUCCESS;

    if (rv == APR_SUCCESS) {
        rv = open_bans(&shared->bans, kept, room, fresh, &shared->sip, pconf, s);
    }
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, s, "AG0181: there is no memory for ApiGuardBan");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (kept->path) {
        ag_keep_file(kept->path, pconf);
    }
    kept->control->served = (apr_uint64_t)ag_control_wanted(s);
    shared->control = kept->control;
    return OK;
}
