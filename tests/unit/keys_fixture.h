/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys_fixture: a key store of its own for every test: caches in plain memory, a SQLite file with
 * the shipped schema, a clock that the test sets, and a switch that takes the database away.
 * With AG_KEYS_DB=DRIVER:PARAMS in the environment it is that database instead, emptied for each
 * test, and $APIGUARDCTL makes its tables.
 */
#ifndef AG_KEYS_FIXTURE_H
#define AG_KEYS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <apr_dbd.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "../../src/keys/key_format.h"
#include "../../src/keys/keys.h"

#define START apr_time_from_sec(APR_INT64_C(1700000000))
#define SEC   APR_USEC_PER_SEC

typedef struct fixture_t {
    apr_pool_t *p;
    ag_keys_t keys;
    ag_key_realm_t realm;
    ag_sip_key_t sip;
    ag_log_t log;
    apr_uint64_t signal; /* moved by a test as apiguardctl does */
    apr_time_t now;
    const char *dir, *path;
    ag_db_t server;  /* the connection under test */
    ag_db_t other;   /* another process's */
    int down;        /* no connection can be had */
    int asked;       /* how many were */
    char said[8192]; /* all messages */
    const char *key; /* one that exists */
} fixture_t;

static void keep_log(const ag_log_t *log, ag_log_level_e level, apr_status_t rv, const char *text)
{
    fixture_t *f = log->ctx;
    size_t n = strlen(f->said);

    (void)level;
    (void)rv;
    apr_snprintf(f->said + n, sizeof f->said - n, "%s\n", text);
}

static apr_status_t lend(void *ctx, ag_db_t *db, apr_pool_t *p)
{
    fixture_t *f = ctx;

    (void)p;
    f->asked++;
    if (f->down) {
        return APR_EGENERAL;
    }
    *db = f->server;
    return APR_SUCCESS;
}

static void take_back(void *ctx, ag_db_t *db)
{
    (void)ctx;
    (void)db;
}

/* "sqlite3", "pgsql" or "mysql". */
static const char *driver_of(fixture_t *f)
{
    const char *other = getenv("AG_KEYS_DB");

    return other ? apr_pstrmemdup(f->p, other, strcspn(other, ":")) : "sqlite3";
}

static int is_driver(fixture_t *f, const char *name)
{
    return strcmp(driver_of(f), name) == 0;
}

static void open_database(fixture_t *f, ag_db_t *db)
{
    const char *other = getenv("AG_KEYS_DB");
    const char *params = other ? strchr(other, ':') + 1 : f->path;

    db->pool = f->p;
    db->prepared = apr_hash_make(f->p);
    assert_int_equal(apr_dbd_get_driver(f->p, driver_of(f), &db->driver), APR_SUCCESS);
    assert_int_equal(apr_dbd_open(db->driver, f->p, params, &db->handle), APR_SUCCESS);
}

/* Another process changes the database, in plain SQL. */
static void sql(fixture_t *f, const char *format, ...)
{
    va_list args;
    int rows, rc;

    va_start(args, format);
    rc = apr_dbd_query(f->other.driver, f->other.handle, &rows, apr_pvsprintf(f->p, format, args));
    va_end(args);
    if (rc) {
        fail_msg("%s", apr_dbd_error(f->other.driver, f->other.handle, rc));
    }
}

/* Leaves nothing of the test before. */
static void empty_server(fixture_t *f)
{
    static const char *const pgsql = "DROP SCHEMA public CASCADE; CREATE SCHEMA public";
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    const char *name;

    if (is_driver(f, "pgsql")) {
        sql(f, "SET client_min_messages = warning; %s", pgsql);
        return;
    }
    assert_int_equal(apr_dbd_select(f->other.driver, f->p, f->other.handle, &results, "SELECT database()", 1), 0);
    assert_int_equal(apr_dbd_get_row(f->other.driver, f->p, results, &row, 1), 0);
    name = apr_pstrdup(f->p, apr_dbd_get_entry(f->other.driver, row, 0));
    sql(f, "DROP DATABASE %s", name);
    sql(f, "CREATE DATABASE %s", name);
    sql(f, "USE %s", name);
}

static void run_init(fixture_t *f)
{
    const char *tool = getenv("APIGUARDCTL");

    assert_int_equal(setenv("APIGUARD_DB", getenv("AG_KEYS_DB"), 1), 0);
    assert_int_equal(system(apr_pstrcat(f->p, tool ? tool : "apiguardctl", " init >/dev/null", NULL)), 0);
}

/* The shipped schema; make check says where the source is. */
static void run_schema(fixture_t *f)
{
    const char *source = getenv("srcdir");
    char *text = apr_pcalloc(f->p, 65536);
    apr_size_t n = 65535;
    apr_file_t *file;

    if (!is_driver(f, "sqlite3")) {
        run_init(f);
        return;
    }
    assert_int_equal(apr_file_open(&file, apr_pstrcat(f->p, source ? source : ".", "/conf/schema/sqlite.sql", NULL),
                                   APR_FOPEN_READ, 0, f->p),
                     APR_SUCCESS);
    assert_int_equal(apr_file_read(file, text, &n), APR_SUCCESS);
    apr_file_close(file);
    while (n > 0 && text[n - 1] == '\n') { /* else SQLite's driver sees an empty statement */
        text[--n] = '\0';
    }
    sql(f, "%s", text);
}

static const char *hash_of(fixture_t *f, const char *key)
{
    char *hex = apr_palloc(f->p, 2 * AG_SHA256_SIZE + 1);

    ag_key_hash(hex, key, strlen(key), f->realm.pepper, f->realm.pepper_size);
    return hex;
}

/* A new key of client `acme` in the database; `set` is what else its row says, in SQL, or
 * NULL. */
static const char *new_key(fixture_t *f, const char *set)
{
    char *key = apr_palloc(f->p, AG_KEY_MAX + 1);

    assert_int_equal(ag_key_make(key, "agk"), APR_SUCCESS);
    sql(f,
        "INSERT INTO api_keys (key_hash, key_prefix, client_name, permissions) "
        "VALUES ('%s', '%s', 'acme', 'read write')",
        hash_of(f, key), ag_key_public(key, strlen(key), f->p));
    if (set) {
        sql(f, "UPDATE api_keys SET %s WHERE key_hash = '%s'", set, hash_of(f, key));
    }
    return key;
}

static inline void change(fixture_t *f, const char *key, const char *set)
{
    sql(f, "UPDATE api_keys SET %s WHERE key_hash = '%s'", set, hash_of(f, key));
}

static inline ag_key_result_e find_in(const ag_key_t **found, fixture_t *f, const ag_key_realm_t *realm,
                                      const char *key)
{
    *found = NULL;
    return ag_keys_find(found, &f->keys, realm, key, strlen(key), f->now, &f->log, f->p);
}

/* The key that must be found. */
static inline const ag_key_t *found(fixture_t *f, const char *key)
{
    const ag_key_t *k;

    assert_int_equal(find_in(&k, f, &f->realm, key), AG_KEY_FOUND);
    return k;
}

static inline ag_key_result_e result(fixture_t *f, const char *key)
{
    const ag_key_t *k;

    return find_in(&k, f, &f->realm, key);
}

static ag_cache_t *new_cache(fixture_t *f, apr_size_t record_size)
{
    apr_size_t size = ag_cache_bytes(64, record_size);
    ag_cache_t *cache;

    assert_int_equal(ag_cache_attach(&cache, apr_pcalloc(f->p, size), size, record_size, 1, f->p), APR_SUCCESS);
    return cache;
}

static int set_up(void **state)
{
    apr_pool_t *p;
    fixture_t *f;

    apr_pool_create(&p, NULL);
    f = apr_pcalloc(p, sizeof *f);
    f->p = p;
    f->now = START;
    f->dir = mkdtemp(apr_pstrdup(p, "/tmp/test_keys_XXXXXX"));
    assert_non_null(f->dir);
    f->path = apr_pstrcat(p, f->dir, "/keys.db", NULL);
    f->log = (ag_log_t){keep_log, f, AG_LOG_WARNING};
    f->sip = (ag_sip_key_t){1, 2};
    f->realm.id = (ag_id_t){3, 4};
    f->realm.ttl = 300 * SEC;
    f->realm.stale = 3600 * SEC;
    f->realm.negative = 10 * SEC;
    f->keys.known = new_cache(f, AG_KEY_RECORD_SIZE);
    f->keys.unknown = new_cache(f, AG_KEY_UNKNOWN_SIZE);
    f->keys.shared = apr_pcalloc(p, AG_KEYS_SHARED_SIZE);
    f->keys.flights = apr_pcalloc(p, AG_SINGLE_FLIGHT_BYTES);
    assert_int_equal(ag_single_flights_init(f->keys.flights), APR_SUCCESS);
    f->keys.places = 4;
    f->keys.budget = apr_pcalloc(p, AG_BUDGET_BYTES);
    f->keys.signal = &f->signal;
    f->keys.sip = &f->sip;
    f->keys.db = (ag_db_port_t){lend, take_back, f};
    apr_dbd_init(p);
    open_database(f, &f->other);
    if (!is_driver(f, "sqlite3")) {
        empty_server(f);
    }
    run_schema(f);
    open_database(f, &f->server);
    f->key = new_key(f, NULL);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    fixture_t *f = *state;
    int i;

    apr_dbd_close(f->server.driver, f->server.handle);
    apr_dbd_close(f->other.driver, f->other.handle);
    for (i = 0; i < 3; i++) {
        unlink(apr_pstrcat(f->p, f->path, ends[i], NULL));
    }
    rmdir(f->dir);
    apr_pool_destroy(f->p);
    return 0;
}

/* A round of the watchdog. */
static inline void poll(fixture_t *f)
{
    ag_keys_poll(&f->keys, &f->realm, f->now, &f->log, f->p);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
