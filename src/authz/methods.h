/* SPDX-License-Identifier: Apache-2.0 */
/*
 * methods: which permission a method asks for (ApiGuardMethodScopes), the row of authz.def.
 */
#ifndef AG_METHODS_H
#define AG_METHODS_H

#include "../core/principal.h"
#include "../core/setting.h"

/* A permission that a method asks for; several of one method: any of them will do. */
typedef struct ag_method_scope_t {
    const char *method; /* "*": any that is not named */
    const char *scope;
} ag_method_scope_t;

typedef struct ag_method_scopes_t {
    const ag_method_scope_t *v;
    int n; /* 0: no method asks for any */
} ag_method_scopes_t;

/* 1 when he may use the method. Else *wanted is what would have done, parted by spaces, or NULL when
 * nothing would. */
int ag_methods_allow(const ag_method_scopes_t *scopes, const char *method, const ag_principal_t *who,
                     const char **wanted, apr_pool_t *p);

/* What would do for the method, parted by spaces; NULL: nothing is asked for, or nothing would do. */
const char *ag_methods_asked(const ag_method_scopes_t *scopes, const char *method, apr_pool_t *p);

extern const ag_setting_kind_t ag_kind_method_scopes;

#endif
