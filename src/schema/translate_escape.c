/* SPDX-License-Identifier: Apache-2.0 */
/*
 * translate_escape: what stands behind a backslash, for a character or a set of them.
 */
#include "translate.h"

/* WhiteSpace and LineTerminator (s12.2, s12.3), and all other characters. */
#define SPACE                                                                                                        \
    "\\x{9}-\\x{d}\\x{20}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}"
#define NO_SPACE                                                                                                     \
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}"              \
    "\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}"

typedef struct {
    char letter;
    const char *set;
} set_t;

static const set_t sets[] = {
    {'d', "0-9"},        {'D', "\\x{0}-\\x{2f}\\x{3a}-\\x{10ffff}"},
    {'w', "0-9A-Za-z_"}, {'W', "\\x{0}-\\x{2f}\\x{3a}-\\x{40}\\x{5b}-\\x{5e}\\x{60}\\x{7b}-\\x{10ffff}"},
    {'s', SPACE},        {'S', NO_SPACE},
};

typedef struct {
    char letter;
    const char *why;
} foreign_t;

/* What other languages have there, told since their patterns are copied often. */
static const foreign_t foreign[] = {
    {'A', "\\A is unknown to ECMA-262: write ^"},
    {'Z', "\\Z is unknown to ECMA-262: write $"},
    {'z', "\\z is unknown to ECMA-262: write $"},
    {'Q', "\\Q is unknown to ECMA-262: escape each character"},
    {'E', "\\E is unknown to ECMA-262"},
    {'G', "\\G is unknown to ECMA-262"},
    {'K', "\\K is unknown to ECMA-262"},
    {'R', "\\R is unknown to ECMA-262: write (?:\\r\\n|\\n|\\r)"},
    {'h', "\\h is unknown to ECMA-262: write [ \\t]"},
    {'a', "\\a is unknown to ECMA-262: write \\x07"},
    {'e', "\\e is unknown to ECMA-262: write \\x1b"},
    {'X', "\\X is unknown to ECMA-262"},
    {'N', "\\N is unknown to ECMA-262: write [^\\n]"},
    {'g', "\\g is unknown to ECMA-262: write \\1 or \\k<name>"},
};

int ag_translate_surrogate(apr_uint32_t code)
{
    return code >= 0xD800 && code <= 0xDFFF;
}

/* Exactly `n` hexadecimal digits. */
static int hex(ag_cursor_t *s, int n, apr_uint32_t *code)
{
    ag_cursor_t rest = *s;
    char c;

    for (*code = 0; n > 0; n--) {
        if (!ag_take_hex(&rest)) {
            return 0;
        }
        c = rest.at[-1];
        *code = *code * 16 + (apr_uint32_t)(ag_text_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    *s = rest;
    return 1;
}

/* u{...} */
static int braced(ag_cursor_t *s, apr_uint32_t *code)
{
    apr_uint32_t digit;
    int digits = 0;

    for (*code = 0; hex(s, 1, &digit); digits++) {
        *code = *code * 16 + digit;
        if (*code > 0x10FFFF) {
            return 0;
        }
    }
    return digits && ag_take_is(s, '}');
}

/* Behind \u: four digits, two times four that are a pair, or any number in braces. */
static int unicode(ag_translate_t *t, apr_uint32_t *code)
{
    ag_cursor_t rest;
    apr_uint32_t low;

    if (ag_take_is(&t->s, '{')) {
        return braced(&t->s, code) || ag_translate_fail(t, "no \\u{...} of up to 10FFFF");
    }
    if (!hex(&t->s, 4, code)) {
        return ag_translate_fail(t, "no \\u with four hexadecimal digits");
    }
    rest = t->s;
    if (*code >= 0xD800 && *code <= 0xDBFF && ag_take_is(&rest, '\\') && ag_take_is(&rest, 'u') && hex(&rest, 4, &low)
        && low >= 0xDC00 && low <= 0xDFFF) {
        *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
        t->s = rest;
    }
    return 1;
}

/* Letters and digits that stand for one character. -1: others. */
static int control(ag_translate_t *t, apr_uint32_t *code)
{
    static const char letters[] = "fnrtv", codes[] = "\f\n\r\t\v";
    const char *letter = strchr(letters, *t->s.at++);

    if (letter) {
        *code = (unsigned char)codes[letter - letters];
        return 1;
    }
    switch (t->s.at[-1]) {
    case '0':
        *code = 0;
        return ag_cursor_done(&t->s) || !ag_text_digit(*t->s.at)
               || ag_translate_fail(t, "an octal number, which ECMA-262 does not know: write \\x..");
    case 'c':
        *code = ag_cursor_done(&t->s) ? 0 : (apr_uint32_t)(*t->s.at & 0x1F);
        return (!ag_cursor_done(&t->s) && ag_text_letter(*t->s.at++)) || ag_translate_fail(t, "\\c without a letter");
    case 'x':
        return hex(&t->s, 2, code) || ag_translate_fail(t, "no \\x with two hexadecimal digits");
    case 'u':
        return unicode(t, code);
    default:
        t->s.at--;
        return -1;
    }
}

static ag_escape_e set(ag_translate_t *t)
{
    int i;

    for (i = 0; i < (int)(sizeof sets / sizeof *sets); i++) {
        if (ag_take_is(&t->s, sets[i].letter)) {
            ag_translate_put(t, sets[i].set);
            return AG_ESCAPE_SET;
        }
    }
    if (ag_take_one_of(&t->s, "pP")) {
        return ag_translate_property(t, t->s.at[-1] == 'P') ? AG_ESCAPE_SET : AG_ESCAPE_WRONG;
    }
    for (i = 0; i < (int)(sizeof foreign / sizeof *foreign); i++) {
        if (ag_cursor_peek(&t->s) == foreign[i].letter) {
            ag_translate_fail(t, foreign[i].why);
            return AG_ESCAPE_WRONG;
        }
    }
    return AG_ESCAPE_OTHER;
}

/* Any character but letters and digits may be escaped to be itself; Unicode's syntax characters must be, the others may. */
ag_escape_e ag_translate_escape(ag_translate_t *t, apr_uint32_t *code)
{
    int next = ag_cursor_peek(&t->s), is;

    if (next < 0) {
        ag_translate_fail(t, "a backslash with nothing behind it");
        return AG_ESCAPE_WRONG;
    }
    if (!ag_text_letter((char)next) && !ag_text_digit((char)next)) {
        return ag_translate_character(t, code) ? AG_ESCAPE_CODE : AG_ESCAPE_WRONG;
    }
    is = control(t, code);
    if (is >= 0) {
        return is ? AG_ESCAPE_CODE : AG_ESCAPE_WRONG;
    }
    return set(t);
}
