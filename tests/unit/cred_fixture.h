/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cred_fixture: what the tests of cred_find share: the places of a credential, and a request that has them.
 */
#ifndef AG_CRED_FIXTURE_H
#define AG_CRED_FIXTURE_H

#include "unit.h"

#include "../../src/cred/cred.h"
#include "../../src/keys/key_format.h"

static const ag_key_source_t by_header = {AG_FROM_HEADER, "X-API-Key"}, by_bearer = {AG_FROM_BEARER, ""},
                             by_basic = {AG_FROM_BASIC, ""}, by_query = {AG_FROM_QUERY, "api_key"},
                             by_cookie = {AG_FROM_COOKIE, "key"}, by_plain = {AG_FROM_PLAIN, "Authorization"};

enum { H = 1, BEARER = 2, BASIC = 4, Q = 8, C = 16, ALL = 31, PLAIN = 32 };
enum { KEY = 1 << AG_CRED_key, JWT = 1 << AG_CRED_jwt, BOTH = KEY | JWT };

static inline ag_key_from_t from_of(unsigned places, apr_pool_t *p)
{
    static const ag_key_source_t *const all[] = {&by_header, &by_bearer, &by_basic, &by_query, &by_cookie, &by_plain};
    ag_key_source_t *sources = apr_pcalloc(p, 6 * sizeof *sources);
    ag_key_from_t from = {.sources = sources};
    int i;

    for (i = 0; i < 6; i++) {
        if (places & 1u << i) {
            from.places |= AG_FROM_BIT(all[i]->from);
            sources[from.n++] = *all[i];
        }
    }
    if (places & (H | Q | C | PLAIN)) {
        from.places |= AG_FROM_BIT(AG_FROM_APIKEY);
    }
    return from;
}

typedef struct {
    const char *key_field, *authorization, *cookie, *args;
    unsigned places, types;
    ag_reason_e reason;
    const char *kind; /* "key", "jwt" */
    const char *text;
    ag_from_e from;
} case_t;

static inline ag_reason_e find(ag_credential_t *found, const case_t *c, apr_pool_t *p)
{
    const char *fields[7];
    ag_key_from_t from = from_of(c->places, p);
    ag_request_t request;
    int n = 0;

    if (c->key_field) {
        fields[n++] = "x-api-key";
        fields[n++] = c->key_field;
    }
    if (c->authorization) {
        fields[n++] = "Authorization";
        fields[n++] = c->authorization;
    }
    if (c->cookie) {
        fields[n++] = "Cookie";
        fields[n++] = c->cookie;
    }
    fields[n] = NULL;
    request = make_request(fields, p);
    request.args = c->args;
    memset(found, 0xEE, sizeof *found);
    return ag_cred_find(found, &request, &from, c->types);
}

#endif
