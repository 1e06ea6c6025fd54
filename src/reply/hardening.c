/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hardening: the presets, and how they get into an answer.
 */
#include "answer.h"

#define AG_HEADER_GONE(word, name) {name, NULL, 1},
#define SAID(name, value)          {(value) ? (name) : NULL, value, 0},

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

const ag_header_t *ag_hardening_preset(int choice, int ours)
{
    static const ag_header_t *const presets[] = {NULL, api, web, NULL};

    return choice == AG_HARDEN_AUTO && ours ? api : presets[choice];
}

/* What was not said yet is put beside what was: no table is searched twice. */
static void say(const ag_answer_t *a, const ag_header_t *header)
{
    if (header->force) {
        ag_answer_put(a, AG_PUT_ALONE, header->name, header->value);
    }
    else if (header->value && !a->port->said(a->ctx, header->name)) {
        ag_answer_put(a, AG_PUT_BESIDE, header->name, header->value);
    }
}

void ag_answer_hardening(const ag_answer_t *a)
{
    int i;

    for (i = 0; i < AG_HEADERS_KNOWN; i++) {
        if (a->preset[i].name && i != AG_HEADER_HSTS) {
            say(a, &a->preset[i]);
        }
    }
}

/* Its own moment: a cache may give an answer that came over TLS to somebody who has none (RFC 6797 s7.2). */
void ag_answer_hsts(const ag_answer_t *a)
{
    if (a->preset[AG_HEADER_HSTS].name) {
        say(a, &a->preset[AG_HEADER_HSTS]);
    }
}
