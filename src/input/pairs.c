/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pairs: splits where backends agree that there is a split, and refuses to decode what they do not read alike.
 */
#include "pairs.h"

#include <string.h>

#include "../base/text.h"

static const char *find(const char *at, const char *end, char sign)
{
    const char *found = at < end ? memchr(at, sign, (apr_size_t)(end - at)) : NULL;

    return found ? found : end;
}

/* ---- pairs --------------------------------------------------------------------------------------- */

void ag_pairs_begin(ag_pairs_t *pairs, const char *text, apr_size_t n)
{
    pairs->at = text;
    pairs->end = text ? text + n : NULL;
    pairs->sign = '&';
    pairs->number = 0;
}

void ag_pairs_begin_cookies(ag_pairs_t *pairs, const char *field)
{
    ag_pairs_begin(pairs, field, field ? strlen(field) : 0);
    pairs->sign = ';';
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static ag_span_t trimmed(const char *at, const char *end)
{
    while (at < end && is_blank(*at)) {
        at++;
    }
    while (end > at && is_blank(end[-1])) {
        end--;
    }
    return ag_span(at, (apr_size_t)(end - at));
}

int ag_pairs_next(ag_pair_t *pair, ag_pairs_t *pairs)
{
    while (pairs->at < pairs->end) {
        const char *end = find(pairs->at, pairs->end, pairs->sign);
        ag_span_t all =
            pairs->sign == ';' ? trimmed(pairs->at, end) : ag_span(pairs->at, (apr_size_t)(end - pairs->at));
        const char *equals = find(all.at, all.at + all.n, '=');

        pairs->at = end < pairs->end ? end + 1 : end;
        if (all.n) {
            pair->name = ag_span(all.at, (apr_size_t)(equals - all.at));
            pair->value =
                equals < all.at + all.n ? ag_span(equals + 1, all.n - pair->name.n - 1) : ag_span(equals, 0);
            pair->number = ++pairs->number;
            return 1;
        }
    }
    return 0;
}

int ag_span_part(ag_span_t *part, ag_span_t *rest, char sign)
{
    const char *end = rest->at ? rest->at + rest->n : NULL;
    const char *at = find(rest->at, end, sign);

    *part = ag_span(rest->at, (apr_size_t)(at - rest->at));
    if (!part->at) {
        return 0;
    }
    *rest = at < end ? ag_span(at + 1, (apr_size_t)(end - at) - 1) : ag_span(NULL, 0);
    return 1;
}

/* ---- decoding ------------------------------------------------------------------------------------ */

int ag_span_utf8(ag_span_t text)
{
    const char *at = text.at, *end = text.at + text.n;

    while (at < end) {
        char four[5] = {0}; /* the text may end where its memory does */
        int n = 1;

        if ((unsigned char)*at >= 0x80) {
            memcpy(four, at, end - at < 4 ? (apr_size_t)(end - at) : 4);
            n = ag_text_utf8(four);
        }
        if (!n) {
            return 0;
        }
        at += n;
    }
    return 1;
}

static int digit(char c)
{
    return ag_text_digit(c) ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

static ag_encoded_e decode(ag_span_t *to, ag_span_t from, int plus, char *memory)
{
    const char *at = from.at, *end = from.at + from.n;
    char *next = memory;

    for (; at < end; at++) {
        int high = *at == '%' && end - at > 2 ? digit(at[1]) : -1, low = high >= 0 ? digit(at[2]) : -1;

        if (*at == '%' && low < 0) {
            return AG_ENCODED_ESCAPE;
        }
        *next++ = (char)(*at == '%' ? high * 16 + low : *at == '+' && plus ? ' ' : *at);
        at += *at == '%' ? 2 : 0;
    }
    *next = '\0';
    *to = ag_span(memory, (apr_size_t)(next - memory));
    return AG_ENCODED_WELL;
}

static int holds(ag_span_t text, char sign)
{
    return text.n && memchr(text.at, sign, text.n);
}

/* 1 when something in it stands for something else. */
static int is_encoded(ag_span_t text, int plus)
{
    return holds(text, '%') || (plus && holds(text, '+'));
}

ag_encoded_e ag_span_decode_to(ag_span_t *to, ag_span_t from, int plus, char *memory)
{
    ag_encoded_e wrong;

    *to = from;
    if (plus && holds(from, ';')) {
        return AG_ENCODED_SEMICOLON;
    }
    wrong = is_encoded(from, plus) ? decode(to, from, plus, memory) : AG_ENCODED_WELL;
    if (!wrong && holds(*to, '\0')) {
        wrong = AG_ENCODED_NUL;
    }
    return wrong ? wrong : ag_span_utf8(*to) ? AG_ENCODED_WELL : AG_ENCODED_UTF8;
}

ag_encoded_e ag_span_decode(ag_span_t *to, ag_span_t from, int plus, apr_pool_t *p)
{
    return ag_span_decode_to(to, from, plus, is_encoded(from, plus) ? apr_palloc(p, from.n + 1) : NULL);
}

const char *ag_encoded_detail(ag_encoded_e encoded)
{
    static const char *const details[] = {
        [AG_ENCODED_WELL] = "is encoded well",
        [AG_ENCODED_ESCAPE] = "holds a \"%\" that is not followed by two hexadecimal digits",
        [AG_ENCODED_UTF8] = "is no UTF-8",
        [AG_ENCODED_NUL] = "holds a NUL",
        [AG_ENCODED_SEMICOLON] = "holds a \";\", which has to be sent as %3B",
    };

    return details[encoded];
}
