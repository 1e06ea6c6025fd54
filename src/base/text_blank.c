/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_blank: blanks where two readers may disagree. Scopes and roles are joined with spaces for
 * whoever comes next, and most that read a name trim it, some by ASCII and some by Unicode.
 */
#include "text.h"

/* Unicode's White_Space (PropList.txt) and U+FEFF, which JavaScript trims, in UTF-8. */
static const char *const blanks[] = {
    " ",
    "\t",
    "\n",
    "\v",
    "\f",
    "\r",
    "\xC2\x85",
    "\xC2\xA0",
    "\xE1\x9A\x80",
    "\xE2\x80\x80",
    "\xE2\x80\x81",
    "\xE2\x80\x82",
    "\xE2\x80\x83",
    "\xE2\x80\x84",
    "\xE2\x80\x85",
    "\xE2\x80\x86",
    "\xE2\x80\x87",
    "\xE2\x80\x88",
    "\xE2\x80\x89",
    "\xE2\x80\x8A",
    "\xE2\x80\xA8",
    "\xE2\x80\xA9",
    "\xE2\x80\xAF",
    "\xE2\x81\x9F",
    "\xE3\x80\x80",
    "\xEF\xBB\xBF",
};

/* How many bytes the blank at `at` takes; 0: there is none. */
static apr_size_t blank_at(const char *at)
{
    unsigned char c = (unsigned char)*at;
    apr_size_t i, n;

    if (c > ' ' && c < 0xC2) {
        return 0;
    }
    for (i = 0; i < sizeof blanks / sizeof *blanks; i++) {
        n = strlen(blanks[i]);
        if (strncmp(at, blanks[i], n) == 0) {
            return n;
        }
    }
    return 0;
}

ag_blank_e ag_text_blank(const char *text)
{
    ag_blank_e found = blank_at(text) ? AG_BLANK_END : AG_BLANK_NONE;
    const char *at = text;

    while (*at) {
        apr_size_t n = blank_at(at);

        at += n ? n : 1;
        if (n && !*at) {
            return AG_BLANK_END;
        }
        if (n && found == AG_BLANK_NONE) {
            found = AG_BLANK_INSIDE;
        }
    }
    return found;
}

int ag_words_leave_blank(ag_words_t *words)
{
    int n = words->n, kept = 0, i;

    for (i = 0; i < n; i++) {
        if (*words->v[i] && ag_text_blank(words->v[i]) == AG_BLANK_NONE) {
            words->v[kept++] = words->v[i];
        }
    }
    words->n = kept;
    words->v = kept ? words->v : NULL;
    return n - kept;
}
