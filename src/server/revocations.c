/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revocations: which tokens are revoked, for each database: its memory, which belongs to the parent process, so that a
 * graceful restart while the database is away finds all of them; the first reading, and the job that follows what
 * changes. Requests only ask, or read for themselves where nobody has for too long (keys/change_poll.h).
 */
#include "server.h"

#define FIRST_SECONDS 60                   /* for a first reading, of a million rows perhaps */
#define READING       apr_time_from_sec(5) /* how long one that reads all is waited for */

/* ---- memory ----------------------------------------------------------------------------------- */

static apr_status_t open_one(ag_database_t *database, const ag_shared_t *shared, apr_pool_t *pprocess,
                             apr_pool_t *pconf, apr_pool_t *ptemp)
{
    const ag_keys_t *keys = database->keys;
    ag_revocations_t *revocations = apr_pcalloc(pconf, sizeof *revocations);
    char hex[2 * sizeof database->id + 1];
    const char *name =
        apr_pstrcat(ptemp, "mod_apiguard:revoked:1:", ag_hex(hex, &database->id, sizeof database->id), NULL);
    ag_revoked_t **kept = ag_keep(name, sizeof *kept, pprocess);
    apr_status_t rv = *kept ? APR_SUCCESS : ag_revoked_make(kept, NULL);

    if (rv != APR_SUCCESS) {
        *kept = NULL;
        return rv;
    }
    revocations->revoked = *kept;
    revocations->sip = &shared->sip;
    revocations->db = keys->db;
    revocations->poll.signal = keys->signal;
    revocations->poll.flight = (ag_single_flight_t){.flights = keys->flights,
                                                    .store = ag_id_of(name, strlen(name)),
                                                    .what = ag_id_of(name, strlen(name)),
                                                    .places = keys->places,
                                                    .late = READING,
                                                    .patience = READING};
    ag_revocations_open(revocations);
    database->revocations = revocations;
    return APR_SUCCESS;
}

int ag_revocations_start(const ag_shared_t *shared, server_rec *s, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    const apr_array_header_t *all = ag_databases();
    apr_status_t rv = APR_SUCCESS;
    server_rec *each;
    int i;

    for (i = 0; rv == APR_SUCCESS && i < all->nelts; i++) {
        ag_database_t *database = APR_ARRAY_IDX(all, i, ag_database_t *);

        if (!database->driver || *database->driver) { /* else it is that of hosts without one */
            rv = open_one(database, shared, s->process->pool, pconf, ptemp);
        }
    }
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, s, "AG0963: no memory can be shared for revoked tokens");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    for (each = s; each; each = each->next) {
        const ag_server_t *record = ag_server_of(each);

        record->engine->cred.revocations = record->database ? record->database->revocations : NULL;
    }
    return OK;
}

/* ---- reading ---------------------------------------------------------------------------------- */

static void for_all(void (*read)(const ag_revocations_t *revocations, apr_time_t now, const ag_log_t *log,
                                 apr_pool_t *p),
                    apr_time_t now, int (*is_over)(void), apr_pool_t *p)
{
    const apr_array_header_t *all = ag_databases();
    int i;

    for (i = 0; all && i < all->nelts && !is_over(); i++) {
        const ag_database_t *database = APR_ARRAY_IDX(all, i, ag_database_t *);
        apr_pool_t *ptmp;

        apr_pool_create(&ptmp, p);
        if (database->revocations) {
            read(database->revocations, now, ag_server_log(database->server, ptmp), ptmp);
        }
        apr_pool_destroy(ptmp);
    }
}

static void read_now(const ag_revocations_t *revocations, apr_time_t now, const ag_log_t *log, apr_pool_t *p)
{
    ag_poll_now(&revocations->poll, now, log, p);
}

static void tend(const ag_revocations_t *revocations, apr_time_t now, const ag_log_t *log, apr_pool_t *p)
{
    ag_poll_tend(&revocations->poll, now, log, p);
}

static int never(void)
{
    return 0;
}

void ag_revocations_first(apr_pool_t *p)
{
    for_all(read_now, apr_time_now(), never, p);
}

static int first(server_rec *servers, apr_pool_t *p)
{
    (void)servers;
    ag_change_signal_enter_all(apr_time_now(), NULL, p);
    ag_revocations_first(p);
    return 0;
}

void ag_revocations_child(server_rec *s, apr_pool_t *ptemp)
{
    int status;

    ag_dbd_child(&status, first, s, FIRST_SECONDS, ptemp); /* what it does not bring, the first request does */
}

void ag_revocations_job(server_rec *servers, apr_time_t now, apr_pool_t *ptmp)
{
    (void)servers;
    for_all(tend, now, ag_jobs_over, ptmp);
}
