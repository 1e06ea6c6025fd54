/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cred: the table of types, and a request's way through it: each type looks in places of its own, then
 * Authorization is read once for all that stand there.
 */
#include "cred.h"

#include <string.h>

#include <apr_strings.h>

#include "cred_search.h"

#define AG_CREDENTIAL(name, token, places, advice, on) &ag_cred_##name,
static const ag_cred_type_t *const types[AG_CRED_COUNT] = {
#include "../core/credentials.def"
};
#undef AG_CREDENTIAL

static unsigned places_of(const ag_cred_kind_t *kind, const ag_key_from_t *key_from)
{
    return kind == AG_KIND(key) ? key_from->places : kind->places;
}

unsigned ag_cred_places(const ag_key_from_t *key_from, unsigned accepted)
{
    unsigned places = 0;
    int i;

    for (i = 0; i < AG_CRED_COUNT; i++) {
        places |= accepted & types[i]->kind->bit ? places_of(types[i]->kind, key_from) : 0;
    }
    return places;
}

const ag_cred_type_t *ag_cred_pick(int *twice, const ag_cred_type_t *const *readers, int n, const char *text)
{
    const ag_cred_type_t *mine = NULL;
    int i;

    for (i = 0; n > 1 && i < n; i++) {
        if (readers[i]->looks_like && readers[i]->looks_like(text)) {
            *twice |= mine && !mine->kind->token; /* a token is a token: it is verified here if it can be */
            mine = readers[i];
        }
    }
    return mine ? mine : n ? readers[0] : NULL;
}

/* What stands in Authorization, behind a scheme if `from` is one's. */
static void add_from(ag_cred_search_t *search, unsigned accepted, const char *text, ag_from_e from)
{
    const ag_cred_type_t *readers[AG_CRED_COUNT], *type;
    int i, n = 0;

    for (i = 0; i < AG_CRED_COUNT; i++) {
        const ag_cred_kind_t *kind = types[i]->kind;

        if (accepted & kind->bit && places_of(kind, search->key_from) & AG_FROM_BIT(from)) {
            readers[n++] = types[i];
        }
    }
    type = ag_cred_pick(&search->ambiguous, readers, n, text);
    if (type && type->unwrap) {
        type->unwrap(search, text, from);
    }
    else if (type) {
        ag_cred_add_field(search, type, text, from);
    }
}

/* What follows the scheme's name in Authorization, or NULL when it is another scheme. */
static const char *after_scheme(const char *value, const char *scheme)
{
    apr_size_t n = strlen(scheme);

    if (strncasecmp(value, scheme, n) != 0 || (value[n] && !strchr(" \t", value[n]))) {
        return NULL;
    }
    return value + n + strspn(value + n, " \t");
}

/* The scheme by which `value` begins, of those that are read (`places`), and what stands behind it; or NULL. */
static const ag_scheme_t *find_scheme(const char **rest, unsigned places, const char *value)
{
    const ag_scheme_t *scheme;

    for (scheme = ag_schemes; scheme->name; scheme++) {
        if (places & AG_FROM_BIT(scheme->from) && (*rest = after_scheme(value, scheme->name))) {
            return scheme;
        }
    }
    return NULL;
}

/* The one element of a repeated Authorization field: one that is empty, or a scheme without anything
 * behind it, does not count. With more than one, all that there is, and ambiguous if any is read here;
 * whichever that is, the field is a place of credentials. */
static const char *only_element(ag_cred_search_t *search, unsigned places, const char *value)
{
    char *left = apr_pstrdup(search->request->pool, value);
    const char *only = "";
    int count = 0, ours = 0;
    char *element, *last;

    for (element = apr_strtok(left, ",", &last); element; element = apr_strtok(NULL, ",", &last)) {
        const ag_scheme_t *scheme;
        const char *rest;

        element += strspn(element, " \t");
        scheme = find_scheme(&rest, places, element);
        search->found->places |= scheme ? AG_FROM_BIT(scheme->from) : 0;
        if (!ag_text_nothing(element) && (!scheme || !ag_text_nothing(rest))) {
            count++;
            ours |= scheme != NULL;
            only = element;
        }
    }
    search->ambiguous |= count > 1 && ours;
    return count > 1 ? value : only;
}

static void authorization(ag_cred_search_t *search, unsigned accepted)
{
    const ag_request_t *request = search->request;
    const char *value = request->header(request, request->authorization);
    unsigned places = value ? ag_cred_places(search->key_from, accepted) : 0;
    const ag_scheme_t *scheme;
    const char *rest;

    if (!value) {
        return;
    }
    if (strchr(value, ',')) {
        value = only_element(search, places, value);
    }
    scheme = find_scheme(&rest, places, value);
    if (scheme) {
        add_from(search, accepted, rest, scheme->from);
    }
    else if (places & AG_FROM_BIT(AG_FROM_PLAIN)) {
        add_from(search, accepted, value, AG_FROM_PLAIN);
    }
}

/* The kinds that belong to the connection, as bits. */
#define AG_CREDENTIAL(name, token, places, advice, on)                                                               \
    | ((places)&AG_FROM_BIT(AG_FROM_CONNECTION) ? 1u << AG_CRED_##name : 0)
static const unsigned on_connection = 0
#include "../core/credentials.def"
    ;
#undef AG_CREDENTIAL

static void look_elsewhere(ag_cred_search_t *search, unsigned kinds)
{
    int i;

    for (i = 0; i < AG_CRED_COUNT; i++) {
        if (types[i]->find && kinds & types[i]->kind->bit) {
            types[i]->find(search);
        }
    }
}

ag_reason_e ag_cred_find(ag_credential_t *found, const ag_request_t *request, const ag_key_from_t *key_from,
                         unsigned accepted)
{
    ag_cred_search_t search = {found, request, key_from, 0};

    memset(found, 0, sizeof *found);
    look_elsewhere(&search, accepted & ~on_connection);
    authorization(&search, accepted);
    if (!found->type
        && !search.ambiguous) { /* a connection's certificate is beside each credential that it carries */
        look_elsewhere(&search, accepted & on_connection);
    }
    if (search.ambiguous) {
        return AG_R_CREDENTIAL_AMBIGUOUS;
    }
    return found->type ? AG_R_NONE : AG_R_CREDENTIAL_MISSING;
}

static void see_field(void *any, const char *name, const char *value)
{
    (void)name;
    *(int *)any |= !ag_text_nothing(value);
}

int ag_cred_sent(ag_credential_t *found, const ag_request_t *request, const ag_key_from_t *key_from)
{
    ag_key_from_t anywhere = *key_from;
    int sent = 0;

    anywhere.places = ~0u; /* every scheme of Authorization, and what stands there without one */
    ag_cred_find(found, request, &anywhere, ~on_connection);
    request->spellings(request, "Authorization", see_field, &sent);
    request->spellings(request, "Proxy-Authorization", see_field, &sent);
    sent |= found->type != NULL;
    if (found->type && !(key_from->places & AG_FROM_BIT(found->from))
        && !(found->type->looks_like && found->type->looks_like(found->text))) {
        found->type = NULL; /* a password of AuthType Basic, or a scheme that nobody here knows */
    }
    return sent;
}

/* A token that its kind accepts, remembered or not, may have been revoked since. */
static ag_reason_e judge_revoked(ag_principal_t **who, ag_cred_call_t *call)
{
    const ag_request_t *request = call->request;
    ag_reason_e reason =
        ag_revocations_ask(call->engine->revocations, *who, request->now, request->log, request->pool);

    if (reason != AG_R_NONE) {
        call->shown = *who;
        *who = NULL;
    }
    return reason;
}

ag_reason_e ag_cred_check(ag_principal_t **who, ag_cred_call_t *call, const ag_credential_t *found)
{
    const ag_cred_type_t *type = found->type;
    ag_reason_e reason = type->check(who, call, found->text, found->n);

    if (*who && type->kind->token && call->engine->revocations) {
        reason = judge_revoked(who, call);
    }
    if (*who) {
        (*who)->kind = type->kind;
    }
    if (call->shown) {
        call->shown->kind = type->kind;
    }
    return reason;
}
