/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leak: see leak.h. Nothing is copied, so nothing needs to be wiped here.
 */
#include "leak.h"

#include <string.h>

#include "../base/text.h"
#include "../keys/key_format.h"

#define TAIL (AG_KEY_RANDOM_CHARS + AG_KEY_CHECK_CHARS)

/* Between words: for the longest ones white space alone, then what programs write around them. */
static const char *const separators[] = {" \t\r\n", " \t\r\n\"'`,;:=<>()[]{}&?|\\"};

#define SEPARATORS (int)(sizeof separators / sizeof *separators)

/* Keys whose last underscore is at `at`. Where the prefix begins only the checksum knows. */
static int search_ours(const char *text, apr_size_t n, apr_size_t at, ag_leak_f take, void *ctx)
{
    apr_size_t most = at < AG_KEY_PREFIX_MAX ? at : AG_KEY_PREFIX_MAX;
    apr_size_t prefix;
    int rc = 0;

    for (prefix = 2; prefix <= most && at + 1 + TAIL <= n && !rc; prefix++) {
        const char *key = text + at - prefix;
        apr_size_t length = prefix + 1 + TAIL;

        if (ag_key_shape(key, length) == AG_KEY_OURS) {
            rc = take(ctx, key, length, 1);
        }
    }
    return rc;
}

static int is_one_of(char c, const char *set)
{
    return c == '\0' || strchr(set, c) != NULL;
}

static int take_visible(const char *part, apr_size_t n, ag_leak_f take, void *ctx)
{
    return n >= AG_LEAK_LEAST && n <= AG_LEAK_MOST && ag_text_visible(part, n, 0) ? take(ctx, part, n, 0) : 0;
}

/* A word ends here; but equals signs behind one are base64's as well. */
static int take_word(const char *text, apr_size_t n, apr_size_t from, apr_size_t to, ag_leak_f take, void *ctx)
{
    int rc = take_visible(text + from, to - from, take, ctx);
    int signs;

    for (signs = 0; to < n && text[to] == '=' && signs < 2 && !rc; signs++) {
        to++;
        rc = take_visible(text + from, to - from, take, ctx);
    }
    return rc;
}

static int search_words(const char *text, apr_size_t n, const char *set, ag_leak_f take, void *ctx)
{
    apr_size_t from = 0, i;
    int rc = 0;

    for (i = 0; i <= n && !rc; i++) {
        if (i == n || is_one_of(text[i], set)) {
            rc = from < i ? take_word(text, n, from, i, take, ctx) : 0;
            from = i + 1;
        }
    }
    return rc;
}

int ag_leak_search(const char *text, apr_size_t n, ag_leak_f take, void *ctx)
{
    apr_size_t i;
    int s, rc = 0;

    for (i = 0; i < n && !rc; i++) {
        if (text[i] == '_') {
            rc = search_ours(text, n, i, take, ctx);
        }
    }
    for (s = 0; s < SEPARATORS && !rc; s++) {
        rc = search_words(text, n, separators[s], take, ctx);
    }
    return rc;
}
