/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv: reads comma-separated values as RFC 4180 writes them, out of memory, in place: fields are
 * unquoted where they stand, so no copy of a secret is made. Lines end with LF or CRLF; a field in
 * quotes may hold commas, line ends and doubled quotes; an empty line is passed over.
 *
 * An empty field without quotes is NULL, one with quotes ("") is the empty text.
 */
#ifndef AG_CTL_CSV_H
#define AG_CTL_CSV_H

#include <apr_tables.h>

typedef struct ag_csv_t {
    char *at;  /* what is left */
    char *end; /* there is a byte of memory here, which is written to */
    int line;  /* of `at`, from 1 */
} ag_csv_t;

/* Begins with the n bytes at `text`, behind which one more may be written. A byte order mark is
 * passed over. */
void ag_csv_init(ag_csv_t *csv, char *text, apr_size_t n);

/* The next record: its fields (const char *, in place), *line where it begins. 1 for a record, 0 at
 * the end; -1 and *error for a record that is none, after which the next line can be read. */
int ag_csv_next(apr_array_header_t *fields, int *line, const char **error, ag_csv_t *csv);

#endif
