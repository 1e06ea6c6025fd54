/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys_dbd: the SQL with which keys are looked up, the change log is read and a schema is told from
 * another one. It runs by core/statement, which keeps what was prepared.
 *
 * An error is never taken for "no rows", and a row too many is an error as well.
 */
#include <string.h>

#include <apr_strings.h>

#include "../core/statement.h"
#include "key_row.h"

#define MAX_CHANGES 1000

/* Columns are named, never `*`: a prepared statement outlives ALTER TABLE. */
#define SELECT_KEY                                                                                                   \
    "SELECT k.id AS id, k.key_hash AS key_hash, k.key_prefix AS key_prefix,"                                         \
    " k.client_name AS client_name, k.permissions AS permissions, k.roles AS roles,"                                 \
    " k.allowed_ips AS allowed_ips, k.allowed_endpoints AS allowed_endpoints,"                                       \
    " k.rate_limit AS rate_limit, k.plan AS plan, p.rate_limit AS plan_rate_limit,"                                  \
    " k.expires_at AS expires_at, k.is_active AS is_active, k.grace_until AS grace_until"                            \
    " FROM api_keys k LEFT JOIN api_plans p ON p.name = k.plan"

static const char sql_key[] = SELECT_KEY " WHERE k.key_hash = %s";

/* A bcrypt hash is known by its length. */
static const char sql_alike[] =
    SELECT_KEY " WHERE k.key_prefix = %s AND length(k.key_hash) = 60 ORDER BY k.id LIMIT 9";

/* At least one row: the newest revision, beside each change after ours. */
static const char sql_changes[] = "SELECT s.revision, c.key_hash FROM api_schema s"
                                  " LEFT JOIN api_changes c ON c.revision > %lld"
                                  " ORDER BY c.revision LIMIT 1001"; /* MAX_CHANGES + 1 */

static const char sql_version[] = "SELECT version FROM api_schema WHERE id = %d";

static int query(apr_dbd_results_t **rows, ag_db_t *db, const char *sql, const char *value, apr_pool_t *p)
{
    return ag_statement_query(rows, db, sql, 1, &value, p);
}

static apr_status_t failed(ag_db_t *db, int rc, const ag_log_t *log, apr_pool_t *p)
{
    ag_log(log, AG_LOG_ERROR, 0, "AG0411: the database of keys does not answer: %s", ag_statement_error(db, rc, p));
    return APR_EGENERAL;
}

/* A column nobody knows may be a rule with a typing error in its name, so it is not passed over. */
static apr_status_t read_row(ag_key_row_t *out, ag_db_t *db, apr_dbd_results_t *rows, apr_dbd_row_t *row,
                             const ag_log_t *log, apr_pool_t *p)
{
    int n = apr_dbd_num_cols(db->driver, rows);
    int i;

    memset(out, 0, sizeof *out);
    for (i = 0; i < n; i++) {
        const char *name = apr_dbd_get_name(db->driver, rows, i);
        ag_key_column_e column = name ? ag_key_column(name) : AG_COL_COUNT;

        if (column == AG_COL_COUNT || out->here & 1u << column) {
            ag_log(log, AG_LOG_ERROR, 0,
                   "AG0412: the query for keys yields a column \"%s\" that "
                   "is not known or comes twice",
                   name ? name : "");
            return APR_EGENERAL;
        }
        out->here |= 1u << column;
        if (ag_statement_value(&out->text[column], db, row, i, p) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
    }
    return APR_SUCCESS;
}

/* The one row there may be: APR_SUCCESS, APR_NOTFOUND, or a fault. */
static apr_status_t only_row(ag_key_row_t *text, ag_db_t *db, apr_dbd_results_t *rows, const ag_log_t *log,
                             apr_pool_t *p)
{
    apr_dbd_row_t *row, *second;
    apr_status_t rv;
    int rc = ag_statement_row(&row, db, rows, 1, p);

    if (rc != 0) {
        return rc == -1 ? APR_NOTFOUND : failed(db, rc, log, p);
    }
    rv = read_row(text, db, rows, row, log, p);
    if (rv == APR_SUCCESS && ag_statement_row(&second, db, rows, 2, p) != -1) {
        ag_log(log, AG_LOG_ERROR, 0,
               "AG0413: the query for keys yields more than one row for one "
               "key");
        return APR_EGENERAL;
    }
    return rv;
}

static apr_status_t get(ag_key_t **key, ag_db_t *db, const char *sql, const char *hash, const ag_log_t *log,
                        apr_pool_t *p)
{
    apr_dbd_results_t *rows;
    ag_key_row_t text;
    apr_status_t rv;
    int rc = query(&rows, db, sql, hash, p);

    if (rc != 0) {
        return failed(db, rc, log, p);
    }
    rv = only_row(&text, db, rows, log, p);
    return rv == APR_SUCCESS ? ag_key_of_row(key, &text, hash, log, p) : rv;
}

apr_status_t ag_keys_dbd_get(ag_key_t **key, const ag_db_port_t *port, const char *sql, const char *hash,
                             const ag_log_t *log, apr_pool_t *p)
{
    ag_db_t db;
    apr_status_t rv = port->acquire(port->ctx, &db, p);

    if (rv == APR_SUCCESS) {
        rv = get(key, &db, sql ? sql : sql_key, hash, log, p);
        port->release(port->ctx, &db);
    }
    else if (APR_STATUS_IS_NOTFOUND(rv)) {
        rv = APR_EGENERAL; /* no database is not "no key" */
    }
    return rv;
}

/* ---- keys that begin alike ------------------------------------------------------------------- */

static apr_status_t alike(apr_array_header_t *out, ag_db_t *db, const char *prefix, const ag_log_t *log,
                          apr_pool_t *p)
{
    apr_dbd_results_t *rows;
    int rc = query(&rows, db, sql_alike, prefix, p);
    int n;

    for (n = 1; rc == 0; n++) {
        apr_dbd_row_t *row;

        rc = ag_statement_row(&row, db, rows, n, p);
        if (rc == 0 && read_row(apr_array_push(out), db, rows, row, log, p) != APR_SUCCESS) {
            return APR_EGENERAL;
        }
    }
    return rc == -1 ? APR_SUCCESS : failed(db, rc, log, p);
}

apr_status_t ag_keys_dbd_alike(apr_array_header_t **rows, const ag_db_port_t *port, const char *prefix,
                               const ag_log_t *log, apr_pool_t *p)
{
    ag_db_t db;
    apr_status_t rv = port->acquire(port->ctx, &db, p);

    if (rv != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    *rows = apr_array_make(p, 2, sizeof(ag_key_row_t));
    rv = alike(*rows, &db, prefix, log, p);
    port->release(port->ctx, &db);
    return rv;
}

/* ---- the change log -------------------------------------------------------------------------- */

/* Takes the rows one by one; the driver's error number, or 0 at their end. */
static int take_changes(apr_array_header_t *changed, const char **newest, ag_db_t *db, apr_dbd_results_t *rows,
                        apr_pool_t *p)
{
    int n, rc = 0;

    *newest = NULL;
    for (n = 1; rc == 0; n++) {
        apr_dbd_row_t *row;
        const char *hash;

        rc = ag_statement_row(&row, db, rows, n, p);
        if (rc == 0 && (ag_statement_value(newest, db, row, 0, p) || ag_statement_value(&hash, db, row, 1, p))) {
            return 1;
        }
        if (rc == 0 && hash) {
            APR_ARRAY_PUSH(changed, const char *) = hash;
        }
    }
    return rc == -1 ? 0 : rc;
}

static apr_status_t changes(apr_array_header_t *changed, apr_int64_t *revision, int *all, ag_db_t *db,
                            const ag_log_t *log, apr_pool_t *p)
{
    apr_dbd_results_t *rows;
    const char *text;
    apr_int64_t newest;
    int rc = query(&rows, db, sql_changes, apr_psprintf(p, "%" APR_INT64_T_FMT, *revision), p);

    if (rc == 0) {
        rc = take_changes(changed, &text, db, rows, p);
    }
    if (rc != 0) {
        return failed(db, rc, log, p);
    }
    if (!text || ag_measure_number(&newest, text, 0, APR_INT64_MAX, p)) {
        ag_log(log, AG_LOG_ERROR, 0, "AG0414: the table api_schema holds no revision");
        return APR_EGENERAL;
    }
    /* Not one row for each number: some were pruned, or an older database was put in place. */
    *all = changed->nelts > MAX_CHANGES || newest - *revision != changed->nelts;
    *revision = newest;
    return APR_SUCCESS;
}

apr_status_t ag_keys_dbd_changes(apr_array_header_t **changed, apr_int64_t *revision, int *all,
                                 const ag_db_port_t *port, const ag_log_t *log, apr_pool_t *p)
{
    ag_db_t db;
    apr_status_t rv = port->acquire(port->ctx, &db, p);

    *all = 0;
    if (rv == APR_SUCCESS) {
        *changed = apr_array_make(p, 4, sizeof(const char *));
        rv = changes(*changed, revision, all, &db, log, p);
        port->release(port->ctx, &db);
    }
    return rv;
}

/* ---- is it our schema? ----------------------------------------------------------------------- */

const char *ag_schema_there(const char *driver)
{
    static const struct {
        const char *driver, *sql;
    } all[] = {
        {"sqlite3", "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'api_schema'"},
        {"pgsql", "SELECT count(to_regclass('api_schema'))"},
        {"mysql", "SELECT count(*) FROM information_schema.tables"
                  " WHERE table_schema = database() AND table_name = 'api_schema'"},
    };
    apr_size_t i;

    for (i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(all[i].driver, driver) == 0) {
            return all[i].sql;
        }
    }
    return NULL;
}

const char *ag_schema_hidden(const char *driver)
{
    if (strcmp(driver, "mysql") == 0) {
        return "SELECT count(*) FROM information_schema.tables WHERE table_schema = database()"
               " AND table_name IN ('api_keys', 'api_changes', 'api_revoked_tokens')";
    }
    return strcmp(driver, "pgsql") == 0
               ? "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                 " WHERE c.relname = 'api_schema' AND NOT has_schema_privilege(n.oid, 'USAGE')"
                 " AND n.nspname = ANY (string_to_array(replace(current_setting('search_path'), ' ', ''), ','))"
               : NULL;
}

/* A failed statement: a database that went away in between is down, else something is not there. */
static ag_tables_e blame(const char **detail, ag_db_t *db, int rc, ag_tables_e schema, apr_pool_t *p)
{
    *detail = ag_statement_error(db, rc, p);
    if (ag_statement_is_busy(db, rc) || apr_dbd_check_conn(db->driver, p, db->handle) != APR_SUCCESS) {
        return AG_SCHEMA_DOWN;
    }
    return schema;
}

/* Runs a statement with a value that finds nothing. */
static ag_tables_e probe(const char **detail, ag_db_t *db, const char *sql, const char *value, ag_tables_e otherwise,
                         apr_pool_t *p)
{
    apr_dbd_results_t *rows;
    int rc = query(&rows, db, sql, value, p);

    return rc ? blame(detail, db, rc, otherwise, p) : AG_SCHEMA_OK;
}

static ag_tables_e check_version(const char **detail, ag_db_t *db, apr_pool_t *p)
{
    apr_dbd_results_t *rows;
    apr_dbd_row_t *row;
    const char *version = NULL;
    apr_int64_t number;
    int rc = query(&rows, db, sql_version, "1", p);

    if (rc != 0) {
        return blame(detail, db, rc, AG_SCHEMA_MISSING, p);
    }
    if (ag_statement_row(&row, db, rows, 1, p) != 0 || ag_statement_value(&version, db, row, 0, p) || !version
        || ag_measure_number(&number, version, 0, APR_INT32_MAX, p)) {
        *detail = "the table api_schema holds no version";
        return AG_SCHEMA_MISSING;
    }
    if (number == AG_SCHEMA_VERSION) {
        return AG_SCHEMA_OK;
    }
    *detail = apr_psprintf(p, "their version is %s, not %d", version, AG_SCHEMA_VERSION);
    return number > AG_SCHEMA_VERSION ? AG_SCHEMA_NEWER : AG_SCHEMA_OLDER;
}

static ag_tables_e check_schema(const char **detail, ag_db_t *db, const char *sql, apr_pool_t *p)
{
    static const struct {
        const char *sql, *value;
    } probes[] = {{sql_key, ""}, {sql_alike, ""}, {sql_changes, "0"}};
    ag_tables_e schema, fits = AG_SCHEMA_OK;
    const char *why;
    apr_size_t i;

    if (sql) {
        return probe(detail, db, sql, "", AG_SCHEMA_MISSING, p);
    }
    schema = check_version(detail, db, p);
    if (schema > AG_SCHEMA_NEWER) {
        return schema;
    }
    for (i = 0; fits == AG_SCHEMA_OK && i < sizeof probes / sizeof *probes; i++) {
        fits = probe(&why, db, probes[i].sql, probes[i].value, AG_SCHEMA_UNFIT, p);
    }
    if (fits != AG_SCHEMA_OK) {
        *detail = *detail ? apr_pstrcat(p, why, "; ", *detail, NULL) : why;
    }
    return fits != AG_SCHEMA_OK ? fits : schema;
}

ag_tables_e ag_keys_dbd_schema(const ag_db_port_t *port, const char *sql, const char **detail, apr_pool_t *p)
{
    ag_db_t db;
    ag_tables_e schema;

    *detail = NULL;
    if (port->acquire(port->ctx, &db, p) != APR_SUCCESS) {
        *detail = "the database cannot be reached";
        return AG_SCHEMA_DOWN;
    }
    schema = check_schema(detail, &db, sql, p);
    port->release(port->ctx, &db);
    return schema;
}
