/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure: durations, sizes, periods and rates as people write them ("90d", "32M", "100/min").
 * Every parser returns NULL, or a text that says what is wrong and what is allowed.
 */
#ifndef AG_MEASURE_H
#define AG_MEASURE_H

#include <apr_pools.h>
#include <apr_time.h>

/* A span of time that repeats. WEEK starts on Monday 00:00 UTC, MONTH on its first day; all others
 * are `seconds` long and start at multiples of it since 1970 (so a day starts at midnight UTC). */
typedef enum { AG_PERIOD_PLAIN, AG_PERIOD_WEEK, AG_PERIOD_MONTH } ag_period_e;

typedef struct ag_period_t {
    apr_uint32_t seconds; /* its length; of a month the longest, 31 days */
    apr_uint32_t kind;    /* ag_period_e */
} ag_period_t;

/* "N per period": N from 0 to 10^12, period from 1 s to 366 days. */
typedef struct ag_rate_t {
    apr_uint64_t n;
    ag_period_t period;
} ag_rate_t;

static inline int ag_rate_equal(const ag_rate_t *a, const ag_rate_t *b)
{
    return a->n == b->n && a->period.seconds == b->period.seconds && a->period.kind == b->period.kind;
}

#define AG_RATE_MAX APR_UINT64_C(1000000000000)

/* The last second of the year 9999. A later time is a mistake: milliseconds, as a rule. Whoever reads
 * seconds since 1970 from a token, a row or a file asks for no more than this. */
#define AG_LAST_SECOND APR_INT64_C(253402300799)

/* A whole number from min to max, in decimal digits alone. */
const char *ag_measure_number(apr_int64_t *number, const char *text, apr_int64_t min, apr_int64_t max, apr_pool_t *p);

/* Seconds: a number with s (or nothing), min, h, d, w, also written out: "300", "15min", "90d", "90days".
 * At most 100 years. */
const char *ag_measure_duration(apr_int64_t *seconds, const char *text, apr_pool_t *p);

/* Bytes: a number with nothing, K, M or G (1024-based). */
const char *ag_measure_size(apr_int64_t *bytes, const char *text, apr_pool_t *p);

/* A rate: "100/min", "100/minute", "20000/day", "5/30s", "1000/month". */
const char *ag_measure_rate(ag_rate_t *rate, const char *text, apr_pool_t *p);

/* When the period that holds `now` began, and when it ends. Microseconds since 1970, as apr_time_t. */
apr_time_t ag_period_start(const ag_period_t *period, apr_time_t now);
apr_time_t ag_period_end(const ag_period_t *period, apr_time_t now);

#endif
