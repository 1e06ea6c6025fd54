/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificate_maker: client certificates of any content, signed by nobody who matters: what is tested believes mod_ssl.
 */
#ifndef AG_CERTIFICATE_MAKER_H
#define AG_CERTIFICATE_MAKER_H

#include "unit.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

typedef struct {
    const char *type; /* of a name in the subject; of an alternative name NULL */
    int san;          /* GEN_DNS, GEN_URI, GEN_EMAIL */
    const char *text;
    int n; /* bytes; 0: up to the NUL */
} made_t;

static inline void add_subject(X509_NAME *name, const made_t *made)
{
    int n = made->n ? made->n : (int)strlen(made->text);

    assert_int_equal(
        X509_NAME_add_entry_by_txt(name, made->type, MBSTRING_UTF8, (const unsigned char *)made->text, n, -1, 0), 1);
}

static inline void add_alternative(GENERAL_NAMES *all, const made_t *made)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();

    assert_int_equal(ASN1_STRING_set(text, made->text, made->n ? made->n : (int)strlen(made->text)), 1);
    GENERAL_NAME_set0_value(name, made->san, text);
    sk_GENERAL_NAME_push(all, name);
}

/* In PEM. `made` ends with one whose text is NULL. */
static inline const char *make_certificate(const made_t *made, apr_pool_t *p)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    GENERAL_NAMES *all = GENERAL_NAMES_new();
    BIO *bio = BIO_new(BIO_s_mem());
    const made_t issuer[] = {{"O", 0, "Te, st", 0}, {"CN", 0, "M\xc3\xbcller", 0}};
    char *bytes;
    long n;

    assert_non_null(key);
    X509_set_version(x, 2);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    add_subject(X509_get_issuer_name(x), &issuer[0]);
    add_subject(X509_get_issuer_name(x), &issuer[1]);
    for (; made->text; made++) {
        if (made->type) {
            add_subject(X509_get_subject_name(x), made);
        }
        else {
            add_alternative(all, made);
        }
    }
    if (sk_GENERAL_NAME_num(all)) {
        assert_int_equal(X509_add1_ext_i2d(x, NID_subject_alt_name, all, 0, X509V3_ADD_DEFAULT), 1);
    }
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(bio, x), 1);
    n = BIO_get_mem_data(bio, &bytes);
    bytes = apr_pstrmemdup(p, bytes, (apr_size_t)n);
    BIO_free(bio);
    GENERAL_NAMES_free(all);
    X509_free(x);
    EVP_PKEY_free(key);
    return bytes;
}

#define ISSUER "CN=M\xc3\xbcller,O=Te\\, st"

#endif
