/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: counts each key's requests when they are over, and has the counts written to the database:
 * by the watchdog every two seconds, and by a short-lived child when the server stops. No request
 * ever waits for that.
 *
 * A database that does not take them is asked again after 1, 2, 4 ... 32 seconds; meanwhile the
 * counts wait in shared memory, over graceful restarts too.
 */
#include "server.h"

#define BATCH        500                     /* rows in one transaction */
#define ROUND        apr_time_from_msec(500) /* after that no further batch is begun */
#define LONGEST      5                       /* doublings of the pause after a failure */
#define TELL_AFTER   3                       /* failures in a row: a database that is just busy is no news */
#define STOP_SECONDS 5

static void tell_failure(ag_database_t *database, apr_time_t now, const char *error)
{
    int doublings = database->usage_failures < LONGEST ? database->usage_failures : LONGEST;

    database->usage_again = now + apr_time_from_sec(1 << doublings);
    if (++database->usage_failures == TELL_AFTER) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, database->server,
                     "AG0170: the usage of keys cannot be written "
                     "(%s); counting goes on in memory",
                     error);
    }
}

static void tell_success(ag_database_t *database)
{
    if (database->usage_failures >= TELL_AFTER) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, database->server, "AG0171: the usage of keys is written again");
    }
    database->usage_failures = 0;
}

/* One batch: 1 when there may be more. */
static int write_batch(ag_database_t *database, const ag_key_realm_t *realm, ag_usage_t *usage, ag_usage_row_t *rows,
                       apr_time_t now, apr_pool_t *p)
{
    int n = ag_usage_rows(rows, BATCH, usage, realm->id.lo);
    const char *error;

    if (n == 0) {
        return 0;
    }
    if (ag_usage_write(&error, &database->keys->db, realm->query != NULL, rows, n, p)) {
        tell_failure(database, now, error);
        return 0;
    }
    ag_usage_written(usage, rows, n);
    tell_success(database);
    return n == BATCH;
}

static void write_store(ag_database_t *database, const ag_key_realm_t *realm, ag_usage_t *usage, apr_time_t now,
                        apr_pool_t *p)
{
    ag_usage_row_t *rows = apr_palloc(p, BATCH * sizeof *rows);
    apr_time_t end = apr_time_now() + ROUND;
    apr_pool_t *batch;
    int more = 1;

    apr_pool_create(&batch, p);
    while (more && apr_time_now() < end) {
        more = write_batch(database, realm, usage, rows, now, batch);
        apr_pool_clear(batch);
    }
    apr_pool_destroy(batch);
}

/* Of those stores that anything was counted for: each look for rows is a walk through the table. */
static void write_database(ag_database_t *database, apr_hash_t *counted, ag_usage_t *usage, apr_time_t now,
                           apr_pool_t *p)
{
    int i;

    for (i = 0; i < database->stores->nelts && now >= database->usage_again; i++) {
        const ag_key_realm_t *realm = APR_ARRAY_IDX(database->stores, i, ag_key_store_t *)->realm;

        if (apr_hash_get(counted, &realm->id.lo, sizeof realm->id.lo)) {
            write_store(database, realm, usage, now, p);
        }
    }
}

static void note(void *counted, const apr_uint64_t *store)
{
    apr_hash_set(counted, store, sizeof *store, store);
}

void ag_usage_job(server_rec *servers, apr_time_t now, apr_pool_t *ptmp)
{
    ag_usage_t *usage = ag_server_of(servers)->engine->usage;
    const apr_array_header_t *all = ag_databases();
    apr_hash_t *counted = apr_hash_make(ptmp);
    int i;

    if (!ag_usage_begin(usage, now)) {
        return;
    }
    ag_usage_stores(usage, note, counted, ptmp);
    for (i = 0; all && i < all->nelts; i++) {
        write_database(APR_ARRAY_IDX(all, i, ag_database_t *), counted, usage, now, ptmp);
    }
    ag_usage_expire(usage, now);
    ag_callers_job(ag_server_of(servers)->engine->callers, now, ptmp);
    ag_usage_end(usage);
}

/* ---- the end --------------------------------------------------------------------------------- */

static int write_rest(server_rec *servers, apr_pool_t *p)
{
    const apr_array_header_t *all = ag_databases();
    int i;

    for (i = 0; all && i < all->nelts; i++) {
        ag_database_t *database = APR_ARRAY_IDX(all, i, ag_database_t *);

        database->usage_again = database->callers_again = 0;
    }
    ag_usage_job(servers, apr_time_now(), p);
    ag_counters_job(servers, apr_time_now(), p);
    return 0;
}

/* The parent process ends, and its children have: nobody counts any more. */
static apr_status_t write_at_stop(void *servers)
{
    const ag_engine_t *engine = ag_server_of(servers)->engine;
    apr_size_t slots, used;
    apr_pool_t *p;
    int status;

    if (ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_EXITING || apr_pool_create(&p, NULL) != APR_SUCCESS) {
        return APR_SUCCESS;
    }
    ag_usage_fill(engine->usage, &slots, &used);
    if (used || ag_callers_rows(engine->callers, 1, apr_time_now(), p)->nelts) {
        ag_dbd_child(&status, write_rest, servers, STOP_SECONDS, p);
    }
    apr_pool_destroy(p);
    return APR_SUCCESS;
}

void ag_usage_plan_stop(server_rec *servers, apr_pool_t *pconf)
{
    apr_pool_pre_cleanup_register(pconf, servers, write_at_stop);
}
