/* SPDX-License-Identifier: Apache-2.0 */
/*
 * charge_fixture: what the tests of the guard's limit steps share: stores that count in a table and
 * note what they are asked, limits of one window, and a request that meets them.
 */
#ifndef AG_CHARGE_FIXTURE_H
#define AG_CHARGE_FIXTURE_H

#include "unit.h"

#include "counts_fixture.h"
#include "../../src/guard/bill.h"
#include "../../src/reply/answer.h"

/* ---- a store --------------------------------------------------------------------------------- */

typedef struct fake_t {
    ag_store_t store; /* first */
    int down;
    int asked;
    apr_uint64_t count[64]; /* of windows, by id.lo */
    const char *said;       /* "shm+1,2 " charged windows 1 and 2; "shm-1 " gave 1 back */
    apr_pool_t *p;
} fake_t;

static inline void note(fake_t *fake, const char *sign, const ag_charge_t *charges, int n)
{
    int i;

    fake->said = apr_pstrcat(fake->p, fake->said, fake->store.name, sign, NULL);
    for (i = 0; i < n; i++) {
        fake->said = apr_psprintf(fake->p, "%s%s%d", fake->said, i ? "," : "", (int)charges[i].window->id.lo);
    }
    fake->said = apr_pstrcat(fake->p, fake->said, " ", NULL);
}

static inline apr_status_t fake_charge(ag_store_t *store, ag_charge_t *charges, int n, apr_time_t now, apr_pool_t *p)
{
    fake_t *fake = (fake_t *)store;
    int i, all;

    (void)p;
    assert_true(now == NOW);
    fake->asked++;
    if (fake->down) {
        return APR_EGENERAL;
    }
    for (i = 0; i < n; i++) {
        apr_uint64_t used = fake->count[charges[i].window->id.lo];

        charges[i].allowed = used + charges[i].cost <= charges[i].window->rate.n;
        charges[i].quota.remaining = charges[i].window->rate.n - used;
        charges[i].quota.reset = 30;
        charges[i].quota.retry = charges[i].allowed ? 0 : (apr_uint32_t)charges[i].window->id.lo;
    }
    all = ag_charges_allowed(charges, n);
    for (i = 0; i < n; i++) {
        if (charges[i].allowed && (all || charges[i].dry_run)) {
            fake->count[charges[i].window->id.lo] += charges[i].cost;
        }
    }
    note(fake, "+", charges, n);
    return APR_SUCCESS;
}

static inline void fake_refund(ag_store_t *store, ag_charge_t *charges, int n, apr_time_t now, apr_time_t then,
                               apr_pool_t *p)
{
    fake_t *fake = (fake_t *)store;
    int i;

    (void)p;
    assert_true(now == NOW && then == NOW);
    for (i = 0; i < n; i++) {
        fake->count[charges[i].window->id.lo] -= charges[i].cost;
    }
    note(fake, "-", charges, n);
}

/* ---- expressions: the text says what comes of it --------------------------------------------- */

static inline int fake_test(const ag_expr_t *expr, const ag_request_t *request)
{
    (void)request;
    return *(const char *)expr == '-' ? -1 : *(const char *)expr - '0';
}

static inline const char *fake_text(const ag_expr_t *expr, const ag_request_t *request)
{
    (void)request;
    return strcmp((const char *)expr, "fails") ? (const char *)expr : NULL;
}

static inline ag_expr_t *expr_of(const char *text)
{
    return (ag_expr_t *)(uintptr_t)text;
}

/* ---- the house ------------------------------------------------------------------------------- */

typedef struct {
    apr_pool_t *p;
    fake_t shm, memcached;
    ag_expr_port_t expr;
    ag_sip_key_t sip;
    ag_breaker_t breaker;
    ag_engine_t engine;
    ag_policy_t *policy;
    ag_exchange_t exchange;
    ag_check_t check;
    ag_principal_t acme;
} house_t;

static inline void open_fake(fake_t *fake, const char *name, apr_pool_t *p)
{
    fake->store.name = name;
    fake->store.charge = fake_charge;
    fake->store.refund = fake_refund;
    fake->said = "";
    fake->p = p;
}

static inline int open_house(void **state)
{
    apr_pool_t *p;
    house_t *h;

    pool_start((void **)&p);
    counts_fresh();
    h = apr_pcalloc(p, sizeof *h);
    h->p = p;
    open_fake(&h->shm, "shm", p);
    open_fake(&h->memcached, "mc", p);
    h->expr.test = fake_test;
    h->expr.text = fake_text;
    h->engine.expr = &h->expr;
    h->engine.cred.sip = &h->sip;
    h->engine.server.lo = 60;
    h->engine.shm = &h->shm.store;
    h->engine.breaker = &h->breaker;
    h->policy = ag_policy_make(p);
    h->exchange.request = make_request(NULL, p);
    h->exchange.engine = &h->engine;
    h->check.exchange = &h->exchange;
    h->check.policy = h->policy;
    h->acme.kind = AG_KIND(key);
    h->acme.client = "acme";
    *state = h;
    return 0;
}

static inline int close_house(void **state)
{
    apr_pool_t *p = ((house_t *)*state)->p;

    return pool_stop((void **)&p);
}

#define HOUSE(function) cmocka_unit_test_setup_teardown(function, open_house, close_house)

/* A limit of one window; its id is `id`. */
static inline ag_limit_t *limit_of(house_t *h, int id, ag_by_e by, apr_uint64_t n)
{
    ag_limit_t *limit = apr_pcalloc(h->p, sizeof *limit);

    limit->windows = apr_pcalloc(h->p, sizeof *limit->windows);
    limit->n_windows = 1;
    limit->windows->rate.n = n;
    limit->windows->rate.period.seconds = 60;
    limit->windows->algo = &ag_algo_fixed;
    limit->windows->id.lo = (apr_uint64_t)id;
    limit->windows->wire.name = apr_psprintf(h->p, "w%d", id);
    limit->windows->wire.limit = n;
    limit->windows->wire.window = 60;
    limit->by = by;
    limit->prefix6 = 64;
    limit->cost = 1;
    ag_limits_add(&h->policy->limits, limit, h->p);
    return limit;
}

static inline const ag_quota_line_t *lines(house_t *h)
{
    ag_guard_tell(&h->check);
    return h->check.verdict.lines;
}

/* The lines a client would be told: "w1 w2! w3?", the second refused, the third a dry run. */
static inline const char *told(house_t *h)
{
    const ag_verdict_t *verdict = &h->check.verdict;
    const char *text = "";
    int i;

    lines(h);
    for (i = 0; i < verdict->n_lines; i++) {
        const ag_quota_line_t *line = &verdict->lines[i];

        text = apr_psprintf(h->p, "%s%s%s%s%s", text, i ? " " : "", line->policy->name, line->refused ? "!" : "",
                            line->dry_run ? "?" : "");
    }
    return text;
}

static inline int n_taken(const house_t *h)
{
    const ag_bill_t *bill;
    int n = 0;

    for (bill = h->exchange.bills; bill; bill = bill->earlier) {
        n += bill->n;
    }
    return n;
}

static const ag_limits_t none = {NULL, 0, 0};

#endif
