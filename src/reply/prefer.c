/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prefer: which of two forms of a refusal the client would rather have, by its Accept (RFC 9110 s12.5.1). A program
 * that says nothing, or nothing clear, gets JSON.
 */
#include "reply.h"

#include <string.h>

enum { HTML, JSON };

/* The ranges that hold one of the two, or both; the higher rank is the more specific, and has the word. */
static const struct {
    const char *range;
    int rank[2];
} ranges[] = {
    {"*/*", {1, 1}},       {"text/*", {2, 0}},           {"application/*", {0, 2}},
    {"text/html", {3, 0}}, {"application/json", {0, 3}}, {"application/problem+json", {0, 4}},
};

#define N_RANGES (int)(sizeof ranges / sizeof *ranges)

/* The best range so far, and its weight in thousandths. */
typedef struct {
    int rank[2];
    int weight[2];
} wish_t;

/* "1", "0.5", "0.125" in thousandths; -1: it is no weight (s12.4.2). */
static int weight_of(const char *text, apr_size_t n)
{
    int weight = n && (*text == '0' || *text == '1') ? (*text - '0') * 1000 : -1;
    int unit = 100;
    apr_size_t i;

    if (n == 1 || weight < 0) {
        return weight;
    }
    if (text[1] != '.' || n > 5) {
        return -1;
    }
    for (i = 2; i < n; i++, unit /= 10) {
        if (!ag_text_digit(text[i])) {
            return -1;
        }
        weight += (text[i] - '0') * unit;
    }
    return weight > 1000 ? -1 : weight;
}

static const char *skip(const char *at, const char *end)
{
    return at < end ? at + strspn(at, " \t") : at;
}

/* Where the piece that begins at `at` ends: at a `stop` or the element's end, without the blanks there. */
static const char *piece(const char *at, const char *end, char stop, const char **next)
{
    const char *found = memchr(at, stop, (apr_size_t)(end - at));
    const char *last = found ? found : end;

    *next = found ? found + 1 : end;
    while (last > at && (last[-1] == ' ' || last[-1] == '\t')) {
        last--;
    }
    return last;
}

/* One element of the list, "text/html;level=1;q=0.8". 0 when its weight is none. */
static int read_element(wish_t *wish, const char *at, const char *end)
{
    const char *next, *range = at = skip(at, end);
    apr_size_t n = (apr_size_t)(piece(at, end, ';', &next) - at);
    int weight = 1000;
    int i, form;

    while (next < end) {
        at = skip(next, end);
        i = (int)(piece(at, end, ';', &next) - at);
        if (i > 1 && strncasecmp(at, "q=", 2) == 0) {
            weight = weight_of(at + 2, (apr_size_t)i - 2);
        }
    }
    for (i = 0; i < N_RANGES && (strncasecmp(ranges[i].range, range, n) != 0 || ranges[i].range[n]); i++) {
    }
    for (form = HTML; i < N_RANGES && form <= JSON; form++) {
        if (ranges[i].rank[form] > wish->rank[form]) {
            wish->rank[form] = ranges[i].rank[form];
            wish->weight[form] = weight;
        }
    }
    return weight >= 0;
}

int ag_page_preferred(const char *accept)
{
    wish_t wish = {{0, 0}, {0, 0}};
    const char *at, *next, *end;

    if (!accept || !strcasestr(accept, "text/")) {
        return 0; /* as every program that calls an API, so it costs no more */
    }
    end = accept + strlen(accept);
    for (at = accept; at < end; at = next) {
        const char *last = piece(at, end, ',', &next);

        if (!read_element(&wish, at, last)) {
            return 0;
        }
    }
    return wish.weight[HTML] > wish.weight[JSON];
}
