/* SPDX-License-Identifier: Apache-2.0 */
/*
 * callers: writes down who calls what is deprecated, as a part of the usage job (usage.c), whose turn it is. A
 * database of its own mind, with tables of an earlier version, say, is asked again after 1, 2, 4 ... 32 seconds;
 * usage is written all the same.
 */
#include "server.h"

#define ROWS    2000 /* in one round */
#define BATCH   500  /* in one transaction */
#define LONGEST 5    /* doublings of the pause after a failure */
#define TOLD    3    /* failures in a row: a database that is just busy is no news */

static void tell_failure(ag_database_t *database, apr_time_t now, const char *error)
{
    int doublings = database->callers_failures < LONGEST ? database->callers_failures : LONGEST;

    database->callers_again = now + apr_time_from_sec(1 << doublings);
    if (++database->callers_failures == TOLD) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, database->server,
                     "AG0880: who calls what is deprecated cannot be written (%s); counting goes on in memory",
                     error);
    }
}

static void tell_success(ag_database_t *database)
{
    if (database->callers_failures >= TOLD) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, database->server,
                     "AG0881: who calls what is deprecated is written again");
    }
    database->callers_failures = 0;
}

/* Rows of one database, at most a batch. */
static void write_batch(ag_database_t *database, ag_callers_t *callers, const ag_callers_row_t *rows, int n,
                        apr_time_t now, apr_pool_t *p)
{
    const char *error;

    if (now < database->callers_again) {
        return;
    }
    if (ag_callers_write(&error, &database->keys->db, rows, n, p)) {
        tell_failure(database, now, error);
        return;
    }
    ag_callers_written(callers, rows, n);
    tell_success(database);
}

/* Which database takes what was counted for a store. */
static apr_hash_t *databases_of_stores(apr_pool_t *p)
{
    const apr_array_header_t *all = ag_databases();
    apr_hash_t *stores = apr_hash_make(p);
    int i, j;

    for (i = 0; all && i < all->nelts; i++) {
        ag_database_t *database = APR_ARRAY_IDX(all, i, ag_database_t *);

        for (j = 0; j < database->stores->nelts; j++) {
            const ag_key_realm_t *realm = APR_ARRAY_IDX(database->stores, j, ag_key_store_t *)->realm;

            apr_hash_set(stores, &realm->id.lo, sizeof realm->id.lo, database);
        }
    }
    return stores;
}

void ag_callers_job(ag_callers_t *callers, apr_time_t now, apr_pool_t *ptmp)
{
    const apr_array_header_t *waiting = ag_callers_rows(callers, ROWS, now, ptmp);
    const ag_callers_row_t *rows = (const ag_callers_row_t *)waiting->elts;
    apr_hash_t *stores = waiting->nelts ? databases_of_stores(ptmp) : NULL;
    int i, n;

    for (i = 0; i < waiting->nelts; i += n) {
        ag_database_t *database = apr_hash_get(stores, &rows[i].name.store, sizeof rows[i].name.store);

        for (n = 1; n < BATCH && i + n < waiting->nelts && rows[i + n].name.store == rows[i].name.store; n++) {
        }
        if (database) {
            write_batch(database, callers, &rows[i], n, now, ptmp);
        }
    }
}
