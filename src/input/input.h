/* SPDX-License-Identifier: Apache-2.0 */
/*
 * input: what a request brings along is checked before the application gets it: first its head (arguments, fields, the
 * body's type and size), then the body. Everything here decides about what it is given; who reads a body from the client,
 * and hands it on unchanged, is httpd/body.c. Each check finds and leaves what it has to say in one struct, the call.
 */
#ifndef AG_INPUT_H
#define AG_INPUT_H

#include "../base/findings.h"
#include "../core/reason.h"
#include "../core/request.h"
#include "../json/doc.h"
#include "media.h"
#include "names.h"
#include "setting.h"

#define AG_INPUT_NO_BODY "A body is required"

/* A field of the answer that belongs to the refusal: Allow of a 405, Accept of a 415. */
typedef struct ag_input_field_t {
    const char *name; /* NULL: there is none */
    const char *value;
} ag_input_field_t;

/* What is to be done with the body; checks of the head only ever add to it. */
typedef struct ag_input_wants_t {
    unsigned text : 1;   /* it is read, and stands in body.text when checks of the body run */
    unsigned doc : 1;    /* it is read as JSON, too (body.doc); what is none is refused */
    unsigned body : 1;   /* there must be one */
    apr_int64_t most;    /* bytes as they are sent */
    apr_int64_t decoded; /* of those that a coded one becomes; 0: no coding is accepted */
} ag_input_wants_t;

typedef struct ag_input_body_t {
    const char *text; /* decoded; `n` bytes, no NUL behind them. NULL: there is none, or nobody wants it */
    apr_size_t n;
    ag_doc_t doc; /* if wants.doc */
} ag_input_body_t;

typedef struct ag_input_call_t {
    /* Whoever makes the call fills in what the request is: */
    const ag_request_t *request; /* its fields, and its log; the tool has none: NULL */
    apr_pool_t *p;               /* lives as long as the request */
    const char *method, *path;   /* of this pass; the path is decoded */
    const char *target;          /* the request target of which httpd made that path; NULL: of none (a rewrite) */
    const char *args;            /* what the application will get; a check may put another text here (default=) */
    int own_args;       /* no client sent them: it is an ErrorDocument, whose address the configuration has */
    apr_int64_t length; /* of the body: 0: there is none, -1: it will be seen when it is read */
    const ag_input_names_t
        *credentials; /* arguments that hold a credential: they are known everywhere; NULL: none do */
    int below;        /* a sub-request: it has no body, whatever its fields say */

    /* Checks fill in the rest. */
    int typed;    /* media is the body's type */
    int accepted; /* and a check that knows better than ApiGuardValidate's default has accepted it */
    ag_media_t media;
    const char *coding; /* of the body, in lower case: "gzip"; NULL: none */
    ag_input_wants_t wants;
    ag_input_body_t body;

    /* Of a request that passes: fields that the application is told, ag_input_field_t; NULL: none. */
    apr_array_header_t *tell;

    /* Of a refusal: */
    const char *detail; /* a sentence for the client, without a value of his; NULL: the findings say all */
    ag_findings_t findings;
    ag_input_field_t field;
} ag_input_call_t;

/* For `return`: leaves a detail (or NULL) with the reason. */
ag_reason_e ag_input_refuse(ag_input_call_t *call, ag_reason_e reason, const char *detail);

/* AG_R_INPUT_REJECTED where something was found, else AG_R_NONE. */
static inline ag_reason_e ag_input_found(const ag_input_call_t *call)
{
    return call->findings.n ? AG_R_INPUT_REJECTED : AG_R_NONE;
}

/* ---- head.c: ApiGuardValidate -------------------------------------------------------------------- */

/* What the body is called: its media type, coding and length; sets call->wants. Where there is a body, not before it is
 * known that the section looks at bodies at all. */
ag_reason_e ag_input_head(const ag_validate_t *validate, ag_input_call_t *call);

/* Reads the body's type, once; `accept` is for the client whose type cannot be read. */
ag_reason_e ag_input_type(ag_input_call_t *call, const char *accept);

/* Of a body that was read: how many fields and files a form has, and how large they are (forms.c). Other bodies pass. */
ag_reason_e ag_input_form(const ag_validate_t *validate, ag_input_call_t *call);

/* ---- content.c ------------------------------------------------------------------------------------ */

/* The body, as it was sent, stands in call->body: decodes it, and reads it as JSON if that is wanted. What that takes lies in
 * `ptmp`. */
ag_reason_e ag_input_content(ag_input_call_t *call, apr_pool_t *ptmp);

/* Decodes a text of that coding ("gzip", "deflate"; inflate.c) to *text, from `p`. 1; 0: it is broken; -1: it would have more
 * than `most` bytes. */
int ag_inflate(const char **text, apr_size_t *n, const char *coding, const char *from, apr_size_t size,
               apr_size_t most, apr_pool_t *p);

/* 1 when it is JSON: application/json, or its name ends in +json. */
int ag_input_is_json(const char *type);

#endif
