/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificate: what a client certificate says of its holder, as ApiGuardCertificate asks it. Whether the certificate
 * is good is not known here: that is for whoever made the handshake to say.
 */
#ifndef AG_CERTIFICATE_H
#define AG_CERTIFICATE_H

#include <apr_pools.h>

#include "../base/digest.h"

/* Which part of it names the client; the order is that of the words of client=. */
typedef enum { AG_CERT_CN, AG_CERT_DN, AG_CERT_SAN_DNS, AG_CERT_SAN_URI, AG_CERT_SAN_EMAIL } ag_cert_part_e;

/* ApiGuardCertificate. All zero: no line says anything. */
typedef struct ag_certificate_t {
    int said;
    ag_cert_part_e part;
    const char
        *issuer; /* whose certificates alone are accepted: its name in RFC 2253's form; NULL: all that are verified */
    ag_id_t id;  /* of part and issuer: a name read under another line is not this line's */
} ag_certificate_t;

typedef enum {
    AG_CERT_GOOD,
#define AG_CERT_CAUSE(name, text) AG_CERT_##name,
#include "certificate_causes.def"
#undef AG_CERT_CAUSE
} ag_cert_cause_e;

/* The cause's text for the client. */
const char *ag_certificate_cause(ag_cert_cause_e cause, ag_cert_part_e part, apr_pool_t *p);

/* Reads the client's name in a certificate in PEM: AG_CERT_GOOD and *name, or what is wrong with it. *issuer is the
 * name of its issuer, as `openssl x509 -issuer -nameopt RFC2253,-esc_msb` writes it, or NULL. */
ag_cert_cause_e ag_certificate_read(const char **name, const char **issuer, const ag_certificate_t *wanted,
                                    const char *pem, apr_pool_t *p);

/* 1 when the text is a distinguished name in that form: TYPE=VALUE, parted by commas, no blanks beside these signs. */
int ag_certificate_is_dn(const char *text);

#endif
