/* SPDX-License-Identifier: Apache-2.0 */
/*
 * findings: what is wrong with a request's input, place by place, as the client is told.
 */
#ifndef AG_FINDINGS_H
#define AG_FINDINGS_H

#include <apr_pools.h>

#define AG_FINDINGS_MOST 20

/* No value that the client sent stands in it; names of members do, in pointers. All texts are UTF-8. */
typedef struct ag_finding_t {
    const char *in;      /* "query", "header", "path", "cookie"; NULL: the body */
    const char *name;    /* of the parameter or field, as the configuration writes it; NULL for the body */
    const char *pointer; /* RFC 6901, into the body or the parameter's value; "" is all of it, NULL: there is none */
    const char *keyword; /* of JSON Schema or of the directive: "minimum", "required" */
    const char *detail;  /* a sentence without a full stop: "is less than 1" */
} ag_finding_t;

typedef struct ag_findings_t {
    int n; /* how many there were; the first AG_FINDINGS_MOST are kept */
    ag_finding_t list[AG_FINDINGS_MOST];
} ag_findings_t;

/* Keeps one more, or counts it. The texts are not copied: they live as long as the request. */
static inline void ag_findings_add(ag_findings_t *findings, const ag_finding_t *finding)
{
    if (findings->n < AG_FINDINGS_MOST) {
        findings->list[findings->n] = *finding;
    }
    findings->n++;
}

static inline int ag_findings_kept(const ag_findings_t *findings)
{
    return findings->n < AG_FINDINGS_MOST ? findings->n : AG_FINDINGS_MOST;
}

/* In one line: "query id is no number", "/items/0/qty is less than 1", "the body is an array". At most 400 bytes. */
const char *ag_finding_text(const ag_finding_t *finding, apr_pool_t *p);

/* A copy of it all, from `p`. */
const ag_findings_t *ag_findings_copy(const ag_findings_t *findings, apr_pool_t *p);

#endif
