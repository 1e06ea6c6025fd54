/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pairs: the NAME=VALUE pairs of a query string, of an urlencoded body (WHATWG URL s5.1) or of a Cookie field, one after
 * the other as they stand there; whoever wants a name or a value decodes it.
 */
#ifndef AG_INPUT_PAIRS_H
#define AG_INPUT_PAIRS_H

#include <apr_pools.h>

/* A part of a text that somebody else owns: `n` bytes, no NUL behind them. */
typedef struct ag_span_t {
    const char *at;
    apr_size_t n;
} ag_span_t;

/* One pair, not decoded. */
typedef struct ag_pair_t {
    ag_span_t name;
    ag_span_t value; /* empty where there is no "=" */
    int number;      /* from 1; empty pairs ("a&&b") are none */
} ag_pair_t;

/* What is left of the text. */
typedef struct ag_pairs_t {
    const char *at, *end;
    char sign; /* what parts the pairs */
    int number;
} ag_pairs_t;

/* Begins with `n` bytes of a query string or an urlencoded body. NULL is an empty text. Pairs are parted by "&" alone. */
void ag_pairs_begin(ag_pairs_t *pairs, const char *text, apr_size_t n);

/* Likewise with a Cookie field (RFC 6265 s4.2.1): parted by ";", blanks around a pair belong to nobody. */
void ag_pairs_begin_cookies(ag_pairs_t *pairs, const char *field);

/* The next pair; 0 when there is none. */
int ag_pairs_next(ag_pair_t *pair, ag_pairs_t *pairs);

/* Why a text cannot be read in one way; 0: it can. */
typedef enum {
    AG_ENCODED_WELL,
    AG_ENCODED_ESCAPE,
    AG_ENCODED_UTF8,
    AG_ENCODED_NUL,
    AG_ENCODED_SEMICOLON
} ag_encoded_e;

/* A sentence for the client about each of them. */
const char *ag_encoded_detail(ag_encoded_e encoded);

/* Decodes %XX, and "+" as a blank where `plus`. *to is `from` itself where nothing is encoded, else from `p`, with a NUL
 * behind it. Refused are: "%" without two digits, what is no UTF-8, NUL; and, where `plus`, a ";" that is not encoded,
 * which ends the value for some backends (HTML 4 sB.2.2), for Go's is an error, and for others is a part of it. */
ag_encoded_e ag_span_decode(ag_span_t *to, ag_span_t from, int plus, apr_pool_t *p);

/* The same into `memory`, of from.n + 1 bytes. */
ag_encoded_e ag_span_decode_to(ag_span_t *to, ag_span_t from, int plus, char *memory);

/* The first part of *rest up to `sign`, behind which *rest begins then; 0: *rest had ended (at is NULL). An empty text is
 * one empty part. */
int ag_span_part(ag_span_t *part, ag_span_t *rest, char sign);

/* 1 when it is UTF-8. */
int ag_span_utf8(ag_span_t text);

static inline ag_span_t ag_span(const char *at, apr_size_t n)
{
    ag_span_t span = {at, n};

    return span;
}

#endif
