/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body: a request's body that was read before its handler begins, kept as long as the request, and given back to whoever
 * reads it then. Up to AG_BODY_IN_MEMORY lies in memory, a longer one in a file without a name.
 */
#ifndef AG_BODY_H
#define AG_BODY_H

#include <apr_mmap.h>

#include "request.h"

#define AG_BODY_IN_MEMORY 65536

typedef struct ag_body_t {
    const char *text; /* all of it, once it is kept */
    apr_int64_t size;
    apr_int64_t at; /* as much has been given back */
    int whole;      /* the client's body ends there; else more is to come from him */
    int dropped;    /* refused: nobody gets it, whatever of it is still to come */
    int draining;   /* that is going on */
    int watched;    /* the filter is in place */
    char *memory;   /* of `room` bytes */
    apr_size_t room;
    apr_file_t *file; /* NULL: it is in memory */
} ag_body_t;

/* The body of the client's request, whichever pass asks; all zero until it is read. */
ag_body_t *ag_body_of(request_rec *r); /* exchange.c */

/* ---- body_read.c --------------------------------------------------------------------------------- */

/* Reads it, until it ends or has more than `most` bytes (body->whole says which). OK, or the status that httpd answers with
 * where a body cannot be read. */
int ag_body_read(ag_body_t *body, request_rec *r, apr_int64_t most);

/* ---- replay.c ------------------------------------------------------------------------------------ */

/* From now on who reads the request's body reads this one. */
void ag_body_replay(ag_body_t *body, request_rec *r);

/* From now on nobody gets anything of it: an ErrorDocument may be a program that reads. What the client still sends is read
 * and thrown away when it is asked for, so that it is never taken for another request. */
void ag_body_drop(request_rec *r);

void ag_register_replay(void);

/* Puts a filter in front of all protocol filters of the request (trailers.c). */
void ag_filter_first(request_rec *r, ap_filter_t *ours);

#endif
