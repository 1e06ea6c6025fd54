/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upgrade: brings a database's tables to the version of this source. The steps from the version it
 * has are run one after the other, then the whole schema, which makes what is not there: with no
 * version that is all of it. It only goes forward; a newer version than ours is left alone.
 *
 * All steps are one transaction where the database can do that, and whoever comes second waits and
 * finds the work done.
 */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "../keys/keys.h"
#include "ctl.h"
#include "schema.h"

/* How a driver's database is upgraded. */
typedef struct {
    const char *driver;
    const char *begin, *commit;          /* NULL: its tables are not made in a transaction */
    const char *lock;                    /* keeps others waiting until the connection ends; yields 0: in vain */
    const char *schema;                  /* the tables of the newest version */
    const char *step[AG_SCHEMA_VERSION]; /* [n]: from version n to the next */
} way_t;

static const way_t ways[] = {
    {"sqlite3",
     "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; BEGIN IMMEDIATE",
     "COMMIT",
     NULL,
     ag_schema_sqlite,
     {[1] = ag_schema_sqlite_1_to_2, [2] = ag_schema_sqlite_2_to_3, [3] = ag_schema_sqlite_3_to_4}},
    /* Any number will do for the lock; this one spells "apig". */
    {"pgsql",
     "BEGIN",
     "COMMIT",
     "SELECT count(pg_advisory_xact_lock(1634756967))",
     ag_schema_pgsql,
     {[1] = ag_schema_pgsql_1_to_2, [2] = ag_schema_pgsql_2_to_3, [3] = ag_schema_pgsql_3_to_4}},
    /* A lock is the whole server's here, not the database's. */
    {"mysql",
     NULL,
     NULL,
     "SELECT get_lock(concat('apiguard ', md5(database())), 60)",
     ag_schema_mariadb,
     {[2] = ag_schema_mariadb_2_to_3, [3] = ag_schema_mariadb_3_to_4}},
};

static const way_t *way_of(const char *driver)
{
    apr_size_t i;

    for (i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (strcmp(ways[i].driver, driver) == 0) {
            return &ways[i];
        }
    }
    return NULL;
}

const char *ag_ctl_no_schema(const char *driver, apr_pool_t *p)
{
    const char *names = "";
    apr_size_t i;

    if (way_of(driver)) {
        return NULL;
    }
    for (i = 0; i < sizeof ways / sizeof *ways; i++) {
        names = apr_pstrcat(p, names, i ? ", " : "", ways[i].driver, NULL);
    }
    return apr_psprintf(p, "there is no schema for a driver \"%s\": %s", driver, names);
}

/* The one number that a query yields; 0 for no row. */
static int select_number(int *number, ag_ctl_t *ctl, const char *sql)
{
    ag_rows_t rows;
    int code = ag_ctl_select(&rows, ctl, sql, 0, NULL);
    const char *text = code == AG_EXIT_OK && rows.n ? rows.cells[0] : NULL;

    *number = text ? (int)strtol(text, NULL, 10) : 0;
    return code;
}

static int read_version(int *version, ag_ctl_t *ctl, const way_t *way)
{
    int code = select_number(version, ctl, ag_schema_there(way->driver));

    return code == AG_EXIT_OK && *version ? select_number(version, ctl, "SELECT version FROM api_schema") : code;
}

static int run_steps(ag_ctl_t *ctl, const way_t *way, int from)
{
    int code = AG_EXIT_OK;
    int n;

    if (from > AG_SCHEMA_VERSION) {
        return ag_ctl_fail(AG_EXIT_DATABASE,
                           "the tables have version %d, this apiguardctl knows "
                           "version %d; use a newer one",
                           from, AG_SCHEMA_VERSION);
    }
    for (n = from; n > 0 && n < AG_SCHEMA_VERSION && code == AG_EXIT_OK; n++) {
        code = ag_ctl_script(ctl, way->step[n]);
    }
    return code == AG_EXIT_OK ? ag_ctl_script(ctl, way->schema) : code;
}

static int begin(ag_ctl_t *ctl, const way_t *way)
{
    int got = 1;
    int code = way->begin ? ag_ctl_run(ctl, way->begin) : AG_EXIT_OK;

    if (code == AG_EXIT_OK && way->lock) {
        code = select_number(&got, ctl, way->lock);
    }
    return got || code != AG_EXIT_OK ? code : ag_ctl_fail(AG_EXIT_DATABASE, "somebody else is upgrading the tables");
}

/* After a failure nothing is rolled back here: closing the connection does it. MariaDB keeps what was
 * made up to then, without the version, which comes last; the next time goes on from there. */
int ag_ctl_upgrade(ag_upgrade_t *done, ag_ctl_t *ctl, const char *driver)
{
    const way_t *way = way_of(driver);
    int code = begin(ctl, way);

    done->to = AG_SCHEMA_VERSION;
    if (code == AG_EXIT_OK) {
        code = read_version(&done->from, ctl, way);
    }
    if (code == AG_EXIT_OK) {
        code = run_steps(ctl, way, done->from);
    }
    return code == AG_EXIT_OK && way->commit ? ag_ctl_run(ctl, way->commit) : code;
}
