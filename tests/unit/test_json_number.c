/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exact numbers: read, compared, divided; against doubles where those are exact.
 */
#include "json_fixture.h"

#include "../../src/json/number.h"

static ag_number_t number_of(const char *text)
{
    ag_number_t number;

    if (ag_number_read(&number, text, strlen(text))) {
        fail_msg("%s is no number", text);
    }
    return number;
}

static void test_read(void **state)
{
    static const struct {
        const char *text;
        int digits, scale;
    } cases[] = {
        {"0", 0, 0},
        {"-0.000e9", 0, 0},
        {"1", 1, 1},
        {"100", 1, 3},
        {"-12.50", 3, 2},
        {"0.05", 1, -1},
        {"0.5", 1, 0},
        {"1e2", 1, 3},
        {"1.5E-3", 2, -2},
        {"100.001", 6, 3},
        {"1e999999999", 1, 1000000000},
        {"1e-0000000000002", 1, -1},
        {"10.0", 1, 2},
    };
    static const char *const none[] = {"",    "-",    "+1", "01",    "1.",  ".1",   "1e",
                                       "1e+", "1.e1", "1x", "1 ",    "0x1", "1e1.", "1e1234567890",
                                       "--1", "1..2", "00", "1.2.3", "e1"};
    ag_number_t number;
    int i;

    (void)state;
    for (i = 0; i < N_OF(cases); i++) {
        number = number_of(cases[i].text);
        if ((int)number.digits != cases[i].digits || number.scale != cases[i].scale) {
            fail_msg("%s: %d, %d", cases[i].text, (int)number.digits, (int)number.scale);
        }
    }
    for (i = 0; i < N_OF(none); i++) {
        assert_int_equal(ag_number_read(&number, none[i], strlen(none[i])), -1);
    }
}

/* In rising order; those of one row are equal. */
static void test_compare(void **state)
{
    static const char *const rows[][3] = {
        {"-1e999999999", "-10e999999998", NULL},
        {"-10.01", "-1001e-2", NULL},
        {"-10", "-1e1", "-10.0"},
        {"-0.1", "-1e-1", NULL},
        {"0", "-0", "0.0e7"},
        {"1e-999999999", NULL, NULL},
        {"0.1", "10e-2", "0.10"},
        {"0.10000000000000000000000000001", NULL, NULL},
        {"1", "1.0", "0.1e1"},
        {"1.01", "101e-2", NULL},
        {"1.1", NULL, NULL},
        {"9", "9.000", NULL},
        {"10", "1e1", NULL},
        {"9007199254740992", NULL, NULL},
        {"9007199254740993", "9007199254740993.0", NULL},
        {"123456789012345678901234567890", NULL, NULL},
        {"123456789012345678901234567890.1", NULL, NULL},
    };
    int i, j, k, l;

    (void)state;
    for (i = 0; i < N_OF(rows) * N_OF(rows) * 9; i++) {
        ag_number_t a, b;
        int is;

        j = i / 9 / N_OF(rows);
        k = i / 9 % N_OF(rows);
        l = i % 9;
        if (!rows[j][l / 3] || !rows[k][l % 3]) {
            continue;
        }
        a = number_of(rows[j][l / 3]);
        b = number_of(rows[k][l % 3]);
        is = ag_number_compare(&a, &b);
        if ((is > 0) - (is < 0) != (j > k) - (j < k)) {
            fail_msg("%s and %s: %d", rows[j][l / 3], rows[k][l % 3], is);
        }
    }
}

static void test_whole(void **state)
{
    static const char *const whole[] = {"0", "1.0", "1e2", "-5", "1.5e1", "0.000", "1e-0", "120e-1"};
    static const char *const not [] = {"0.5", "1.01", "1e-1", "15e-1", "100.001", "-0.1e-999999999"};
    ag_number_t number;
    int i;

    (void)state;
    for (i = 0; i < N_OF(whole); i++) {
        number = number_of(whole[i]);
        assert_true(ag_number_whole(&number));
    }
    for (i = 0; i < N_OF(not ); i++) {
        number = number_of(not [i]);
        assert_false(ag_number_whole(&number));
    }
}

static void test_multiple(void **state)
{
    static const struct {
        const char *number, *unit;
        int is;
    } cases[] = {
        {"10", "5", 1},
        {"-10", "5", 1},
        {"11", "5", 0},
        {"0", "7", 1},
        {"0.0075", "0.0001", 1},
        {"0.00751", "0.0001", 0},
        {"4.5", "1.5", 1},
        {"35", "1.5", 0},
        {"1e308", "0.123456789", 0},
        {"12391239123", "1e-8", 1},
        {"1e999999999", "7", 0},
        {"7e999999999", "7", 1},
        {"7e-999999999", "7", 0},
        {"1e308", "0.5", 1},
        {"19.99", "0.01", 1},
        {"9007199254740993", "2", 0},
        {"999999999999999999", "999999999999999999", 1},
        {"999999999999999998000000000000000001", "999999999999999999", 1},
        {"999999999999999998000000000000000002", "999999999999999999", 0},
        {"1", "1e18", 0},
        {"3e18", "1e18", 1},
        {"1", "1234567890123456789", 0}, /* more digits than there may be: no */
    };
    ag_number_t number, unit;
    int i;

    (void)state;
    for (i = 0; i < N_OF(cases); i++) {
        number = number_of(cases[i].number);
        unit = number_of(cases[i].unit);
        if (ag_number_multiple(&number, &unit) != cases[i].is) {
            fail_msg("%s of %s", cases[i].number, cases[i].unit);
        }
    }
}

static void test_u64(void **state)
{
    static const struct {
        const char *text;
        int is;
        apr_uint64_t value;
    } cases[] = {
        {"0", 0, 0},
        {"12.0", 0, 12},
        {"1.5e1", 0, 15},
        {"1e19", 0, APR_UINT64_C(10000000000000000000)},
        {"18446744073709551615", 0, APR_UINT64_MAX},
        {"18446744073709551616", -1, 0},
        {"18446744073709551620", -1, 0},
        {"2e19", -1, 0},
        {"1e999999999", -1, 0},
        {"-1", -1, 0},
        {"-0", 0, 0},
        {"0.5", -1, 0},
    };
    int i;

    (void)state;
    for (i = 0; i < N_OF(cases); i++) {
        ag_number_t number = number_of(cases[i].text);
        apr_uint64_t value;

        assert_int_equal(ag_number_u64(&number, &value), cases[i].is);
        assert_true(cases[i].is || value == cases[i].value);
    }
}

/* Quarters and halves are exact as doubles, too: all pairs of many, and their multiples. */
static void test_doubles(void **state)
{
    enum { MANY = 400 };
    ag_number_t numbers[MANY];
    int i, j;

    for (i = 0; i < MANY; i++) {
        const char *format = i % 3 == 0 ? "%.2f" : i % 3 == 1 ? "%.4e" : "%.5f";

        numbers[i] = number_of(apr_pstrdup(*state, apr_psprintf(*state, format, (i - MANY / 2) * 0.25)));
    }
    for (i = 0; i < MANY * MANY; i++) {
        int a = i / MANY, b = i % MANY, is = ag_number_compare(numbers + a, numbers + b);

        assert_int_equal((is > 0) - (is < 0), (a > b) - (a < b));
        j = b - MANY / 2;
        if (j > 0) {
            assert_int_equal(ag_number_multiple(numbers + a, numbers + b), (a - MANY / 2) % j == 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_read),     TEST(test_compare), TEST(test_whole),
        TEST(test_multiple), TEST(test_u64),     TEST(test_doubles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
