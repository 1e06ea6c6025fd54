/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: what the rows of cred.def hold, and the kinds that read them.
 */
#ifndef AG_CRED_SETTING_H
#define AG_CRED_SETTING_H

#include "../core/setting.h"
#include "cred.h"

enum { AG_HIDE_NONE, AG_HIDE_KEY, AG_HIDE_ALL };
enum { AG_ENFORCE_REQUIRE, AG_ENFORCE_CREDENTIAL };
enum { AG_BINDING_REQUIRE, AG_BINDING_ON };

enum { AG_TLS_OFF, AG_TLS_REDIRECT, AG_TLS_REQUIRE };

/* ApiGuardTLS. proto and port hold for inner sections until a line names others. */
typedef struct ag_tls_t {
    int mode;          /* AG_TLS_*: what becomes of a request over plain HTTP that carries no credential */
    const char *proto; /* the field in which a trusted proxy tells the scheme; NULL: the connection itself counts */
    int port;          /* to which a redirect goes; 0: 443 */
} ag_tls_t;

/* Words that decide who is accepted, with a digest of them for the realm. */
typedef struct ag_names_t {
    ag_words_t words;
    int own; /* of audiences, instead of words: the section's own resource (ApiGuardResourceMetadata) */
    ag_id_t id;
} ag_names_t;

/* Issuers, and what each is called here: its name=, else itself. */
typedef struct ag_issuers_t {
    ag_words_t words;
    const char **names;
    apr_array_header_t
        *discovered; /* ag_keyset_source_t *: of those whose metadata say where their keys are; or NULL */
    ag_id_t id;
} ag_issuers_t;

typedef struct ag_named_map_t {
    ag_claim_map_t map;
    ag_id_t id;
} ag_named_map_t;

/* A key file or key set: where it comes from, and what came of it. */
typedef struct ag_keyset_source_t {
    const char *source; /* "file:/abs/path"; of a key set that is fetched its address */
    ag_alg_e alg;       /* AG_ALG_NONE: a JWK set */
    const char *kid;
    ag_jwt_keyset_t set;
} ag_keyset_source_t;

/* ---- setting_keyring.c: key sets that are fetched ----------------------------------------------------- */

/* 1 when the word is the address of another server. */
int ag_keyring_is_address(const char *word);

/* A line of ApiGuardJWKS with an address: *made, or an error text. It leaves ag_keyring_open() for later, with the source
 * as ctx: that is how those who fetch find it. */
const char *ag_keyring_line(ag_keyset_source_t **made, const ag_words_t *words, const ag_setting_call_t *call);
ag_later_fn ag_keyring_open;

/* The same for an issuer whose metadata say where its keys are. */
const char *ag_keyring_discover(ag_keyset_source_t **made, const char *issuer, const char *ca,
                                const ag_setting_call_t *call);

/* ca=PATH as a ring takes it, or NULL: it is no path. */
const char *ag_keyring_ca(const char *path, const ag_setting_call_t *call);

/* The file is read again for each fetch; here it is seen to be there (or NULL), and to hold a certificate. */
const char *ag_keyring_ca_open(const char *ca, ag_later_call_t *opening);

/* ---- setting_introspect.c ------------------------------------------------------------------------------ */

/* What a line of ApiGuardIntrospection leaves for later, with the ag_introspection_t as ctx. */
ag_later_fn ag_introspection_open;

extern const ag_setting_kind_t ag_kind_names, ag_kind_audiences, ag_kind_issuers, ag_kind_key_from, ag_kind_jwt_key,
    ag_kind_jwks, ag_kind_claim_map, ag_kind_claim_names, ag_kind_tls, ag_kind_introspection, ag_kind_certificate;

#endif
