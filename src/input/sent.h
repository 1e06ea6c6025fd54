/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sent: request fields, as a backend may read them: it may take a field of another spelling for the one it looks for.
 */
#ifndef AG_INPUT_SENT_H
#define AG_INPUT_SENT_H

#include "../core/request.h"

typedef struct ag_sent_t {
    const char *name;
    const char *
        value; /* of the first field of that very name, in any case; else of one that may be taken for it; NULL: none */
    int n;     /* fields of that very name */
    int others; /* fields that a backend may take for it */
} ag_sent_t;

ag_sent_t ag_input_sent(const ag_request_t *request, const char *name);

/* Gives each() the fields by which a client asks the backend to take its request for one of another method. */
void ag_input_overrides(const ag_request_t *request, ag_spelling_fn each, void *ctx);

#endif
