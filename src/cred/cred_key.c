/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cred_key: API keys. Where they stand a section says (ApiGuardKeyFrom). Whether there is such a key comes from the
 * key store; whether it may do this now is decided here, on every request, a cached key too.
 */
#include <string.h>

#include <apr_strings.h>

#include "../keys/endpoint.h"
#include "../keys/key_format.h"
#include "cred_search.h"

static ag_principal_t *principal_of(const ag_key_t *key, ag_id_t realm, apr_pool_t *p)
{
    ag_principal_t *who = apr_pcalloc(p, sizeof *who);

    who->issuer = "";
    who->client = key->client;
    who->key_id = key->key_id;
    who->number = key->number;
    who->ends = key->expires;
    who->scopes = key->scopes;
    who->roles = key->roles;
    who->wildcards = 1;
    who->networks = key->networks;
    who->endpoints = key->endpoints;
    who->rates = key->rates;
    who->n_rates = key->n_rates;
    who->realm = realm;
    who->client_id = key->client_id;
    return who;
}

/* WebDAV writes to where these go to (RFC 4918 s9.8, s9.9). */
static int has_destination(const char *method)
{
    return strcmp(method, "COPY") == 0 || strcmp(method, "MOVE") == 0;
}

static ag_reason_e judge(const ag_key_t *key, const ag_request_t *request)
{
    if (!key->active) {
        return AG_R_KEY_REVOKED;
    }
    if (key->expires && key->expires <= request->now) {
        return AG_R_KEY_EXPIRED;
    }
    if (key->networks && !ag_ipset_has(key->networks, &request->ip)) {
        return AG_R_IP_DENIED;
    }
    return ag_key_endpoint_allowed(&key->endpoints, request->method, request->path)
                   && (!has_destination(request->method)
                       || ag_key_destination_allowed(&key->endpoints, request->method,
                                                     request->header(request, "Destination")))
               ? AG_R_NONE
               : AG_R_ENDPOINT_DENIED;
}

static ag_reason_e unknown(ag_cred_call_t *call)
{
    call->guess = 1;
    return call->known_only ? AG_R_BANNED : AG_R_KEY_INVALID;
}

static ag_reason_e check(ag_principal_t **who, ag_cred_call_t *call, const char *text, apr_size_t n)
{
    const ag_request_t *request = call->request;
    const ag_key_realm_t *realm = &call->engine->key_realm;
    ag_keys_t *keys = call->engine->keys;
    const ag_key_t *key;
    ag_reason_e reason;

    if (n == 0 || n > AG_KEY_LONGEST) {
        return unknown(call);
    }
    if (!keys) {
        return AG_R_KEYSTORE_UNAVAILABLE;
    }
    if (call->known_only && !ag_keys_known(keys, realm, text, n, request->now)) {
        return AG_R_BANNED;
    }
    switch (ag_keys_find(&key, keys, realm, text, n, request->now, request->log, request->pool)) {
    case AG_KEY_UNKNOWN:
        return unknown(call);
    case AG_KEY_UNAVAILABLE:
        return AG_R_KEYSTORE_UNAVAILABLE;
    case AG_KEY_FOUND:
        if (call->fresh && key->stale) {
            return AG_R_KEYSTORE_UNAVAILABLE;
        }
        break;
    }
    reason = judge(key, request);
    call->shown = principal_of(key, realm->id, request->pool);
    if (reason == AG_R_NONE) {
        *who = call->shown;
    }
    return reason;
}

/* ---- where it stands -------------------------------------------------------------------------- */

static int looks_like(const char *text)
{
    return ag_key_shape(text, strlen(text)) != AG_KEY_FOREIGN;
}

/* RFC 7617: of a Basic credential the key is the password, or the user name when there is no password. */
static void unwrap(ag_cred_search_t *search, const char *text, ag_from_e from)
{
    apr_size_t n = strlen(text);
    char *pair, *colon;
    int size;

    if (from != AG_FROM_BASIC) {
        ag_cred_add_field(search, &ag_cred_key, text, from);
        return;
    }
    pair = apr_palloc(search->request->pool, n + 1);
    size = ag_base64_decode((unsigned char *)pair, text, n);
    pair[size > 0 ? size : 0] = '\0';
    colon = strchr(pair, ':');
    if (size <= 0 || strlen(pair) != (apr_size_t)size || !colon) {
        ag_cred_add_field(search, &ag_cred_key, text, from); /* refused as malformed, not passed over */
        return;
    }
    *colon++ = '\0';
    ag_cred_add(search, &ag_cred_key, ag_text_nothing(colon) ? pair : colon, from);
}

static void add_spelling(void *ctx, const char *name, const char *text)
{
    ag_cred_search_t *search = ctx;

    search->found->fields++;
    search->found->field = name;
    search->found->value = text;
    ag_cred_add_field(search, &ag_cred_key, text, AG_FROM_HEADER);
}

static void look_at(ag_cred_search_t *search, const ag_key_source_t *source)
{
    const ag_request_t *request = search->request;
    const char *text = NULL;

    switch (source->from) {
    case AG_FROM_HEADER:
        request->spellings(request, source->name, add_spelling, search);
        return;
    case AG_FROM_QUERY:
        text = ag_cred_argument(request->args, source->name, &search->ambiguous, request->pool);
        break;
    case AG_FROM_COOKIE:
        text = ag_cred_cookie(request->header(request, "Cookie"), source->name, &search->ambiguous, request->pool);
        break;
    default:
        return; /* Authorization is read once for all kinds */
    }
    if (text) {
        ag_cred_add(search, &ag_cred_key, text, source->from);
    }
}

static void find(ag_cred_search_t *search)
{
    int i;

    search->found->looked = 1;
    for (i = 0; i < search->key_from->n; i++) {
        look_at(search, &search->key_from->sources[i]);
    }
}

const ag_cred_type_t ag_cred_key = {AG_KIND(key), looks_like, unwrap, find, check};
