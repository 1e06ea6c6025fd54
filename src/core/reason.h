/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reason: every possible refusal, from the one list in reasons.def.
 */
#ifndef AG_REASON_H
#define AG_REASON_H

typedef enum {
    AG_R_NONE,
#define AG_REASON(name, status, code, title, oauth, type) AG_R_##name,
#include "reasons.def"
#undef AG_REASON
    AG_R_COUNT
} ag_reason_e;

typedef struct ag_reason_t {
    int status;        /* HTTP */
    const char *code;  /* stable word for machines */
    const char *title; /* one line for people */
    const char *oauth; /* RFC 6750 s3.1 error, or NULL */
    const char *type;  /* RFC 9457 problem type */
} ag_reason_t;

/* The row of a reason; AG_R_NONE has one too (status 200, code "ok"). Never NULL. */
const ag_reason_t *ag_reason(ag_reason_e reason);

#endif
