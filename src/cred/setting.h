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
    ag_id_t id;
} ag_names_t;

/* Issuers, and what each is called here: its name=, else itself. */
typedef struct ag_issuers_t {
    ag_words_t words;
    const char **names;
    ag_id_t id;
} ag_issuers_t;

typedef struct ag_named_map_t {
    ag_claim_map_t map;
    ag_id_t id;
} ag_named_map_t;

/* A key file or key set: where it comes from, and what came of it. */
typedef struct ag_keyset_source_t {
    const char *source; /* "file:/abs/path" */
    ag_alg_e alg;       /* AG_ALG_NONE: a JWK set */
    const char *kid;
    ag_jwt_keyset_t set;
} ag_keyset_source_t;

extern const ag_setting_kind_t ag_kind_names, ag_kind_issuers, ag_kind_key_from, ag_kind_jwt_key, ag_kind_jwks,
    ag_kind_claim_map, ag_kind_claim_names, ag_kind_tls;

#endif
