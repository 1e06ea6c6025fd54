/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view: rows of a database, shown by a table of what their columns are: as a list, as one thing
 * with a line for each column, or as JSON. What is in a row cannot steer a terminal.
 */
#ifndef AG_CTL_VIEW_H
#define AG_CTL_VIEW_H

#include "ctl.h"

typedef enum {
    AG_VIEW_TEXT,
    AG_VIEW_NUMBER,
    AG_VIEW_TIME,  /* seconds since 1970 */
    AG_VIEW_LIST,  /* words, or a JSON array */
    AG_VIEW_SPAN,  /* seconds */
    AG_VIEW_HIDDEN /* is never shown */
} ag_view_e;

/* In the order of the cells; a row without name ends it. */
typedef struct ag_view_t {
    const char *name; /* in JSON, and before the value of a single thing */
    ag_view_e kind;
    const char *title; /* in the list, or NULL: it is not in the list */
} ag_view_t;

/* One row as a JSON object; rows as an array of them. */
json_t *ag_view_json(const ag_view_t *view, const char **row, apr_pool_t *p);

json_t *ag_view_rows_json(const ag_view_t *view, const ag_rows_t *rows, apr_pool_t *p);

/* All rows: a table, or a JSON array. */
void ag_view_print(const ag_ctl_t *ctl, const ag_view_t *view, const ag_rows_t *rows);

/* One row: a line for each column, or a JSON object. */
void ag_view_print_one(const ag_ctl_t *ctl, const ag_view_t *view, const char **row);

#endif
