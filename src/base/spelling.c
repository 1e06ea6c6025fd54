/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spelling: character by character, decoding on the way; nothing is copied.
 */
#include "spelling.h"

#include <string.h>

#include <apr_lib.h>

#include "text.h"

static int hex(const char *at, const char *end, int digits)
{
    int value = 0;

    for (; digits; at++, digits--) {
        if (at >= end || !apr_isxdigit(*at)) {
            return -1;
        }
        value = value * 16 + (apr_isdigit(*at) ? *at - '0' : (*at | 0x20) - 'a' + 10);
    }
    return value;
}

char ag_spelling_next(const char **at, const char *end)
{
    int wide = **at == '%' && *at + 1 < end && ((*at)[1] | 0x20) == 'u';
    int value = **at == '%' ? hex(*at + 1 + wide, end, wide ? 4 : 2) : -1;

    if (value >= 0) {
        *at += wide ? 6 : 3;
        return value < 0x80 ? (char)value : '?';
    }
    return *(*at)++ == '+' ? ' ' : (*at)[-1];
}

const char *ag_spelling_skip(const char *at, const char *end, const char *these)
{
    const char *next = at;
    char c;

    while (next < end && (c = ag_spelling_next(&next, end)) && strchr(these, c)) {
        at = next;
    }
    return at;
}

const char *ag_spelling_behind(const char *at, const char *end, const char *never, const char *name, int *element)
{
    at = ag_spelling_skip(at, end, AG_SPELLING_LEAD);
    for (; *name; name++) {
        char next = at < end && !strchr(never, *at) ? ag_spelling_next(&at, end) : '\0';

        if (!ag_text_alike(next, *name)) {
            return NULL;
        }
        *element |= next == '[';
    }
    return ag_spelling_skip(at, end, AG_SPELLING_TRAIL);
}
