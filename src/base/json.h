/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: reading by jansson under strict rules, writing by a few appends to a buffer (a refusal under
 * attack must stay cheaper than an answer, so it builds no tree).
 */
#ifndef AG_JSON_H
#define AG_JSON_H

#include <jansson.h>

#include "text.h"

/* Parses an object: duplicate members, trailing data, NUL and invalid UTF-8 are errors (RFC 8259,
 * RFC 7515 s4). The object is released with `p`. NULL when the text is not such an object. */
json_t *ag_json_object(const char *text, apr_size_t n, apr_pool_t *p);

/* The value at a dotted path ("realm_access.roles"; a literal dot is `\.`), or NULL. Borrowed. */
json_t *ag_json_path(json_t *object, const char *path);

/* The claim that a configuration calls by that name, the same in every directive: the member of just
 * this name ("https://example.com/roles"), else what is at the dotted path. NULL or borrowed. */
json_t *ag_json_claim(json_t *claims, const char *name);

/* A value that is one text: a string as it is, a whole number or a boolean as JSON writes it. NULL for
 * anything else. In `p` or borrowed. */
const char *ag_json_scalar(const json_t *value, apr_pool_t *p);

/* The words of a claim: a string is split at spaces (RFC 6749 s3.3), a whole number is one word, an
 * array gives its members that are strings or whole numbers, anything else the empty list. Copied to
 * `p`. */
void ag_json_words(ag_words_t *words, json_t *value, apr_pool_t *p);

/* Appends `text` as a JSON string with its quotes. Bytes that are not valid UTF-8 become U+FFFD, what could
 * steer the terminal of whoever looks at it (see ag_text_printable()) is escaped; NULL becomes null. */
void ag_json_string(ag_buf_t *b, const char *text);

/* Appends `,"name":` (without the comma after an opening brace). The name is one of ours: it holds
 * nothing that needs an escape. */
void ag_json_name(ag_buf_t *b, const char *name);

/* The same of a literal that is not the first of its object, put together by the compiler. */
#define AG_JSON_NAME(name) ",\"" name "\":"

/* How many bytes from here on, `most` at most, are printable ASCII that stands in a string as it
 * is: no quote, no backslash. */
apr_size_t ag_json_plain(const char *text, apr_size_t most);

#endif
