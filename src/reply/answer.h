/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer: the fields of an answer, whatever kind of answer it is: a file, a proxied one, an error page, a
 * refusal of ours. Each field is a row of answers.def, a pure function from what is known of the answer to
 * fields; ag_answer_say() runs them all. What httpd has to do with it stands behind a port.
 */
#ifndef AG_ANSWER_H
#define AG_ANSWER_H

#include "../core/verdict.h"
#include "hardening.h"
#include "setting.h"

/* When rows are run, as bits. Each row runs once for an answer, at the first of its moments that comes. */
enum {
    AG_AT_ANSWER = 1,  /* any answer begins: the application has said all it will, and httpd's own caches come next */
    AG_AT_SENDING = 2, /* the same behind those caches: what one client alone is told, and nobody may keep */
    AG_AT_PARTS = 4,   /* parts of it turned out to be one client's */
    AG_AT_REFUSAL = 8, /* we refuse */
    AG_AT_STATUS = 16  /* we did, and httpd will send another status than was thought */
};

/* How a field joins what the answer has of that name. */
typedef enum {
    AG_PUT_ALONE,  /* replaces it; a NULL value takes it away */
    AG_PUT_UNSAID, /* only where it has none */
    AG_PUT_BESIDE, /* one more field */
    AG_PUT_ONCE,   /* the same, unless the very field is there: a cache may have kept it */
    AG_PUT_JOINED  /* one list with it: "a, b" */
} ag_put_e;

/* The answer itself. Names and values live as long as the answer's pool. */
typedef struct ag_answer_port_t {
    void (*put)(void *ctx, ag_put_e how, const char *name, const char *value);
    /* Takes away all fields whose names begin so, in any case. */
    void (*drop)(void *ctx, const char *prefix);
    /* Gives see() the name of each field that the answer has so far. */
    void (*names)(void *ctx, void (*see)(void *data, const char *name), void *data);
    /* What the answer says so far under that name, or NULL. */
    const char *(*said)(void *ctx, const char *name);
    /* The request fields that decided who asks, as a Vary; asked for where it is needed alone. */
    const char *(*vary)(void *ctx);
} ag_answer_port_t;

/* How to authenticate. It takes the place of all that stands under the field's name. */
typedef struct ag_challenge_t {
    const char *field; /* WWW-Authenticate, or a proxy's */
    unsigned
        places;    /* where credentials are read (AG_FROM_BIT), in Authorization or of the connection; none: there is
                        * no such field */
    int by_bearer; /* a bearer credential was shown */
    const char *realm;    /* what stands between the quotes, escaped already; NULL: "API" */
    const char *metadata; /* where clients of OAuth learn who gives tokens (RFC 9728 s5.1); NULL: that is not told */
    const char *scopes;   /* told with it: all that are asked for, parted by blanks; NULL: none */
} ag_challenge_t;

/* All that rows may ask about an answer. What is zero or NULL is not wanted. */
typedef struct ag_answer_t {
    unsigned moments;
    const ag_answer_port_t *port;
    void *ctx;                   /* the port's */
    const ag_verdict_t *verdict; /* at AG_AT_REFUSAL and AG_AT_STATUS: never NULL */
    apr_pool_t *p;

    int personal;      /* it is the answer to one client */
    const char *parts; /* so are parts of it: on what they depend, as a Vary */

    const ag_verdict_t *limited; /* whose limits are told */
    unsigned forms;              /* and how: AG_QUOTA_* */
    apr_int64_t now;             /* seconds since 1970 */

    const ag_challenge_t *challenge;
    const ag_verdict_t *refused; /* whose refusal it is; NULL: it is none of ours */
    int page;                    /* it is our page for a browser, in the place of httpd's */

    /* What the section says of its answers; NULL: nothing. */
    const ag_deprecated_t *deprecated;
    const ag_header_t *preset;
    const ag_header_lines_t *lines;
    int secure; /* it goes over TLS */

    const ag_cors_t *cors; /* which pages of other origins may read it (cors.h) */
    const char *origin;    /* the Origin field, or NULL */
    unsigned exposed;      /* the forms of rate limit fields that such a page may read: AG_QUOTA_* */
} ag_answer_t;

/* The forms of rate limit fields, as bits in the order of ApiGuardRateHeaders' choices. */
enum {
    AG_QUOTA_DRAFT_11 = 1,
    AG_QUOTA_DRAFT_8 = 2,
    AG_QUOTA_DRAFT_7 = 4,
    AG_QUOTA_DRAFT_6 = 8,
    AG_QUOTA_LEGACY = 16
};

/* Runs the rows of the answer's moments, in their order. */
void ag_answer_say(const ag_answer_t *a);

/* 1 when one of them would have something to say. */
int ag_answer_any(const ag_answer_t *a);

/* The rows. */
#define AG_ANSWER(name, moments, wanted) void ag_answer_##name(const ag_answer_t *a);
#include "answers.def"
#undef AG_ANSWER

static inline void ag_answer_put(const ag_answer_t *a, ag_put_e how, const char *name, const char *value)
{
    a->port->put(a->ctx, how, name, value);
}

#endif
