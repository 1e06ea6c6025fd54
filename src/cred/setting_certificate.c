/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: ApiGuardCertificate: what of a client certificate names the client, and whose certificates are accepted.
 */
#include "setting.h"

#include <string.h>

#include <apr_strings.h>

#define PARTS "cn|dn|san-dns|san-uri|san-email" /* in the order of ag_cert_part_e */

static const char *read_part(ag_certificate_t *certificate, const char *word, apr_pool_t *p)
{
    int part = *word ? ag_setting_choose(PARTS, word) : -1;

    if (part < 0) {
        return apr_psprintf(p, "client=: \"%s\" is not allowed: %s", word, ag_setting_choices(PARTS, p));
    }
    certificate->part = (ag_cert_part_e)part;
    return NULL;
}

/* It is compared to the letter, so what could never be equal is a mistake. */
static const char *read_issuer(ag_certificate_t *certificate, const char *dn, apr_pool_t *p)
{
    if (!ag_certificate_is_dn(dn)) {
        return apr_psprintf(p,
                            "issuer=: \"%s\" is not allowed: the authority's name as \"openssl x509 -noout -subject "
                            "-nameopt RFC2253,-esc_msb\" shows it, such as CN=Partners,O=Example",
                            dn);
    }
    certificate->issuer = dn;
    return NULL;
}

static const char *read_word(ag_certificate_t *certificate, unsigned *said, const char *word, apr_pool_t *p)
{
    const char *client = ag_text_option(word, "client"), *issuer = ag_text_option(word, "issuer");
    unsigned bit = client ? 1 : 2;

    if (!client && !issuer) {
        return apr_psprintf(p, "\"%s\" is not allowed: client=" PARTS " [issuer=DN]", word);
    }
    if (*said & bit) {
        return client ? "client= is given twice" : "issuer= is given twice";
    }
    *said |= bit;
    return client ? read_part(certificate, client, p) : read_issuer(certificate, issuer, p);
}

static const char *parse(void *value, const ag_setting_t *row, const ag_words_t *words, const ag_setting_call_t *call)
{
    ag_certificate_t *certificate = value;
    const char *error = NULL, *text;
    unsigned said = 0;
    int i;

    memset(certificate, 0, sizeof *certificate);
    for (i = 0; !error && i < words->n; i++) {
        error = read_word(certificate, &said, words->v[i], call->p);
    }
    text = apr_psprintf(call->p, "%s\n%d\n%s", row->name, certificate->part,
                        certificate->issuer ? certificate->issuer : "");
    certificate->id = ag_id_of(text, strlen(text));
    certificate->said = 1;
    return error;
}

const ag_setting_kind_t ag_kind_certificate = {parse, NULL, NULL};
