/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multipart: the delimiters, and what lies between them. A part's lines are part.c's. Data is searched once.
 */
#include "multipart.h"

#include <string.h>

#include <apr_strings.h>

#define BOUNDARY_MOST 70 /* RFC 2046 s5.1.1 */
#define BOUNDARY                                                                                                     \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'()+_-./:=?" /* less ',' and ' ', which end it for PHP */

/* What Content-Type has beside the boundary. PHP looks for the word anywhere in the field, so nothing else may hold it. */
static const char *check_parameters(const ag_media_t *media)
{
    int i;

    for (i = 0; i < media->n; i++) {
        const char *name = media->parameters[i].name;

        if (strcmp(name, "boundary") != 0 && strcmp(name, "charset") != 0) {
            return "has a parameter in Content-Type that is neither boundary nor charset";
        }
        if (media->parameters[i].escaped) {
            return "has a backslash in a parameter of Content-Type";
        }
    }
    return ag_media_utf8(media) ? NULL : "is in another charset than UTF-8";
}

const char *ag_multipart_begin(ag_multipart_t *multipart, const ag_media_t *media, const char *text, apr_size_t n,
                               apr_pool_t *p)
{
    const char *boundary = ag_media_parameter(media, "boundary");
    const char *error = check_parameters(media);
    apr_size_t length = boundary ? strlen(boundary) : 0;
    const char *first;

    if (error) {
        return error;
    }
    if (!length || length > BOUNDARY_MOST || strspn(boundary, BOUNDARY) != length) {
        return "has no boundary of 1 to 70 letters, digits and '()+_-./:=?";
    }
    multipart->delimiter.at = apr_pstrcat(p, "\r\n--", boundary, NULL);
    multipart->delimiter.n = length + 4;
    multipart->number = 0;
    first = multipart->delimiter.at + 2;
    length += 2;
    if (n < length || memcmp(text, first, length) != 0) {
        return "does not begin with its boundary";
    }
    multipart->at = text + length;
    multipart->end = text + n;
    return NULL;
}

/* 1 when `text` stands at `at`. */
static int stands(const char *at, const char *end, const char *text)
{
    apr_size_t n = strlen(text);

    return (apr_size_t)(end - at) >= n && memcmp(at, text, n) == 0;
}

/* Where the delimiter stands that ends the data from `at`. NULL and *error: there is none, or a line begins with the
 * boundary that is no delimiter, which some readers take for one. */
static const char *find_delimiter(const char *at, const ag_multipart_t *multipart, const char **error)
{
    const char *start = at, *end = multipart->end;
    ag_span_t boundary = ag_span(multipart->delimiter.at + 2, multipart->delimiter.n - 2);

    while ((at = memmem(at, (apr_size_t)(end - at), boundary.at, boundary.n))) {
        const char *behind = at + boundary.n;
        int line = at == start || at[-1] == '\n' || at[-1] == '\r';

        if (line && at - start >= 2 && at[-2] == '\r' && at[-1] == '\n'
            && (stands(behind, end, "\r\n") || stands(behind, end, "--"))) {
            return at - 2;
        }
        if (line) {
            *error = "has a line that begins with the boundary and is no delimiter";
            return NULL;
        }
        at = behind;
    }
    *error = "is not ended by the boundary";
    return NULL;
}

/* Behind the last delimiter. */
static int finish(const ag_multipart_t *multipart, const char **error)
{
    const char *rest = multipart->at + 2;

    if (rest == multipart->end || (multipart->end - rest == 2 && stands(rest, multipart->end, "\r\n"))) {
        return 0;
    }
    *error = "has something behind the last boundary";
    return -1;
}

int ag_multipart_next(ag_part_t *part, ag_multipart_t *multipart, const char **error, apr_pool_t *p)
{
    const char *delimiter;

    memset(part, 0, sizeof *part);
    if (stands(multipart->at, multipart->end, "--")) {
        part->number = multipart->number;
        return finish(multipart, error);
    }
    part->number = ++multipart->number;
    if (!stands(multipart->at, multipart->end, "\r\n")) {
        *error = "has something behind its boundary";
        return -1;
    }
    multipart->at += 2;
    *error = ag_part_head(part, &multipart->at, multipart->end, p);
    if (*error) {
        return -1;
    }
    delimiter = find_delimiter(multipart->at, multipart, error);
    if (!delimiter) {
        return -1;
    }
    part->data = ag_span(multipart->at, (apr_size_t)(delimiter - multipart->at));
    multipart->at = delimiter + multipart->delimiter.n;
    *error = ag_part_data(part);
    return *error ? -1 : 1;
}
