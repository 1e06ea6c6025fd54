/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys: the key store. A key is looked for in the shared cache, then in the database. What comes
 * back says whether there is such a key and what it may do; whether it may do it now is decided by
 * the caller on every request, a cache hit too.
 *
 * Fails closed: a database that cannot answer is AG_KEY_UNAVAILABLE, never "unknown", and never
 * remembered.
 */
#ifndef AG_KEYS_H
#define AG_KEYS_H

#include "../base/cache.h"
#include "../base/log.h"
#include "../base/measure.h"
#include "../base/text.h"
#include "../core/ports.h"
#include "../core/principal.h"
#include "../ipset/ipset.h"
#include "budget.h"
#include "single_flight.h"

typedef enum { AG_KEY_FOUND, AG_KEY_UNKNOWN, AG_KEY_UNAVAILABLE } ag_key_result_e;

/* A key as the database holds it, ready to use. All memory is the request's. */
typedef struct ag_key_t {
    const char *id;      /* the table's */
    apr_uint64_t number; /* the same as a number; 0 when it is none */
    const char *hash;    /* hex, as stored; NULL when the key comes from the cache */
    const char *key_id;  /* public prefix */
    const char *client;  /* never NULL or empty */
    ag_words_t scopes;
    ag_words_t roles;
    ag_words_t endpoints;       /* "GET /api/me" or "/api/me"; none: any endpoint. An empty or
                                   broken list is one entry that no request matches */
    const ag_ipset_t *networks; /* NULL: any address. An empty or broken list is an empty set */
    const ag_rate_t *rates;     /* its own, else its plan's */
    int n_rates;
    apr_time_t expires; /* microseconds; 0 never. The earlier of expires_at and grace_until */
    ag_id_t client_id;  /* as of a principal with a key */
    int active;
    int stale; /* the database is away, and this is what it said before */
} ag_key_t;

/* How keys are looked up in one server: fixed after configuration. */
typedef struct ag_key_realm_t {
    ag_id_t id;        /* of database, query and pepper: part of every cache id */
    const char *query; /* SQL with one %s for the hash; NULL: the shipped schema's. Columns
                                 are known by the shipped names, client_name is a must */
    const unsigned char *pepper;
    apr_size_t pepper_size;
    apr_time_t ttl;      /* a cached key is used without asking for this long */
    apr_time_t stale;    /* and, while the database is down, for this long */
    apr_time_t negative; /* an unknown key is remembered this long */
} ag_key_realm_t;

/* The store of one server process; the caches are shared between processes. */
typedef struct ag_keys_t {
    ag_cache_t *known;          /* records */
    ag_cache_t *recently_good;  /* keys that were good within a day: they outlive the record. Or NULL */
    ag_cache_t *unknown;        /* keys that do not exist, apart, so they cannot push out good ones */
    void *shared;               /* ag_keys_shared_t, in shared memory, zero when fresh */
    const apr_uint64_t *signal; /* moves when apiguardctl has changed something on this machine;
                                   read atomically, never NULL */
    const ag_sip_key_t *sip;
    ag_db_port_t db;
    ag_single_flights_t *flights; /* in shared memory */
    int places;                   /* how many may ask the database at once */
    ag_budget_t *budget;          /* in shared memory: of tries of bcrypt hashes */
} ag_keys_t;

#define AG_KEY_RECORD_SIZE                                                                                           \
    1088                        /* a longer record works, but is read from the database each time; one of
                                   up to a quarter takes a quarter of the room */
#define AG_KEY_UNKNOWN_SIZE 32  /* a record of ag_keys_t.unknown */
#define AG_KEYS_SHARED_SIZE 128 /* bytes of shared memory for ag_keys_t.shared */

/* Looks a key up. One that is not cached is asked for once, however many requests want it; the others
 * wait for two seconds at most. *key is set with AG_KEY_FOUND, whatever its status; revoked and expired ones are
 * found too. */
ag_key_result_e ag_keys_find(const ag_key_t **key, ag_keys_t *keys, const ag_key_realm_t *realm, const char *text,
                             apr_size_t n, apr_time_t now, const ag_log_t *log, apr_pool_t *p);

/* 1 when the key is cached or was good within the last day, on this machine. Asks and hashes nothing
 * else, so it may be asked for anybody. */
int ag_keys_known(ag_keys_t *keys, const ag_key_realm_t *realm, const char *text, apr_size_t n, apr_time_t now);

/* For the watchdog: reads the database's change log and drops from the cache what changed. Nothing
 * happens before a first key was asked for. While it fails for two seconds the database counts as
 * down and cached keys live on their stale time; then it is tried no more than once a second.
 * ag_keys_find() reads the log too when nobody has for 0.8 seconds. */
void ag_keys_poll(ag_keys_t *keys, const ag_key_realm_t *realm, apr_time_t now, const ag_log_t *log, apr_pool_t *p);

/* ---- keys_dbd: the statements ---------------------------------------------------------------- */

/* Reads one key by its stored hash. APR_SUCCESS, APR_NOTFOUND (certainly none) or a fault. */
apr_status_t ag_keys_dbd_get(ag_key_t **key, const ag_db_port_t *port, const char *query, const char *hash,
                             const ag_log_t *log, apr_pool_t *p);

/* The change log after `revision`: *changed gets the hashes (const char *), *revision the newest
 * number seen. More than 1000 changes at once: *all is set instead. */
apr_status_t ag_keys_dbd_changes(apr_array_header_t **changed, apr_int64_t *revision, int *all,
                                 const ag_db_port_t *port, const ag_log_t *log, apr_pool_t *p);

/* A query that yields 1 where the table api_schema is there, and 0 where it certainly is not; NULL: nobody knows how to
 * ask such a database. */
const char *ag_schema_there(const char *driver);

/* Where that finds none, this counts what the account may not see: MariaDB shows a table to whoever has a right on it, and
 * PostgreSQL passes over schemas of the search path that the account may not use. NULL: nothing is hidden. */
const char *ag_schema_hidden(const char *driver);

#define AG_SCHEMA_VERSION 4 /* of the tables in conf/schema */

typedef enum {
    AG_SCHEMA_OK,
    AG_SCHEMA_OLDER,   /* of an earlier version, and each statement fits */
    AG_SCHEMA_NEWER,   /* of a later one, likewise: others who share the database are ahead of us */
    AG_SCHEMA_UNFIT,   /* a statement fails: another version, a right that is missing */
    AG_SCHEMA_MISSING, /* no tables that may be read */
    AG_SCHEMA_DOWN
} ag_tables_e;

/* Is our schema there, and do the statements run that keys are looked up with? With `query`, does that
 * run instead? *detail is NULL with AG_SCHEMA_OK, else tells it in the database's own words. */
ag_tables_e ag_keys_dbd_schema(const ag_db_port_t *port, const char *query, const char **detail, apr_pool_t *p);

#endif
