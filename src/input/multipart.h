/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multipart: the parts of a multipart/form-data body (RFC 7578, RFC 2046 s5.1), one after the other, of a text that lies in
 * memory. Strict: where readers in use differ, the body is refused, so that a backend finds the parts that were counted
 * here, with these names and ends.
 */
#ifndef AG_INPUT_MULTIPART_H
#define AG_INPUT_MULTIPART_H

#include "part.h"

typedef struct ag_multipart_t {
    const char *at, *end; /* behind a delimiter */
    ag_span_t delimiter;  /* CRLF, two hyphens, the boundary */
    int number;
} ag_multipart_t;

/* Begins with `n` bytes of a body of that type. NULL, or what is wrong: a sentence for the client, without anything he sent. */
const char *ag_multipart_begin(ag_multipart_t *multipart, const ag_media_t *media, const char *text, apr_size_t n,
                               apr_pool_t *p);

/* The next part: 1; 0: that was all; -1 and *error: what is wrong with the part of that number (part->number). What the
 * part has of names and types is copied to `p`; its data is not. */
int ag_multipart_next(ag_part_t *part, ag_multipart_t *multipart, const char **error, apr_pool_t *p);

#endif
