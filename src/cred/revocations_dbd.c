/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revocations_dbd: reads the table api_revoked_tokens. A look is one query as long as nothing was changed; what the
 * change log names is read row by row; all of it, in pages, at first and when the log cannot tell: rows of it were
 * pruned, or it names too many.
 */
#include <string.h>

#include <apr_strings.h>

#include "../base/measure.h"
#include "../core/statement.h"
#include "../keys/keys.h"
#include "revocable.h"
#include "revocations.h"

#define PAGE        2000 /* rows; sql_page says it again */
#define MAX_CHANGES 1000 /* read one by one; sql_changed says it, and one more */
#define TRIES       5    /* others read, too: what is read too late is read again */
#define SINCE       4    /* the version of the tables that has such rows */
#define MARK        "token:"

enum { FAILING = 1, WITHOUT = 2 }; /* notes->failing */

#define LOAD(x)         __atomic_load_n(&(x), __ATOMIC_SEQ_CST)
#define STORE(x, value) __atomic_store_n(&(x), (value), __ATOMIC_SEQ_CST)

/* How many changes there were since: fewer rows than numbers, and some were pruned. */
static const char sql_state[] = "SELECT version, revision, (SELECT count(*) FROM api_changes WHERE revision > %lld)"
                                " FROM api_schema WHERE id = 1";
static const char sql_changed[] = "SELECT DISTINCT key_hash FROM api_changes WHERE revision > %lld"
                                  " AND revision <= %lld AND substr(key_hash, 1, 6) = 'token:' LIMIT 1001";
static const char sql_row[] = "SELECT issued_before, expires_at FROM api_revoked_tokens"
                              " WHERE kind = %s AND issuer = %s AND value = %s";
static const char sql_issuers[] = "SELECT DISTINCT kind, issuer FROM api_revoked_tokens";
static const char sql_page[] = "SELECT issued_before, expires_at, value FROM api_revoked_tokens"
                               " WHERE kind = %s AND issuer = %s AND value > %s"
                               " AND (expires_at IS NULL OR expires_at > %lld) ORDER BY value LIMIT 2000";

/* One look. */
typedef struct {
    const ag_revocations_t *revocations;
    ag_db_t db;
    apr_time_t now;
    apr_pool_t *p;
    const char *error;
    apr_int64_t version, revision, changes; /* of the database; changes since the revision that we have */
} look_t;

static const char *number(apr_int64_t n, apr_pool_t *p)
{
    return apr_psprintf(p, "%" APR_INT64_T_FMT, n);
}

static int select_rows(look_t *look, ag_statement_row_fn *row, void *ctx, int columns, const char *sql,
                       const char **values, int n, apr_pool_t *p)
{
    apr_status_t rv = ag_statement_select(row, ctx, columns, &look->db, sql, values, n, &look->error, p);

    look->error = rv == APR_SUCCESS ? NULL : apr_pstrdup(look->p, look->error);
    return rv == APR_SUCCESS;
}

/* ---- a row ----------------------------------------------------------------------------------- */

/* The row's times. One that cannot be understood revokes more: at any time, for good. */
static void read_times(ag_revocation_t *entry, const char *const *columns, apr_pool_t *p)
{
    apr_int64_t seconds;

    entry->before = AG_REVOKED_ALWAYS;
    entry->expires = APR_INT64_MAX;
    if (columns[0] && !ag_measure_number(&seconds, columns[0], 0, AG_LAST_SECOND, p)) {
        entry->before = seconds;
    }
    if (columns[1] && !ag_measure_number(&seconds, columns[1], 0, AG_LAST_SECOND, p)) {
        entry->expires = seconds;
    }
}

/* -1: no such kind. */
static int kind_of(const char *word)
{
    int kind;

    for (kind = 0; kind < AG_REVOKE_KINDS; kind++) {
        if (word && strcmp(word, ag_revocable_kinds[kind]) == 0) {
            return kind;
        }
    }
    return -1;
}

/* ---- all of them ------------------------------------------------------------------------------ */

typedef struct {
    look_t *look;
    apr_array_header_t *entries; /* ag_revocation_t */
    int kind;
    const char *issuer, *last;
    int rows;
    apr_pool_t *p; /* the page's */
} reading_t;

static int take_pair(void *ctx, const char *const *columns)
{
    apr_array_header_t *pairs = ctx;

    APR_ARRAY_PUSH(pairs, const char *) = columns[0] ? apr_pstrdup(pairs->pool, columns[0]) : NULL;
    APR_ARRAY_PUSH(pairs, const char *) = columns[1] ? apr_pstrdup(pairs->pool, columns[1]) : "";
    return 1;
}

static int take_row(void *ctx, const char *const *columns)
{
    reading_t *reading = ctx;
    ag_revocation_t *entry;

    if (!columns[2] || (apr_uint64_t)reading->entries->nelts >= AG_REVOKED_MAX) {
        return 0;
    }
    entry = apr_array_push(reading->entries);
    read_times(entry, columns, reading->p);
    entry->id = ag_revocable_id((ag_revoke_e)reading->kind, reading->issuer, columns[2],
                                reading->look->revocations->sip, reading->p);
    reading->last = apr_pstrdup(reading->look->p, columns[2]);
    reading->rows++;
    return 1;
}

static int read_pages(reading_t *reading)
{
    look_t *look = reading->look;
    int good;

    reading->last = "";
    do {
        const char *values[] = {ag_revocable_kinds[reading->kind], reading->issuer, reading->last,
                                number(apr_time_sec(look->now), look->p)};

        reading->rows = 0;
        apr_pool_create(&reading->p, look->p);
        good = select_rows(look, take_row, reading, 3, sql_page, values, 4, reading->p);
        apr_pool_destroy(reading->p);
    } while (good && reading->rows == PAGE);
    if ((apr_uint64_t)reading->entries->nelts >= AG_REVOKED_MAX) {
        look->error = "there are more than fit into memory";
        return 0;
    }
    return good;
}

/* By kind and issuer, each in the order of values: this the primary key serves. */
static int read_all(look_t *look, apr_array_header_t *entries)
{
    apr_array_header_t *pairs = apr_array_make(look->p, 8, sizeof(const char *));
    reading_t reading = {.look = look, .entries = entries};
    int i, good = select_rows(look, take_pair, pairs, 2, sql_issuers, NULL, 0, look->p);

    for (i = 0; good && i < pairs->nelts; i += 2) {
        reading.kind = kind_of(APR_ARRAY_IDX(pairs, i, const char *));
        reading.issuer = APR_ARRAY_IDX(pairs, i + 1, const char *);
        if (reading.kind < 0) {
            look->error = "it has a row of a kind that this version does not know";
        }
        good = reading.kind >= 0 && read_pages(&reading);
    }
    return good;
}

static apr_status_t load(look_t *look)
{
    ag_revocations_notes_t *notes = ag_revoked_notes(look->revocations->revoked);
    apr_array_header_t *entries = apr_array_make(look->p, 1024, sizeof(ag_revocation_t));
    apr_int64_t from = ag_revoked_revision(look->revocations->revoked);
    apr_status_t rv = APR_EGENERAL;

    if (read_all(look, entries)) {
        rv = ag_revoked_replace(look->revocations->revoked, (ag_revocation_t *)entries->elts,
                                (apr_size_t)entries->nelts, from, look->revision);
    }
    if (rv == APR_SUCCESS) {
        STORE(notes->loaded, 1);
    }
    return rv;
}

/* ---- what has changed ------------------------------------------------------------------------- */

static int take_name(void *ctx, const char *const *columns)
{
    apr_array_header_t *names = ctx;

    APR_ARRAY_PUSH(names, const char *) = apr_pstrdup(names->pool, columns[0] ? columns[0] : "");
    return 1;
}

static int take_times(void *ctx, const char *const *columns)
{
    reading_t *reading = ctx;

    read_times(apr_array_push(reading->entries), columns, reading->p);
    return 1;
}

/* "token:KIND ISSUER VALUE", cut into its words. 0: it names no row. */
static int cut(const char *words[3], const char *name, apr_pool_t *p)
{
    char *first = apr_pstrdup(p, name + sizeof MARK - 1), *second = strchr(first, ' ');
    char *third = second ? strchr(second + 1, ' ') : NULL;

    if (!third) {
        return 0;
    }
    *second = *third = '\0';
    words[0] = first;
    words[1] = second + 1;
    words[2] = third + 1;
    return kind_of(first) >= 0;
}

/* Adds the entry that a name of the change log stands for, as it is now. */
static int read_one(look_t *look, apr_array_header_t *entries, const char *const words[3])
{
    reading_t reading = {.look = look, .entries = entries, .p = look->p};
    const char *values[] = {words[0], words[1], words[2]};
    int n = entries->nelts;
    ag_revocation_t *entry;

    if (!select_rows(look, take_times, &reading, 2, sql_row, values, 3, look->p)) {
        return 0;
    }
    if (entries->nelts == n) {
        entry = apr_array_push(entries);
        entry->before = entry->expires = 0;
    }
    entry = &APR_ARRAY_IDX(entries, n, ag_revocation_t);
    entry->id = ag_revocable_id((ag_revoke_e)kind_of(words[0]), words[1], words[2], look->revocations->sip, look->p);
    return 1;
}

/* *all: the names do not say it, all must be read. */
static int read_changes(int *all, look_t *look, apr_array_header_t *entries, apr_int64_t from)
{
    apr_array_header_t *names = apr_array_make(look->p, 8, sizeof(const char *));
    const char *values[] = {number(from, look->p), number(look->revision, look->p)};
    int i, good = select_rows(look, take_name, names, 1, sql_changed, values, 2, look->p);

    *all = names->nelts > MAX_CHANGES;
    for (i = 0; good && !*all && i < names->nelts; i++) {
        const char *words[3];

        *all = !cut(words, APR_ARRAY_IDX(names, i, const char *), look->p);
        good = *all || read_one(look, entries, words);
    }
    return good;
}

static apr_status_t follow(look_t *look, apr_int64_t from)
{
    apr_array_header_t *entries = apr_array_make(look->p, 8, sizeof(ag_revocation_t));
    apr_status_t rv = APR_EGENERAL;
    int all;

    if (read_changes(&all, look, entries, from)) {
        rv = all ? APR_ENOSPC
                 : ag_revoked_change(look->revocations->revoked, (ag_revocation_t *)entries->elts,
                                     (apr_size_t)entries->nelts, from, look->revision);
    }
    return rv == APR_ENOSPC ? load(look) : rv;
}

/* ---- one look --------------------------------------------------------------------------------- */

static int take_state(void *ctx, const char *const *columns)
{
    look_t *look = ctx;
    apr_int64_t *const out[] = {&look->version, &look->revision, &look->changes};
    int i;

    for (i = 0; i < 3; i++) {
        if (!columns[i] || ag_measure_number(out[i], columns[i], 0, APR_INT64_MAX, look->p)) {
            return 0;
        }
    }
    return 1;
}

static int ask_state(look_t *look, apr_int64_t from)
{
    const char *values[] = {number(from, look->p)};

    look->version = -1;
    if (!select_rows(look, take_state, look, 3, sql_state, values, 1, look->p)) {
        return 0;
    }
    look->error = look->version < 0 ? "the table api_schema has no row" : NULL;
    return look->version >= 0;
}

static int take_count(void *ctx, const char *const *columns)
{
    *(int *)ctx = !columns[0] || strcmp(columns[0], "0") != 0;
    return 1;
}

static int finds_none(look_t *look, const char *sql)
{
    int there = 1;

    return !sql || (select_rows(look, take_count, &there, 1, sql, NULL, 0, look->p) && !there);
}

/* 1 when the database certainly has no tables of ours: then it is somebody else's, and revokes nothing. */
static int is_not_ours(look_t *look)
{
    const char *driver = apr_dbd_name(look->db.driver), *error = look->error;
    int none = finds_none(look, ag_schema_there(driver)) && finds_none(look, ag_schema_hidden(driver));

    look->error = error;
    return none;
}

/* No row can be read, as far as anybody knows there never was one: nobody is revoked. */
static apr_status_t go_without(look_t *look, const ag_log_t *log)
{
    ag_revoked_t *revoked = look->revocations->revoked;
    ag_revocations_notes_t *notes = ag_revoked_notes(revoked);
    apr_int64_t from = ag_revoked_revision(revoked);

    if (!(LOAD(notes->failing) & WITHOUT)) {
        STORE(notes->failing, LOAD(notes->failing) | WITHOUT);
        ag_log(log, look->version < 0 ? AG_LOG_NOTICE : AG_LOG_WARNING, 0,
               "AG0962: no token can be revoked: the database has %s%s%s",
               look->version < 0 ? "no tables of API keys ("
                                 : "tables of an earlier version; run \"apiguardctl init\"",
               look->version < 0 ? look->error : "", look->version < 0 ? ")" : "");
    }
    look->error = NULL;
    return ag_revoked_is_empty(revoked) ? APR_SUCCESS : ag_revoked_replace(revoked, NULL, 0, from, from);
}

static apr_status_t look_at(look_t *look, const ag_log_t *log)
{
    const ag_revocations_notes_t *notes = ag_revoked_notes(look->revocations->revoked);
    apr_int64_t from = ag_revoked_revision(look->revocations->revoked);
    int loaded = LOAD(notes->loaded) != 0;

    if (!ask_state(look, from)) {
        return !loaded && is_not_ours(look) ? go_without(look, log) : APR_EGENERAL;
    }
    if (look->version < SINCE) {
        look->error = "the tables are of an earlier version again";
        return loaded ? APR_EGENERAL : go_without(look, log);
    }
    if (!loaded || look->revision - from != look->changes) {
        return load(look);
    }
    return look->changes ? follow(look, from) : APR_SUCCESS;
}

static void tell(const look_t *look, int good, const ag_log_t *log)
{
    ag_revocations_notes_t *notes = ag_revoked_notes(look->revocations->revoked);
    apr_int64_t failing = LOAD(notes->failing);

    if (!good && !(failing & FAILING)) {
        ag_log(log, AG_LOG_ERROR, 0, "AG0960: the revoked tokens (table api_revoked_tokens) cannot be read: %s; %s",
               look->error ? look->error : "others change them all the time",
               LOAD(notes->loaded) ? "what was read last goes on" : "until they can, tokens get 503");
    }
    if (good && failing & FAILING) {
        ag_log(log, AG_LOG_NOTICE, 0, "AG0961: the revoked tokens can be read again");
    }
    STORE(notes->failing, good ? failing & ~FAILING : failing | FAILING);
}

apr_status_t ag_revocations_read(void *ctx, apr_time_t now, const ag_log_t *log, apr_pool_t *p)
{
    look_t look = {.revocations = ctx, .now = now, .p = p, .error = "the database cannot be reached"};
    const ag_db_port_t *port = &look.revocations->db;
    apr_status_t rv = port->acquire(port->ctx, &look.db, p);
    int tries;

    if (rv == APR_SUCCESS) {
        for (tries = 0, rv = APR_EAGAIN; rv == APR_EAGAIN && tries < TRIES; tries++) {
            rv = look_at(&look, log);
        }
        port->release(port->ctx, &look.db);
    }
    tell(&look, rv == APR_SUCCESS, log);
    return rv;
}
