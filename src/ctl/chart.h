/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chart: bars of text for a terminal of 80 columns: a line for each day, or for several days where
 * there are too many. What was denied is the other end of the bar.
 */
#ifndef AG_CTL_CHART_H
#define AG_CTL_CHART_H

#include <apr_pools.h>

typedef struct ag_chart_bar_t {
    const char *label; /* ten characters: a date */
    apr_int64_t whole;
    apr_int64_t part; /* of the whole */
} ag_chart_bar_t;

/* "1,234,567" */
const char *ag_chart_number(apr_int64_t n, apr_pool_t *p);

/* "2.5 %" of the whole; "0 %" only when it is nothing. */
const char *ag_chart_share(apr_int64_t part, apr_int64_t whole, apr_pool_t *p);

/* Prints the bars, in block characters where the locale is UTF-8, else in # and x. */
void ag_chart_print(const ag_chart_bar_t *bars, int n, apr_pool_t *p);

#endif
