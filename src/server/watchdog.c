/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watchdog: what is done now and then and not by any request. Each job is a row of a table; one
 * thread of one child at a time runs them all (mod_watchdog's singleton). When that child ends
 * another takes over, after some ten seconds, so no job may be the only one who can do its work in
 * time.
 *
 * mod_watchdog need not be there: then only what requests do for themselves is done.
 */
#include "server.h"

#include <mod_watchdog.h>
#include <unistd.h>

typedef struct {
    const char *name;
    const char *thread;
    apr_interval_time_t interval; /* mod_watchdog looks every 100 ms */
    /* One round. `ptmp` is gone after it. Never waits for anything but its own I/O. */
    void (*run)(server_rec *servers, apr_time_t now, apr_pool_t *ptmp);
    /* Is there anything to do in this configuration? */
    int (*wanted)(server_rec *servers);
} job_t;

/* Each group of jobs has a thread of its own, so that revoked keys wait for none of these: LISTS may take
 * seconds for a list of a million entries, REVOKED for as many tokens, USAGE may block on a database that is locked to writers, LEASES on
 * memcached, FETCH on somebody else's server; CONTROL must answer a person at once. LISTS has a thread in each child,
 * and they take turns (ag_ipshare_turn): when a child ends, nobody waits ten seconds for another to take over. So has
 * KEYSETS, since each child has keys of its own. */
#define LISTS   "_apiguard_lists_"
#define USAGE   "_apiguard_usage_"
#define LEASES  "_apiguard_leases_"
#define CONTROL "_apiguard_control_"
#define FETCH   "_apiguard_fetch_"
#define REVOKED "_apiguard_revoked_"
#define KEYSETS "_apiguard_keysets_"

/* A job and what it works on, for as long as the configuration lives. */
typedef struct {
    const job_t *job;
    server_rec *servers;
} shift_t;

#define PATIENCE apr_time_from_sec(2) /* of a child that ends, with a job that is under way */

static int child_ready; /* this child's child_init hooks are through */

/* A database that hangs holds up the others' turn, not their requests: those read for themselves
 * what nobody has read for a while. */
static void poll_keys(server_rec *servers, apr_time_t now, apr_pool_t *ptmp)
{
    const apr_array_header_t *all = ag_databases();
    int i;

    (void)servers;
    for (i = 0; i < all->nelts && !ag_jobs_over(); i++) {
        const ag_database_t *database = APR_ARRAY_IDX(all, i, ag_database_t *);

        if (database->polled) {
            ag_keys_poll(database->keys, database->polled->realm, now, ag_server_log(database->server, ptmp), ptmp);
        }
    }
}

static void poll_lists(server_rec *servers, apr_time_t now, apr_pool_t *ptmp)
{
    (void)now; /* the one before may have taken long */
    ag_lists_poll(servers, ptmp, ag_jobs_over);
}

static void fetch_keysets(server_rec *servers, apr_time_t now, apr_pool_t *ptmp)
{
    (void)now;
    (void)ptmp;
    ag_keysets_fetch(servers);
}

static void read_keysets(server_rec *servers, apr_time_t now, apr_pool_t *ptmp)
{
    (void)now;
    ag_keysets_read(servers, ptmp);
}

static int has_keysets(server_rec *servers)
{
    (void)servers;
    return ag_keysets_wanted();
}

static void enter_nodes(server_rec *servers, apr_time_t now, apr_pool_t *ptmp)
{
    (void)servers;
    ag_change_signal_enter_all(now, ag_jobs_over, ptmp);
}

static int has_sources(server_rec *servers)
{
    (void)servers;
    return ag_lists_wanted() || ag_files_wanted();
}

static int has_revocations(server_rec *servers)
{
    return ag_database_there(servers) && ag_tokens_wanted();
}

static int has_fleet(server_rec *servers)
{
    return ag_server_of(servers)->site->counter_store.servers != NULL;
}

/* Half a second, so that with mod_watchdog's 100 ms and the reading itself a change is noticed
 * within one. */
static const job_t jobs[] = {
    {"keys", "_apiguard_", apr_time_from_msec(500), poll_keys, ag_database_there},
    {"revoked tokens", REVOKED, apr_time_from_msec(500), ag_revocations_job, has_revocations},
    {"lists", LISTS, apr_time_from_msec(500), poll_lists, has_sources},
    {"keysets", KEYSETS, apr_time_from_msec(500), read_keysets, has_keysets},
    {"fetch", FETCH, apr_time_from_msec(500), fetch_keysets, has_keysets},
    {"leases", LEASES, apr_time_from_msec(500), ag_leases_tend, has_fleet},
    {"resets", LEASES, apr_time_from_sec(1), ag_leases_hear, has_fleet},
    {"restore", LEASES, apr_time_from_sec(1), ag_leases_restore, has_fleet},
    {"nodes", USAGE, apr_time_from_sec(5), enter_nodes, ag_database_there},
    {"usage", USAGE, apr_time_from_sec(2), ag_usage_job, ag_database_there},
    {"counters", CONTROL, apr_time_from_sec(10), ag_counters_job, ag_control_wanted},
    {"control", CONTROL, apr_time_from_msec(100), ag_control_job, ag_control_wanted},
};

static int is_everywhere(const char *thread)
{
    return strcmp(thread, LISTS) == 0 || strcmp(thread, KEYSETS) == 0;
}

#define JOBS (int)(sizeof jobs / sizeof *jobs)

/* Always APR_SUCCESS, since mod_watchdog never calls again what has failed once. */
static apr_status_t work(int state, void *data, apr_pool_t *pool)
{
    const shift_t *shift = data;
    apr_pool_t *ptmp;

    if (state != AP_WATCHDOG_STATE_RUNNING || !__atomic_load_n(&child_ready, __ATOMIC_ACQUIRE)) {
        return APR_SUCCESS;
    }
    if (ag_jobs_begin()) {
        apr_pool_create(&ptmp, pool);
        shift->job->run(shift->servers, apr_time_now(), ptmp);
        apr_pool_destroy(ptmp);
        ag_jobs_end();
    }
    return APR_SUCCESS;
}

/* mod_dbd closes its connections with the child's pool, and aborts when one is still on loan. So a
 * job under way is waited for, and if its database hangs the child ends without tidying up. */
static apr_status_t wait_for_jobs(void *servers)
{
    if (!ag_jobs_wait(PATIENCE)) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, servers,
                     "AG0163: a database or another server does not "
                     "let go of this child; it ends all the same");
        _exit(0);
    }
    return APR_SUCCESS;
}

static apr_status_t sign_up(server_rec *s, apr_pool_t *pconf)
{
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *add =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    ap_watchdog_t *watchdog;
    apr_status_t rv;
    int i;

    if (!get || !add) {
        return APR_ENOTIMPL;
    }
    for (i = 0, rv = APR_SUCCESS; rv == APR_SUCCESS && i < JOBS; i++) {
        shift_t *shift = apr_palloc(pconf, sizeof *shift);

        if (!jobs[i].wanted(s)) {
            continue;
        }
        shift->job = &jobs[i];
        shift->servers = s;
        rv = get(&watchdog, jobs[i].thread, 0, !is_everywhere(jobs[i].thread), pconf);
        rv = rv == APR_SUCCESS ? add(watchdog, jobs[i].interval, shift, work) : rv;
    }
    return rv;
}

int ag_watchdog_start(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    int wanted = ag_database_there(s) || ag_files_wanted();
    apr_status_t rv;

    (void)plog;
    (void)ptemp;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    rv = sign_up(s, pconf);
    if (rv != APR_SUCCESS && ag_lists_wanted()) {
        return ag_mistake(s, "Require api-ip",
                          "list: needs mod_watchdog, which reads lists that "
                          "have changed");
    }
    if (rv != APR_SUCCESS && ag_keysets_wanted()) {
        return ag_mistake(s, "ApiGuardJWKS", "https:// needs mod_watchdog, which fetches key sets");
    }
    if (rv != APR_SUCCESS && wanted) { /* leases are then tended by requests, and lack nothing */
        ap_log_error(APLOG_MARK, APLOG_NOTICE, rv == APR_ENOTIMPL ? 0 : rv, s,
                     "AG0160: without "
                     "mod_watchdog requests themselves read the key database's change log, once a "
                     "second, address files are read at start alone, and apiguardctl limit gets no "
                     "answer");
    }
    return OK;
}

void ag_watchdog_child(apr_pool_t *pchild, server_rec *s)
{
    apr_pool_pre_cleanup_register(pchild, s, wait_for_jobs);
    __atomic_store_n(&child_ready, 1, __ATOMIC_RELEASE); /* mod_watchdog's threads run already */
}
