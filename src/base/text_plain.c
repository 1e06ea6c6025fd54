/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_plain: what of a text may be shown. Names and notes come from databases, files and tokens, and end
 * in terminals, log lines and fields; whoever chose one must not move the cursor, hide a line or turn the
 * order of what stands beside it. This is the one rule: rows, claims, the tool and JSON all ask it.
 */
#include "text.h"

#include <apr_strings.h>

/* From and to, both included, in rising order. */
static const apr_uint32_t steering[][2] = {
    {0x00, 0x1F},     /* C0: escape sequences begin here, lines end */
    {0x7F, 0x9F},     /* delete, and C1, where U+009B alone begins a sequence */
    {0x061C, 0x061C}, /* a mark of direction */
    {0x200E, 0x200F}, /* two more */
    {0x2028, 0x202E}, /* ends of lines and paragraphs; embeddings and overrides of direction */
    {0x2066, 0x2069}, /* isolates of direction */
};

#define RANGES (sizeof steering / sizeof *steering)

/* RFC 3629 s4. No byte behind a NUL is read, since a NUL continues nothing. */
int ag_text_utf8(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    int n = s[0] < 0x80                   ? 1
            : s[0] >= 0xC2 && s[0] < 0xE0 ? 2
            : (s[0] & 0xF0) == 0xE0       ? 3
            : s[0] >= 0xF0 && s[0] < 0xF5 ? 4
                                          : 0;
    int i;

    for (i = 1; i < n; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF0 && s[1] < 0x90)
        || (s[0] == 0xF4 && s[1] > 0x8F)) {
        return 0; /* overlong, a surrogate, or past U+10FFFF */
    }
    return n;
}

apr_uint32_t ag_text_code(const char *text, int n)
{
    static const unsigned char bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    apr_uint32_t code = (unsigned char)*text & bits[n];
    int i;

    for (i = 1; i < n; i++) {
        code = code << 6 | ((unsigned char)text[i] & 0x3F);
    }
    return code;
}

static int steers(apr_uint32_t code)
{
    apr_size_t i;

    for (i = 0; i < RANGES && code > steering[i][1]; i++) {
    }
    return i < RANGES && code >= steering[i][0];
}

int ag_text_printable_at(const char *text)
{
    int n = ag_text_utf8(text);

    return n && !steers(ag_text_code(text, n)) ? n : 0;
}

int ag_text_printable(const char *text)
{
    int n = 1;

    while (*text && n) {
        n = *text >= ' ' && *text <= '~' ? 1 : ag_text_printable_at(text); /* names are ASCII as a rule */
        text += n;
    }
    return n > 0;
}

const char *ag_text_plain(const char *text, apr_pool_t *p)
{
    char *copy = apr_palloc(p, strlen(text) + 1);
    char *to = copy;

    while (*text) {
        int n = ag_text_printable_at(text);
        int whole = n ? n : ag_text_utf8(text);

        memcpy(to, n ? text : "?", n ? (apr_size_t)n : 1);
        to += n ? n : 1;
        text += whole ? whole : 1; /* of what is no UTF-8, each byte is one sign */
    }
    *to = '\0';
    return copy;
}
