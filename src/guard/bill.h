/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bill: the windows that one step of a request is charged for, in one block of the request's memory.
 * What a store allowed stays with the exchange as it is: nothing is copied, and what is given back
 * later is what was charged.
 */
#ifndef AG_BILL_H
#define AG_BILL_H

#include "guard.h"

#define AG_MAX_CHARGES 32 /* windows of one step; more are refused, not ignored */

struct ag_bill_t {
    ag_bill_t *earlier; /* what the exchange had been charged before; or NULL */
    ag_store_t *store;  /* that allowed it; NULL: it is final */
    apr_time_t then;    /* when it was charged */
    int by;             /* the number of the pass that is charged */
    int n;
    int room;
    int too_many;
    int tops_up;          /* it charges a count that an earlier one has charged, too */
    ag_subject_t subject; /* of the first limit, which mostly is the only one */
    ag_charge_t charges[];
};

/* Of all limits that apply and have not been charged yet: those that an address alone decides when
 * `early`. In the memory of the exchange, whatever pass it is; NULL: there are none. */
ag_bill_t *ag_bill_make(const ag_check_t *check, int early);

/* Makes it outlast the configuration it came from: a sub-request may have an .htaccess of its own,
 * which ends with it. */
void ag_bill_outlive(ag_bill_t *bill, apr_pool_t *p);

#endif
