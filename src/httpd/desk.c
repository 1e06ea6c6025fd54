/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk: the file where apiguardctl meets this server (guard/desk), made by the parent at the first
 * start and kept over graceful restarts; and the answers to the tool's questions about limits:
 * "show SUBJECT", "reset SUBJECT". They come from a watchdog's thread, never from a request.
 */
#include "glue.h"

#include <sys/mman.h>
#include <unistd.h>

#include "../guard/desk.h"
#include "../keys/keys_record.h"

#define USERDATA "mod_apiguard:desk:2"
#define BANS_PERCENT 3 /* of ApiGuardSharedMemory, and not taken from it */

/* What the parent process keeps; the module itself is unloaded and loaded between two generations. */
typedef struct {
    ag_desk_t *desk;
    const char *path; /* NULL: memory without a file */
    pid_t owner;
} kept_t;

/* ---- the file -------------------------------------------------------------------------------- */

static apr_status_t remove_at_end(void *data)
{
    const kept_t *kept = data;

    if (kept->path && getpid() == kept->owner
        && ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_EXITING) {
        unlink(kept->path);
    }
    return APR_SUCCESS;
}

/* Bans work without a file, and only the tool does not. */
static apr_status_t make_without_file(kept_t *kept, apr_size_t bans)
{
    void *at = mmap(NULL, ag_desk_bytes(bans), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                    -1, 0);

    kept->path = NULL;
    if (at == MAP_FAILED) {
        return APR_ENOMEM;
    }
    kept->desk = at;
    return ag_desk_format(kept->desk, bans);
}

static apr_status_t make(kept_t *kept, apr_size_t bans, server_rec *s)
{
    apr_pool_t *pprocess = s->process->pool;
    apr_status_t rv;

    kept->owner = getpid();
    kept->path = ap_runtime_dir_relative(pprocess, ag_desk_file(kept->owner, pprocess));
    ag_desk_find(ap_runtime_dir_relative(pprocess, ""), 1, pprocess);
    rv = ag_desk_make(&kept->desk, kept->path, bans);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, rv, s, "AG0180: %s cannot be made, so apiguardctl "
                     "cannot show or end this server's bans and limits", kept->path);
        rv = make_without_file(kept, bans);
    }
    return rv;
}

int ag_desk_wanted(server_rec *s)
{
    return ag_plans()->names->nelts > 0 || ag_database_there(s);
}

int ag_desk_start(ag_shared_t *shared, apr_size_t memory, apr_pool_t *pconf, server_rec *s)
{
    apr_pool_t *pprocess = s->process->pool;
    kept_t *kept = NULL;
    apr_status_t rv = APR_SUCCESS;
    int fresh;

    apr_pool_userdata_get((void **)&kept, USERDATA, pprocess);
    fresh = kept == NULL;
    if (fresh) {
        kept = apr_pcalloc(pprocess, sizeof *kept);
        rv = make(kept, memory / 100 * BANS_PERCENT, s);
    }
    if (rv == APR_SUCCESS) {
        rv = ag_desk_bans(&shared->bans, kept->desk, fresh, &shared->sip, pconf);
    }
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, s, "AG0181: there is no memory for ApiGuardBan");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (fresh) {
        apr_pool_userdata_set(kept, USERDATA, apr_pool_cleanup_null, pprocess);
    }
    apr_pool_cleanup_register(pconf, kept, remove_at_end, apr_pool_cleanup_null);
    kept->desk->served = (apr_uint64_t)ag_desk_wanted(s);
    shared->desk = kept->desk;
    return OK;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* One question on its way. */
typedef struct {
    server_rec *servers;
    apr_time_t now;
    apr_pool_t *p;
    const char *subject;
    int reset;
    int understood; /* the subject is one that a limit could count */
    ag_buf_t out;
    int n;   /* windows told of */
    int cut; /* there was no room for all */
} question_t;

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

/* What is left when nothing was counted. */
static apr_uint64_t whole(const ag_window_t *window)
{
    return window->burst ? window->burst : window->rate.n;
}

/* A window as an object, all of it or nothing: room is kept for the end of the answer. */
static void tell(question_t *q, const ag_charge_t *charge, const server_rec *s, const char *where)
{
    const ag_window_t *window = charge->window;
    char text[2048];
    ag_buf_t b;

    ag_buf_init(&b, text, sizeof text);
    ag_buf_str(&b, q->n ? ",{" : "{");
    ag_buf_str(&b, "\"policy\":");
    ag_json_string(&b, window->policy);
    member(&b, "server", s->server_hostname ? s->server_hostname : "");
    member(&b, "section", where);
    number(&b, "limit", window->rate.n);
    number(&b, "used", whole(window) - charge->quota.remaining);
    number(&b, "remaining", charge->quota.remaining);
    number(&b, "reset", charge->quota.reset);
    ag_buf_str(&b, charge->dry_run ? ",\"dryrun\":true}" : ",\"dryrun\":false}");
    if (b.full || (apr_size_t)(q->out.end - q->out.at) < (apr_size_t)(b.at - b.start) + 64) {
        q->cut = 1;
        return;
    }
    ag_buf_mem(&q->out, b.start, (apr_size_t)(b.at - b.start));
    q->n++;
}

/* What ApiGuardConcurrency counts is in flight, and in no window that a store could step. */
static int in_flight(const ag_limit_t *limit)
{
    return limit->windows->rate.period.seconds == 0;
}

/* Asks the counter without charging it. An address is also what clients count by who have no other
 * name: there only what was counted is told of. */
static void look_at(question_t *q, const ag_limit_t *limit, ag_id_t id, server_rec *s,
                    const char *where)
{
    ag_store_t *store = ag_server_of(s)->engine->shm;
    ag_subject_t subject = {.id = id, .text = q->subject, .limit = limit};
    int i;

    for (i = 0; i < limit->n_windows; i++) {
        ag_charge_t charge = {.window = &limit->windows[i], .subject = &subject,
                              .dry_run = (unsigned)limit->dry_run & 1u};

        if (q->reset) {
            q->n += ag_store_shm_forget(store, &charge, q->now);
        }
        else if (store->charge(store, &charge, 1, q->now, q->p) == APR_SUCCESS
                 && (charge.quota.remaining < whole(charge.window)
                     || ag_limit_is_by(limit, q->subject))) {
            tell(q, &charge, s, where);
        }
    }
}

static void look_at_sections(question_t *q)
{
    const apr_array_header_t *names = ag_plans()->names;
    int i;

    for (i = 0; i < names->nelts; i++) {
        const ag_plan_name_t *name = &APR_ARRAY_IDX(names, i, ag_plan_name_t);
        const ag_engine_t *engine = ag_server_of(name->server)->engine;
        ag_id_t id;

        if (engine && !in_flight(name->limit)
            && ag_limit_named(&id, name->limit, q->subject, engine->sip, q->p)) {
            q->understood = 1;
            look_at(q, name->limit, id, name->server, name->section);
        }
    }
}

/* The limit that a client's key or its plan brings along, from a key that is cached. */
typedef struct {
    ag_id_t client;
    const ag_key_t *key;
    apr_pool_t *p;
} hunt_t;

static int is_client(void *ctx, const void *record, apr_size_t n)
{
    hunt_t *hunt = ctx;
    const ag_key_t *key = hunt->key ? NULL
                                    : ag_keys_record_open(apr_pmemdup(hunt->p, record, n), n,
                                                          hunt->p);

    if (key && key->n_rates && ag_id_equal(key->client_id, hunt->client)) {
        hunt->key = key;
    }
    return 0;
}

static void look_at_own(question_t *q)
{
    const ag_engine_t *engine = ag_server_of(q->servers)->engine;
    ag_limit_t limit = {.by = AG_BY_CLIENT};
    hunt_t hunt = {.p = q->p};
    server_rec *s;

    if (strncmp(q->subject, "client:key:", 11) != 0
        || !ag_limit_named(&hunt.client, &limit, q->subject, engine->sip, q->p)
        || !engine->keys) {
        return;
    }
    q->understood = 1;
    ag_cache_sweep(engine->keys->known, is_client, &hunt);
    for (s = q->servers; hunt.key && s; s = s->next) {
        ag_limit_own(&limit, hunt.key->rates, hunt.key->n_rates, ag_server_of(s)->engine->server,
                     q->p);
        look_at(q, &limit, hunt.client, s, "of the key or its plan");
    }
}

static void answer(void *asked, char *out, const char *question, apr_pool_t *p)
{
    question_t *q = asked;
    const char *subject = strchr(question, ' ');

    (void)p;
    ag_buf_init(&q->out, out, AG_DESK_ANSWER);
    q->subject = subject ? subject + 1 : "";
    q->reset = strncmp(question, "reset ", 6) == 0;
    ag_buf_str(&q->out, "{\"store\":");
    ag_json_string(&q->out, ag_server_of(q->servers)->engine->memcached ? "memcached" : "shm");
    ag_buf_str(&q->out, ",\"windows\":[");
    look_at_sections(q);
    look_at_own(q);
    ag_buf_str(&q->out, "]");
    number(&q->out, "reset", q->reset ? (apr_uint64_t)q->n : 0);
    ag_buf_str(&q->out, q->understood ? ",\"understood\":true" : ",\"understood\":false");
    ag_buf_str(&q->out, q->cut ? ",\"complete\":false}" : ",\"complete\":true}");
}

void ag_desk_job(server_rec *servers, apr_time_t now, apr_pool_t *ptmp)
{
    question_t q = {.servers = servers, .now = now, .p = ptmp};
    ag_desk_t *desk = ag_server_of(servers)->desk;

    if (desk) {
        ag_desk_serve(desk, answer, &q, ptmp);
    }
}
