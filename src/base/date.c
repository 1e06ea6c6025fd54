/* SPDX-License-Identifier: Apache-2.0 */
/*
 * date: a day or a date with a time and a zone, as RFC 3339 s5.6 writes them. A leap second is none: httpd's clock
 * does not have it.
 */
#include "date.h"

#include <string.h>

#include <apr_time.h>

#include "measure.h"
#include "text.h"

/* How long the pattern is, when the text begins with digits where it has a 0, with letters of its own in any
 * case, and else with its own characters; 0 otherwise. */
static int begins(const char *text, const char *pattern)
{
    int n = 0;

    for (; pattern[n]; n++) {
        if (pattern[n] == '0' ? !ag_text_digit(text[n])
                              : (ag_text_letter(pattern[n]) ? (text[n] | 0x20) : text[n]) != pattern[n]) {
            return 0;
        }
    }
    return n;
}

static int number_at(const char *text, int n)
{
    int number = 0;

    while (n--) {
        number = number * 10 + (*text++ - '0');
    }
    return number;
}

/* What stands behind the time, or NULL. */
static const char *read_time(apr_time_exp_t *t, const char *text)
{
    int n = begins(text, "t00:00:00");

    if (!n) {
        return NULL;
    }
    t->tm_hour = number_at(text + 1, 2);
    t->tm_min = number_at(text + 4, 2);
    t->tm_sec = number_at(text + 7, 2);
    text += n;
    if (begins(text, ".0")) {
        for (text++; ag_text_digit(*text); text++) {
        }
    }
    return text;
}

/* Seconds east of UTC. 1 when it is a zone, and nothing follows. */
static int read_zone(int *east, const char *text)
{
    int sign = *text == '-' ? -1 : 1;

    *east = 0;
    if (strcasecmp(text, "Z") == 0) {
        return 1;
    }
    if ((*text != '+' && *text != '-') || !begins(text + 1, "00:00") || text[6]) {
        return 0;
    }
    *east = sign * (number_at(text + 1, 2) * 3600 + number_at(text + 4, 2) * 60);
    return number_at(text + 1, 2) < 24 && number_at(text + 4, 2) < 60;
}

/* What does not exist comes back as something else: 31 February as a day in March. */
static int exists(apr_time_t *time, apr_time_exp_t *t)
{
    apr_time_exp_t back;

    return t->tm_mon >= 0 && t->tm_mon < 12 && apr_time_exp_gmt_get(time, t) == APR_SUCCESS
           && apr_time_exp_gmt(&back, *time) == APR_SUCCESS && back.tm_mon == t->tm_mon && back.tm_mday == t->tm_mday
           && back.tm_hour == t->tm_hour && back.tm_min == t->tm_min && back.tm_sec == t->tm_sec;
}

int ag_date_read(apr_int64_t *seconds, const char *text)
{
    int day = begins(text, "0000-00-00"), east = 0;
    apr_time_exp_t t;
    apr_time_t time;

    if (!day) {
        return 0;
    }
    memset(&t, 0, sizeof t);
    t.tm_year = number_at(text, 4) - 1900;
    t.tm_mon = number_at(text + 5, 2) - 1;
    t.tm_mday = number_at(text + 8, 2);
    text += day;
    if (*text) {
        text = read_time(&t, text);
        if (!text || !read_zone(&east, text)) {
            return 0;
        }
    }
    if (t.tm_year < 70 || !exists(&time, &t)) {
        return 0;
    }
    *seconds = apr_time_sec(time) - east;
    return *seconds >= 0 && *seconds <= AG_LAST_SECOND;
}
