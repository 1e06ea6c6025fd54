/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: see text.h. Nothing here knows what the words mean.
 */
#include "text.h"

#include <ctype.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "json.h"

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Where the word that begins at `at` ends; NULL when a quote is not closed. */
static const char *word_end(const char *at)
{
    int quoted = 0;

    for (; *at && (quoted || !is_space(*at)); at++) {
        if (*at == '"') {
            quoted = !quoted;
        }
        else if (quoted && *at == '\\' && (at[1] == '"' || at[1] == '\\')) {
            at++;
        }
    }
    return quoted ? NULL : at;
}

/* The word without its quotes, escapes resolved. */
static char *copy_word(const char *at, const char *end, apr_pool_t *p)
{
    char *word = apr_palloc(p, (apr_size_t)(end - at) + 1);
    char *out = word;
    int quoted = 0;

    for (; at < end; at++) {
        if (*at == '"') {
            quoted = !quoted;
            continue;
        }
        if (quoted && *at == '\\' && (at[1] == '"' || at[1] == '\\')) {
            at++;
        }
        *out++ = *at;
    }
    *out = '\0';
    return word;
}

int ag_text_wordless(const char *line)
{
    while (is_space(*line)) {
        line++;
    }
    return !*line;
}

const char *ag_text_word(const char **line, const char **error, apr_pool_t *p)
{
    const char *at = *line;
    const char *end;

    while (is_space(*at)) {
        at++;
    }
    *line = at;
    if (!*at) {
        return NULL;
    }
    end = word_end(at);
    if (!end) {
        *error = "a quote is not closed";
        return NULL;
    }
    *line = end;
    return copy_word(at, end, p);
}

static void words_from(ag_words_t *words, apr_array_header_t *list)
{
    words->n = list->nelts;
    words->v = list->nelts ? (const char **)list->elts : NULL;
}

const char *ag_text_words(ag_words_t *words, const char *line, apr_pool_t *p)
{
    apr_array_header_t *list = apr_array_make(p, 4, sizeof(char *));
    const char *error = NULL;
    const char *word;

    while ((word = ag_text_word(&line, &error, p))) {
        APR_ARRAY_PUSH(list, const char *) = word;
    }
    words_from(words, list);
    return error;
}

static const char *json_list(ag_words_t *words, const char *text, apr_pool_t *p)
{
    apr_array_header_t *list = apr_array_make(p, 4, sizeof(char *));
    json_t *array = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const char *error = NULL;
    json_t *item;
    size_t i;

    if (!json_is_array(array)) {
        error = "not a JSON array of strings";
    }
    json_array_foreach (array, i, item) {
        if (!json_is_string(item)) {
            error = "not a JSON array of strings";
            break;
        }
        APR_ARRAY_PUSH(list, const char *) = apr_pstrdup(p, json_string_value(item));
    }
    json_decref(array);
    words_from(words, list);
    return error;
}

const char *ag_text_list(ag_words_t *words, const char *text, apr_pool_t *p)
{
    words->n = 0;
    words->v = NULL;
    while (text && is_space(*text)) {
        text++;
    }
    if (!text || !*text) {
        return NULL;
    }
    return *text == '[' ? json_list(words, text, p) : ag_text_words(words, text, p);
}

int ag_words_has(const ag_words_t *words, const char *word)
{
    int i;

    for (i = 0; i < words->n; i++) {
        if (strcmp(words->v[i], word) == 0) {
            return 1;
        }
    }
    return 0;
}

int ag_text_starts(const char *pattern, const char *text)
{
    apr_size_t n = strlen(pattern);

    if (n && pattern[n - 1] == '*') {
        return strncmp(pattern, text, n - 1) == 0;
    }
    return strcmp(pattern, text) == 0;
}

/* The last `*` met takes one byte more at each mismatch; earlier ones need no second try, since no
 * inner `*` reaches past its segment. So the time is pattern times path at worst. */
int ag_text_path(const char *pattern, const char *path)
{
    const char *star = NULL, *from = NULL;

    while (*path || *pattern) {
        if (*pattern == '*') {
            if (!pattern[1]) {
                return 1;
            }
            star = ++pattern;
            from = path;
        }
        else if (*pattern && *pattern == *path) {
            pattern++;
            path++;
        }
        else if (star && *from && *from != '/') {
            pattern = star;
            path = ++from;
        }
        else {
            return 0;
        }
    }
    return 1;
}

const char *ag_text_behind(const char *name, const char *prefix)
{
    /* Nearly every client spells a name as the section does. */
    for (; *prefix && (*name == *prefix || ag_text_alike(*name, *prefix)); name++, prefix++) {
    }
    return *prefix ? NULL : name;
}

int ag_text_nothing(const char *text)
{
    while (is_space(*text)) {
        text++;
    }
    return !*text;
}

const char *ag_text_option(const char *word, const char *name)
{
    apr_size_t n = strlen(name);

    return strncmp(word, name, n) == 0 && word[n] == '=' ? word + n + 1 : NULL;
}

int ag_text_visible(const char *text, apr_size_t n, int spaces)
{
    apr_size_t i;

    for (i = 0; i < n; i++) {
        if (text[i] < (spaces ? 0x20 : 0x21) || text[i] > 0x7E) {
            return 0;
        }
    }
    return n > 0;
}

void ag_buf_init(ag_buf_t *b, char *memory, apr_size_t size)
{
    b->start = b->at = memory;
    b->end = memory + size - 1;
    b->full = 0;
    *b->at = '\0';
}

static const char pairs[] = "0001020304050607080910111213141516171819"
                            "2021222324252627282930313233343536373839"
                            "4041424344454647484950515253545556575859"
                            "6061626364656667686970717273747576777879"
                            "8081828384858687888990919293949596979899";

/* From the number of bits: 1233/4096 is log10(2), a little too small. */
static unsigned count_digits(apr_uint64_t n)
{
    /* clang-format off */
    static const apr_uint64_t powers[] = {
        1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
        APR_UINT64_C(10000000000), APR_UINT64_C(100000000000), APR_UINT64_C(1000000000000),
        APR_UINT64_C(10000000000000), APR_UINT64_C(100000000000000),
        APR_UINT64_C(1000000000000000), APR_UINT64_C(10000000000000000),
        APR_UINT64_C(100000000000000000), APR_UINT64_C(1000000000000000000),
        APR_UINT64_C(10000000000000000000)};
    /* clang-format on */
    unsigned less = (unsigned)(64 - __builtin_clzll(n | 1)) * 1233 >> 12;

    return less + ((n | 1) >= powers[less]);
}

/* Two digits at a time: six numbers stand in the fields of every answer with three limits. */
void ag_buf_uint(ag_buf_t *b, apr_uint64_t n)
{
    unsigned count = count_digits(n);
    char *at;

    if (b->full || count > (apr_size_t)(b->end - b->at)) {
        b->full = 1;
        return;
    }
    at = b->at += count;
    *at = '\0';
    for (; n >= 10; n /= 100) {
        at -= 2;
        memcpy(at, pairs + 2 * (n % 100), 2);
    }
    if (count % 2) {
        at[-1] = (char)('0' + n);
    }
}

/* A structured field string (RFC 9651 s3.3.3) of printable text. */
void ag_buf_sf_string(ag_buf_t *b, const char *text)
{
    ag_buf_mem(b, "\"", 1);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            ag_buf_mem(b, "\\", 1);
        }
        ag_buf_mem(b, text, 1);
    }
    ag_buf_mem(b, "\"", 1);
}

int ag_text_token(const char *text)
{
    const char *at = text;

    while (*at && (apr_isalnum(*at) || strchr("!#$%&'*+-.^_`|~", *at))) {
        at++;
    }
    return *text && !*at;
}
