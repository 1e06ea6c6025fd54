/* SPDX-License-Identifier: Apache-2.0 */
/*
 * records: a file of keys, as CSV with a header line or JSON lines, one record at a time. Columns
 * are known by the table's names; one that is not known is an error and never passed over, since it
 * may be a rule with a typing error in its name.
 *
 * What it says of an error never quotes the file: a key may stand in any column of it.
 */
#ifndef AG_CTL_RECORDS_H
#define AG_CTL_RECORDS_H

#include "csv.h"
#include "draft.h"

/* The columns of a draft, and three that are no part of one. */
enum {
    AG_R_KEY = AG_D_COUNT, /* the key itself, a secret */
    AG_R_ID,               /* its number in the table it comes from */
    AG_R_ROTATED_TO,       /* the number there of the key that took its place */
    AG_R_COUNT
};

typedef struct ag_record_t {
    int line;
    const char *text[AG_R_COUNT]; /* NULL for NULL */
    unsigned int here;            /* a bit for every column the record has */
} ag_record_t;

/* What is wrong with a line. */
typedef struct ag_complaint_t {
    int line;
    const char *column; /* NULL: with the line as a whole */
    const char *text;
} ag_complaint_t;

typedef struct ag_records_t {
    ag_csv_t csv;
    int json;
    int columns; /* of the header: */
    int column[AG_R_COUNT];
} ag_records_t;

/* The column's name in files. */
const char *ag_records_name(int column);

/* Begins with the n bytes at `text`, behind which one more may be written; it is JSON lines when it
 * begins with a brace. 0 and a complaint when the header is wrong. */
int ag_records_open(ag_records_t *records, ag_complaint_t *complaint, char *text, apr_size_t n, apr_pool_t *p);

/* The next record: 1; 0 at the end; -1 and a complaint for a bad line. Texts are in place, or live
 * as long as `p`. */
int ag_records_next(ag_record_t *record, ag_complaint_t *complaint, ag_records_t *records, apr_pool_t *p);

#endif
