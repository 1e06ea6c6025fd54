/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hardening: the presets, and how they get into an answer.
 */
#include "answer.h"

#include <string.h>

#define AG_HEADER_GONE(word, name) {name, NULL, 1, 0},
#define SAID(name, value)          {(value) ? (name) : NULL, value, 0, 0},

static const ag_header_t api[] = {
#define AG_HEADER(word, name, api, web) SAID(name, api)
#include "hardening.def"
#undef AG_HEADER
};
static const ag_header_t web[] = {
#define AG_HEADER(word, name, api, web) SAID(name, web)
#include "hardening.def"
#undef AG_HEADER
};
#undef AG_HEADER_GONE

const ag_header_t *ag_hardening_preset(int choice, int ours)
{
    static const ag_header_t *const presets[] = {NULL, api, web, NULL};

    return choice == AG_HARDEN_AUTO && ours ? api : presets[choice];
}

static const struct {
    const char *name;
    apr_size_t n;
} known[] = {
#define AG_HEADER(word, name, api, web) {name, sizeof name - 1},
#define AG_HEADER_GONE(word, name)      {name, sizeof name - 1},
#include "hardening.def"
#undef AG_HEADER
#undef AG_HEADER_GONE
};

/* A bit for each length that one of the names has: by it most fields of an answer are none of them. */
#define LENGTH(name) | APR_UINT64_C(1) << (sizeof name - 1)
static const apr_uint64_t lengths = 0
#define AG_HEADER(word, name, api, web) LENGTH(name)
#define AG_HEADER_GONE(word, name)      LENGTH(name)
#include "hardening.def"
#undef AG_HEADER
#undef AG_HEADER_GONE
    ;

int ag_hardening_known(const char *name)
{
    apr_size_t n = strlen(name);
    int i = n < 64 && lengths >> n & 1 ? 0 : AG_HEADERS_KNOWN;

    while (i < AG_HEADERS_KNOWN && (known[i].n != n || strcasecmp(known[i].name, name) != 0)) {
        i++;
    }
    return i;
}

/* Notes in bits which of the names the answer has. So its fields are looked at once, not for each name. */
static void note(void *bits, const char *name)
{
    int i = ag_hardening_known(name);

    *(unsigned *)bits |= i < AG_HEADERS_KNOWN ? 1u << i : 0;
}

/* `there`: the answer has the field. */
static void say_known(const ag_answer_t *a, const ag_header_t *header, int there)
{
    if (there && header->force) {
        ag_answer_put(a, AG_PUT_ALONE, header->name, header->value);
    }
    else if (!there && header->value) {
        ag_answer_put(a, AG_PUT_BESIDE, header->name, header->value);
    }
}

static void say(const ag_answer_t *a, const ag_header_t *header)
{
    if (header->force || header->value) {
        ag_answer_put(a, header->force ? AG_PUT_ALONE : AG_PUT_UNSAID, header->name, header->value);
    }
}

/* A line takes the preset's place. */
static const ag_header_t *about(const ag_answer_t *a, int number)
{
    const ag_header_t *line = a->lines ? a->lines->known[number] : NULL;

    if (line) {
        return line;
    }
    return a->preset && a->preset[number].name ? &a->preset[number] : NULL;
}

void ag_answer_hardening(const ag_answer_t *a)
{
    unsigned there = 0;
    int i;

    a->port->names(a->ctx, note, &there);
    for (i = 0; i < AG_HEADERS_KNOWN; i++) {
        const ag_header_t *header = i != AG_HEADER_HSTS ? about(a, i) : NULL;

        if (header) {
            say_known(a, header, (there >> i) & 1);
        }
    }
    for (i = 0; a->lines && i < a->lines->others->nelts; i++) {
        say(a, APR_ARRAY_IDX(a->lines->others, i, const ag_header_t *));
    }
}

/* Its own moment: a cache may give an answer that came over TLS to somebody who has none (RFC 6797 s7.2). */
void ag_answer_hsts(const ag_answer_t *a)
{
    const ag_header_t *header = about(a, AG_HEADER_HSTS);
    ag_header_t here;

    if (header) {
        here = *header;
        here.value = a->secure ? header->value : NULL;
        say(a, &here);
    }
}
