/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip_list: a list in the database. Every change of it moves the revision and is noted in the change
 * log; so a look is one short query as long as nothing at all has changed, a second one when
 * something has, and the list is read only when it was this one.
 *
 * It is read in pages of a thousand rows, so a million rows never lie in memory as rows. A change
 * meanwhile has a later revision than the one noted, so the next look reads it again.
 */
#include "ip_source.h"

#include <apr_strings.h>

#include "../base/measure.h"
#include "../core/statement.h"

#define PAGE        1000 /* rows; sql_page says it again */
#define BATCH       1000 /* matches in one transaction */
#define TELL        60   /* seconds between two */
#define REST        apr_time_from_msec(400)
#define REST_FAILED apr_time_from_sec(5)
#define TRUSTED     apr_time_from_sec(3600) /* the change log is kept for a day */

enum { FAILING = 1, MISSED = 2, UNTOLD = 4 }; /* notes->failing: what has been logged */

static const char sql_revision[] = "SELECT revision FROM api_schema WHERE id = %d";
static const char sql_changed[] = "SELECT max(revision) FROM api_changes WHERE revision > %lld AND key_hash = %s";
static const char sql_page[] = "SELECT cidr, expires_at FROM api_ip_lists WHERE list = %s AND cidr > %s"
                               " ORDER BY cidr LIMIT 1000";
static const char sql_match[] = "INSERT INTO api_ip_matches (list, cidr, last_match_at) VALUES (%s, %s, %lld)"
                                " ON CONFLICT (list, cidr) DO UPDATE SET last_match_at = excluded.last_match_at"
                                " WHERE excluded.last_match_at > api_ip_matches.last_match_at";
static const char sql_match_mysql[] =
    "INSERT INTO api_ip_matches (list, cidr, last_match_at) VALUES (%s, %s, %lld)"
    " ON DUPLICATE KEY UPDATE last_match_at = GREATEST(last_match_at, VALUES(last_match_at))";

/* One look. */
typedef struct {
    const ag_ip_source_t *source;
    const char *list;
    ag_ipshare_notes_t *notes;
    ag_db_t db;
    apr_time_t now;
    const ag_log_t *log;
    apr_pool_t *p;
    const char *error;
} look_t;

static const char *number(apr_int64_t n, apr_pool_t *p)
{
    return apr_psprintf(p, "%" APR_INT64_T_FMT, n);
}

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct {
    look_t *look;
    ag_iptable_maker_t *maker;
    apr_pool_t *p; /* the page's */
    char last[128];
    int rows;
    const char *missed; /* the first entry that is no network */
} reading_t;

/* 1 when the entry is alive, with when it ends (0: never); 0 when its time is over, or no time. */
static int alive(apr_uint32_t *expires, int *good, const char *text, apr_time_t now, apr_pool_t *p)
{
    apr_int64_t seconds;

    *expires = 0;
    *good = !text || !ag_measure_number(&seconds, text, 0, AG_LAST_SECOND, p);
    if (!*good || !text) {
        return *good;
    }
    *expires = seconds > APR_UINT32_MAX ? APR_UINT32_MAX : (apr_uint32_t)seconds;
    return seconds > apr_time_sec(now);
}

static int take_row(void *ctx, const char *const *columns)
{
    reading_t *reading = ctx;
    const char *cidr = columns[0] ? columns[0] : "";
    apr_uint32_t expires;
    ag_net_t net;
    int good, lives = alive(&expires, &good, columns[1], reading->look->now, reading->p);

    reading->rows++;
    apr_cpystrn(reading->last, cidr, sizeof reading->last);
    if (!good || ag_net_parse(&net, cidr, NULL, reading->p)) {
        reading->missed = reading->missed ? reading->missed : apr_pstrdup(reading->look->p, cidr);
        ag_iptable_miss(reading->maker);
        return strlen(cidr) < sizeof reading->last; /* else the next page's start would be cut off */
    }
    return !lives || ag_iptable_add(reading->maker, &net, expires, cidr);
}

static int read_pages(reading_t *reading)
{
    look_t *look = reading->look;

    do {
        const char *values[2];
        apr_status_t rv;

        apr_pool_create(&reading->p, look->p);
        values[0] = look->list;
        values[1] = apr_pstrdup(reading->p, reading->last);
        reading->rows = 0;
        rv = ag_statement_select(take_row, reading, 2, &look->db, sql_page, values, 2, &look->error, reading->p);
        look->error = rv ? apr_pstrdup(look->p, look->error) : NULL;
        if (!rv && reading->rows == PAGE && strcmp(values[1], reading->last) == 0) {
            look->error = "its entries are in no order"; /* bytes in place of a text, in SQLite */
        }
        apr_pool_destroy(reading->p);
    } while (!look->error && reading->rows == PAGE);
    return look->error == NULL;
}

/* An entry that cannot be read may be the one that would have kept an address out, so the list says
 * "no" to nobody while it has one. */
static void tell_missed(look_t *look, const char *missed)
{
    if (missed && !(look->notes->failing & MISSED)) {
        ag_log(look->log, AG_LOG_ERROR, 0,
               "AG0443: %s has an entry that is no network, or whose "
               "time is none: \"%.60s\"; addresses that are not in the list get 503",
               look->source->name, missed);
    }
    look->notes->failing = (look->notes->failing & ~MISSED) | (missed ? MISSED : 0);
}

static int load(look_t *look)
{
    reading_t reading = {look, ag_iptable_start(1, look->p), NULL, "", 0, NULL};
    const ag_iptable_t *table;

    if (!read_pages(&reading)) {
        return 0;
    }
    table = ag_iptable_finish(reading.maker, (apr_uint32_t)apr_time_sec(look->now));
    if (!table || ag_ipshare_publish(look->source->share, table) != APR_SUCCESS) {
        look->error = "the list is too long for the memory there is";
        return 0;
    }
    tell_missed(look, reading.missed);
    return 1;
}

/* ---- looking --------------------------------------------------------------------------------- */

static int take_number(void *ctx, const char *const *columns)
{
    apr_int64_t *out = ctx;
    char *end;

    *out = columns[0] && *columns[0] ? apr_strtoi64(columns[0], &end, 10) : -1;
    return *out == -1 || !*end;
}

static int ask_number(apr_int64_t *out, look_t *look, const char *sql, const char **values, int n)
{
    *out = -1;
    return ag_statement_select(take_number, out, 1, &look->db, sql, values, n, &look->error, look->p) == APR_SUCCESS;
}

static int is_recent(apr_time_t now, apr_time_t then)
{
    return then <= now && now - then < TRUSTED;
}

/* Must the list be read? -1: the database cannot tell. */
static int must_read(look_t *look, apr_int64_t revision)
{
    const ag_ipshare_notes_t *notes = look->notes;
    const char *values[2];
    apr_int64_t changed;

    if (!ag_ipshare_filled(look->source->share) || revision < notes->version || !is_recent(look->now, notes->found)) {
        return 1;
    }
    if (revision == notes->version) {
        return 0;
    }
    values[0] = number(notes->version, look->p);
    values[1] = look->source->name; /* "list:NAME" is what the log says, too */
    return ask_number(&changed, look, sql_changed, values, 2) ? changed >= 0 : -1;
}

/* ---- telling --------------------------------------------------------------------------------- */

static int write_matches(look_t *look, const ag_ipmatch_t *matches, int n, apr_pool_t *p)
{
    const char **values = apr_palloc(p, (apr_size_t)n * 3 * sizeof *values);
    int mysql = strcmp(apr_dbd_name(look->db.driver), "mysql") == 0;
    int i;

    for (i = 0; i < n; i++) {
        values[3 * i] = look->list;
        values[3 * i + 1] = matches[i].text;
        values[3 * i + 2] = number(matches[i].when, p);
    }
    return ag_statement_change(&look->db, mysql ? sql_match_mysql : sql_match, values, 3, n, &look->error, p)
           == APR_SUCCESS;
}

/* Writes the last matches back. A fault is logged once: reading the list matters more. */
static void tell_matches(look_t *look)
{
    apr_int64_t second = apr_time_sec(look->now);
    apr_uint32_t at = 1;
    int good = 1;

    while (good && at) {
        ag_ipmatch_t matches[BATCH];
        apr_pool_t *p;
        int n;

        apr_pool_create(&p, look->p);
        n = ag_ipshare_matches(matches, BATCH, look->source->share, &at, look->notes->told, p);
        good = n == 0 || write_matches(look, matches, n, p);
        if (!good && !(look->notes->failing & UNTOLD)) {
            ag_log(look->log, AG_LOG_WARNING, 0,
                   "AG0444: %s: matches cannot be written to "
                   "api_ip_matches: %s",
                   look->source->name, look->error);
        }
        apr_pool_destroy(p);
    }
    look->error = NULL;
    look->notes->failing = (look->notes->failing & ~UNTOLD) | (good ? 0 : UNTOLD);
    look->notes->told = good ? second : look->notes->told;
}

/* ---- one look -------------------------------------------------------------------------------- */

static int look_at(look_t *look)
{
    static const char *one[] = {"1"};
    apr_int64_t revision;
    int must;

    if (!ask_number(&revision, look, sql_revision, one, 1)) {
        return 0;
    }
    must = must_read(look, revision);
    if (must < 0) {
        return 0;
    }
    if (must || apr_time_sec(look->now) - look->notes->told >= TELL) {
        tell_matches(look);
    }
    if (must && !load(look)) {
        return 0;
    }
    look->notes->version = revision;
    look->notes->found = look->now;
    return 1;
}

static void tell_failing(look_t *look, int good)
{
    ag_ipshare_notes_t *notes = look->notes;

    if (!good && !(notes->failing & FAILING)) {
        ag_log(look->log, AG_LOG_ERROR, 0, "AG0442: %s cannot be read: %s", look->source->name, look->error);
    }
    if (good && notes->failing & FAILING) {
        ag_log(look->log, AG_LOG_NOTICE, 0, "AG0445: %s can be read again", look->source->name);
    }
    notes->failing = (notes->failing & ~FAILING) | (good ? 0 : FAILING);
}

void ag_ip_list_poll(const ag_ip_source_t *source, const ag_db_port_t *port, apr_time_t stale, apr_time_t now,
                     const ag_log_t *log, apr_pool_t *p)
{
    look_t look = {source, ag_ip_source_list(source), NULL, {0}, now, log, p, NULL};
    int good = 0;

    if (!ag_ipshare_turn(source->share, now)) {
        return;
    }
    look.notes = ag_ipshare_notes(source->share);
    look.error = "the database cannot be reached";
    if (port->acquire(port->ctx, &look.db, p) == APR_SUCCESS) {
        good = look_at(&look);
        port->release(port->ctx, &look.db);
    }
    if (good) {
        ag_ipshare_confirm(source->share, now + stale);
    }
    tell_failing(&look, good);
    ag_ipshare_rest(source->share, now + (good ? REST : REST_FAILED));
}
