/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan: see scan.h. The ranges are those of RFC 3629 s4: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#include "scan.h"

static int follows(const unsigned char *at, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return n + 1;
}

int ag_scan_character(const char *text, const char *end)
{
    const unsigned char *at = (const unsigned char *)text;
    apr_size_t left = (apr_size_t)(end - text);

    if (left >= 2 && at[0] >= 0xC2 && at[0] <= 0xDF) {
        return follows(at + 1, 1);
    }
    if (left >= 3 && (at[0] & 0xF0) == 0xE0) {
        int wrong = (at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] > 0x9F);

        return wrong ? 0 : follows(at + 1, 2);
    }
    if (left >= 4 && at[0] >= 0xF0 && at[0] <= 0xF4) {
        int wrong = (at[0] == 0xF0 && at[1] < 0x90) || (at[0] == 0xF4 && at[1] > 0x8F);

        return wrong ? 0 : follows(at + 1, 3);
    }
    return 0;
}

int ag_scan_encode(char *out, apr_uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}
