/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hardening: the fields that tell a browser what it may not do with an answer. A preset has one for each name of
 * hardening.def at most; what a section says of names overlays it (setting_hardening.c).
 */
#ifndef AG_HARDENING_H
#define AG_HARDENING_H

#include <apr_tables.h>

/* What is to be done about one name. An application's own value stays, unless `force`. */
typedef struct ag_header_t {
    const char *name;  /* NULL: nothing */
    const char *value; /* NULL: none is sent */
    int force;
    int tenant; /* .htaccess says so */
} ag_header_t;

/* The names of hardening.def. */
#define AG_HEADER(word, name, api, web) AG_HEADER_##word,
#define AG_HEADER_GONE(word, name)      AG_HEADER_##word,
enum {
#include "hardening.def"
    AG_HEADERS_KNOWN
};
#undef AG_HEADER
#undef AG_HEADER_GONE

/* The number of a name, AG_HEADERS_KNOWN of any other. */
int ag_hardening_known(const char *name);

/* What the lines of a section say, each of a name of its own. */
typedef struct ag_header_lines_t {
    const ag_header_t *known[AG_HEADERS_KNOWN]; /* NULL: nothing */
    apr_array_header_t *others;                 /* const ag_header_t *, of names no preset knows */
} ag_header_lines_t;

/* The choices of ApiGuardSecurityHeaders; the first is that of who says nothing. */
enum { AG_HARDEN_AUTO, AG_HARDEN_API, AG_HARDEN_WEB, AG_HARDEN_OFF };

/* A preset: AG_HEADERS_KNOWN things, one for each name; NULL for one that says nothing. `ours`: AuthType ApiGuard is
 * in force, which is what AG_HARDEN_AUTO goes by. */
const ag_header_t *ag_hardening_preset(int choice, int ours);

#endif
