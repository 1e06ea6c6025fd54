/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server: a server's life, from the lines of its configuration to the jobs of its children. Requests are
 * src/httpd's; only these two folders and the door include httpd's headers.
 */
#ifndef AG_SERVER_H
#define AG_SERVER_H

#include <apr_hash.h>
#include <apr_lib.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_main.h>
#include <http_protocol.h>
#include <http_request.h>

#include "../control/control.h"
#include "../core/keep.h"
#include "../core/open.h"
#include "../guard/guard.h"
#include "../watch/counters.h"

extern module AP_MODULE_DECLARE_DATA apiguard_module;
APLOG_USE_MODULE(apiguard);

/* ---- configuration (directives.c) ---------------------------------------------------------------- */

extern const command_rec ag_commands[];
void *ag_create_policy(apr_pool_t *p, char *section);
void *ag_merge_policy(apr_pool_t *p, void *outer, void *inner);
void *ag_create_site(apr_pool_t *p, server_rec *s);
void *ag_merge_site(apr_pool_t *p, void *outer, void *inner);

typedef struct ag_shared_t ag_shared_t;

/* What the configuration left to be done once it is complete. */
typedef struct ag_plans_t {
    const ag_policy_t *blank;      /* a section that says nothing; NULL between two configurations */
    apr_array_header_t *later;     /* ag_later_t */
    apr_array_header_t *policies;  /* ag_policy_t *: sections to look over */
    apr_hash_t *named;             /* what lines have named (ag_setting_first) */
    apr_array_header_t *polled;    /* ag_ip_source_t *: each list of a database once, and files; NULL before
                                     the start is complete */
    apr_array_header_t *rings;     /* ag_keyring_t *: each key set that is fetched, once; NULL likewise */
    apr_hash_t *issuers;           /* sections that say whose tokens are good: see issuers.c */
    apr_array_header_t *resources; /* lines of ApiGuardResourceMetadata: see resources.c */
} ag_plans_t;

/* What the module keeps for a server. */
typedef struct ag_server_t {
    ag_site_t *site;
    ag_engine_t *engine;            /* NULL before the start is complete */
    struct ag_database_t *database; /* likewise; many servers may have the same */
    ag_keys_t *keys;                /* its database by its own pool of connections; likewise */
    ag_control_t *control;
} ag_server_t;

/* Whom one database knows by one query and one pepper, however many servers ask it. */
typedef struct ag_key_store_t {
    const ag_key_realm_t *realm;
    server_rec *server; /* the first that does */
} ag_key_store_t;

/* A database. What jobs do for it they do once, by the connections of its first server. */
typedef struct ag_database_t {
    ag_id_t id;
    server_rec *server;
    const char *driver, *params; /* as written, "" where nothing is; NULL: nobody knows */
    ag_keys_t *keys;
    struct ag_key_words_t *words;
    int number;                    /* of the words */
    ag_revocations_t *revocations; /* NULL: no section takes tokens, or there is no database */
    const char *signal;            /* as it stands in api_nodes; NULL: there is no file */
    apr_array_header_t *stores;    /* ag_key_store_t * */
    const ag_key_store_t *polled;  /* one of them that lives by the change log, or NULL */
    int usage_failures;            /* in a row, of writing usage down; this and the next are usage.c's */
    apr_time_t usage_again;        /* not before */
    int callers_failures;          /* the same of callers.c's */
    apr_time_t callers_again;
} ag_database_t;

static inline ag_server_t *ag_server_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &apiguard_module);
}

/* The plans of the configuration being read; made anew by ag_pre_config(). */
ag_plans_t *ag_plans(void);

/* A call for the setting engine, from what httpd knows of the line. */
ag_setting_call_t ag_setting_call(cmd_parms *cmd);

/* By what a server's limits go: the fleet's prefix, or its own name. */
const char *ag_limit_server(const server_rec *s);

/* Remembers the section where a line decides whose tokens are accepted, and once all is read looks for rules
 * that do not say which issuer's client or user they mean. OK, or an HTTP error after saying why. */
void ag_plan_issuers(cmd_parms *cmd, const ag_policy_t *policy, const ag_setting_t *row);
int ag_issuers_check(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *s);

/* ---- start (configtest.c, startup.c, memory.c, dbd.c, lists.c, watchdog.c) ---------------------------------- */

/* A virtual host without a directive of ours shares the main server's record; its database may be its own
 * all the same. So each gets a record of its own. */
void ag_records_own(server_rec *s, apr_pool_t *pconf);

/* Finds the databases of all servers (each has a record of its own already). */
void ag_databases_find(server_rec *s, apr_pool_t *pconf, apr_pool_t *ptemp);

/* All of them, ag_database_t *; NULL: there is none. */
const apr_array_header_t *ag_databases(void);

int ag_pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp);
int ag_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

/* Where a proxy is to tell the scheme (ApiGuardTLS proto=), is it said which one? Where client certificates are taken,
 * does somebody verify them? OK, or an HTTP error after saying why. */
int ag_tls_check(apr_pool_t *ptemp, server_rec *s);

/* 1 when this parent process has served before: what others write must not end it. */
int ag_is_reload(void);

/* 1 when the configuration is only tested. */
int ag_is_test(void);

/* Says what is wrong with a directive. Returns what stops the start. */
int ag_mistake(server_rec *s, const char *directive, const char *error);

/* 1 when the directive stands anywhere in the configuration, with `word` among its arguments (NULL: any);
 * a linear search, not for a request. */
int ag_written(const char *directive, const char *word);

/* Remembers what requests ask about. */
void ag_wanted_look(void);

/* Are API keys asked for? A section that names its providers may do without. */
int ag_keys_wanted(void);

/* Are tokens accepted anywhere? */
int ag_tokens_wanted(void);

/* Are address lists in the database asked for? Files, and no list? */
int ag_lists_wanted(void);
int ag_files_wanted(void);

/* Finds or makes the memory of all lists. OK, or an HTTP error after saying why. */
int ag_lists_open(server_rec *s, apr_pool_t *pconf, apr_pool_t *ptemp);

/* Reads them for the first time, in a child that may open the database. */
void ag_lists_first(server_rec *s, apr_pool_t *p);

/* Reads what has changed of all lists and files; is_over() may end it between two. */
void ag_lists_poll(server_rec *s, apr_pool_t *p, int (*is_over)(void));

/* ---- revoked tokens (revocations.c) -------------------------------------------------------------------- */

/* Finds or makes the memory of them, for all databases, and gives each engine its own. For a configuration with a
 * database and with tokens. OK, or an HTTP error after saying why. */
int ag_revocations_start(const ag_shared_t *shared, server_rec *s, apr_pool_t *pconf, apr_pool_t *ptemp);

/* Reads them for the first time, in a child that may open the database; in one made for it. */
void ag_revocations_first(apr_pool_t *p);
void ag_revocations_child(server_rec *s, apr_pool_t *ptemp);

/* The watchdog's: reads what has changed. */
void ag_revocations_job(server_rec *servers, apr_time_t now, apr_pool_t *ptmp);

/* ---- key sets that are fetched (keysets.c, keysets_fetch.c) ---------------------------------------- */

/* Is there any? */
int ag_keysets_wanted(void);

/* Looks over their addresses. OK, or an HTTP error after saying why. */
int ag_keysets_check(server_rec *s, apr_pool_t *ptemp);

/* Finds or makes what processes share of them, and the folder of their files; nothing is fetched, and nothing read that
 * a child may have written. OK, or an HTTP error after saying why. */
int ag_keysets_open(server_rec *s, apr_pool_t *pconf, apr_pool_t *ptemp);

/* Reads, in a child, what was fetched since it last did. */
void ag_keysets_read(server_rec *s, apr_pool_t *ptmp);

/* Has those that are due fetched, each by a thread of its own: none waits for another's server. */
void ag_keysets_fetch(server_rec *s);

/* ---- who is asked about tokens (introspection.c) ---------------------------------------------------- */

/* Looks over the addresses of ApiGuardIntrospection, and what else is wrong with it. OK, or an HTTP error after saying
 * why. */
int ag_introspection_check(server_rec *s, apr_pool_t *ptemp);

/* Makes ready to ask. OK, or an HTTP error after saying why. */
int ag_introspection_start(server_rec *s, apr_pool_t *pconf, apr_pool_t *ptemp);

/* Does mod_cache keep answers anywhere? */
int ag_cache_on(void);

/* 1 when mod_headers makes request fields before we have hidden anything. */
int ag_fields_early(void);

/* 1 when a host speaks HTTP/2 without TLS. */
int ag_h2c_on(void);

/* Is a database configured? Where one is, a key store is made: .htaccess may ask for keys later. */
int ag_database_there(server_rec *s);

int ag_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);
void ag_child_init(apr_pool_t *pchild, server_rec *s);

/* A database's words in shared memory. */
typedef struct ag_key_words_t {
    apr_time_t entered; /* when the row in api_nodes was last written, or tried */
    apr_int64_t told;   /* that it cannot be written was said */
    char shared[AG_KEYS_SHARED_SIZE];
} ag_key_words_t;

/* Finds or makes the words of all databases; *n is how many there are in all. OK, or an HTTP error after
 * saying why. */
int ag_key_words_open(int *n, server_rec *s, apr_pool_t *ptemp);

/* What all servers of this process share; laid out in shared memory, kept over a graceful restart. */
struct ag_shared_t {
    ag_sip_key_t sip;
#define AG_PART(percent, type, member, attach, name) type *member;
#define AG_CACHE(percent, member, record, name)      ag_cache_t *member;
#define AG_BLOCK(bytes, type, member, attach)        type *member;
#include "parts.def"
#undef AG_PART
#undef AG_CACHE
#undef AG_BLOCK
    ag_bans_t *bans;
    ag_control_t *control;
    const apr_uint64_t *signal; /* the file's words, by ag_database_t.number; NULL: there is no file */
    int signals;                /* so many */
    const char *signal_path;
};

/* Makes or finds the shared memory. OK, or an HTTP error after saying why. */
int ag_memory_open(ag_shared_t *shared, apr_size_t size, server_rec *s);

/* The store of a fleet, if one is configured: its memory (OK, or an HTTP error after saying why), the
 * store in this child (or the child ends), and its regular work. */
int ag_leases_open(server_rec *s);
void ag_leases_child(apr_pool_t *pchild, server_rec *s);
void ag_leases_tend(server_rec *servers, apr_time_t now, apr_pool_t *ptmp);
void ag_leases_hear(server_rec *servers, apr_time_t now, apr_pool_t *ptmp);    /* of resets */
void ag_leases_restore(server_rec *servers, apr_time_t now, apr_pool_t *ptmp); /* what memcached lost */

/* Makes or finds the file where apiguardctl meets this server, with the table of bans in it; `memory`
 * is ApiGuardSharedMemory. OK, or an HTTP error after saying why. The job answers what was asked. */
int ag_control_start(ag_shared_t *shared, apr_size_t memory, apr_pool_t *pconf, server_rec *s);
int ag_control_wanted(server_rec *s); /* could anything be asked about limits? */
void ag_control_job(server_rec *servers, apr_time_t now, apr_pool_t *ptmp);

/* Makes or finds the file by which apiguardctl tells of a change, with `n` words at least. One that
 * cannot be made is a warning. */
void ag_change_signal_open(ag_shared_t *shared, int n, apr_pool_t *pconf, server_rec *s);

/* Enters the server's file in api_nodes of each database, where that is due: every ten minutes. is_over() may
 * end it between two; NULL: nothing does. */
void ag_change_signal_enter_all(apr_time_t now, int (*is_over)(void), apr_pool_t *ptmp);

/* Fills the port to mod_dbd's connections of a server. 0 when mod_dbd is not loaded. */
int ag_dbd_port(ag_db_port_t *port, server_rec *s);

/* Asks each database, in one short-lived child with the server's own user, whether our schema is there.
 * OK, or an HTTP error after saying why. A database that is away is no error, and at a reload nothing
 * is. */
int ag_dbd_check(server_rec *servers, apr_pool_t *ptemp);

/* Runs work() in a short-lived child with the server's user and database connections of its own,
 * and ends it after so many seconds. *status is waitpid()'s, of what work() returned. */
apr_status_t ag_dbd_child(int *status, int (*work)(server_rec *servers, apr_pool_t *p), server_rec *servers,
                          unsigned seconds, apr_pool_t *p);

/* Signs the jobs up with mod_watchdog, which must not have run its own post_config yet; says so once
 * when it is not there. Jobs begin when a child has run all its child_init hooks, this one last. */
int ag_watchdog_start(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);
void ag_watchdog_child(apr_pool_t *pchild, server_rec *s);

/* ---- jobs.c: what works beside requests, and whether the child still does ------------------------------ */

/* 0: it ends, and nothing is begun; else ag_jobs_end() comes behind the work. */
int ag_jobs_begin(void);
void ag_jobs_end(void);

/* The child ends: what is under way is to be given up. */
int ag_jobs_over(void);

/* Nothing begins from now on. 0: something is still under way after so long. */
int ag_jobs_wait(apr_interval_time_t patience);

/* ---- keep.c: what outlives graceful restarts ------------------------------------------------------ */

/* A segment of shared memory; it stands in a block of ag_keep(). */
typedef struct ag_segment_t {
    apr_shm_t *shm; /* NULL: there is none yet */
    apr_size_t size;
} ag_segment_t;

/* Lays out what belongs into it, with `fresh` for the first time; what it makes lives in `pconf`. APR_EINVAL:
 * what lies there is not what this server wrote; *part is the name for the log. */
typedef apr_status_t ag_lay_out_fn(const char **part, void *ctx, const ag_segment_t *segment, int fresh,
                                   apr_pool_t *pconf);

/* Has a segment laid out: the one that is kept, which keeps its size, or a new one. One that a child has
 * written over (APR_EINVAL) is made anew. */
apr_status_t ag_keep_segment(ag_segment_t *segment, apr_size_t size, ag_lay_out_fn *lay_out, void *ctx,
                             server_rec *s);

/* Says that memory which children can write is not as it was made, and that it is made anew. */
void ag_memory_broken(const char *what, server_rec *s);

/* Has this process remove the file when the server ends; once for each configuration. */
void ag_keep_file(const char *path, apr_pool_t *pconf);

/* ---- callers.c, usage.c ------------------------------------------------------------------------ */

/* A part of ag_usage_job(), whose turn it is: writes down who called what is deprecated. */
void ag_callers_job(ag_callers_t *callers, apr_time_t now, apr_pool_t *ptmp);

/* The watchdog's: writes down what was counted. */
void ag_usage_job(server_rec *servers, apr_time_t now, apr_pool_t *ptmp);

/* Has the rest written when the server stops. */
void ag_usage_plan_stop(server_rec *servers, apr_pool_t *pconf);

/* The watchdog's: tells the log what is news of the counters it has a line for (counters.c). */
void ag_counters_job(server_rec *servers, apr_time_t now, apr_pool_t *ptmp);

/* ---- ports (expr.c, log.c) ------------------------------------------------------------------------- */

extern const ag_expr_port_t ag_httpd_expr;

/* The same for a line being read: `cmd` is needed to compile, RESTRICTED in .htaccess. */
ag_expr_port_t *ag_expr_port_for(cmd_parms *cmd);

void ag_request_log(ag_log_t *log, request_rec *r);
const ag_log_t *ag_server_log(server_rec *s, apr_pool_t *p);

#endif
