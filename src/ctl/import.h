/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import: a record of a file becomes a draft, or a complaint about one of its columns. It asks no
 * database, and what it says never quotes the file.
 */
#ifndef AG_CTL_IMPORT_H
#define AG_CTL_IMPORT_H

#include "draft.h"
#include "records.h"

#define AG_IMPORT_SHORT 16 /* characters; what is shorter can be guessed */

/* The same for all records. */
typedef struct ag_import_t {
    const unsigned char *pepper; /* for keys as they are; NULL: none */
    apr_size_t pepper_size;
    int expires_said;    /* for a record that says nothing of it: */
    const char *expires; /* seconds since 1970; NULL: never */
    apr_time_t now;
} ag_import_t;

/* Fills the draft. An error text and the column it is about (NULL: the record), or NULL. */
const char *ag_import_draft(ag_draft_t *d, const char **column, const ag_record_t *record, const ag_import_t *import,
                            apr_pool_t *p);

#endif
