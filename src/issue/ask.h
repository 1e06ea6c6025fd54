/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ask: a request for a token as RFC 6749 s4.4.2 has it: client credentials, in Authorization or in the form. It is
 * read strictly, and nothing is looked up here.
 */
#ifndef AG_ASK_H
#define AG_ASK_H

#include "../core/principal.h"
#include "../core/reason.h"

#define AG_ASK_MAX_BODY 8192 /* a longer form is refused */

/* What the client sent. */
typedef struct ag_ask_sent_t {
    const char *type;          /* Content-Type, or NULL */
    const char *args;          /* the query, or NULL */
    const char *authorization; /* or NULL */
    char *body; /* `size` bytes and a NUL; read in place, and wiped by whoever owns it. NULL: longer than
                                  AG_ASK_MAX_BODY, or it broke off */
    apr_size_t size;
} ag_ask_sent_t;

/* A request for a token. */
typedef struct ag_ask_t {
    const char *client_id;
    char *secret;       /* wiped once it was looked up */
    const char *scope;  /* as asked for, or NULL */
    ag_words_t granted; /* what the token says */
} ag_ask_t;

/* AG_R_NONE, or why it is no such request, and *detail (or NULL) for the client. */
ag_reason_e ag_ask_read(ag_ask_t *ask, const char **detail, const ag_ask_sent_t *asked, apr_pool_t *p);

/* 1 when client_id names the principal of a key: by its public prefix or its client's name. */
int ag_ask_is_by(const ag_ask_t *ask, const ag_principal_t *who);

/* Sets ask->granted: what was asked for, as far as the key covers each word of it; unasked all that the key has but
 * wildcards. NULL, or what is wrong, for the client. */
const char *ag_ask_grant(ag_ask_t *ask, const ag_principal_t *who, apr_pool_t *p);

#endif
