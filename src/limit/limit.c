/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit: the list of algorithms, and the names that counts go by. A window's id is a digest of all
 * that makes it this window, the same on every node; two windows that could read each other's
 * counters wrongly never share one.
 */
#include "limit.h"

#include <string.h>

#include <apr_strings.h>

#define FIELD_SIZE     80 /* two times quotes and ", "; ";q=", 20 digits, ";w=" and 10 digits or a unit; ";r=" */
#define RATE_TEXT_SIZE 40 /* 20 digits, a slash, 10 digits and a unit */

/* Their places are numbers in shared memory; new ones come last. Behind those that a directive may
 * name is what counts in the place of one. */
static const ag_algo_t *const algorithms[] = {&ag_algo_sliding, &ag_algo_fixed, &ag_algo_bucket, &ag_algo_log};

#define N_ALGORITHMS (int)(sizeof algorithms / sizeof *algorithms)
#define N_NAMED      3

const ag_algo_t *ag_algo_find(const char *name, const char **names, apr_pool_t *p)
{
    int i;

    if (names) {
        *names = algorithms[0]->name;
        for (i = 1; i < N_NAMED; i++) {
            *names = apr_pstrcat(p, *names, ", ", algorithms[i]->name, NULL);
        }
    }
    for (i = 0; i < N_NAMED; i++) {
        if (strcmp(algorithms[i]->name, name) == 0) {
            return algorithms[i];
        }
    }
    return NULL;
}

const ag_algo_t *ag_algo_for(const ag_algo_t *named, apr_uint64_t n)
{
    return named->few && n <= AG_ALGO_FEW ? named->few : named;
}

const int ag_algo_count = N_ALGORITHMS;

const ag_algo_t *ag_algo_at(int number)
{
    return algorithms[number];
}

int ag_algo_number(const ag_algo_t *algo)
{
    int i;

    for (i = 0; i < N_ALGORITHMS - 1 && algorithms[i] != algo; i++) {
    }
    return i;
}

static void write_field(ag_buf_t *text, ag_window_t *window)
{
    ag_quota_policy_t *wire = &window->wire;

    wire->limit = window->rate.n;
    wire->window = window->rate.period.seconds;
    wire->field = text->at;
    ag_buf_sf_string(text, wire->name);
    ag_buf_mem(text, ";q=", 3);
    ag_buf_uint(text, wire->limit);
    if (wire->window) {
        ag_buf_mem(text, ";w=", 3);
        ag_buf_uint(text, wire->window);
    }
    else {
        ag_buf_str(text, ";qu=\"concurrent-requests\"");
    }
    wire->field_size = (apr_uint16_t)(text->at - wire->field);
}

static void write_begin(ag_buf_t *text, ag_window_t *window)
{
    ag_quota_policy_t *wire = &window->wire;

    wire->begin = text->at;
    ag_buf_mem(text, ", ", 2);
    ag_buf_sf_string(text, wire->name);
    ag_buf_mem(text, ";r=", 3);
    wire->begin_size = (apr_uint16_t)(text->at - wire->begin);
}

/* What windows say of themselves on every answer, put together once. */
static void write_fields(ag_window_t *windows, int n, apr_pool_t *p)
{
    apr_size_t size = 2;
    ag_buf_t text;
    int i;

    for (i = 0; i < n; i++) {
        size += 4 * strlen(windows[i].wire.name) + FIELD_SIZE;
    }
    ag_buf_init(&text, apr_palloc(p, size), size);
    for (i = 0; i < n; i++) {
        ag_buf_mem(&text, ", ", i ? 2 : 0);
        write_field(&text, &windows[i]);
    }
    ag_buf_mem(&text, "", 1);
    for (i = 0; i < n; i++) {
        write_begin(&text, &windows[i]);
    }
}

void ag_quota_outlive(ag_quota_policy_t *policy, apr_pool_t *p)
{
    policy->name = apr_pstrdup(p, policy->name);
    policy->field = apr_pstrmemdup(p, policy->field, policy->field_size);
    policy->begin = apr_pstrmemdup(p, policy->begin, policy->begin_size);
}

const ag_window_t *ag_window_part(const ag_window_t *window, apr_uint64_t nodes, apr_pool_t *p)
{
    ag_window_t *part = apr_pmemdup(p, window, sizeof *part);

    part->rate.n /= nodes;
    part->burst = (part->burst + nodes - 1) / nodes; /* 0 would mean as much as the rate */
    write_fields(part, 1, p);
    return part;
}

void ag_limit_go_on(ag_store_t *alone, ag_store_t *fleet, ag_charge_t *charges, int n, apr_uint64_t nodes,
                    apr_time_t now, apr_pool_t *p)
{
    ag_charge_t *charge;

    for (charge = charges; charge < charges + n; charge++) {
        const ag_window_t *whole = charge->window;
        ag_counter_t seen;
        int known = fleet->seen && fleet->seen(fleet, charge, &seen);

        if (nodes > 1) {
            charge->window = ag_window_part(whole, nodes, p);
        }
        if (known && nodes > 1) {
            whole->algo->share(&seen, whole, nodes);
        }
        if (known) {
            ag_store_shm_begin(alone, charge, &seen, now);
        }
    }
}

void ag_limit_went(ag_store_t *fleet, const ag_charge_t *charges, int n, apr_time_t now)
{
    int i, admitted = ag_charges_allowed(charges, n);

    for (i = 0; fleet->went && admitted && i < n; i++) {
        if (charges[i].allowed && charges[i].cost) {
            fleet->went(fleet, &charges[i], now);
        }
    }
}

void ag_limit_name(ag_limit_t *limit, const char *scope, apr_pool_t *p)
{
    int i;

    for (i = 0; i < limit->n_windows; i++) {
        ag_window_t *window = &limit->windows[i];
        const char *text = apr_psprintf(p, "%s\n%s\n%" APR_UINT64_T_FMT "/%u/%u\n%s\n%" APR_UINT64_T_FMT "\n%s",
                                        scope, limit->name ? "name" : "text", window->rate.n,
                                        window->rate.period.seconds, window->rate.period.kind, window->algo->name,
                                        window->burst, limit->name ? limit->name : limit->text);

        window->id = ag_id_of(text, strlen(text));
    }
    write_fields(limit->windows, limit->n_windows, p);
}

/* ---- a key's own limit ----------------------------------------------------------------------- */

/* Odd, so that multiplying loses nothing: other numbers, other id. */
#define SPREAD_N          APR_UINT64_C(0x9e3779b97f4a7c15)
#define ANOTHER_ALGORITHM (APR_UINT64_C(1) << 40) /* beside a period's kind and seconds */
#define SPREAD_PERIOD     APR_UINT64_C(0xc2b2ae3d27d4eb4f)

static const char *rate_text(const ag_rate_t *rate, apr_pool_t *p)
{
    static const struct {
        apr_uint32_t seconds;
        apr_uint32_t kind;
        const char *name;
    } names[] = {
        {1, AG_PERIOD_PLAIN, "s"},       {60, AG_PERIOD_PLAIN, "min"},        {3600, AG_PERIOD_PLAIN, "h"},
        {86400, AG_PERIOD_PLAIN, "day"}, {7 * 86400, AG_PERIOD_WEEK, "week"}, {31 * 86400, AG_PERIOD_MONTH, "month"},
    };
    ag_buf_t text;
    unsigned i;

    ag_buf_init(&text, apr_palloc(p, RATE_TEXT_SIZE), RATE_TEXT_SIZE);
    ag_buf_uint(&text, rate->n);
    ag_buf_mem(&text, "/", 1);
    for (i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].seconds == rate->period.seconds && names[i].kind == rate->period.kind) {
            ag_buf_str(&text, names[i].name);
            return text.start;
        }
    }
    ag_buf_uint(&text, rate->period.seconds);
    ag_buf_mem(&text, "s", 1);
    return text.start;
}

void ag_limit_own(ag_limit_t *limit, const ag_rate_t *rates, int n, ag_id_t server, apr_pool_t *p)
{
    int i;

    memset(limit, 0, sizeof *limit);
    limit->windows = apr_pcalloc(p, (apr_size_t)n * sizeof *limit->windows);
    limit->n_windows = n;
    limit->by = AG_BY_CLIENT;
    limit->prefix6 = 64;
    limit->cost = 1;
    limit->text = "";
    for (i = 0; i < n; i++) {
        ag_window_t *window = &limit->windows[i];
        apr_uint64_t period = (apr_uint64_t)rates[i].period.kind << 32 | rates[i].period.seconds;

        window->rate = rates[i];
        window->algo = ag_algo_for(&ag_algo_sliding, rates[i].n);
        period |= window->algo == &ag_algo_sliding ? 0 : ANOTHER_ALGORITHM;
        window->id.hi = server.hi ^ (rates[i].n + 1) * SPREAD_N;
        window->id.lo = server.lo ^ period * SPREAD_PERIOD;
        window->wire.name = rate_text(&rates[i], p);
    }
    write_fields(limit->windows, limit->n_windows, p);
}
