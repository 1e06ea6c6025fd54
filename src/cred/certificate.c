/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificate: see certificate.h. OpenSSL reads it. A name is copied by its length: a NUL in it must not end it early,
 * or "admin\0.example.com" would be admin.
 */
#include "certificate.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "../core/principal.h"

/* What the client is told of a part. */
static const char *const parts[] = {"CN", "subject", "SAN of type DNS", "SAN of type URI", "SAN of type email"};

static const char *const texts[] = {
    "",
#define AG_CERT_CAUSE(name, text) text,
#include "certificate_causes.def"
#undef AG_CERT_CAUSE
};

const char *ag_certificate_cause(ag_cert_cause_e cause, ag_cert_part_e part, apr_pool_t *p)
{
    const char *text = texts[cause];
    const char *gap = strstr(text, "%s");

    return gap ? apr_pstrcat(p, apr_pstrmemdup(p, text, (apr_size_t)(gap - text)), parts[part], gap + 2, NULL) : text;
}

/* One name more: the second one, and what nobody may be called, are causes. */
static ag_cert_cause_e take(const char **name, const char *text, int n, apr_pool_t *p)
{
    if (*name) {
        return AG_CERT_SEVERAL;
    }
    *name = n > 0 ? apr_pstrmemdup(p, text, (apr_size_t)n) : "";
    return n > 0 && !memchr(text, '\0', (size_t)n) && ag_principal_may_be(*name) ? AG_CERT_GOOD : AG_CERT_NAME;
}

static ag_cert_cause_e read_cn(const char **name, const X509 *certificate, apr_pool_t *p)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    ag_cert_cause_e cause = AG_CERT_GOOD;
    int at = -1;

    while (cause == AG_CERT_GOOD && (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0) {
        unsigned char *text = NULL;
        int n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));

        cause = take(name, (const char *)text, n, p);
        OPENSSL_free(text);
    }
    return cause;
}

/* In the form of RFC 2253, with letters beyond ASCII as they are, as mod_ssl's SSL_CLIENT_S_DN; NULL: it is empty. */
static const char *dn_text(const X509_NAME *dn, apr_pool_t *p)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const char *text = NULL;
    char *bytes;
    long n;

    if (bio && X509_NAME_print_ex(bio, dn, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0
        && (n = BIO_get_mem_data(bio, &bytes)) > 0) {
        text = apr_pstrmemdup(p, bytes, (apr_size_t)n);
    }
    BIO_free(bio);
    return text;
}

static ag_cert_cause_e read_dn(const char **name, const X509 *certificate, apr_pool_t *p)
{
    const char *text = dn_text(X509_get_subject_name(certificate), p);

    return text ? take(name, text, (int)strlen(text), p) : AG_CERT_GOOD;
}

/* Alternative names (RFC 5280 s4.2.1.6) of one type. Where the extension stands twice there are none. */
static ag_cert_cause_e read_san(const char **name, const X509 *certificate, int type, apr_pool_t *p)
{
    GENERAL_NAMES *all = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    ag_cert_cause_e cause = AG_CERT_GOOD;
    int i;

    for (i = 0; cause == AG_CERT_GOOD && i < sk_GENERAL_NAME_num(all); i++) {
        const GENERAL_NAME *each = sk_GENERAL_NAME_value(all, i);

        if (each->type == type) {
            cause = take(name, (const char *)ASN1_STRING_get0_data(each->d.ia5), ASN1_STRING_length(each->d.ia5), p);
        }
    }
    GENERAL_NAMES_free(all);
    return cause;
}

static ag_cert_cause_e read_part(const char **name, const X509 *certificate, ag_cert_part_e part, apr_pool_t *p)
{
    switch (part) {
    case AG_CERT_CN:
        return read_cn(name, certificate, p);
    case AG_CERT_DN:
        return read_dn(name, certificate, p);
    case AG_CERT_SAN_DNS:
        return read_san(name, certificate, GEN_DNS, p);
    case AG_CERT_SAN_URI:
        return read_san(name, certificate, GEN_URI, p);
    case AG_CERT_SAN_EMAIL:
        return read_san(name, certificate, GEN_EMAIL, p);
    }
    return AG_CERT_UNREADABLE;
}

static ag_cert_cause_e examine(const char **name, const char **issuer, const ag_certificate_t *wanted,
                               const X509 *certificate, apr_pool_t *p)
{
    ag_cert_cause_e cause;

    *issuer = dn_text(X509_get_issuer_name(certificate), p);
    if (wanted->issuer && (!*issuer || strcmp(wanted->issuer, *issuer) != 0)) {
        return AG_CERT_ISSUER;
    }
    cause = read_part(name, certificate, wanted->part, p);
    return cause == AG_CERT_GOOD && !*name ? AG_CERT_NAMELESS : cause;
}

ag_cert_cause_e ag_certificate_read(const char **name, const char **issuer, const ag_certificate_t *wanted,
                                    const char *pem, apr_pool_t *p)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    ag_cert_cause_e cause = AG_CERT_UNREADABLE;

    *name = *issuer = NULL;
    if (certificate) {
        cause = examine(name, issuer, wanted, certificate, p);
    }
    X509_free(certificate);
    BIO_free(bio);
    ERR_clear_error();
    return cause;
}

/* Behind the sign that ends the value at `at`; its end where none does. A value begins and ends without a blank. */
static const char *after_value(const char *at)
{
    const char *start = at;

    if (*at == ' ') {
        return NULL;
    }
    for (; *at && *at != ',' && *at != '+'; at++) {
        at += *at == '\\' && at[1];
    }
    return at > start && at[-1] == ' ' && (at - 1 == start || at[-2] != '\\') ? NULL : at + (*at && at[1]);
}

int ag_certificate_is_dn(const char *text)
{
    const char *at = text;

    do {
        const char *type = at;

        for (; apr_isalnum(*at) || *at == '.' || *at == '-'; at++) {
        }
        at = at > type && *at == '=' ? after_value(at + 1) : NULL;
    } while (at && *at && (at[-1] == ',' || at[-1] == '+'));
    return at && !*at;
}
