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

#endif
