/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: what the rows of limit.def and store.def hold, and the kinds that read them.
 */
#ifndef AG_LIMIT_SETTING_H
#define AG_LIMIT_SETTING_H

#include "../core/setting.h"
#include "limit.h"

/* The limits of a section, inherited ones first. What every request asks of them is summed up here. */
typedef struct ag_limits_t {
    apr_array_header_t *list; /* ag_limit_t *, or NULL: nothing before it is in force (off); NULL: none */
    int windows;              /* of all of them */
    int early;                /* 1: one of them an address alone decides */
} ag_limits_t;

/* `limit` NULL: what there is goes out of force. */
void ag_limits_add(ag_limits_t *limits, ag_limit_t *limit, apr_pool_t *p);

/* Only what an address alone decides can be asked before anybody is identified. */
static inline int ag_limit_is_early(const ag_limit_t *limit)
{
    return limit->by == AG_BY_IP && !limit->when && !limit->cost_expr;
}

enum { AG_FAIL_LOCAL, AG_FAIL_ALLOW, AG_FAIL_DENY };

typedef struct ag_store_failure_t {
    int policy;
    int nodes; /* local: the limit is divided by it */
} ag_store_failure_t;

typedef struct ag_counter_store_t {
    const char *servers; /* NULL: shared memory alone */
    const char *prefix;
    int timeout; /* milliseconds */
} ag_counter_store_t;

/* What each limit leaves for later: its windows get their ids once the fleet's prefix is known. */
ag_later_fn ag_limit_later;

/* What is allowed in a complete section and probably not meant: a text or NULL. */
const char *ag_limits_warning(const ag_limits_t *rates, const ag_limits_t *concurrency, apr_pool_t *p);

extern const ag_setting_kind_t ag_kind_rate_limit, ag_kind_concurrency, ag_kind_store_failure, ag_kind_counter_store;

#endif
