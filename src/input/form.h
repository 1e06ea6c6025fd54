/* SPDX-License-Identifier: Apache-2.0 */
/*
 * form: how many fields and files a form may have and how large they may be, and whether it can be read in one way. Two
 * media types are forms: application/x-www-form-urlencoded and multipart/form-data.
 */
#ifndef AG_INPUT_FORM_H
#define AG_INPUT_FORM_H

#include "multipart.h"

/* Of all counts and sizes, in bytes; words of ApiGuardValidate. */
typedef struct ag_form_limits_t {
    apr_int64_t fields;     /* max-fields= */
    apr_int64_t field_size; /* max-field-size=: a name or a value, decoded */
    apr_int64_t files;      /* max-files= */
    apr_int64_t file_size;  /* max-file-size=; 0: as large as the body may be */
} ag_form_limits_t;

/* What their words are called, for messages. */
#define AG_FORM_OPTIONS "max-fields=N max-field-size=SIZE max-files=N max-file-size=SIZE"

/* What holds where nothing is said: 1000 fields of 64 KB, as many as PHP reads (max_input_vars), and 20 files
 * (max_file_uploads). */
#define AG_FORM_LIMITS                                                                                               \
    {                                                                                                                \
        1000, 65536, 20, 0                                                                                           \
    }

/* Takes the word if it is one of those four options: which, from 1, and *error where its value is wrong; else 0. */
int ag_form_option(ag_form_limits_t *limits, const char *word, const char **error, apr_pool_t *p);

/* 1 when a body of that type is a form. */
int ag_form_is(const ag_media_t *media);

typedef enum { AG_FORM_WELL, AG_FORM_WRONG, AG_FORM_LARGE } ag_form_e;

/* Each limit is at most what the other one says. */
void ag_form_narrow(ag_form_limits_t *limits, const ag_form_limits_t *other);

/* Reads a form from end to end. *detail says what is wrong or too large, in a sentence for the client without anything he
 * sent ("part 3 has no name"). Memory is that of the largest field that
 * is allowed, or of one part's header lines; time is linear. */
ag_form_e ag_form_check(const char **detail, const ag_form_limits_t *limits, const ag_media_t *media, ag_span_t body,
                        apr_pool_t *p);

#endif
