/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number: decimal numbers exactly as they are written, without rounding, of any size the doc's limits let through.
 */
#ifndef AG_JSON_NUMBER_H
#define AG_JSON_NUMBER_H

#include <apr.h>

/* text[first..last] are its digits without zeros at either end (a point may stand among them); the value is
 * 0.DIGITS times ten to the power `scale`. Refers to the text. */
typedef struct ag_number_t {
    const char *text;
    apr_uint32_t first, last; /* first > last: zero */
    apr_int64_t scale;
    int negative;
    apr_uint32_t digits; /* without the point */
} ag_number_t;

/* Reads a number of JSON's grammar (RFC 8259 s6): 0, or -1 where it is none or its exponent has more than 9 digits. */
int ag_number_read(ag_number_t *number, const char *text, apr_size_t n);

/* <0, 0, >0. */
int ag_number_compare(const ag_number_t *a, const ag_number_t *b);

/* 1 where it has no fraction: 1.0 and 1e2 have none. */
int ag_number_whole(const ag_number_t *number);

/* 1 where `number` is a whole multiple of `unit`, which is above zero and has at most 18 digits. */
int ag_number_multiple(const ag_number_t *number, const ag_number_t *unit);

/* The value as an unsigned 64 bit number; -1: it is not whole, negative, or too large. For maxLength and the like. */
int ag_number_u64(const ag_number_t *number, apr_uint64_t *value);

#endif
