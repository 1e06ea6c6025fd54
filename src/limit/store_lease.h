/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_lease: what the files of the store share. lease_spend.c spends what is here,
 * lease_visit.c fetches more, lease_back.c gives back.
 */
#ifndef AG_LIMIT_STORE_LEASE_H
#define AG_LIMIT_STORE_LEASE_H

#include "central.h"
#include "lease.h"

typedef struct ag_lease_store_t {
    ag_store_t base;
    ag_fleet_t *fleet;
    ag_leases_t *leases;
} ag_lease_store_t;

typedef enum { AG_LEASE_SPENT, AG_LEASE_REFUSED, AG_LEASE_ASK } ag_lease_step_e;

/* One charge on its way. */
typedef struct ag_lease_step_t {
    ag_lease_t *lease; /* NULL: the second charge of one counter, which is asked for by itself */
    ag_id_t tag;
    ag_id_t key;
    ag_lease_step_e state;
    int doubted;       /* ASK: what is known says no */
    apr_uint64_t hand; /* tokens that could be spent when it was looked at */
    apr_uint64_t held; /* ASK: all tokens, taken out of the lease */
    apr_uint64_t back; /* of them to be given back */
    apr_time_t taken;  /* when those had been charged */
    apr_time_t term;   /* ASK: so long what comes may be spent */
    apr_time_t until;
} ag_lease_step_t;

/* All charges of a request. */
typedef struct ag_lease_run_t {
    ag_lease_store_t *store;
    ag_charge_t *charges;
    ag_lease_step_t *steps;
    int n;
    apr_time_t now;
    apr_time_t busy;  /* the mark of this visit */
    apr_time_t rival; /* the mark of the visit that is waited for */
    apr_uint64_t stripes;
    apr_pool_t *p;
} ag_lease_run_t;

/* What a counter says when `hand` of its tokens are this request's to spend; fills the quota. */
int ag_lease_judge(ag_charge_t *charge, const ag_counter_t *seen, apr_uint64_t hand, apr_time_t now,
                   apr_uint64_t cost);

/* What this machine knows of a counter; all zero when that is nothing. */
ag_lease_t ag_lease_known(const ag_lease_store_t *store, const ag_charge_t *charge);

/* Spends what is at hand, one after the other; the worst of what they say: any refusal refuses, else
 * one that must ask makes it a visit. The locks are held, here and for the next two. */
ag_lease_step_e ag_lease_spend_steps(ag_lease_run_t *run);

/* Puts back what was spent here. */
void ag_lease_undo(ag_lease_run_t *run);

/* So too, and each charge says what is left without this request. */
void ag_lease_refuse(ag_lease_run_t *run);

/* What to ask for the steps that must, *n of them; the locks are held. */
ag_ask_t *ag_lease_asks(ag_lease_run_t *run, int *n);

/* Asks, and brings back what came of it; no lock is held. */
apr_status_t ag_lease_visit(ag_lease_run_t *run, ag_ask_t *asks, int n);

/* ag_store_t's refund() and tend(). */
void ag_lease_refund(ag_store_t *store, ag_charge_t *charges, int n, apr_time_t now, apr_time_t then, apr_pool_t *p);
void ag_lease_tend(ag_store_t *store, apr_time_t now, apr_pool_t *p);

/* Without a watchdog nobody tends; then a request that visits memcached does, a little. */
void ag_lease_tend_in_passing(ag_lease_store_t *store, ag_call_t *call);

#endif
