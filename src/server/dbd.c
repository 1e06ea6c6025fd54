/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dbd: mod_dbd's connections behind the core's port. A connection is taken for one query and given
 * back at once: ap_dbd_acquire() would hold it through the whole response.
 */
#include "server.h"

#include <apr_dbd.h>
#include <apr_optional.h>
#include <apr_signal.h>
#include <ap_mpm.h>
#include <mod_dbd.h>
#include <mpm_common.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unixd.h>

static void give_back(server_rec *s, ap_dbd_t *rec)
{
    APR_OPTIONAL_FN_TYPE(ap_dbd_close) *close = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);

    close(s, rec);
}

/* Where a MariaDB server is set to autocommit = 0, a connection would go on seeing what it saw first,
 * and no revocation would ever be noticed. This ends that, and says at once whether it is alive. */
static int is_fresh(ap_dbd_t *rec)
{
    int n;

    return strcmp(apr_dbd_name(rec->driver), "mysql") != 0
           || apr_dbd_query(rec->driver, rec->handle, &n, "SET autocommit = 1") == 0;
}

static apr_status_t acquire(void *ctx, ag_db_t *db, apr_pool_t *p)
{
    APR_OPTIONAL_FN_TYPE(ap_dbd_open) *open = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
    ap_dbd_t *rec = open ? open(p, ctx) : NULL;

    if (!rec) {
        return APR_EGENERAL;
    }
    if (!is_fresh(rec)) {
        give_back(ctx, rec);
        return APR_EGENERAL;
    }
    db->driver = rec->driver;
    db->handle = rec->handle;
    db->prepared = rec->prepared;
    db->pool = rec->pool;
    db->loan = rec;
    return APR_SUCCESS;
}

static void release(void *ctx, ag_db_t *db)
{
    give_back(ctx, db->loan);
}

int ag_dbd_port(ag_db_port_t *port, server_rec *s)
{
    port->acquire = acquire;
    port->release = release;
    port->ctx = s;
    return APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open) != NULL;
}

/* mod_dbd collects its databases in post_config, which a configuration test does not reach. */
static void ready_mod_dbd(apr_pool_t *p, server_rec *s)
{
    const apr_array_header_t *hooks = ap_hook_get_post_config();
    const ap_LINK_post_config_t *hook = (const ap_LINK_post_config_t *)hooks->elts;
    int i;

    for (i = 0; i < hooks->nelts; i++) {
        if (strcmp(hook[i].szName, "mod_dbd.c") == 0) {
            hook[i].pFunc(p, p, p, s);
        }
    }
}

/* It opens its pools in child_init. A child that is not one of the server's own calls just that. */
static void start_mod_dbd(apr_pool_t *p, server_rec *s)
{
    const apr_array_header_t *hooks = ap_hook_get_child_init();
    const ap_LINK_child_init_t *hook = (const ap_LINK_child_init_t *)hooks->elts;
    int i;

    for (i = 0; i < hooks->nelts; i++) {
        if (strcmp(hook[i].szName, "mod_dbd.c") == 0) {
            hook[i].pFunc(p, s);
        }
    }
}

/* The child's whole life. Connections must not cross fork, and SQLite opened as root leaves files
 * behind that the server's children cannot write. */
static void work_and_exit(int (*work)(server_rec *servers, apr_pool_t *p), server_rec *servers, unsigned seconds,
                          apr_pool_t *p)
{
    sigset_t clock;

    sigemptyset(&clock);
    sigaddset(&clock, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &clock, NULL);
    apr_signal(SIGALRM, SIG_DFL); /* whatever httpd's starter had it ignore */
    alarm(seconds);
    /* Without a User httpd's own hook declines, and leaves us root. */
    if (ap_run_drop_privileges(p, servers) != OK || (geteuid() == 0 && ap_unixd_config.user_id != 0)) {
        _exit(1);
    }
    if (ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST) {
        ready_mod_dbd(p, servers);
    }
    start_mod_dbd(p, servers);
    _exit(work(servers, p));
}

/* A signal is a stop or one more reload, which does not wait for a database that hangs. What is written down
 * at the end is waited for. */
static apr_status_t wait_for(int *status, pid_t pid)
{
    apr_status_t rv = APR_SUCCESS;

    while (waitpid(pid, status, 0) != pid) {
        if (errno != EINTR) {
            return APR_FROM_OS_ERROR(errno);
        }
        if (ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_EXITING) {
            kill(pid, SIGKILL);
            rv = APR_EINTR;
        }
    }
    return rv;
}

apr_status_t ag_dbd_child(int *status, int (*work)(server_rec *servers, apr_pool_t *p), server_rec *servers,
                          unsigned seconds, apr_pool_t *p)
{
    struct sigaction usual = {.sa_handler = SIG_DFL}, before;
    apr_status_t rv;
    pid_t pid;

    sigaction(SIGCHLD, &usual, &before); /* ignored, as some start their daemons, no child can be waited for */
    pid = fork();
    if (pid == 0) {
        work_and_exit(work, servers, seconds, p);
    }
    rv = pid < 0 ? APR_FROM_OS_ERROR(errno) : wait_for(status, pid);
    sigaction(SIGCHLD, &before, NULL);
    return rv;
}
