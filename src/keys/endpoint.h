/* SPDX-License-Identifier: Apache-2.0 */
/*
 * endpoint: a key's own list of methods and paths.
 */
#ifndef AG_ENDPOINT_H
#define AG_ENDPOINT_H

#include "../base/text.h"

/* 1 when one of the patterns ("METHOD PATH", "* PATH" or "PATH"; ag_text_path()'s) covers the
 * request, or there is none. `path` is httpd's: decoded, without dot segments. */
int ag_key_endpoint_allowed(const ag_words_t *endpoints, const char *method, const char *path);

/* The same for where COPY or MOVE goes to: `destination` is that field's value (RFC 4918 s10.3) or NULL. One
 * with anything that is read in more than one way (escapes, parameters, dot segments) is covered by nothing. */
int ag_key_destination_allowed(const ag_words_t *endpoints, const char *method, const char *destination);

#endif
