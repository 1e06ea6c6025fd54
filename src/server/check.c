/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check: are the databases of keys usable? Asked at start, at each reload and by a configuration test,
 * in a short-lived child with the server's own user. Others write a database, so what is wrong there
 * stops a first start only, and only where no key could ever be checked; a server that runs goes on,
 * and keys get 503 until it is mended.
 */
#include "server.h"

#include <apr_user.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unixd.h>

#define CHECK_SECONDS 10 /* a database that says nothing for so long counts as away */
#define READ_SECONDS  60 /* for its address lists, of a million entries perhaps */

/* ---- which database ---------------------------------------------------------------------------- */

typedef struct {
    apr_hash_t *asked; /* database and query: has been asked */
    apr_hash_t *told;  /* what was logged */
    apr_pool_t *p;
} round_t;

/* The word of a line, without its quotes. */
static const char *word_of(const char *line, apr_pool_t *p)
{
    line = line ? line : "";
    return ap_getword_conf(p, &line);
}

/* The parameters that are no secret. What is quoted may hold anything, so that ends it. */
static const char *shown_params(const char *params, apr_pool_t *p)
{
    static const char *const names[] = {"host=", "port=", "sock=", "dbname=", "user="};
    const char *shown = "";
    char *last, *word = apr_strtok(apr_pstrdup(p, params), " \t,;|", &last);
    apr_size_t i;

    for (; word && !strchr(word, '\''); word = apr_strtok(NULL, " \t,;|", &last)) {
        for (i = 0; i < sizeof names / sizeof *names; i++) {
            if (strncmp(word, names[i], strlen(names[i])) == 0) {
                shown = apr_pstrcat(p, shown, " ", word, NULL);
            }
        }
    }
    return shown;
}

static const char *user_name(apr_pool_t *p)
{
    apr_uid_t uid;
    apr_gid_t gid;
    char *name;

    return apr_uid_current(&uid, &gid, p) == APR_SUCCESS && apr_uid_name_get(&name, uid, p) == APR_SUCCESS ? name
                                                                                                           : "?";
}

/* "sqlite3 PATH, opened by USER", "pgsql host=H dbname=N user=U": what it takes to look for oneself. */
static const char *database_name(const ag_database_t *database, apr_pool_t *p)
{
    const char *driver = word_of(database->driver, p), *params = word_of(database->params, p);

    return strncmp(driver, "sqlite", 6) == 0 ? apr_psprintf(p, "%s %s, opened by %s", driver, params, user_name(p))
                                             : apr_pstrcat(p, driver, shown_params(params, p), NULL);
}

/* SQLite's driver does not tell why it cannot open a file; the system does. */
static const char *why_down(const ag_database_t *database, const char *detail, apr_pool_t *p)
{
    const char *path = word_of(database->params, p);
    char text[128];
    int fd;

    if (strncmp(word_of(database->driver, p), "sqlite", 6) != 0) {
        return detail;
    }
    fd = open(path, O_RDWR | O_NONBLOCK);
    if (fd < 0) {
        return apr_pstrdup(p, apr_strerror(APR_FROM_OS_ERROR(errno), text, sizeof text));
    }
    close(fd);
    return detail;
}

/* ---- what is wrong with it --------------------------------------------------------------------- */

/* Once, however many virtual hosts have it. */
static void tell(const round_t *round, server_rec *s, int level, const char *text)
{
    if (apr_hash_get(round->told, text, APR_HASH_KEY_STRING)) {
        return;
    }
    apr_hash_set(round->told, text, APR_HASH_KEY_STRING, text);
    ap_log_error(APLOG_MARK, level | (ag_is_test() ? APLOG_STARTUP : 0), 0, s, "%s", text);
}

/* 1 when keys can be checked, or may be later on by themselves. */
static int is_usable(const round_t *round, server_rec *s)
{
    static const char goes_on[] = "; the server goes on, and until that is mended API keys that are "
                                  "not cached get 503";
    const ag_database_t *database = ag_server_of(s)->database;
    const char *query = ag_server_of(s)->site->key_query;
    const char *name = database_name(database, round->p), *detail = "", *more = ag_is_reload() ? goes_on : "";
    int bad = ag_is_reload() ? APLOG_ERR : APLOG_CRIT;
    apr_pool_t *p = round->p;
    ag_db_port_t port;
    ag_tables_e schema;

    ag_dbd_port(&port, s);
    schema = ag_keys_dbd_schema(&port, query, &detail, p);
    switch (schema) {
    case AG_SCHEMA_OK:
        return 1;
    case AG_SCHEMA_DOWN:
        tell(round, s, APLOG_WARNING,
             apr_psprintf(p,
                          "AG0120: the key database (%s) cannot be "
                          "reached; until it can, API keys get 503: %s",
                          name, why_down(database, detail, p)));
        return 1;
    case AG_SCHEMA_OLDER:
    case AG_SCHEMA_NEWER:
        tell(round, s, APLOG_WARNING,
             apr_psprintf(p,
                          "AG0722: the key database (%s) has %s tables than "
                          "this module, and what keys need is there; %s: %s",
                          name, schema == AG_SCHEMA_NEWER ? "newer" : "older",
                          schema == AG_SCHEMA_NEWER ? "upgrade this module"
                                                    : "run \"apiguardctl init\" of this module's version",
                          detail));
        return 1;
    case AG_SCHEMA_UNFIT:
        tell(round, s, bad,
             apr_psprintf(p,
                          "AG0121: the key database (%s) cannot be used as it is: "
                          "%s; run \"apiguardctl init\" of this module's version, or grant its user what "
                          "docs/howto/databases.md says%s",
                          name, detail, more));
        return 0;
    case AG_SCHEMA_MISSING:
        break;
    }
    tell(round, s, bad,
         apr_psprintf(p, "AG0122: the key database (%s) %s: %s%s", name,
                      query ? "does not answer ApiGuardKeyQuery"
                            : "has no API key tables that may be read; run "
                              "\"apiguardctl init\"",
                      detail, more));
    return 0;
}

/* Each database is asked once, for each query; a host without one is not. */
static int is_asked(const round_t *round, const server_rec *s)
{
    const ag_database_t *database = ag_server_of(s)->database;
    const char *query = ag_server_of(s)->site->key_query;
    char hex[2 * sizeof database->id + 1];
    const char *name;

    if (!database || (database->driver && !*database->driver)) {
        return 1;
    }
    name = apr_pstrcat(round->p, ag_hex(hex, &database->id, sizeof database->id), query ? query : "", NULL);
    if (apr_hash_get(round->asked, name, APR_HASH_KEY_STRING)) {
        return 1;
    }
    apr_hash_set(round->asked, name, APR_HASH_KEY_STRING, name);
    return 0;
}

/* The child's exit status: 0 when all are usable. */
static int check_all(server_rec *servers, apr_pool_t *p)
{
    round_t round = {apr_hash_make(p), apr_hash_make(p), p};
    int good = 1;
    server_rec *each;

    if (ag_is_test()) { /* else the start has done it */
        ag_records_own(servers, p);
        ag_databases_find(servers, p, p);
    }
    for (each = servers; each; each = each->next) {
        good &= is_asked(&round, each) || is_usable(&round, each);
    }
    if (ag_is_test() || (!good && !ag_is_reload())) {
        return !good;
    }
    ag_change_signal_enter_all(apr_time_now(), NULL, p);
    alarm(READ_SECONDS);
    ag_lists_first(servers, p);
    ag_revocations_first(p);
    return !good;
}

/* ---- the child --------------------------------------------------------------------------------- */

/* OK, or what stops a first start. */
static int judge(int status, server_rec *servers)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, servers,
                     "AG0124: the key database has not "
                     "answered in time; until it does, API keys and address lists get 503");
        return OK;
    }
    if (WIFSIGNALED(status)) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, servers,
                     "AG0723: the child that checks the key "
                     "database ended with signal %d",
                     WTERMSIG(status));
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

/* A configuration without a User is a part of one, or none that root could start. */
static int is_part(void)
{
    return ag_is_test() && geteuid() == 0 && ap_unixd_config.user_id == (uid_t)-1;
}

int ag_dbd_check(server_rec *servers, apr_pool_t *ptemp)
{
    int status, verdict = HTTP_INTERNAL_SERVER_ERROR;
    apr_status_t rv;

    if (is_part()) {
        return OK;
    }
    rv = ag_dbd_child(&status, check_all, servers, CHECK_SECONDS, ptemp);
    if (rv == APR_SUCCESS) {
        verdict = judge(status, servers);
    }
    else if (APR_STATUS_IS_EINTR(rv)) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, servers,
                     "AG0801: a signal came while the key database was "
                     "looked at; it is looked at again at the next reload");
    }
    else {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, servers,
                     "AG0123: no child to check the key "
                     "database");
    }
    return ag_is_reload() ? OK : verdict;
}
