/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cors: the fields by which a browser lets a page of another origin read an answer.
 */
#include "cors.h"
#include "answer.h"

#include <string.h>

#include <apr_strings.h>

int ag_cors_lists(const ag_cors_t *cors, const char *origin)
{
    apr_size_t n = origin ? strlen(origin) : 0;
    int i;

    if (cors->any) {
        return origin && ag_origin_plausible(origin);
    }
    for (i = 0; n && i < cors->n; i++) {
        if (ag_origin_is(&cors->origins[i], origin, n)) {
            return 1;
        }
    }
    return 0;
}

#define MAX_TOLD 300 /* no origin is longer: 253 bytes of name, a scheme and a port */

const char *ag_cors_denied(const char *origin, apr_pool_t *p)
{
    if (origin && strlen(origin) <= MAX_TOLD && ag_origin_plausible(origin)) {
        return apr_pstrcat(p, "The page's origin, ", origin, ", is not allowed here", NULL);
    }
    return origin ? "The page's origin is not allowed here" : "The request comes from a page of another site";
}

/* None of them is there any more. */
static void put(const ag_answer_t *a, const char *name, const char *value)
{
    ag_answer_put(a, AG_PUT_BESIDE, name, value);
}

static void vary(const ag_answer_t *a, const char *name)
{
    ag_answer_put(a, AG_PUT_JOINED, "Vary", name);
}

static void allow(const ag_answer_t *a)
{
    put(a, "Access-Control-Allow-Origin", a->cors->any ? "*" : a->origin);
    if (a->cors->credentials) {
        put(a, "Access-Control-Allow-Credentials", "true");
    }
}

/* ---- answers ------------------------------------------------------------------------------------ */

#define QUOTA  "RateLimit-Policy, RateLimit, "
#define DRAFT6 "RateLimit-Policy, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, "
#define LEGACY "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, "
#define FIELDS "Retry-After"

/* What a page may read beside the few fields that every page may: the rate limit fields of these forms. */
static const char *exposed(unsigned forms)
{
    static const char *const texts[] = {
        FIELDS,        QUOTA FIELDS,        DRAFT6 FIELDS,        QUOTA DRAFT6 FIELDS,
        LEGACY FIELDS, QUOTA LEGACY FIELDS, DRAFT6 LEGACY FIELDS, QUOTA DRAFT6 LEGACY FIELDS,
    };
    unsigned quota = (forms & (AG_QUOTA_DRAFT_11 | AG_QUOTA_DRAFT_8 | AG_QUOTA_DRAFT_7)) != 0;

    return texts[quota | (forms & AG_QUOTA_DRAFT_6 ? 2 : 0) | (forms & AG_QUOTA_LEGACY ? 4 : 0)];
}

/* What the application says of CORS goes, also where the origin is not listed: it would let in whom the section
 * does not, and a browser takes two fields of one name for none. */
void ag_answer_cors(const ag_answer_t *a)
{
    const ag_cors_t *cors = a->cors;

    a->port->drop(a->ctx, "Access-Control-");
    if (cors->any || ag_cors_lists(cors, a->origin)) {
        allow(a);
        put(a, "Access-Control-Expose-Headers", cors->expose ? cors->expose : exposed(a->exposed));
    }
    if (!cors->any) {
        vary(a, "Origin");
    }
}

/* ---- preflights --------------------------------------------------------------------------------- */

void ag_cors_preflight(const ag_answer_t *a, const char *headers, int asks_private)
{
    const ag_cors_t *cors = a->cors;

    allow(a);
    put(a, "Access-Control-Allow-Methods", cors->methods);
    put(a, "Access-Control-Allow-Headers", headers);
    put(a, "Access-Control-Max-Age", cors->max_age);
    if (cors->private_network && asks_private) {
        put(a, "Access-Control-Allow-Private-Network", "true");
    }
    if (!cors->any) {
        vary(a, "Origin");
    }
    vary(a, "Access-Control-Request-Method"); /* another OPTIONS is the application's */
    if (cors->private_network) {
        vary(a, "Access-Control-Request-Private-Network");
    }
}
