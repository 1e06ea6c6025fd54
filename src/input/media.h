/* SPDX-License-Identifier: Apache-2.0 */
/*
 * media: a media type with its parameters as Content-Type has it (RFC 9110 s8.3), read strictly: whatever a backend could
 * read in two ways is an error. And ranges of types, as the configuration and OpenAPI write them.
 */
#ifndef AG_INPUT_MEDIA_H
#define AG_INPUT_MEDIA_H

#include <apr_pools.h>

#define AG_MEDIA_PARAMETERS 8

typedef struct ag_media_t {
    const char *type; /* "application/json", in lower case */
    int n;
    struct {
        const char *name;  /* in lower case */
        const char *value; /* without its quotes */
        int escaped;       /* it has a backslash there, which some readers keep */
    } parameters[AG_MEDIA_PARAMETERS];
} ag_media_t;

/* Reads a Content-Type field; fields that are repeated, joined by commas, are an error, as are a parameter that stands there
 * twice, more than AG_MEDIA_PARAMETERS of them, and blanks around "=". NULL, or what is wrong: a sentence for the client
 * without anything he sent ("names a parameter twice"). Copies what it keeps to `p`. */
const char *ag_media_read(ag_media_t *media, const char *field, apr_pool_t *p);

/* Behind the parameter that begins at `at` ("NAME=VALUE"), which is added to the list; for other fields that have such. An
 * error as above, or NULL. */
const char *ag_media_parameter_read(ag_media_t *media, const char **at, apr_pool_t *p);

/* A parameter's value, or NULL. */
const char *ag_media_parameter(const ag_media_t *media, const char *name);

/* 1 when its charset is UTF-8, or it names none. */
int ag_media_utf8(const ag_media_t *media);

/* 1 when a range takes the type. Ranges are in lower case, as ag_media_range() makes them: "application/json", or with a "*"
 * for the subtype, for what stands in front of its "+json", or for both sides. */
int ag_media_matches(const char *range, const char *type);

/* How narrow a range is, from 0, which takes all, to 3, a type in full: where several match, the narrowest holds. */
int ag_media_rank(const char *range);

/* *range is the word in lower case, from `p`. NULL, or an error text: it is no range. */
const char *ag_media_range(const char **range, const char *word, apr_pool_t *p);

#endif
