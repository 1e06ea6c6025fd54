/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cred: from a request to a principal. First the one credential is found, then its type checks it. A kind of
 * credentials is a row of core/credentials.def, and a type with its functions in a file of its own.
 */
#ifndef AG_CRED_H
#define AG_CRED_H

#include "../ban/ban.h"
#include "../base/cache.h"
#include "../core/credential.h"
#include "../core/principal.h"
#include "../core/reason.h"
#include "../core/request.h"
#include "../input/names.h"
#include "../keys/keys.h"
#include "certificate.h"
#include "introspect.h"
#include "jwt.h"
#include "revocations.h"

typedef struct ag_key_source_t {
    ag_from_e from;
    const char *name; /* of the header, argument or cookie */
} ag_key_source_t;

typedef struct ag_key_from_t {
    const ag_key_source_t *sources;
    int n;
    const char *vary;                  /* the fields an answer depends on (RFC 9110 s12.5.5) */
    int queries;                       /* how many sources are arguments: these need masking in logs */
    const ag_input_names_t *arguments; /* their names; NULL: none are */
    unsigned places;                   /* AG_FROM_BIT of all sources; and of ApiKey, where the challenge offers it */
    const char *advice;                /* how a key is sent: "the key in the X-API-Key field" */
} ag_key_from_t;

/* What credentials are checked against in one server process: fixed once it has started. What the handles
 * stand for is shared between processes. */
typedef struct ag_cred_engine_t {
    ag_keys_t *keys; /* NULL: no database is configured */
    ag_key_realm_t key_realm;
    ag_cache_t *tokens;               /* verified tokens */
    ag_cache_t *recently_good_tokens; /* tokens that were good within a day; or NULL */
    ag_introspect_engine_t introspect;
    const ag_sip_key_t *sip;             /* the server's secret, under which shared memory is addressed */
    const ag_revocations_t *revocations; /* tokens that are revoked; NULL: no database is configured */
    ag_bans_t *bans;                     /* NULL: nobody is counted */
    apr_uint64_t ban_server;             /* the server as bans know it, never 0 */
    const char *ban_name;                /* and as people do */
    ag_id_t host;                        /* the virtual host, by where it is written */
    int any_certificate; /* somewhere SSLVerifyClient lets pass what nobody has verified: cred_cert.c */
} ag_cred_engine_t;

/* What a check needs, and what it tells besides its result. */
typedef struct ag_cred_call_t {
    const ag_request_t *request;
    const ag_cred_engine_t *engine;
    ag_jwt_policy_t jwt; /* filled for tokens (kind->token) */
    ag_id_t jwt_realm;
    const ag_introspection_t *introspection; /* who is asked about tokens; NULL: nobody */
    const ag_certificate_t *certificate;     /* what the section demands of certificates */
    int known_only;        /* a banned address: what is not known to be good is AG_R_BANNED, unasked */
    int fresh;             /* what the database said before it went away is not enough */
    apr_uint32_t retry;    /* out: of a 503, seconds after which it may be better; 0: nobody knows */
    int guess;             /* out: it was refused and is nobody's, as far as anybody can tell */
    const char *detail;    /* out: for the client, or NULL */
    ag_principal_t *shown; /* out: whose credential was refused, where that is known */
} ag_cred_call_t;

typedef struct ag_cred_search_t ag_cred_search_t; /* cred_search.h */

typedef struct ag_cred_type_t {
    const ag_cred_kind_t *kind;
    /* Where several kinds are read from one place: is the text certainly of this one? NULL: that never shows. */
    int (*looks_like)(const char *text);
    /* Adds what is the credential of the text behind a scheme (`from`); NULL: all of it is. */
    void (*unwrap)(ag_cred_search_t *search, const char *text, ag_from_e from);
    /* Adds what stands elsewhere than in Authorization; NULL: nothing does. */
    void (*find)(ag_cred_search_t *search); /* of a kind with AG_FROM_CONNECTION: asked if nothing else was found */
    /* AG_R_NONE and *who, or why not. `text` is what the client sent, unchecked. Of a token who->revocable is set, if
     * engine->revocations is there. */
    ag_reason_e (*check)(ag_principal_t **who, ag_cred_call_t *call, const char *text, apr_size_t n);
} ag_cred_type_t;

#define AG_CREDENTIAL(name, token, places, advice, on) extern const ag_cred_type_t ag_cred_##name;
#include "../core/credentials.def"
#undef AG_CREDENTIAL

/* A credential as found. */
typedef struct ag_credential_t {
    const ag_cred_type_t *type; /* NULL: none */
    const char *text;
    apr_size_t n;
    ag_from_e from;  /* where it was found first */
    unsigned places; /* everywhere it stands, and where one should but is empty: AG_FROM_BIT */
    int looked;      /* fields that may hold a key were looked for, so many were found, and this */
    int fields;      /* is the last one; all of them need hiding */
    const char *field, *value;
} ag_credential_t;

/* The one credential of the request, of the kinds whose bits are in `accepted`. AG_R_NONE,
 * AG_R_CREDENTIAL_MISSING, or AG_R_CREDENTIAL_AMBIGUOUS for two that differ or that are of two kinds. What no
 * accepted kind reads is not a credential, and what is empty or blank is none. */
ag_reason_e ag_cred_find(ag_credential_t *found, const ag_request_t *request, const ag_key_from_t *key_from,
                         unsigned accepted);

/* 1 when the request carries what may be a credential of any kind: in a place where the section reads keys, or in
 * Authorization or Proxy-Authorization under any scheme. *found tells its kind and text where they show; nothing is
 * looked up. */
int ag_cred_sent(ag_credential_t *found, const ag_request_t *request, const ag_key_from_t *key_from);

/* Checks what was found: AG_R_NONE and *who (NULL before), or why not. */
ag_reason_e ag_cred_check(ag_principal_t **who, ag_cred_call_t *call, const ag_credential_t *found);

/* Where credentials of these kinds are read: AG_FROM_BIT. */
unsigned ag_cred_places(const ag_key_from_t *key_from, unsigned accepted);

/* Which of `n` types that read one place a text is given to: the one that it looks like, else the first; NULL:
 * there is none. *twice is set to 1 when it looks like two. */
const ag_cred_type_t *ag_cred_pick(int *twice, const ag_cred_type_t *const *readers, int n, const char *text);

/* The value of an argument or a cookie, decoded; NULL when it is not there or blank. Twice is *twice = 1.
 * Its name is compared as a backend might read it: percent-encoded, in any case, with any sign for
 * another (ag_text_alike()), as an array (NAME[]). */
const char *ag_cred_argument(const char *args, const char *name, int *twice, apr_pool_t *p);
const char *ag_cred_cookie(const char *header, const char *name, int *twice, apr_pool_t *p);

/* The query string or Cookie field without that argument or cookie; NULL when nothing is left. */
char *ag_cred_args_without(const char *args, const char *name, apr_pool_t *p);
char *ag_cred_cookies_without(const char *header, const char *name, apr_pool_t *p);

/* `text`, whose query begins at `args`, with *** for the argument's value; NULL when there is none to
 * mask. */
char *ag_cred_args_masked(const char *text, const char *args, const char *name, apr_pool_t *p);

#endif
