/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token_binding: see token_binding.h. The certificate is asked for only where a token is bound to one, and on each
 * request anew: the token may be remembered, the connection is another one.
 */
#include "token_binding.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include <apr_strings.h>

#include "jwt_cause.h"
#include "../base/digest.h"

#define METHOD    "x5t#S256"
#define TEXT_SIZE 43 /* of 32 bytes in base64url */

/* The bytes of an x5t#S256 of one spelling; 0 when it is none. */
static int read_thumbprint(unsigned char out[AG_SHA256_SIZE], const char *text)
{
    return strlen(text) == TEXT_SIZE && ag_base64url_decode(out, text, TEXT_SIZE) == AG_SHA256_SIZE;
}

const char *ag_token_binding_read(const char **bound_to, json_t *claims, int required, apr_pool_t *p)
{
    json_t *cnf = json_object_get(claims, "cnf");
    json_t *value = json_object_get(cnf, METHOD);
    unsigned char bytes[AG_SHA256_SIZE];

    *bound_to = NULL;
    if (!cnf) {
        return required ? ag_jwt_cause(AG_JWT_LACKS, "cnf", p) : NULL;
    }
    if (!json_is_object(cnf) || (value && !json_is_string(value))) {
        return ag_jwt_cause(AG_JWT_MALFORMED, "cnf", p);
    }
    if (!value || json_object_size(cnf) != 1) {
        return ag_jwt_cause(AG_JWT_CONFIRMATION, NULL, p); /* one of several would not be enough */
    }
    if (!read_thumbprint(bytes, json_string_value(value))) {
        return ag_jwt_cause(AG_JWT_MALFORMED, "cnf", p);
    }
    *bound_to = apr_pstrdup(p, json_string_value(value));
    return NULL;
}

/* SHA-256 of the certificate's DER (RFC 8705 s3.1); 0 when the text holds none. */
static int digest_certificate(unsigned char out[AG_SHA256_SIZE], const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    char *name = NULL, *header = NULL;
    unsigned char *der = NULL;
    long n = 0;
    int found = bio && PEM_read_bio(bio, &name, &header, &der, &n) && n > 0;

    if (found) {
        ag_sha256(out, der, (apr_size_t)n);
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(der);
    BIO_free(bio);
    ERR_clear_error();
    return found;
}

const char *ag_token_binding_prove(const char *bound_to, const ag_request_t *request)
{
    unsigned char wanted[AG_SHA256_SIZE], shown[AG_SHA256_SIZE];
    const char *pem = request->tls(request, "SSL_CLIENT_CERT");

    if (!pem || !digest_certificate(shown, pem)) {
        return ag_jwt_cause(AG_JWT_NO_CERTIFICATE, NULL, request->pool);
    }
    return read_thumbprint(wanted, bound_to) && ag_equal(wanted, shown, AG_SHA256_SIZE)
               ? NULL
               : ag_jwt_cause(AG_JWT_OTHER_CERTIFICATE, NULL, request->pool);
}
