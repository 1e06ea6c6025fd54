/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls: whether a client came over TLS, where a proxy in front of us ended it and tells so in a request field.
 */
#ifndef AG_TLS_H
#define AG_TLS_H

/* 1 when each element of the field's list is `https`, in any case, and there is one: each proxy on the way adds its
 * own word, and all of them have to say it. Empty elements do not count (RFC 9110 s5.6.1). NULL: there is no field. */
int ag_tls_all_https(const char *list);

#endif
