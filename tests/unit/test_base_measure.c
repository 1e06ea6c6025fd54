/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers, durations, sizes and rates as people write them, and where days, weeks and months begin.
 */
#include "unit.h"

#include <time.h>

#include "../../src/base/measure.h"

#define DAY   APR_INT64_C(86400)
#define WRONG APR_INT64_C(-1)

typedef struct {
    const char *text;
    apr_int64_t value; /* WRONG: refused */
} case_t;

static void run(const char *(*parse)(apr_int64_t *value, const char *text, apr_pool_t *p), const char *what,
                const case_t *cases, int n, apr_pool_t *p)
{
    int i;

    for (i = 0; i < n; i++) {
        apr_int64_t value = WRONG;
        const char *error = parse(&value, cases[i].text, p);

        if (value != cases[i].value || (error != NULL) != (value == WRONG)) {
            fail_msg("%s: %" APR_INT64_T_FMT " %s", cases[i].text, value, error ? error : "");
        }
        if (error) {
            assert_non_null(strstr(error, apr_psprintf(p, "\"%s\" is not a %s", cases[i].text, what)));
        }
    }
}

static const char *parse_number(apr_int64_t *value, const char *text, apr_pool_t *p)
{
    return ag_measure_number(value, text, 5, 600, p);
}

static void test_number(void **state)
{
    static const case_t cases[] = {
        {"5", 5},
        {"600", 600},
        {"0007", 7},
        {"4", WRONG},
        {"601", WRONG},
        {"", WRONG},
        {"-7", WRONG},
        {"+7", WRONG},
        {" 7", WRONG},
        {"7 ", WRONG},
        {"7.0", WRONG},
        {"0x10", WRONG},
        {"7s", WRONG},
        {"99999999999999999999", WRONG},
        {"18446744073709551623", WRONG},
        {"a", WRONG},
    };
    apr_int64_t value = 0;

    run(parse_number, "number from 5 to 600", cases, N_OF(cases), *state);
    assert_null(ag_measure_number(&value, "999999999999999999", 0, APR_INT64_MAX, *state));
    assert_true(value == APR_INT64_C(999999999999999999));
    assert_non_null(ag_measure_number(&value, "1000000000000000000", 0, APR_INT64_MAX, *state));
}

static void test_duration(void **state)
{
    static const case_t cases[] = {
        {"0", 0},
        {"300", 300},
        {"30s", 30},
        {"30sec", 30},
        {"15min", 900},
        {"2h", 7200},
        {"2hour", 7200},
        {"90d", 90 * DAY},
        {"1day", DAY},
        {"2w", 14 * DAY},
        {"1week", 7 * DAY},
        {"36525d", 36525 * DAY},
        {"3155760000", 3155760000},
        {"3155760001", WRONG},
        {"36526d", WRONG},
        {"5218w", WRONG},
        {"5217w", 5217 * 7 * DAY},
        {"999999999999999999w", WRONG},
        {"90days", 90 * DAY},
        {"2hours", 7200},
        {"5minutes", 300},
        {"2months", WRONG},
        {"1month", WRONG},
        {"", WRONG},
        {"s", WRONG},
        {"5m", WRONG},
        {"5 s", WRONG},
        {"-5s", WRONG},
        {"1.5h", WRONG},
        {"5S", WRONG},
        {"5ss", WRONG},
        {"1y", WRONG},
        {"5min30s", WRONG},
    };

    run(ag_measure_duration, "duration", cases, N_OF(cases), *state);
}

static void test_size(void **state)
{
    static const case_t cases[] = {
        {"0", 0},
        {"1", 1},
        {"1K", 1024},
        {"32M", 32 << 20},
        {"2G", APR_INT64_C(2) << 30},
        {"4294967296G", APR_INT64_C(1) << 62},
        {"4294967297G", WRONG},
        {"4398046511104M", APR_INT64_C(1) << 62},
        {"4398046511105M", WRONG},
        {"999999999999999999", APR_INT64_C(999999999999999999)},
        {"", WRONG},
        {"K", WRONG},
        {"1k", WRONG},
        {"1KB", WRONG},
        {"1T", WRONG},
        {"1 K", WRONG},
        {"-1", WRONG},
        {"1.5M", WRONG},
        {"1MM", WRONG},
    };

    run(ag_measure_size, "size", cases, N_OF(cases), *state);
}

/* ---- rates ----------------------------------------------------------------------------------- */

static void test_rate(void **state)
{
    static const struct {
        const char *text;
        apr_uint64_t n;
        apr_uint32_t seconds;
        apr_uint32_t kind;
    } cases[] = {
        {"1/s", 1, 1, AG_PERIOD_PLAIN},
        {"1/sec", 1, 1, AG_PERIOD_PLAIN},
        {"1/second", 1, 1, AG_PERIOD_PLAIN},
        {"1/30seconds", 1, 30, AG_PERIOD_PLAIN},
        {"100/minute", 100, 60, AG_PERIOD_PLAIN},
        {"5/15minutes", 5, 900, AG_PERIOD_PLAIN},
        {"7/12hours", 7, 43200, AG_PERIOD_PLAIN},
        {"1/days", 1, 86400, AG_PERIOD_PLAIN},
        {"1/weeks", 1, 604800, AG_PERIOD_WEEK},
        {"1/months", 1, 2678400, AG_PERIOD_MONTH},
        {"100/min", 100, 60, AG_PERIOD_PLAIN},
        {"100/1min", 100, 60, AG_PERIOD_PLAIN},
        {"5/30s", 5, 30, AG_PERIOD_PLAIN},
        {"5/15min", 5, 900, AG_PERIOD_PLAIN},
        {"7/h", 7, 3600, AG_PERIOD_PLAIN},
        {"7/hour", 7, 3600, AG_PERIOD_PLAIN},
        {"7/12h", 7, 43200, AG_PERIOD_PLAIN},
        {"8/d", 8, 86400, AG_PERIOD_PLAIN},
        {"8/day", 8, 86400, AG_PERIOD_PLAIN},
        {"8/7day", 8, 604800, AG_PERIOD_PLAIN},
        {"9/w", 9, 604800, AG_PERIOD_WEEK},
        {"9/week", 9, 604800, AG_PERIOD_WEEK},
        {"9/1week", 9, 604800, AG_PERIOD_WEEK},
        {"9/2week", 9, 1209600, AG_PERIOD_PLAIN},
        {"1000/month", 1000, 2678400, AG_PERIOD_MONTH},
        {"1000/1month", 1000, 2678400, AG_PERIOD_MONTH},
        {"0/s", 0, 1, AG_PERIOD_PLAIN},
        {"1000000000000/s", AG_RATE_MAX, 1, AG_PERIOD_PLAIN},
        {"1/366d", 1, 366 * 86400, AG_PERIOD_PLAIN},
        {"1/52week", 1, 52 * 604800, AG_PERIOD_PLAIN},
        {"1/31622400s", 1, 31622400, AG_PERIOD_PLAIN},
    };
    ag_rate_t rate;
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        memset(&rate, 0xEE, sizeof rate);
        assert_null(ag_measure_rate(&rate, cases[i].text, *state));
        assert_true(rate.n == cases[i].n);
        assert_int_equal(rate.period.seconds, cases[i].seconds);
        assert_int_equal(rate.period.kind, cases[i].kind);
    }
}

static void test_rate_wrong(void **state)
{
    static const char *const texts[] = {
        "",
        "100",
        "100/",
        "/min",
        "100/0s",
        "100/00min",
        "1000000000001/s",
        "-1/s",
        "1/-1s",
        "1/367d",
        "1/53week",
        "1/31622401s",
        "1/2month",
        "1/0month",
        "1/year",
        "1/Min",
        "1/min ",
        " 1/min",
        "1 /min",
        "1/ min",
        "1.5/min",
        "1/1.5min",
        "1//min",
        "1/min/min",
        "1/m",
        "1/999999999999999999s",
        "1/999999999999999999999s",
        "1/4294967297s",
        "1/5",
        "x/min",
    };
    ag_rate_t rate;
    int i;

    for (i = 0; i < N_OF(texts); i++) {
        const char *error = ag_measure_rate(&rate, texts[i], *state);

        if (!error) {
            fail_msg("%s was taken", texts[i]);
        }
        assert_non_null(strstr(error, apr_psprintf(*state, "\"%s\" is not a rate", texts[i])));
    }
}

/* ---- periods --------------------------------------------------------------------------------- */

static apr_time_t at(const char *text)
{
    apr_time_exp_t t = {0};
    apr_time_t moment;

    assert_int_equal(
        sscanf(text, "%d-%d-%dT%d:%d:%d", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour, &t.tm_min, &t.tm_sec), 6);
    t.tm_year -= 1900;
    t.tm_mon--;
    assert_int_equal(apr_time_exp_gmt_get(&moment, &t), APR_SUCCESS);
    return moment;
}

static void test_periods(void **state)
{
    static const struct {
        const char *period, *now, *start, *end;
    } cases[] = {
        {"s", "2023-11-14T22:13:20", "2023-11-14T22:13:20", "2023-11-14T22:13:21"},
        {"min", "2023-11-14T22:13:20", "2023-11-14T22:13:00", "2023-11-14T22:14:00"},
        {"15min", "2023-11-14T22:13:20", "2023-11-14T22:00:00", "2023-11-14T22:15:00"},
        {"h", "2023-11-14T22:13:20", "2023-11-14T22:00:00", "2023-11-14T23:00:00"},
        {"day", "2023-11-14T22:13:20", "2023-11-14T00:00:00", "2023-11-15T00:00:00"},
        {"day", "2024-02-28T23:59:59", "2024-02-28T00:00:00", "2024-02-29T00:00:00"},
        {"day", "2023-12-31T23:59:59", "2023-12-31T00:00:00", "2024-01-01T00:00:00"},
        {"2day", "1970-01-02T12:00:00", "1970-01-01T00:00:00", "1970-01-03T00:00:00"},
        {"7day", "1970-01-10T00:00:00", "1970-01-08T00:00:00", "1970-01-15T00:00:00"},
        {"week", "2023-11-14T22:13:20", "2023-11-13T00:00:00", "2023-11-20T00:00:00"},
        {"week", "2023-11-13T00:00:00", "2023-11-13T00:00:00", "2023-11-20T00:00:00"},
        {"week", "2023-11-12T23:59:59", "2023-11-06T00:00:00", "2023-11-13T00:00:00"},
        {"week", "2024-01-01T00:00:00", "2024-01-01T00:00:00", "2024-01-08T00:00:00"},
        {"week", "2024-12-31T12:00:00", "2024-12-30T00:00:00", "2025-01-06T00:00:00"},
        {"week", "2024-02-29T12:00:00", "2024-02-26T00:00:00", "2024-03-04T00:00:00"},
        {"week", "1970-01-05T00:00:00", "1970-01-05T00:00:00", "1970-01-12T00:00:00"},
        {"month", "2023-11-14T22:13:20", "2023-11-01T00:00:00", "2023-12-01T00:00:00"},
        {"month", "2023-11-30T23:59:59", "2023-11-01T00:00:00", "2023-12-01T00:00:00"},
        {"month", "2023-12-01T00:00:00", "2023-12-01T00:00:00", "2024-01-01T00:00:00"},
        {"month", "2023-12-31T23:59:59", "2023-12-01T00:00:00", "2024-01-01T00:00:00"},
        {"month", "2024-01-31T12:00:00", "2024-01-01T00:00:00", "2024-02-01T00:00:00"},
        {"month", "2024-02-29T23:59:59", "2024-02-01T00:00:00", "2024-03-01T00:00:00"},
        {"month", "2023-02-28T23:59:59", "2023-02-01T00:00:00", "2023-03-01T00:00:00"},
        {"month", "2000-02-29T00:00:00", "2000-02-01T00:00:00", "2000-03-01T00:00:00"},
        {"month", "2100-02-28T23:59:59", "2100-02-01T00:00:00", "2100-03-01T00:00:00"},
    };
    int i;

    for (i = 0; i < N_OF(cases); i++) {
        const char *text = apr_pstrcat(*state, "1/", cases[i].period, NULL);
        apr_time_t now = at(cases[i].now), half = now + APR_USEC_PER_SEC / 2;
        ag_rate_t rate;

        assert_null(ag_measure_rate(&rate, text, *state));
        assert_true(ag_period_start(&rate.period, now) == at(cases[i].start));
        assert_true(ag_period_start(&rate.period, half) == at(cases[i].start));
        assert_true(ag_period_end(&rate.period, now) == at(cases[i].end));
        assert_true(ag_period_end(&rate.period, half) == at(cases[i].end));
    }
}

/* 2100 is no leap year: its February has 28 days, 2000's had 29. */
static void test_february(void **state)
{
    static const ag_period_t month = {31 * 86400, AG_PERIOD_MONTH};
    static const struct {
        const char *now;
        int days;
    } cases[] = {{"2000-02-10T00:00:00", 29},
                 {"2023-02-10T00:00:00", 28},
                 {"2024-02-10T00:00:00", 29},
                 {"2100-02-10T00:00:00", 28}};
    int i;

    (void)state;
    for (i = 0; i < N_OF(cases); i++) {
        apr_time_t now = at(cases[i].now);

        assert_int_equal(apr_time_sec(ag_period_end(&month, now) - ag_period_start(&month, now)),
                         cases[i].days * DAY);
    }
}

/* Fifty years in odd steps: periods touch, and every moment lies in its own. */
static void test_periods_touch(void **state)
{
    static const ag_period_t periods[] = {
        {60, AG_PERIOD_PLAIN},       {DAY, AG_PERIOD_PLAIN},     {7 * DAY, AG_PERIOD_WEEK},
        {31 * DAY, AG_PERIOD_MONTH}, {3 * DAY, AG_PERIOD_PLAIN},
    };
    apr_time_t now, last = at("2030-01-01T00:00:00");
    int i;

    (void)state;
    for (now = at("1980-01-01T00:00:00"); now < last; now += apr_time_from_sec(40009) + 7) {
        for (i = 0; i < N_OF(periods); i++) {
            apr_time_t start = ag_period_start(&periods[i], now);
            apr_time_t end = ag_period_end(&periods[i], now);

            assert_true(start <= now && now < end);
            assert_true(end - start <= apr_time_from_sec((apr_time_t)periods[i].seconds));
            assert_true(ag_period_start(&periods[i], end) == end);
            assert_true(ag_period_end(&periods[i], start - 1) == start);
        }
    }
}

/* UTC, whatever the machine's clock says to people. */
static void test_utc(void **state)
{
    setenv("TZ", "Pacific/Kiritimati", 1);
    tzset();
    test_periods(state);
    setenv("TZ", "America/Los_Angeles", 1);
    tzset();
    test_periods(state);
    unsetenv("TZ");
    tzset();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_number),  TEST(test_duration), TEST(test_size),          TEST(test_rate), TEST(test_rate_wrong),
        TEST(test_periods), TEST(test_february), TEST(test_periods_touch), TEST(test_utc),
    };

    return cmocka_run_group_tests_name("base measure", tests, NULL, NULL);
}
