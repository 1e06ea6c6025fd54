/* SPDX-License-Identifier: Apache-2.0 */
/*
 * principal: who asks. Made by a credential type, read by everybody else. It lives as long as the
 * request; nothing in it is a secret.
 */
#ifndef AG_PRINCIPAL_H
#define AG_PRINCIPAL_H

#include "../base/digest.h"
#include "../base/json.h"
#include "../base/measure.h"
#include "../base/text.h"
#include "../ipset/ipset.h"
#include "credential.h"

/* Request fields of such names tell a backend who asks. What a client sends of that kind is dropped. */
#define AG_IDENTITY_PREFIX "X-ApiGuard-"

typedef struct ag_principal_t ag_principal_t;

/* What a token may be revoked by, under the server's secret: see cred/revocable.h. An id that is zero: it has none. */
typedef struct ag_revocable_t {
    ag_id_t jti;
    ag_id_t subject;      /* of `sub` itself */
    ag_id_t client;       /* of `azp`, else `client_id` */
    ag_id_t digest;       /* of its SHA-256 */
    apr_time_t issued;    /* iat, microseconds; -1: it has none, and counts as issued before any time */
    apr_uint64_t renamed; /* 1: user or client were taken from other claims, and are names of it, too */
} ag_revocable_t;

struct ag_principal_t {
    const ag_cred_kind_t *kind; /* of its credential, or ag_cred_anonymous; set by ag_cred_check() */
    const char *issuer;         /* whose names these are: a token's `iss`; "" for other kinds */
    const char *issuer_name;    /* what the section calls that, see ag_principal_qualified(); NULL: nothing */
    int several;                /* others name clients and users there, too: see ag_principal_qualified() */
    ag_words_t issuers;         /* what issuers are called wherever several are accepted, also elsewhere */
    const char *client;         /* the client's name, or NULL */
    const char *user;           /* a token's user, or NULL */
    const char *key_id;         /* public prefix of a key, `kid` of a token's key; or NULL */
    const char *bound_to;       /* a token's: x5t#S256 of the client certificate that must come with it; or NULL */
    const ag_revocable_t *revocable; /* a token's; NULL: nothing of api_revoked_tokens can mean it */
    int anonymous;                   /* nobody in particular: limits count the address */
    apr_time_t ends;                 /* when a key does; 0: never, and for all other kinds */
    apr_uint64_t number;             /* a key's number in its table; 0: it has none, so nobody counts its use */
    ag_words_t scopes; /* neither these nor roles hold a blank: they are joined for whoever comes next */
    ag_words_t roles;
    int wildcards; /* a scope or role that ends in `*` stands for all that begin so */
    int left_out;  /* scopes and roles that held a blank, if they were read for this request */

    /* A key's own rules; NULL or 0 where it has none. */
    const ag_ipset_t *networks;
    ag_words_t endpoints; /* "METHOD PATH-PATTERN", as ag_text_path() takes it */
    const ag_rate_t *rates;
    int n_rates;

    /* The claims, parsed when first asked for; NULL where the kind has none. Call ag_claims(). */
    json_t *(*parse_claims)(ag_principal_t *who, apr_pool_t *p);
    json_t *claims;
    const void *raw; /* parse_claims's own */
    apr_size_t raw_size;

    ag_id_t realm;     /* what decided: another realm must decide anew */
    ag_id_t client_id; /* zero until ag_client_id() was asked, or brought along by a cached key */
};

/* 1 when a client or user of that name can stand in a log and be httpd's user: 1 to 255 bytes, printable, without a
 * blank at an end, since most who read it trim it. `anonymous` is the guard's own word. */
int ag_principal_may_be(const char *name);

/* The client's or user's name as it is told to httpd, logs and backends: where several issuers name
 * clients and users NAME@ISSUER, else the name itself, unless it ends like such a one: a rule may have been
 * inherited from where there are several. NULL stays NULL. */
const char *ag_principal_tell(const ag_principal_t *who, const char *name, apr_pool_t *p);

/* Where one issuer is all there is nothing needs to be asked. */
static inline const char *ag_principal_qualified(const ag_principal_t *who, const char *name, apr_pool_t *p)
{
    return who->several || who->issuers.n ? ag_principal_tell(who, name, p) : name;
}

/* 1 when a scope or role that is held covers what is wanted. */
static inline int ag_principal_covers(const ag_principal_t *who, const char *held, const char *wanted)
{
    return who->wildcards ? ag_text_starts(held, wanted) : strcmp(held, wanted) == 0;
}

/* Names a client under the server's secret: two ids are equal when kind, issuer and client are. */
ag_id_t ag_client_id_of(const ag_sip_key_t *sip, const char *kind, const char *issuer, const char *client,
                        apr_pool_t *p);

/* The same of a principal that has a client. */
static inline ag_id_t ag_client_id(ag_principal_t *who, const ag_sip_key_t *sip, apr_pool_t *p)
{
    if (!(who->client_id.hi | who->client_id.lo)) {
        who->client_id = ag_client_id_of(sip, who->kind->name, who->issuer, who->client, p);
    }
    return who->client_id;
}

/* The claims object or NULL; owned by the request's pool. */
static inline json_t *ag_claims(ag_principal_t *who, apr_pool_t *p)
{
    if (!who->claims && who->parse_claims) {
        who->claims = who->parse_claims(who, p);
    }
    return who->claims;
}

#endif
