/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_limits: the answers to the tool's questions about limits: "show SUBJECT", "reset SUBJECT". They
 * come from a watchdog's thread, never from a request. Of a fleet memcached is asked, and what this
 * machine holds or counted by itself is told beside it.
 */
#include "server.h"

#include "../keys/keys_record.h"
#include "../limit/lease_reset.h"

#define END_SIZE 300 /* what an answer says behind its windows */

/* One question on its way. */
typedef struct {
    server_rec *servers;
    apr_time_t now;
    apr_pool_t *p;
    const char *subject;
    int reset;
    int understood; /* the subject is one that a limit could count */
    int away;       /* memcached could not be asked */
    ag_buf_t out;
    int n;   /* windows told of, or begun anew */
    int cut; /* there was no room for all */
} question_t;

/* A window, and what is known of the subject in it. */
typedef struct {
    const ag_limit_t *limit;
    server_rec *server;
    const char *where;
    ag_charge_t charge;
    apr_uint64_t alone;   /* what was counted in this machine's memory, */
    int with;             /* and with whom (ag_store_shm_with) */
    int central;          /* memcached counts it */
    ag_lease_view_t view; /* then */
} row_t;

/* ---- one window in words --------------------------------------------------------------------- */

static void number(ag_buf_t *b, const char *name, apr_uint64_t value)
{
    ag_json_name(b, name);
    ag_buf_uint(b, value);
}

static void member(ag_buf_t *b, const char *name, const char *value)
{
    ag_json_name(b, name);
    ag_json_string(b, value);
}

static void yes_or_no(ag_buf_t *b, const char *name, int value)
{
    ag_json_name(b, name);
    ag_buf_str(b, value ? "true" : "false");
}

/* What is left when nothing was counted. */
static apr_uint64_t whole(const ag_window_t *window)
{
    return window->burst ? window->burst : window->rate.n;
}

static void tell_central(ag_buf_t *b, const row_t *row, apr_time_t now)
{
    number(b, "reserved", row->view.held);
    number(b, "alone", row->alone);
    if (row->view.asked) {
        apr_time_t ago = apr_time_sec(now - row->view.asked);

        number(b, "asked", ago > 0 ? (apr_uint64_t)ago : 0);
    }
}

/* Others whose requests stand in the same counter, since the table is full. */
static void tell_with(ag_buf_t *b, const row_t *row)
{
    char text[] = "/128";
    ag_buf_t net;

    if (row->with == AG_COUNTED_WITH_ALL) {
        member(b, "with", "others");
        return;
    }
    ag_buf_init(&net, text, sizeof text);
    ag_buf_str(&net, "/");
    ag_buf_uint(&net, (apr_uint64_t)row->with);
    member(b, "with", text);
}

static void write_row(ag_buf_t *b, const row_t *row, apr_time_t now)
{
    const ag_window_t *window = row->charge.window;

    ag_buf_str(b, "\"policy\":");
    ag_json_string(b, window->wire.name);
    member(b, "server", row->server->server_hostname ? row->server->server_hostname : "");
    member(b, "section", row->where);
    number(b, "limit", window->rate.n);
    if (!row->central || row->view.asked) {
        number(b, "used", whole(window) - row->charge.quota.remaining);
        number(b, "remaining", row->charge.quota.remaining);
        number(b, "reset", row->charge.quota.reset);
    }
    if (row->central) {
        tell_central(b, row, now);
    }
    yes_or_no(b, "dryrun", row->charge.dry_run);
    if (row->with != AG_COUNTED_ALONE && (!row->central || row->alone)) {
        tell_with(b, row);
    }
    ag_buf_str(b, "}");
}

/* A window as an object, all of it or nothing: room is kept for the end of the answer. */
static void tell(question_t *q, const row_t *row)
{
    char text[2048];
    ag_buf_t b;

    ag_buf_init(&b, text, sizeof text);
    ag_buf_str(&b, q->n ? ",{" : "{");
    write_row(&b, row, q->now);
    if (b.full || (apr_size_t)(q->out.end - q->out.at) < (apr_size_t)(b.at - b.start) + END_SIZE) {
        q->cut = 1;
        return;
    }
    ag_buf_mem(&q->out, b.start, (apr_size_t)(b.at - b.start));
    q->n++;
}

/* ---- one window ------------------------------------------------------------------------------ */

static const ag_engine_t *engine_of(const row_t *row)
{
    return ag_server_of(row->server)->engine;
}

/* Asks the counters without charging them. 1 when there is anything to tell. An address is also
 * what clients count by who have no other name: there only what was counted is told of. */
static int look(question_t *q, row_t *row)
{
    const ag_engine_t *engine = engine_of(row);
    ag_charge_t alone = row->charge;
    apr_uint64_t n = whole(row->charge.window);

    if (engine->shm->charge(engine->shm, &alone, 1, q->now, q->p) == APR_SUCCESS) {
        row->alone = n - alone.quota.remaining;
        row->with = ag_store_shm_with(engine->shm, &alone, q->now);
    }
    row->charge = row->central ? row->charge : alone;
    if (row->central && ag_lease_look(&row->view, engine->memcached, &row->charge, q->now, q->p)) {
        q->away = 1;
    }
    return row->charge.quota.remaining < n || row->alone || ag_limit_is_by(row->limit, q->subject);
}

/* 1 when anything was counted. */
static int forget(question_t *q, const row_t *row)
{
    const ag_engine_t *engine = engine_of(row);
    int here = ag_store_shm_forget(engine->shm, &row->charge, q->now), there = 0;

    if (row->central && ag_lease_forget(&there, engine->memcached, &row->charge, q->now, q->p)) {
        q->away = 1;
    }
    return here || there;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* What ApiGuardConcurrency counts is in flight, and in no window that a store could step. */
static int in_flight(const ag_limit_t *limit)
{
    return limit->windows->rate.period.seconds == 0;
}

static void look_at(question_t *q, const ag_limit_t *limit, ag_subject_t *subject, server_rec *s, const char *where)
{
    int i;

    for (i = 0; i < limit->n_windows; i++) {
        row_t row = {.limit = limit, .server = s, .where = where};

        row.charge.window = &limit->windows[i];
        row.charge.subject = subject;
        row.charge.dry_run = (unsigned)limit->dry_run & 1u;
        row.central = ag_server_of(s)->engine->memcached && ag_limit_may_be(limit, q->subject);
        if (q->reset) {
            q->n += forget(q, &row);
        }
        else if (look(q, &row)) {
            tell(q, &row);
        }
    }
}

static void look_at_section(question_t *q, const ag_limit_t *limit, server_rec *s, const char *section)
{
    const ag_engine_t *engine = ag_server_of(s)->engine;
    ag_subject_t subject;

    if (engine && !in_flight(limit) && ag_limit_named(&subject, limit, q->subject, engine->cred.sip, q->p)) {
        q->understood = 1;
        look_at(q, limit, &subject, s, section);
    }
}

static void look_at_sections(question_t *q)
{
    const apr_array_header_t *later = ag_plans()->later;
    int i;

    for (i = 0; i < later->nelts; i++) {
        const ag_later_t *task = &APR_ARRAY_IDX(later, i, ag_later_t);
        const ag_limit_t *limit = ag_later_of(task, ag_limit_later);

        if (limit) {
            look_at_section(q, limit, (server_rec *)(apr_uintptr_t)task->server, task->section);
        }
    }
}

/* The limit that a client's key or its plan brings along, from a key that is cached. */
typedef struct {
    ag_subject_t client;
    const ag_key_t *key;
    apr_pool_t *p;
} hunt_t;

static int is_client(void *ctx, const void *record, apr_size_t n)
{
    hunt_t *hunt = ctx;
    const ag_key_t *key = hunt->key ? NULL : ag_keys_record_open(apr_pmemdup(hunt->p, record, n), n, hunt->p);

    if (key && key->n_rates && ag_id_equal(key->client_id, hunt->client.id)) {
        hunt->key = key;
    }
    return 0;
}

static int is_keys_client(const char *subject)
{
    const char *client = strncmp(subject, "client:", 7) == 0 ? subject + 7 : "";

    return ag_cred_before(&client, client) == AG_KIND(key);
}

static void look_at_own(question_t *q)
{
    const ag_engine_t *engine = ag_server_of(q->servers)->engine;
    ag_limit_t limit = {.by = AG_BY_CLIENT};
    hunt_t hunt = {.p = q->p};
    server_rec *s;

    if (!is_keys_client(q->subject) || !ag_limit_named(&hunt.client, &limit, q->subject, engine->cred.sip, q->p)
        || !engine->cred.keys) {
        return;
    }
    q->understood = 1;
    ag_cache_sweep(engine->cred.keys->known, is_client, &hunt);
    for (s = q->servers; hunt.key && s; s = s->next) {
        ag_id_t server = ag_server_of(s)->engine->server;

        if (s == q->servers || !ag_id_equal(server, engine->server)) { /* a prefix is one for all */
            ag_limit_own(&limit, hunt.key->rates, hunt.key->n_rates, server, q->p);
            look_at(q, &limit, &hunt.client, s, "of the key or its plan");
        }
    }
}

/* The table where this machine's counters are. */
static void tell_table(question_t *q)
{
    ag_buf_t *b = &q->out;
    ag_shm_fill_t fill;

    ag_store_shm_fill(&fill, ag_server_of(q->servers)->engine->shm, q->now);
    ag_json_name(b, "table");
    ag_buf_str(b, "{\"slots\":");
    ag_buf_uint(b, fill.slots);
    number(b, "used", fill.used);
    number(b, "kept", fill.kept);
    number(b, "kept_used", fill.kept_used);
    number(b, "networks", ag_counted(AG_COUNT_LIMIT_NETWORKS));
    number(b, "overflows", ag_counted(AG_COUNT_LIMIT_OVERFLOWS));
    ag_buf_str(b, "}");
}

static void answer(void *asked, char *out, const char *question, apr_pool_t *p)
{
    question_t *q = asked;
    const char *subject = strchr(question, ' ');

    (void)p;
    ag_buf_init(&q->out, out, AG_CONTROL_ANSWER);
    q->subject = subject ? subject + 1 : "";
    q->reset = strncmp(question, "reset ", 6) == 0;
    ag_buf_str(&q->out, "{\"store\":");
    ag_json_string(&q->out, ag_server_of(q->servers)->engine->memcached ? "memcached" : "shm");
    ag_buf_str(&q->out, ",\"windows\":[");
    if (*q->subject) {
        look_at_sections(q);
        look_at_own(q);
    }
    else {
        q->understood = !q->reset; /* nobody is asked for: it is about the table */
    }
    ag_buf_str(&q->out, "]");
    number(&q->out, "reset", q->reset ? (apr_uint64_t)q->n : 0);
    yes_or_no(&q->out, "reachable", !q->away);
    yes_or_no(&q->out, "understood", q->understood);
    yes_or_no(&q->out, "complete", !q->cut);
    tell_table(q);
    ag_buf_str(&q->out, "}");
}

void ag_control_job(server_rec *servers, apr_time_t now, apr_pool_t *ptmp)
{
    question_t q = {.servers = servers, .now = now, .p = ptmp};
    ag_control_t *control = ag_server_of(servers)->control;

    if (control) {
        ag_control_serve(control, answer, &q, ptmp);
    }
}
