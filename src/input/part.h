/* SPDX-License-Identifier: Apache-2.0 */
/*
 * part: one part of a multipart/form-data body, and its header lines (RFC 7578 s4).
 */
#ifndef AG_INPUT_PART_H
#define AG_INPUT_PART_H

#include "media.h"
#include "pairs.h"

#define AG_PART_HEAD_SIZE 4096 /* bytes of a part's header lines */
#define AG_PART_LINES     8    /* of them */

typedef struct ag_part_t {
    int number;              /* from 1 */
    const char *name;        /* as it was sent, UTF-8 */
    const char *file;        /* the file's name; NULL: it is a field */
    const ag_media_t *media; /* its Content-Type, or NULL */
    ag_span_t data;
} ag_part_t;

/* Reads the lines from *at, which is left behind the empty one. NULL, or what is wrong: a sentence for the client. */
const char *ag_part_head(ag_part_t *part, const char **at, const char *end, apr_pool_t *p);

/* What is wrong with the part once its data is known, or NULL. */
const char *ag_part_data(const ag_part_t *part);

#endif
