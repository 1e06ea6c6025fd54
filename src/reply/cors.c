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

static void put(const ag_answer_t *a, const char *name, const char *value)
{
    ag_answer_put(a, AG_PUT_ALONE, name, value);
}

static void vary(const ag_answer_t *a, const char *name)
{
    ag_answer_put(a, AG_PUT_JOINED, "Vary", name);
}

/* Whom the answer is for; NULL where it is no page of theirs. */
static void allow(const ag_answer_t *a, const char *origin)
{
    put(a, "Access-Control-Allow-Origin", origin && a->cors->any ? "*" : origin);
    put(a, "Access-Control-Allow-Credentials", origin && a->cors->credentials ? "true" : NULL);
    if (!a->cors->any) {
        vary(a, "Origin");
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
    static const char *const applications[] = {"Access-Control-Allow-Methods", "Access-Control-Allow-Headers",
                                               "Access-Control-Max-Age", "Access-Control-Allow-Private-Network"};
    const ag_cors_t *cors = a->cors;
    int listed = cors->any || ag_cors_lists(cors, a->origin);
    int i;

    allow(a, !listed ? NULL : cors->any ? "*" : a->origin);
    put(a, "Access-Control-Expose-Headers", !listed ? NULL : cors->expose ? cors->expose : exposed(a->exposed));
    for (i = 0; i < (int)(sizeof applications / sizeof *applications); i++) {
        put(a, applications[i], NULL);
    }
}

/* ---- preflights --------------------------------------------------------------------------------- */

void ag_cors_preflight(const ag_answer_t *a, const char *headers, int asks_private)
{
    const ag_cors_t *cors = a->cors;

    allow(a, a->origin);
    put(a, "Access-Control-Allow-Methods", cors->methods);
    put(a, "Access-Control-Allow-Headers", headers);
    put(a, "Access-Control-Max-Age", cors->max_age);
    if (cors->private_network && asks_private) {
        put(a, "Access-Control-Allow-Private-Network", "true");
    }
    vary(a, "Access-Control-Request-Method"); /* another OPTIONS is the application's */
    if (cors->private_network) {
        vary(a, "Access-Control-Request-Private-Network");
    }
}
