/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: words, patterns and a buffer that cannot overflow. The one tokenizer of every directive
 * lives here, so a quote means the same everywhere: k="a b" is the word `k=a b`.
 */
#ifndef AG_TEXT_H
#define AG_TEXT_H

#include <string.h>

#include <apr_pools.h>

/* A list of words; v is NULL when n is 0. */
typedef struct ag_words_t {
    int n;
    const char **v;
} ag_words_t;

/* The next word of *line (advanced behind it), or NULL at the end. Double quotes may stand anywhere
 * in a word and hold spaces; inside them \" and \\ are escapes. An unclosed quote sets *error. */
const char *ag_text_word(const char **line, const char **error, apr_pool_t *p);

/* 1 when there is no word in the line. */
int ag_text_wordless(const char *line);

/* All words of `line`; an error text or NULL. */
const char *ag_text_words(ag_words_t *words, const char *line, apr_pool_t *p);

/* A list as the database holds it: words separated by white space, or a JSON array of strings.
 * NULL and "" are the empty list. An error text or NULL. */
const char *ag_text_list(ag_words_t *words, const char *text, apr_pool_t *p);

/* 1 when `word` is in the list, to the letter. */
int ag_words_has(const ag_words_t *words, const char *word);

/* 1 when `text` equals `pattern`, or the pattern ends in `*` and what stands before it starts text. */
int ag_text_starts(const char *pattern, const char *text);

/* 1 when `path` fits `pattern`: `*` inside stands for one segment (no '/'), `*` at the end for all
 * that follows. Both are compared byte by byte. */
int ag_text_path(const char *pattern, const char *path);

/* Of ASCII, whatever the locale; without ctype's table, since every request's fields are compared. */
static inline int ag_text_letter(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}

static inline int ag_text_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* 1 when both are the same letter in any case, the same digit, or a sign each: whoever makes a name of
 * its own from another's takes '_', '.' or a blank for '-' (CGI's HTTP_X_API_KEY, RFC 3875 s4.1.18;
 * PHP's $_GET['api_key']). NUL is no sign. */
static inline int ag_text_alike(char a, char b)
{
    if (ag_text_letter(b)) {
        return (a | 0x20) == (b | 0x20);
    }
    return a == b || (b && a && !ag_text_digit(b) && !ag_text_letter(a) && !ag_text_digit(a));
}

/* What stands behind `prefix` in the name, compared by ag_text_alike(); NULL when it begins
 * otherwise. */
const char *ag_text_behind(const char *name, const char *prefix);

/* 1 when two names of request fields may be one to a backend. */
static inline int ag_text_same_field(const char *name, const char *other)
{
    const char *rest = ag_text_alike(*name, *other) ? ag_text_behind(name, other) : NULL;

    return rest && !*rest;
}

/* 1 when it is a token, as names of fields, cookies and methods are (RFC 9110 s5.6.2). */
int ag_text_token(const char *text);

/* 1 when nothing but blanks stands in it. */
int ag_text_nothing(const char *text);

/* If `word` starts with `name` and `=`, what follows, else NULL. */
const char *ag_text_option(const char *word, const char *name);

/* Where a text has blanks, as any reader of it may see them: white space of ASCII and Unicode, and
 * U+FEFF. What has one inside is two words to who splits it; with one at an end it is another text to
 * who trims it. */
typedef enum { AG_BLANK_NONE, AG_BLANK_INSIDE, AG_BLANK_END } ag_blank_e;

ag_blank_e ag_text_blank(const char *text);

/* Leaves out the words that hold a blank anywhere, and empty ones; how many those were. */
int ag_words_leave_blank(ag_words_t *words);

/* 1 when every byte is printable ASCII (0x21 to 0x7E; 0x20 too when `spaces`) and n > 0. */
int ag_text_visible(const char *text, apr_size_t n, int spaces);

/* ---- text_plain.c: what may be shown --------------------------------------------------------- */

/* How many bytes the UTF-8 character at `text` takes, 1 to 4; 0 when what stands there is none. */
int ag_text_utf8(const char *text);

/* The number of that character, which takes `n` bytes. */
apr_uint32_t ag_text_code(const char *text, int n);

/* The same as ag_text_utf8(), but 0 for what must not be shown as well: controls (C0, DEL, C1), ends of
 * lines and whatever turns the direction of what is written. */
int ag_text_printable_at(const char *text);

/* 1 when all of it is UTF-8 that may be shown; the empty text is. */
int ag_text_printable(const char *text);

/* A copy in which each character that must not be shown, and each byte that is no UTF-8, is a "?". */
const char *ag_text_plain(const char *text, apr_pool_t *p);

/*
 * A buffer of fixed size that is appended to. Too much text sets `full` and is dropped whole, never
 * written past the end; `at` is always NUL-terminated.
 */
typedef struct ag_buf_t {
    char *start;
    char *at;
    char *end; /* the last byte, kept for the NUL */
    int full;
} ag_buf_t;

void ag_buf_init(ag_buf_t *b, char *memory, apr_size_t size);

/* Here, since answers are put together from a dozen short pieces each. */
static inline void ag_buf_mem(ag_buf_t *b, const char *text, apr_size_t n)
{
    if (b->full || n > (apr_size_t)(b->end - b->at)) {
        b->full = 1;
        return;
    }
    memcpy(b->at, text, n);
    b->at += n;
    *b->at = '\0';
}

static inline void ag_buf_str(ag_buf_t *b, const char *text)
{
    ag_buf_mem(b, text, strlen(text));
}

void ag_buf_uint(ag_buf_t *b, apr_uint64_t n);
void ag_buf_sf_string(ag_buf_t *b, const char *text);

#endif
