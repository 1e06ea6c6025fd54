/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url: URLs that an administrator writes and clients are told (RFC 3986). They are checked and never changed.
 */
#ifndef AG_URL_H
#define AG_URL_H

/* 1 when nothing but the signs of a URI reference stands in it (RFC 3986 s2), a % only as %XX. */
int ag_url_signs(const char *url);

/* What follows https:// or http://, which begins with a host; else NULL. */
const char *ag_url_host(const char *url);

#endif
