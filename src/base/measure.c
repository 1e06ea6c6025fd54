/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure: see measure.h. One table of units serves durations and rates alike.
 */
#include "measure.h"

#include <string.h>

#include <apr_strings.h>

#define DAY          86400
#define MAX_DURATION (APR_INT64_C(36525) * DAY)
#define MAX_PERIOD   (366 * DAY)

static const struct {
    const char *name;
    apr_uint32_t seconds;
    apr_uint32_t kind;
} units[] = {
    {"s", 1, AG_PERIOD_PLAIN},          {"sec", 1, AG_PERIOD_PLAIN},          {"second", 1, AG_PERIOD_PLAIN},
    {"seconds", 1, AG_PERIOD_PLAIN},    {"min", 60, AG_PERIOD_PLAIN},         {"minute", 60, AG_PERIOD_PLAIN},
    {"minutes", 60, AG_PERIOD_PLAIN},   {"h", 3600, AG_PERIOD_PLAIN},         {"hour", 3600, AG_PERIOD_PLAIN},
    {"hours", 3600, AG_PERIOD_PLAIN},   {"d", DAY, AG_PERIOD_PLAIN},          {"day", DAY, AG_PERIOD_PLAIN},
    {"days", DAY, AG_PERIOD_PLAIN},     {"w", 7 * DAY, AG_PERIOD_WEEK},       {"week", 7 * DAY, AG_PERIOD_WEEK},
    {"weeks", 7 * DAY, AG_PERIOD_WEEK}, {"month", 31 * DAY, AG_PERIOD_MONTH}, {"months", 31 * DAY, AG_PERIOD_MONTH},
};

/* The digits at the start of *text (advanced) as a number; 0 when there are none or too many. */
static int digits(apr_uint64_t *number, const char **text)
{
    const char *at = *text;
    apr_uint64_t n = 0;

    for (; *at >= '0' && *at <= '9'; at++) {
        if (at - *text >= 18) {
            return 0;
        }
        n = n * 10 + (apr_uint64_t)(*at - '0');
    }
    if (at == *text) {
        return 0;
    }
    *number = n;
    *text = at;
    return 1;
}

static int find_unit(const char *name)
{
    int i;

    for (i = 0; i < (int)(sizeof units / sizeof *units); i++) {
        if (strcmp(units[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

const char *ag_measure_number(apr_int64_t *number, const char *text, apr_int64_t min, apr_int64_t max, apr_pool_t *p)
{
    const char *at = text;
    apr_uint64_t n;

    if (!digits(&n, &at) || *at || (apr_int64_t)n < min || (apr_int64_t)n > max) {
        return apr_psprintf(p, "\"%s\" is not a number from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT, text, min,
                            max);
    }
    *number = (apr_int64_t)n;
    return NULL;
}

const char *ag_measure_duration(apr_int64_t *seconds, const char *text, apr_pool_t *p)
{
    const char *at = text;
    apr_uint64_t n;
    int unit = 0;

    if (digits(&n, &at) && (!*at || (unit = find_unit(at)) >= 0) && n <= (apr_uint64_t)MAX_DURATION
        && units[unit].kind != AG_PERIOD_MONTH && n * units[unit].seconds <= (apr_uint64_t)MAX_DURATION) {
        *seconds = (apr_int64_t)(n * units[unit].seconds);
        return NULL;
    }
    return apr_psprintf(p,
                        "\"%s\" is not a duration: seconds, or a number with s, min, h, d or w "
                        "(at most 100 years)",
                        text);
}

const char *ag_measure_size(apr_int64_t *bytes, const char *text, apr_pool_t *p)
{
    const char *at = text;
    apr_uint64_t n;
    int shift = 0;

    if (digits(&n, &at)) {
        shift = *at == 'K' ? 10 : *at == 'M' ? 20 : *at == 'G' ? 30 : 0;
        if ((!*at || (shift && !at[1])) && n <= (APR_UINT64_C(1) << 62) >> shift) {
            *bytes = (apr_int64_t)(n << shift);
            return NULL;
        }
    }
    return apr_psprintf(p, "\"%s\" is not a size: bytes, or a number with K, M or G", text);
}

/* "min", "15min", "30s" */
static int read_period(ag_period_t *period, const char *text)
{
    apr_uint64_t n = 1;
    int counted = digits(&n, &text);
    int unit = find_unit(text);

    if (unit < 0 || n < 1 || n > MAX_PERIOD) {
        return 0;
    }
    if (n > 1 && units[unit].kind == AG_PERIOD_MONTH) {
        return 0; /* months differ in length; two of them start nowhere in particular */
    }
    if (n * units[unit].seconds > MAX_PERIOD) {
        return 0;
    }
    period->seconds = (apr_uint32_t)n * units[unit].seconds;
    period->kind = counted && n > 1 ? (apr_uint32_t)AG_PERIOD_PLAIN : units[unit].kind;
    return 1;
}

const char *ag_measure_rate(ag_rate_t *rate, const char *text, apr_pool_t *p)
{
    const char *at = text;

    if (digits(&rate->n, &at) && rate->n <= AG_RATE_MAX && *at == '/' && read_period(&rate->period, at + 1)) {
        return NULL;
    }
    return apr_psprintf(p,
                        "\"%s\" is not a rate N/PERIOD: N from 0 to 10^12, PERIOD s, min, h, day, "
                        "week, month or a multiple such as 30s, 15min (at most 366 days)",
                        text);
}

static apr_time_t month_start(apr_time_t now, int months_on)
{
    apr_time_exp_t t;
    apr_time_t start = 0;

    apr_time_exp_gmt(&t, now);
    t.tm_usec = t.tm_sec = t.tm_min = t.tm_hour = 0;
    t.tm_mday = 1;
    t.tm_mon += months_on;
    t.tm_year += t.tm_mon / 12;
    t.tm_mon %= 12;
    apr_time_exp_gmt_get(&start, &t);
    return start;
}

apr_time_t ag_period_start(const ag_period_t *period, apr_time_t now)
{
    apr_time_t length = apr_time_from_sec((apr_time_t)period->seconds);
    /* 1970-01-01 was a Thursday: weeks that begin on Monday began three days earlier. */
    apr_time_t shift = period->kind == AG_PERIOD_WEEK ? apr_time_from_sec(3 * DAY) : 0;

    if (period->kind == AG_PERIOD_MONTH) {
        return month_start(now, 0);
    }
    return now - (now + shift) % length;
}

apr_time_t ag_period_end(const ag_period_t *period, apr_time_t now)
{
    if (period->kind == AG_PERIOD_MONTH) {
        return month_start(now, 1);
    }
    return ag_period_start(period, now) + apr_time_from_sec((apr_time_t)period->seconds);
}
