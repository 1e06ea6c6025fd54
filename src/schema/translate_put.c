/* SPDX-License-Identifier: Apache-2.0 */
/*
 * translate_put: characters of a pattern, read and written.
 */
#include <stdio.h>

#include "translate.h"

void ag_translate_put_code(ag_translate_t *t, apr_uint32_t code)
{
    char text[16];

    snprintf(text, sizeof text, "\\x{%x}", (unsigned)code);
    ag_translate_put(t, text);
}

int ag_translate_character(ag_translate_t *t, apr_uint32_t *code)
{
    int n = 1;

    if (ag_cursor_done(&t->s)) {
        return ag_translate_fail(t, "it ends too early");
    }
    *code = (unsigned char)*t->s.at;
    if (*code >= 0x80) {
        *code = ag_take_wide(&t->s, &n);
        if (!*code) {
            return ag_translate_fail(t, "this is no UTF-8");
        }
    }
    t->s.at += n;
    return 1;
}
