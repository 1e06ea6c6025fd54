/* SPDX-License-Identifier: Apache-2.0 */
/*
 * principal: what others know somebody by: the id that a client's counts go by, and the name.
 */
#include "principal.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#define MAX_NAME 255 /* bytes of a client or user, as OpenID Connect bounds `sub` */

int ag_principal_may_be(const char *name)
{
    return *name && strlen(name) <= MAX_NAME && ag_text_printable(name) && ag_text_blank(name) != AG_BLANK_END
           && apr_cstr_casecmp(name, ag_cred_anonymous.name) != 0;
}

static int ends_like_anothers(const ag_principal_t *who, const char *name)
{
    const char *at = who->issuers.n ? strrchr(name, '@') : NULL;

    return at && ag_words_has(&who->issuers, at + 1);
}

const char *ag_principal_tell(const ag_principal_t *who, const char *name, apr_pool_t *p)
{
    return name && (who->several || ends_like_anothers(who, name)) ? apr_pstrcat(p, name, "@", who->issuer_name, NULL)
                                                                   : name;
}

/* The three texts, each with its NUL: no text can run into the next. */
ag_id_t ag_client_id_of(const ag_sip_key_t *sip, const char *kind, const char *issuer, const char *client,
                        apr_pool_t *p)
{
    const char *texts[3] = {kind, issuer ? issuer : "", client};
    apr_size_t n = strlen(texts[0]) + strlen(texts[1]) + strlen(texts[2]) + 3;
    char *all = apr_palloc(p, n), *at = all;
    int i;

    for (i = 0; i < 3; i++) {
        apr_size_t size = strlen(texts[i]) + 1;

        memcpy(at, texts[i], size);
        at += size;
    }
    return ag_sip(sip, all, n);
}
