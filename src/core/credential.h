/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credential: what every room may know of the kinds of credentials: their names, and where they stand. How they
 * are checked is a matter of src/cred.
 */
#ifndef AG_CREDENTIAL_H
#define AG_CREDENTIAL_H

/* Where a credential may stand. */
typedef enum {
    AG_FROM_HEADER, /* a field of any name, whose value it is */
    AG_FROM_QUERY,
    AG_FROM_COOKIE,
    AG_FROM_CONNECTION, /* the TLS client's certificate: nothing that the request carries */
    AG_FROM_PLAIN,      /* Authorization without a scheme: header:Authorization */
#define AG_SCHEME(place, name) AG_FROM_##place,
#include "schemes.def"
#undef AG_SCHEME
} ag_from_e;

#define AG_FROM_BIT(from) (1u << (from))

/* All places that are in Authorization. */
#define AG_FROM_AUTHORIZATION                                                                                        \
    ~(AG_FROM_BIT(AG_FROM_HEADER) | AG_FROM_BIT(AG_FROM_QUERY) | AG_FROM_BIT(AG_FROM_COOKIE)                         \
      | AG_FROM_BIT(AG_FROM_CONNECTION))

/* The places of which a browser sends what it has along with whatever any page asks for. */
#define AG_FROM_AMBIENT (AG_FROM_BIT(AG_FROM_COOKIE) | AG_FROM_BIT(AG_FROM_CONNECTION))

typedef struct ag_scheme_t {
    const char *name;
    ag_from_e from;
} ag_scheme_t;

/* In the order of a challenge; ends with one whose name is NULL. */
extern const ag_scheme_t ag_schemes[];

typedef struct ag_cred_kind_t {
    const char *name;
    unsigned bit;       /* its own, as ApiGuardProvider sets it; 0: anonymous */
    int token;          /* 1: its names belong to its issuer; 0: to the kind */
    unsigned places;    /* where it stands: AG_FROM_BIT */
    const char *advice; /* how it is sent: "a token as Authorization: Bearer"; or NULL */
} ag_cred_kind_t;

/* The numbers of the rows. */
enum {
#define AG_CREDENTIAL(name, token, places, advice, on) AG_CRED_##name,
#include "credentials.def"
#undef AG_CREDENTIAL
    AG_CRED_COUNT
};

extern const ag_cred_kind_t ag_cred_kinds[AG_CRED_COUNT];

/* The row of one kind: AG_KIND(key). */
#define AG_KIND(name) (&ag_cred_kinds[AG_CRED_##name])

/* Who showed none and was let in. */
extern const ag_cred_kind_t ag_cred_anonymous;

/* "key|jwt" and "key|jwt|anonymous", for ag_setting_choose(). */
#define AG_CRED_NAMES (ag_cred_names + 1)
#define AG_CRED_ALL   (ag_cred_all + 1)
extern const char ag_cred_names[], ag_cred_all[];

/* Of "jwt:shop" the kind, and *rest "shop"; NULL: no kind's name stands in front. */
const ag_cred_kind_t *ag_cred_before(const char **rest, const char *text);

/* 1 when `name` is a kind's that has no issuers: it stands for one behind the names of its clients, where these could
 * be taken for a token's (acme@key), so that no issuer may be called so. `any_case`: in capitals, too. */
int ag_cred_is_issuer(const char *name, int any_case);

#endif
