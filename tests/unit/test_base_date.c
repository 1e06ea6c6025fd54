/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dates as people write them, and everything that only looks like one.
 */
#include "unit.h"

#include "../../src/base/date.h"

static void test_dates(void **state)
{
    static const struct {
        const char *text;
        apr_int64_t seconds;
    } cases[] = {
        {"1970-01-01", 0},
        {"1970-01-01T00:00:01Z", 1},
        {"2024-02-29", 1709164800},
        {"2026-07-01", 1782864000},
        {"2026-07-01T12:30:59Z", 1782909059},
        {"2026-07-01t12:30:59z", 1782909059},
        {"2026-07-01T12:30:59.999999Z", 1782909059},
        {"2026-07-01T14:30:59+02:00", 1782909059},
        {"2026-07-01T12:00:59.5-00:30", 1782909059},
        {"2026-07-01T12:30:59-00:00", 1782909059},
        {"2026-07-01T23:59:59+23:59", 1782864059},
        {"9999-12-31T23:59:59Z", 253402300799},
    };
    int i;

    (void)state;
    for (i = 0; i < N_OF(cases); i++) {
        apr_int64_t seconds = -1;

        if (!ag_date_read(&seconds, cases[i].text) || seconds != cases[i].seconds) {
            fail_msg("%s: %lld", cases[i].text, (long long)seconds);
        }
    }
}

static void test_no_dates(void **state)
{
    static const char *const texts[] = {
        "",
        "2026",
        "2026-7-1",
        "2026-07-1",
        "26-07-01",
        "2026/07/01",
        "20260701",
        " 2026-07-01",
        "2026-07-01 ",
        "2026-07-01Z",
        "2026-00-01",
        "2026-13-01",
        "2026-01-00",
        "2026-01-32",
        "2026-02-30",
        "2023-02-29",
        "1900-02-29",
        "1969-12-31",
        "1969-12-31T23:59:59-01:00",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "10000-01-01",
        "2026-07-01T",
        "2026-07-01T12",
        "2026-07-01T12:30Z",
        "2026-07-01T12:30:59",
        "2026-07-01 12:30:59Z",
        "2026-07-01T12:30:59ZZ",
        "2026-07-01T12:30:59.Z",
        "2026-07-01T12:30:59.5",
        "2026-07-01T12:30:59+02",
        "2026-07-01T12:30:59+0200",
        "2026-07-01T12:30:59+24:00",
        "2026-07-01T12:30:59+02:60",
        "2026-07-01T12:30:59+02:00x",
        "2026-07-01T24:00:00Z",
        "2026-07-01T12:60:00Z",
        "2026-06-30T23:59:60Z", /* a leap second */
        "Wed, 01 Jul 2026 00:00:00 GMT",
        "@1782864000",
        "1782864000",
    };
    int i;

    (void)state;
    for (i = 0; i < N_OF(texts); i++) {
        apr_int64_t seconds;

        if (ag_date_read(&seconds, texts[i])) {
            fail_msg("\"%s\" is taken for %lld", texts[i], (long long)seconds);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_dates), TEST(test_no_dates)};

    return cmocka_run_group_tests_name("date", tests, NULL, NULL);
}
