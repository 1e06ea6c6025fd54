/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number: see number.h.
 */
#include "number.h"

#define EXPONENT 9 /* digits */
#define UNIT     18

static inline int is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* ---- reading ------------------------------------------------------------------------------------ */

/* Reads the digits and the point at *at, notes the first and the last that is not 0, and how many digits stand before
 * the point and before the first one; -1: that is no number. */
static int read_digits(ag_number_t *number, apr_uint32_t *at, apr_size_t n)
{
    apr_uint32_t start = *at, point = 0, i;

    number->first = 1;
    number->last = 0;
    for (i = start; i < n && (is_digit(number->text[i]) || (number->text[i] == '.' && !point && i > start)); i++) {
        if (number->text[i] == '.') {
            point = i;
        }
        else if (number->text[i] != '0') {
            number->first = number->first > number->last ? i : number->first;
            number->last = i;
        }
    }
    if (i == start || (point && i == point + 1)
        || (number->text[start] == '0' && i > start + 1 && is_digit(number->text[start + 1]))) {
        return -1;
    }
    point = point ? point : i;
    number->digits = number->last - number->first + 1 - (number->first < point && point < number->last);
    number->scale = (apr_int64_t)point - number->first + (number->first > point);
    *at = i;
    return 0;
}

static int read_exponent(apr_int64_t *exponent, apr_uint32_t *at, const char *text, apr_size_t n)
{
    apr_uint32_t i = *at + 1, digits = 0;
    int minus = i < n && text[i] == '-';

    i += i < n && (text[i] == '+' || text[i] == '-');
    if (i == n) {
        return -1;
    }
    for (*exponent = 0; i < n && is_digit(text[i]); i++) {
        *exponent = *exponent * 10 + (text[i] - '0');
        digits += digits || text[i] != '0';
        if (digits > EXPONENT) {
            return -1;
        }
    }
    *exponent = minus ? -*exponent : *exponent;
    *at = i;
    return 0;
}

int ag_number_read(ag_number_t *number, const char *text, apr_size_t n)
{
    apr_int64_t exponent = 0;
    apr_uint32_t at;

    if (!n || n > APR_INT32_MAX) {
        return -1;
    }
    number->text = text;
    number->negative = text[0] == '-';
    at = (apr_uint32_t)number->negative;
    if (read_digits(number, &at, n) || (at < n && (text[at] | 0x20) == 'e' && read_exponent(&exponent, &at, text, n))
        || at != n) {
        return -1;
    }
    number->scale += exponent;
    if (number->first > number->last) {
        number->digits = 0;
        number->scale = 0;
        number->negative = 0;
    }
    return 0;
}

/* ---- what it is --------------------------------------------------------------------------------- */

/* Of two that are above zero and equally large by their scales. */
static int compare_digits(const ag_number_t *a, const ag_number_t *b)
{
    apr_uint32_t i = a->first, j = b->first;

    for (; i <= a->last && j <= b->last; i++, j++) {
        i += a->text[i] == '.';
        j += b->text[j] == '.';
        if (a->text[i] != b->text[j]) {
            return a->text[i] < b->text[j] ? -1 : 1;
        }
    }
    return (i <= a->last) - (j <= b->last);
}

int ag_number_compare(const ag_number_t *a, const ag_number_t *b)
{
    int sign = a->digits ? (a->negative ? -1 : 1) : 0, other = b->digits ? (b->negative ? -1 : 1) : 0;

    if (sign != other || !sign) {
        return sign - other;
    }
    if (a->scale != b->scale) {
        return a->scale < b->scale ? -sign : sign;
    }
    return sign * compare_digits(a, b);
}

int ag_number_whole(const ag_number_t *number)
{
    return number->scale >= (apr_int64_t)number->digits;
}

/* Its digits as one whole number, modulo `unit`, which is below 10^18: so no step overflows. */
static apr_uint64_t digits_modulo(const ag_number_t *number, apr_uint64_t unit)
{
    apr_uint64_t rest = 0;
    apr_uint32_t i;

    for (i = number->first; i <= number->last; i++) {
        if (number->text[i] != '.') {
            rest = (rest * 10 + (apr_uint64_t)(number->text[i] - '0')) % unit;
        }
    }
    return rest;
}

static apr_uint64_t multiply_modulo(apr_uint64_t a, apr_uint64_t b, apr_uint64_t unit)
{
    return (apr_uint64_t)((unsigned __int128)a * b % unit);
}

static apr_uint64_t ten_to_modulo(apr_uint64_t power, apr_uint64_t unit)
{
    apr_uint64_t result = 1 % unit, base = 10 % unit;

    for (; power; power >>= 1) {
        if (power & 1) {
            result = multiply_modulo(result, base, unit);
        }
        base = multiply_modulo(base, base, unit);
    }
    return result;
}

int ag_number_multiple(const ag_number_t *number, const ag_number_t *unit)
{
    apr_int64_t power = (number->scale - number->digits) - (unit->scale - unit->digits);
    apr_uint64_t whole;

    if (!number->digits) {
        return 1;
    }
    if (!unit->digits || unit->digits > UNIT || power < 0) {
        return 0; /* with power < 0 ten would divide the number's digits, whose last is not 0 */
    }
    whole = digits_modulo(unit, APR_UINT64_C(1000000000000000000));
    return multiply_modulo(digits_modulo(number, whole), ten_to_modulo((apr_uint64_t)power, whole), whole) == 0;
}

int ag_number_u64(const ag_number_t *number, apr_uint64_t *value)
{
    apr_int64_t zeros = number->scale - number->digits;
    apr_uint32_t i;

    *value = 0;
    if (number->negative || zeros < 0 || number->scale > 20) {
        return -1;
    }
    for (i = number->first; i <= number->last; i++) {
        if (number->text[i] != '.'
            && (__builtin_mul_overflow(*value, 10, value)
                || __builtin_add_overflow(*value, number->text[i] - '0', value))) {
            return -1;
        }
    }
    for (; zeros; zeros--) {
        if (__builtin_mul_overflow(*value, 10, value)) {
            return -1;
        }
    }
    return 0;
}
