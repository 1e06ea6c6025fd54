/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format_time: dates, times and durations as RFC 3339 has them, and only as it does: ISO 8601 has many more.
 */
#include "formats.h"
#include "cursor.h"

static int leap_year(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* full-date (s5.6). */
static int scan_date(ag_cursor_t *s)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;

    return ag_take_number(s, &year, 4, 0, 9999) && ag_take_is(s, '-') && ag_take_number(s, &month, 2, 1, 12)
           && ag_take_is(s, '-') && ag_take_number(s, &day, 2, 1, days[month - 1] + (month == 2 && leap_year(year)));
}

/* time-offset: *minutes ahead of UTC. */
static int scan_offset(ag_cursor_t *s, int *minutes)
{
    int behind = ag_cursor_peek(s) == '-', hour, minute;

    *minutes = 0;
    if (ag_take_one_of(s, "Zz")) {
        return 1;
    }
    if (!ag_take_one_of(s, "+-") || !ag_take_number(s, &hour, 2, 0, 23) || !ag_take_is(s, ':')
        || !ag_take_number(s, &minute, 2, 0, 59)) {
        return 0;
    }
    *minutes = (behind ? -1 : 1) * (hour * 60 + minute);
    return 1;
}

/* secfrac, which need not be there. */
static int scan_fraction(ag_cursor_t *s)
{
    if (!ag_take_is(s, '.')) {
        return 1;
    }
    if (!ag_take_digit(s)) {
        return 0;
    }
    while (ag_take_digit(s)) {
    }
    return 1;
}

/* full-time. A leap second ends a day of UTC (s5.7). */
static int scan_time(ag_cursor_t *s)
{
    enum { DAY = 24 * 60 };
    int hour, minute, second, ahead;

    if (!ag_take_number(s, &hour, 2, 0, 23) || !ag_take_is(s, ':') || !ag_take_number(s, &minute, 2, 0, 59)
        || !ag_take_is(s, ':') || !ag_take_number(s, &second, 2, 0, 60) || !scan_fraction(s)
        || !scan_offset(s, &ahead)) {
        return 0;
    }
    return second < 60 || (hour * 60 + minute - ahead + 2 * DAY) % DAY == DAY - 1;
}

int ag_format_date(const char *text, apr_size_t n)
{
    ag_cursor_t s = ag_cursor(text, n);

    return scan_date(&s) && ag_cursor_done(&s);
}

int ag_format_time(const char *text, apr_size_t n)
{
    ag_cursor_t s = ag_cursor(text, n);

    return scan_time(&s) && ag_cursor_done(&s);
}

int ag_format_date_time(const char *text, apr_size_t n)
{
    ag_cursor_t s = ag_cursor(text, n);

    return scan_date(&s) && ag_take_one_of(&s, "Tt") && scan_time(&s) && ag_cursor_done(&s);
}

/* Numbers, each with one of `units`; a unit that comes later than the next one of the list is left out from (appendix A:
 * P1Y2M, not P1Y2D). How many, or -1. */
static int scan_units(ag_cursor_t *s, const char *units)
{
    const char *last = NULL, *unit;
    int n = 0;

    while (ag_take_digit(s)) {
        while (ag_take_digit(s)) {
        }
        unit = ag_cursor_done(s) || !*s->at ? NULL : strchr(units, *s->at);
        if (!unit || (last && unit != last + 1)) {
            return -1;
        }
        s->at++;
        last = unit;
        n++;
    }
    return n;
}

int ag_format_duration(const char *text, apr_size_t n)
{
    ag_cursor_t s = ag_cursor(text, n);
    int days;

    if (!ag_take_is(&s, 'P')) {
        return 0;
    }
    if (n > 2 && text[n - 1] == 'W') {
        return scan_units(&s, "W") == 1 && ag_cursor_done(&s);
    }
    days = scan_units(&s, "YMD");
    if (ag_take_is(&s, 'T')) {
        return days >= 0 && scan_units(&s, "HMS") > 0 && ag_cursor_done(&s);
    }
    return days > 0 && ag_cursor_done(&s);
}
