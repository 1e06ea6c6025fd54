/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy: what a section says (policy.def) and what a server says (site.def), as two structs with a
 * member for each row. Fixed once the configuration is read.
 */
#ifndef AG_POLICY_H
#define AG_POLICY_H

#include "../authz/methods.h"
#include "../core/setting.h"
#include "../cred/setting.h"
#include "../input/setting.h"
#include "../issue/setting.h"
#include "../keys/setting.h"
#include "../limit/setting.h"
#include "../openapi/openapi.h"
#include "../ban/ban.h"
#include "../reply/setting.h"

/* The numbers of the rows. */
#define AG_SETTING(directive, member, kind, type, initial, allowed, where, help) AG_POLICY_##member,
enum {
#include "policy.def"
    AG_POLICY_COUNT
};
#undef AG_SETTING
#define AG_SETTING(directive, member, kind, type, initial, allowed, where, help) AG_SITE_##member,
enum {
#include "site.def"
    AG_SITE_COUNT
};
#undef AG_SETTING

#define AG_SETTING(directive, member, kind, type, initial, allowed, where, help) type member;
typedef struct ag_policy_t {
    AG_SETTINGS_HEAD(AG_POLICY_COUNT);
#include "policy.def"
    ag_id_t realm;                       /* ag_policy_realm()'s, of the policy that */
    const struct ag_policy_t *realm_for; /* this points to: a copy that was changed has none yet */
} ag_policy_t;

typedef struct ag_site_t {
    AG_SETTINGS_HEAD(AG_SITE_COUNT);
#include "site.def"
} ag_site_t;
#undef AG_SETTING

extern const ag_setting_t ag_policy_rows[AG_POLICY_COUNT];
extern const ag_setting_t ag_site_rows[AG_SITE_COUNT];
extern const ag_settings_t ag_policy_table, ag_site_table;

/* A section's settings before anything is written: every row at its default, none marked. */
ag_policy_t *ag_policy_make(apr_pool_t *p);

/* The inner section within the outer one. Where one of them says nothing it is the other itself, so
 * two configurations may share a policy. */
const ag_policy_t *ag_policy_merge(const ag_policy_t *outer, const ag_policy_t *inner, apr_pool_t *p);

ag_site_t *ag_site_make(apr_pool_t *p);
ag_site_t *ag_site_merge(const ag_site_t *outer, const ag_site_t *inner, apr_pool_t *p);

/* What issuers are called wherever several are accepted; the words live as long as the configuration. */
void ag_policy_know_issuers(const ag_words_t *names);

/* 0 where no name can need to be told apart: there is one issuer at most, and no tokens. */
int ag_policy_parts_names(const ag_policy_t *policy);

/* What a section demands of tokens. */
void ag_policy_jwt(ag_jwt_policy_t *jwt, const ag_policy_t *policy, apr_pool_t *p);

/* Everything in a section that decides which tokens are accepted (AG_IN_REALM). For requests: the policy, once asked, is
 * not changed any more. */
ag_id_t ag_policy_realm(const ag_policy_t *policy);

/* The kinds of credentials that the section accepts, a bit each. */
unsigned ag_policy_types(const ag_policy_t *policy);

/* Those that it would accept without ApiGuardProvider. */
unsigned ag_policy_prepared(const ag_policy_t *policy);

/* How a credential is sent, for a client that sent none: one sentence. */
const char *ag_policy_advice(const ag_policy_t *policy, apr_pool_t *p);

/* The request fields that a preflight allows where CORS is on (policy->cors). */
const char *ag_policy_cors_headers(const ag_policy_t *policy, apr_pool_t *p);

/* Contradictions that only show once a section is complete: an error text or NULL. */
const char *ag_policy_check(const ag_policy_t *policy, apr_pool_t *p);

#endif
