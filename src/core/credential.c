/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credential: the kinds and the schemes as tables.
 */
#include "credential.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define AG_SCHEME(place, name) {name, AG_FROM_##place},
const ag_scheme_t ag_schemes[] = {
#include "schemes.def"
    {NULL, AG_FROM_PLAIN}};
#undef AG_SCHEME

#define AG_CREDENTIAL(name, token, places, advice, on) {#name, 1u << AG_CRED_##name, token, places, advice},
const ag_cred_kind_t ag_cred_kinds[AG_CRED_COUNT] = {
#include "credentials.def"
};
#undef AG_CREDENTIAL

const ag_cred_kind_t ag_cred_anonymous = {"anonymous", 0, 0, 0, NULL};

#define AG_CREDENTIAL(name, token, places, advice, on) "|" #name
const char ag_cred_names[] =
#include "credentials.def"
    ;
const char ag_cred_all[] =
#include "credentials.def"
    "|anonymous";
#undef AG_CREDENTIAL

const ag_cred_kind_t *ag_cred_before(const char **rest, const char *text)
{
    int i;

    for (i = 0; i < AG_CRED_COUNT; i++) {
        size_t n = strlen(ag_cred_kinds[i].name);

        if (strncmp(text, ag_cred_kinds[i].name, n) == 0 && text[n] == ':') {
            *rest = text + n + 1;
            return &ag_cred_kinds[i];
        }
    }
    return NULL;
}

int ag_cred_is_issuer(const char *name, int any_case)
{
    int i;

    for (i = 0; i < AG_CRED_COUNT; i++) {
        const ag_cred_kind_t *kind = &ag_cred_kinds[i];

        if (!kind->token && (any_case ? strcasecmp(name, kind->name) : strcmp(name, kind->name)) == 0) {
            return 1;
        }
    }
    return 0;
}
