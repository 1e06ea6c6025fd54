/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt: signed tokens (RFC 7515, 7519, 8725). Parse strictly first, then verify with a key that is
 * bound to its algorithm, then check the claims. Nothing in a token chooses how it is checked: its
 * `alg` must be the key's, `jku`, `jwk` and `x5u` are ignored, an unknown `crit` is refused.
 */
#ifndef AG_JWT_H
#define AG_JWT_H

#include <apr_tables.h>
#include <openssl/evp.h>

#include "../base/digest.h"
#include "../base/json.h"
#include "../base/log.h"
#include "../core/principal.h"
#include "../core/reason.h"

#define AG_JWT_MAX_SIZE  16384 /* a longer token is refused unread */
#define AG_JWT_MAX_TRIES 8     /* keys tried for a token without `kid` */

/* ---- algorithms (RFC 7518 s3.1, RFC 8037, RFC 9864) ------------------------------------------ */

typedef enum {
    AG_ALG_NONE, /* no algorithm at all; never accepted */
    AG_ALG_HS256,
    AG_ALG_HS384,
    AG_ALG_HS512,
    AG_ALG_RS256,
    AG_ALG_RS384,
    AG_ALG_RS512,
    AG_ALG_PS256,
    AG_ALG_PS384,
    AG_ALG_PS512,
    AG_ALG_ES256,
    AG_ALG_ES384,
    AG_ALG_ES512,
    AG_ALG_EDDSA
} ag_alg_e;

/* The algorithm of exactly that name, or AG_ALG_NONE. Ed25519 is EdDSA (RFC 9864). */
ag_alg_e ag_alg_find(const char *name);
const char *ag_alg_name(ag_alg_e alg);

/* Their names, for messages: "HS256, HS384 ... or EdDSA". */
const char *ag_alg_list(apr_pool_t *p);

/* ---- keys ------------------------------------------------------------------------------------ */

/* One verification key. `algs` is a bit set of (1u << ag_alg_e): one bit for a configured key; for
 * a JWK without `alg` RS256 and PS256, its curve's one, or the HS* its length allows. */
typedef struct ag_jwt_key_t {
    const char *kid; /* or NULL */
    apr_uint32_t algs;
    EVP_PKEY *pkey;              /* asymmetric, else NULL */
    const unsigned char *secret; /* HMAC, else NULL */
    apr_size_t secret_size;
} ag_jwt_key_t;

/* Keys with one origin: a file, and whose tokens they may verify. Immutable once loaded. One that could
 * not be loaded has no key, and a token that it may speak for is keyset_unavailable. */
typedef struct ag_jwt_keyset_t {
    const ag_jwt_key_t *keys;
    int n;
    const char *issuer;             /* binds the keys to it (RFC 8725 s3.8); NULL: any the section allows */
    const char *audience;           /* likewise */
    const char *origin;             /* the file's name, for messages */
    const char *left_out;           /* of a JWK set: which keys cannot be used, and why. NULL: none */
    int is_read;                    /* a JWK set was found, whatever became of its keys */
    ag_id_t id;                     /* of key material, algorithms and bindings: part of the realm */
    struct ag_keyring_t *ring;      /* where keys are that are fetched (keyring.h); NULL: these are all */
    struct ag_keyring_slot_t *held; /* the ring's, from which these are */
} ag_jwt_keyset_t;

/* ApiGuardJWTKey: one key from `text` (a file's content, an environment variable's value). HS*: the
 * secret itself, byte for byte (a file's final newline is the caller's to drop, since a decoded
 * secret may end in one), at least as long as its hash; else a public key or certificate in PEM,
 * RSA of 2048 bits or more, the curve its algorithm names. `set->issuer`, `audience` and `origin`
 * are set by the caller first. Keys die with `p`. An error text (never quoting the key) or NULL. */
const char *ag_jwt_load_key(ag_jwt_keyset_t *set, ag_alg_e alg, const char *kid, const char *text, apr_size_t n,
                            apr_pool_t *p);

/* ApiGuardJWKS: a JWK set (RFC 7517). Keys with `use` other than "sig", or whose key_ops lack
 * "verify", are passed over without a word. A key that cannot be used is left out (s5): of a type,
 * curve or algorithm that we do not know, too short, off its curve, malformed; set->left_out tells.
 * Several keys may share a `kid` (s4.5). An error is a text that is no JWK set (set->is_read is then
 * 0), or a set without any key for us. */
const char *ag_jwt_load_jwks(ag_jwt_keyset_t *set, const char *text, apr_size_t n, apr_pool_t *p);

/* ---- tokens ---------------------------------------------------------------------------------- */

/* What a token says it is, by its header's `typ`: the bits of ApiGuardTokenType. */
enum {
    AG_TYP_ACCESS = 1, /* at+jwt: an access token (RFC 9068 s2.1) */
    AG_TYP_JWT = 2,    /* JWT, or nothing at all (RFC 7519 s5.1): also what an ID token says */
    AG_TYP_OTHER = 4   /* made for another purpose, such as logout+jwt; as a bit of a section: any */
};

/* A token taken apart; its signature has NOT been checked. Points into the text it came from. */
typedef struct ag_jwt_t {
    const char *text; /* header.payload is text[0 .. signed_size) */
    apr_size_t signed_size;
    const char *payload; /* base64url */
    apr_size_t payload_size;
    const unsigned char *signature; /* decoded */
    apr_size_t signature_size;
    ag_alg_e alg;
    const char *kid; /* or NULL */
    unsigned typ;    /* one AG_TYP_* */
    int no_typ;      /* it says nothing of it */
} ag_jwt_t;

/* 1 when the text has the shape of a compact JWS: three parts of [A-Za-z0-9_-], none empty. */
int ag_jwt_shape(const char *text, apr_size_t n);

/* Takes a token apart. A text for `error_description` (fixed, no part of the token) or NULL. */
const char *ag_jwt_parse(ag_jwt_t *jwt, const char *text, apr_size_t n, apr_pool_t *p);

/* 1 when the signature is the key's. OpenSSL's error queue is left empty. */
int ag_jwt_verify(const ag_jwt_t *jwt, const ag_jwt_key_t *key);

/* The payload as an object, or NULL. */
json_t *ag_jwt_claims(const ag_jwt_t *jwt, apr_pool_t *p);

/* A principal's parse_claims: `raw` is a verified token's payload, still in base64url. */
json_t *ag_jwt_claims_of(ag_principal_t *who, apr_pool_t *p);

/* ---- what a section demands ------------------------------------------------------------------ */

/* Names of claims, as ag_json_claim() takes them; a NULL member stands for the names beside it. */
typedef struct ag_claim_map_t {
    const char *user;   /* sub */
    const char *client; /* azp, then client_id */
    const char *scope;  /* scope, then scp */
    const char *roles;  /* roles */
    int wildcards;      /* scopes and roles may end in `*`; else each is a literal word (RFC 6749 s3.3) */
} ag_claim_map_t;

typedef struct ag_jwt_policy_t {
    const ag_jwt_keyset_t *const *sets;
    int n_sets;
    ag_words_t issuers; /* empty: any */
    ag_words_t known;   /* what issuers are called in all sections that accept several, and kinds without any */
    const char *const *issuer_names; /* what they are called, one beside each: its name=, else itself */
    ag_words_t audiences;            /* empty: any */
    unsigned types;                  /* AG_TYP_*; AG_TYP_OTHER: any type */
    int bound_only;                  /* a token must be bound to who shows it (token_binding.h) */
    int leeway;                      /* seconds, on exp, nbf and iat */
    int max_lifetime;                /* seconds from iat (else now, with leeway) to exp; 0: no bound */
    ag_words_t required;             /* claims that must be there */
    ag_claim_map_t map;
    int n_rings; /* sets whose keys are fetched */
    /* Told of each set of those that may have learned a token's key since: all else is right with it, as far as can be
     * told without the key. NULL: nobody is. */
    void (*unknown)(void *ctx, const ag_jwt_keyset_t *set);
    void *ctx;
} ag_jwt_policy_t;

/* ---- jwt_issuer.c: several issuers ----------------------------------------------------------- */

/* 1 when tokens of more than one issuer are accepted: by the list of issuers, or where there is none by
 * what the key sets are bound to. */
int ag_jwt_several(const ag_jwt_policy_t *policy);

/* 1 when tokens of that issuer are accepted, as far as names go: by the list, or where there is none by what the key
 * sets are bound to. */
int ag_jwt_accepts(const ag_jwt_policy_t *policy, const char *issuer);

/* The one issuer whose tokens are accepted; "": that is nowhere said; NULL: there are several. */
const char *ag_jwt_only_issuer(const ag_jwt_policy_t *policy);

/* 1 when `policy` names an issuer that `than`, which accepts tokens, does not accept. */
int ag_jwt_accepts_other(const ag_jwt_policy_t *policy, const ag_jwt_policy_t *than);

/* Of several issuers one whose name could be taken for another's; NULL: there is none. */
const char *ag_jwt_unclear(const ag_jwt_policy_t *policy);

/* The name of an issuer with which `text` begins, and then comes `end`; or NULL. */
const char *ag_jwt_issuer_in(const ag_jwt_policy_t *policy, const char *text, char end);

/* Sets who->issuer_name, who->several and who->issuers. 0 when the name could be taken for another issuer's: who bears
 * it must not get in. */
int ag_jwt_name_issuer(ag_principal_t *who, const ag_jwt_policy_t *policy);

/* What the i-th issuer is called, from 0; NULL: it has no name. *more is 0 behind the last. */
const char *ag_jwt_issuer_at(const ag_jwt_policy_t *policy, int i, int *more);

/* Accepts or refuses a token at `now`: AG_R_NONE and *who, or a reason and *detail. *expires is the
 * moment from which it must be refused (exp + leeway, microseconds; 0: never), *begins the moment
 * from which it is good (nbf - leeway; 0: always); both are set with AG_R_NONE.
 * *forged says that it is no token, or that a key was there and the signature is not its; a `kid` no
 * set knows is token_invalid, but may only be one that we have not learned yet. who->kind,
 * who->realm, who->wildcards, the name of the issuer and the proof of who->bound_to are left to the caller. */
ag_reason_e ag_jwt_check(ag_principal_t **who, apr_time_t *begins, apr_time_t *expires, const char **detail,
                         int *forged, const ag_jwt_policy_t *policy, const char *text, apr_size_t n, apr_time_t now,
                         apr_pool_t *p);

#endif
