/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bill: which windows apply to a request, whose counts they are, what they cost, and what is told of
 * them.
 */
#include "bill.h"

#include <string.h>

#include <apr_strings.h>

#include "../base/speed.h"
#include "../reply/answer.h"

static int same_count(const ag_charge_t *a, const ag_charge_t *b)
{
    return ag_id_equal(a->window->id, b->window->id) && ag_id_equal(a->subject->id, b->subject->id);
}

/* Two limits with one count: the higher cost counts, and a dry run has no say beside one that is
 * enforced. */
static void join(ag_charge_t *listed, const ag_charge_t *charge)
{
    if (listed->dry_run > charge->dry_run || (listed->dry_run == charge->dry_run && listed->cost < charge->cost)) {
        listed->cost = charge->cost;
    }
    listed->dry_run &= charge->dry_run;
}

/* A count is charged once for a request, however many sections share its name. */
AG_RARE static int is_listed(ag_bill_t *bill, int n, const ag_charge_t *charge)
{
    int i;

    for (i = 0; i < n; i++) {
        if (same_count(&bill->charges[i], charge)) {
            join(&bill->charges[i], charge);
            return 1;
        }
    }
    return 0;
}

/* 1 when earlier passes have charged it; else *paid is what they charged of a lower cost. Beside an
 * earlier charge a dry run has no say; one that did not fit was not charged and has refused nobody. */
AG_RARE static int is_charged(const ag_bill_t *bill, const ag_charge_t *charge, apr_uint64_t *paid)
{
    int found = 0;
    int i;

    for (*paid = 0; bill; bill = bill->earlier) {
        for (i = 0; i < bill->n; i++) {
            const ag_charge_t *earlier = &bill->charges[i];

            if (same_count(earlier, charge) && (earlier->allowed || charge->dry_run)) {
                found = 1;
                *paid += earlier->cost;
            }
        }
    }
    return found && (charge->dry_run || *paid >= charge->cost);
}

/* 1 when earlier bills paid it in full; else charge->cost becomes what is left to pay. */
AG_RARE static int is_paid(ag_bill_t *bill, ag_charge_t *charge)
{
    apr_uint64_t paid;

    if (is_charged(bill->earlier, charge, &paid)) {
        return 1;
    }
    charge->cost -= paid;
    bill->tops_up |= paid > 0;
    return 0;
}

AG_RARE static apr_uint64_t work_out_cost(const ag_limit_t *limit, const ag_check_t *check)
{
    const ag_exchange_t *exchange = check->exchange;
    const char *text;
    apr_int64_t cost = 1;

    text = exchange->engine->expr->text(limit->cost_expr, &exchange->request);
    /* No number costs one request, as if the expression were not there; too large a one costs as
     * much as there can be. */
    if (text && ag_measure_number(&cost, text, 0, (apr_int64_t)AG_RATE_MAX, exchange->request.pool) && *text
        && !text[strspn(text, "0123456789")]) {
        cost = (apr_int64_t)AG_RATE_MAX;
    }
    return (apr_uint64_t)cost;
}

int ag_guard_applies(const ag_limit_t *limit, const ag_check_t *check)
{
    const ag_exchange_t *exchange = check->exchange;

    /* An expression that fails limits: -1 is true. */
    return !limit->when || exchange->engine->expr->test(limit->when, &exchange->request) != 0;
}

static AG_HOT void add_limit(ag_bill_t *bill, const ag_limit_t *limit, const ag_check_t *check)
{
    const ag_exchange_t *exchange = check->exchange;
    ag_subject_t *subject = bill->n ? apr_palloc(exchange->request.pool, sizeof *subject) : &bill->subject;
    apr_uint64_t cost = limit->cost_expr ? work_out_cost(limit, check) : limit->cost;
    const ag_window_t *window = limit->windows, *end = window + limit->n_windows;
    int others = bill->n;

    ag_limit_subject(subject, limit, &exchange->request, check->verdict.who, exchange->engine->expr,
                     exchange->engine->cred.sip);
    for (; window < end; window++) {
        ag_charge_t *charge = &bill->charges[bill->n];

        charge->window = window;
        charge->subject = subject;
        charge->cost = cost;
        charge->dry_run = limit->dry_run;
        charge->allowed = 0;
        if ((others && is_listed(bill, others, charge)) || (bill->earlier && is_paid(bill, charge))) {
            continue;
        }
        if (bill->n == bill->room) {
            bill->too_many = 1;
            return;
        }
        bill->n++;
    }
}

AG_RARE static void add_own(ag_bill_t *bill, const ag_limit_t *own, const ag_check_t *check)
{
    add_limit(bill, own, check);
}

static ag_bill_t *open_bill(const ag_check_t *check, int windows)
{
    ag_exchange_t *exchange = check->exchange;
    /* Room for one more than may be charged, so that "too many" is noticed. */
    int room = windows < AG_MAX_CHARGES ? windows : AG_MAX_CHARGES;
    ag_bill_t *bill =
        apr_palloc(exchange->request.pool, sizeof *bill + (apr_size_t)(room + 1) * sizeof *bill->charges);

    bill->earlier = exchange->bills;
    bill->store = NULL;
    bill->then = exchange->request.now;
    bill->by = check->number;
    bill->n = bill->too_many = bill->tops_up = 0;
    bill->room = room;
    return bill;
}

/* What the key or its plan allows. */
AG_RARE static ag_limit_t *own_limit(const ag_check_t *check)
{
    const ag_principal_t *who = check->verdict.who;
    apr_pool_t *p = check->exchange->request.pool;
    ag_limit_t *limit = apr_palloc(p, sizeof *limit);

    ag_limit_own(limit, who->rates, who->n_rates, check->exchange->engine->server, p);
    return limit;
}

/* A client's own limit replaces the section's for clients. */
static int takes_part(const ag_limit_t *limit, const ag_limit_t *own, int early, const ag_check_t *check)
{
    return limit && !(early && !ag_limit_is_early(limit)) && !(own && limit->by == AG_BY_CLIENT)
           && ag_guard_applies(limit, check);
}

ag_bill_t *ag_bill_make(const ag_check_t *check, int early)
{
    const ag_limits_t *limits = &check->policy->limits;
    const ag_principal_t *who = check->verdict.who;
    const ag_limit_t *own = !early && who && who->n_rates ? own_limit(check) : NULL;
    int windows = limits->windows + (own ? own->n_windows : 0);
    int i, n = limits->list ? limits->list->nelts : 0;
    ag_bill_t *bill;

    if (!windows) {
        return NULL;
    }
    bill = open_bill(check, windows);
    for (i = 0; i < n; i++) {
        const ag_limit_t *limit = APR_ARRAY_IDX(limits->list, i, ag_limit_t *);

        if (takes_part(limit, own, early, check)) {
            add_limit(bill, limit, check);
        }
    }
    if (own) {
        add_own(bill, own, check);
    }
    return bill->n || bill->too_many ? bill : NULL;
}

void ag_bill_outlive(ag_bill_t *bill, apr_pool_t *p)
{
    int i;

    for (i = 0; i < bill->n; i++) {
        ag_charge_t *charge = &bill->charges[i];
        ag_window_t *kept = apr_pmemdup(p, charge->window, sizeof *kept);

        ag_quota_outlive(&kept->wire, p);
        charge->window = kept;
        ag_subject_text(charge->subject);
    }
}

const char *ag_guard_limit(const ag_check_t *check)
{
    const ag_bill_t *bill = check->bill;

    while (bill && bill->earlier) {
        bill = bill->earlier;
    }
    return bill ? bill->charges[0].window->wire.name : NULL;
}

/* ---- what is told of it ---------------------------------------------------------------------- */

static void write_line(ag_quota_line_t *line, const ag_charge_t *charge, int with_subject)
{
    line->policy = &charge->window->wire;
    line->subject = with_subject ? ag_subject_text(charge->subject) : NULL;
    line->quota = charge->quota;
    line->refused = !charge->allowed;
    line->dry_run = charge->dry_run;
}

/* 1 when one of the bills from `later` to `until` tells of the same count. */
static int said_later(const ag_bill_t *later, const ag_bill_t *until, const ag_charge_t *charge)
{
    for (; later != until; later = later->earlier) {
        int i;

        for (i = 0; later->tops_up && i < later->n; i++) {
            if (same_count(&later->charges[i], charge)) {
                return 1;
            }
        }
    }
    return 0;
}

void ag_guard_tell(ag_check_t *check)
{
    ag_verdict_t *verdict = &check->verdict;
    int with_subject = (check->policy->rate_headers & AG_QUOTA_DRAFT_8) != 0;
    const ag_bill_t *bill;
    ag_quota_line_t *line;
    int i, n = 0;

    for (bill = check->bill; bill; bill = bill->earlier) {
        n += bill->n;
    }
    line = verdict->lines = apr_palloc(check->exchange->request.pool, (apr_size_t)n * sizeof *line);
    line += n;
    for (bill = check->bill; bill; bill = bill->earlier) {
        for (i = bill->n; i--;) {
            if (!said_later(check->bill, bill, &bill->charges[i])) {
                write_line(--line, &bill->charges[i], with_subject);
            }
        }
    }
    verdict->n_lines = (int)(verdict->lines + n - line);
    verdict->lines = line;
    verdict->in_flight = check->exchange->in_flight;
}
