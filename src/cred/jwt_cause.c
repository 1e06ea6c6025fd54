/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt_cause: see jwt_cause.h. The texts are fixed, so a refusal that names no claim costs nothing.
 */
#include "jwt_cause.h"

#include <apr_strings.h>

static const char *const texts[AG_JWT_CAUSES] = {
#define AG_JWT_CAUSE(name, text) text,
#include "jwt_causes.def"
#undef AG_JWT_CAUSE
};

/* The backslash of a literal dot (`a\.b`) is the configuration's spelling, not the claim's name. */
static const char *printable(const char *name, apr_pool_t *p)
{
    char *out = apr_palloc(p, strlen(name) + 1);
    char *at = out;

    for (; *name; name++) {
        if (*name != '\\') {
            *at++ = *name >= 0x20 && *name < 0x7F && *name != '"' ? *name : '?';
        }
    }
    *at = '\0';
    return out;
}

const char *ag_jwt_cause(ag_jwt_cause_e cause, const char *name, apr_pool_t *p)
{
    const char *text = texts[cause];
    const char *gap = strstr(text, "%s");

    return gap ? apr_pstrcat(p, apr_pstrmemdup(p, text, (apr_size_t)(gap - text)), printable(name, p), gap + 2, NULL)
               : text;
}
