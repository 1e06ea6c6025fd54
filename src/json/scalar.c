/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scalar: strings, numbers, true, false and null, as RFC 8259 s3, s6 and s7 have them.
 */
#include <stdlib.h>
#include <string.h>

#include "reader.h"
#include "scan.h"

#define EXPONENT 9 /* digits, beside zeros in front: what ag_number_read() takes */

/* ---- strings ------------------------------------------------------------------------------------ */

static const char *cause_of(const ag_reader_t *r)
{
    if (r->at == r->end) {
        return "a string has no end";
    }
    return (unsigned char)*r->at < 0x20 ? "a control character stands in a string" : "it is not UTF-8";
}

/* The four digits at r->at, or -1. */
static int hex4(ag_reader_t *r)
{
    int code = 0, i;

    if (r->end - r->at < 4) {
        return -1;
    }
    for (i = 0; i < 4; i++) {
        int c = r->at[i], letter = (c | 0x20) - 'a';

        if (!(c >= '0' && c <= '9') && !(letter >= 0 && letter < 6)) {
            return -1;
        }
        code = code << 4 | (c <= '9' ? c - '0' : letter + 10);
    }
    r->at += 4;
    return code;
}

/* Behind "\u". */
static int decode_code(ag_reader_t *r)
{
    int code = hex4(r), low;

    if (code < 0) {
        return ag_reader_wrong(r, "\\u has four hexadecimal digits", r->n - 1);
    }
    if (code >= 0xD800 && code <= 0xDFFF) {
        int pair = code < 0xDC00 && r->end - r->at >= 6 && r->at[0] == '\\' && r->at[1] == 'u';

        r->at += pair ? 2 : 0;
        low = pair ? hex4(r) : -1;
        if (low < 0xDC00 || low > 0xDFFF) {
            return ag_reader_wrong(r, "half of a surrogate pair stands alone", r->n - 1);
        }
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    r->n_decoded += (apr_uint32_t)ag_scan_encode(r->decoded + r->n_decoded, (apr_uint32_t)code);
    return 1;
}

/* Behind a backslash. */
static int decode_escape(ag_reader_t *r)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *letter = r->at < r->end ? memchr(letters, *r->at, sizeof letters - 1) : NULL;

    if (letter) {
        r->at++;
        r->decoded[r->n_decoded++] = meant[letter - letters];
        return 1;
    }
    if (ag_reader_is(r, 'u')) {
        r->at++;
        return decode_code(r);
    }
    return ag_reader_wrong(r, "a backslash stands before a character that needs none", r->n - 1);
}

/* A string with escapes; `start` is behind its quote, r->at where it stops being plain. No text gets longer. */
static int read_decoded(ag_reader_t *r, ag_node_t *node, const char *start)
{
    if (!r->decoded && !(r->decoded = malloc((apr_size_t)(r->end - start)))) {
        return ag_reader_wrong(r, "there is no memory for it", 0);
    }
    r->doc.decoded = r->decoded;
    node->at = r->n_decoded;
    node->decoded = 1;
    for (;;) {
        memcpy(r->decoded + r->n_decoded, start, (apr_size_t)(r->at - start));
        r->n_decoded += (apr_uint32_t)(r->at - start);
        if (ag_reader_is(r, '"')) {
            r->at++;
            node->n = r->n_decoded - node->at;
            return 1;
        }
        if (!ag_reader_is(r, '\\')) {
            return ag_reader_wrong(r, cause_of(r), r->n - 1);
        }
        r->at++;
        if (!decode_escape(r)) {
            return 0;
        }
        start = r->at;
        r->at = ag_scan_string(start, r->end);
    }
}

int ag_reader_string(ag_reader_t *r)
{
    ag_node_t *node = ag_reader_begin(r, AG_JSON_STRING);
    const char *start = r->at + 1;

    if (!node) {
        return 0;
    }
    r->at = ag_scan_string(start, r->end);
    if (ag_reader_is(r, '"')) {
        node->at++;
        node->n = (apr_uint32_t)(r->at++ - start);
        return 1;
    }
    return ag_reader_is(r, '\\') ? read_decoded(r, node, start) : ag_reader_wrong(r, cause_of(r), r->n - 1);
}

/* ---- numbers and words -------------------------------------------------------------------------- */

/* Passes digits; how many there were. */
static inline apr_size_t pass_digits(ag_reader_t *r)
{
    const char *start = r->at;

    while (r->at < r->end && (unsigned char)(*r->at - '0') < 10) {
        r->at++;
    }
    return (apr_size_t)(r->at - start);
}

static int read_exponent(ag_reader_t *r)
{
    r->at++;
    if (ag_reader_is(r, '+') || ag_reader_is(r, '-')) {
        r->at++;
    }
    if (!(r->at < r->end && *r->at >= '0' && *r->at <= '9')) {
        return ag_reader_wrong(r, "a number has no digit in its exponent", r->n - 1);
    }
    while (ag_reader_is(r, '0')) {
        r->at++;
    }
    return pass_digits(r) <= EXPONENT || ag_reader_wrong(r, "a number's exponent is too large", r->n - 1);
}

int ag_reader_number(ag_reader_t *r)
{
    ag_node_t *node = ag_reader_begin(r, AG_JSON_NUMBER);
    const char *start = r->at;

    if (!node) {
        return 0;
    }
    r->at += *r->at == '-';
    if (ag_reader_is(r, '0')) {
        r->at++;
    }
    else if (!pass_digits(r)) {
        return ag_reader_wrong(r, "a sign stands without a number", r->n - 1);
    }
    if (ag_reader_is(r, '.')) {
        r->at++;
        if (!pass_digits(r)) {
            return ag_reader_wrong(r, "a number has no digit behind its point", r->n - 1);
        }
    }
    if ((ag_reader_is(r, 'e') || ag_reader_is(r, 'E')) && !read_exponent(r)) {
        return 0;
    }
    node->n = (apr_uint32_t)(r->at - start);
    return node->n <= r->limits.digits || ag_reader_wrong(r, "a number has too many digits", r->n - 1);
}

int ag_reader_word(ag_reader_t *r)
{
    static const char *const words[] = {[AG_JSON_NULL] = "null", [AG_JSON_FALSE] = "false", [AG_JSON_TRUE] = "true"};
    ag_json_e kind;

    for (kind = AG_JSON_NULL; kind <= AG_JSON_TRUE; kind++) {
        apr_size_t n = strlen(words[kind]);

        if ((apr_size_t)(r->end - r->at) >= n && memcmp(r->at, words[kind], n) == 0) {
            ag_node_t *node = ag_reader_begin(r, kind);

            r->at += n;
            return node != NULL;
        }
    }
    return ag_reader_wrong(r, "a value is missing or none of JSON's", r->depth ? r->open : 0);
}
