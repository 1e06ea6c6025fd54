/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view: see view.h.
 */
#include "view.h"

#include <stdio.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "../base/measure.h"

static json_t *list_json(const char *text, apr_pool_t *p)
{
    json_t *array = json_array();
    ag_words_t words;
    int i;

    if (!text || ag_text_list(&words, text, p)) {
        json_decref(array);
        return ag_ctl_text(text, p); /* a broken list as it is */
    }
    for (i = 0; i < words.n; i++) {
        json_array_append_new(array, ag_ctl_text(words.v[i], p));
    }
    return array;
}

static json_t *cell_json(ag_view_e kind, const char *text, apr_pool_t *p)
{
    apr_int64_t number;

    if (kind == AG_VIEW_LIST) {
        return list_json(text, p);
    }
    if (kind != AG_VIEW_TEXT && text && !ag_measure_number(&number, text, 0, APR_INT64_MAX, p)) {
        return json_integer(number);
    }
    return ag_ctl_text(text, p);
}

json_t *ag_view_json(const ag_view_t *view, const char **row, apr_pool_t *p)
{
    json_t *object = json_object();
    int i;

    for (i = 0; view[i].name; i++) {
        if (view[i].kind != AG_VIEW_HIDDEN) {
            json_object_set_new(object, view[i].name, cell_json(view[i].kind, row[i], p));
        }
    }
    return object;
}

static const char *time_text(const char *text, apr_pool_t *p)
{
    apr_int64_t seconds;

    return ag_measure_number(&seconds, text, 0, AG_LAST_SECOND, p) ? ag_ctl_plain(text, p)
                                                                   : ag_ctl_time(apr_time_from_sec(seconds), p);
}

/* In the largest unit that leaves no rest. */
static const char *span_text(const char *text, apr_pool_t *p)
{
    static const struct {
        apr_int64_t seconds;
        const char *unit;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    apr_int64_t span;
    int i = 0;

    if (ag_measure_number(&span, text, 0, APR_INT64_MAX, p)) {
        return ag_ctl_plain(text, p);
    }
    while (span % units[i].seconds) {
        i++;
    }
    return apr_psprintf(p, "%" APR_INT64_T_FMT "%s", span / units[i].seconds, units[i].unit);
}

static const char *cell_text(ag_view_e kind, const char *text, apr_pool_t *p)
{
    if (!text) {
        return "-";
    }
    return kind == AG_VIEW_TIME   ? time_text(text, p)
           : kind == AG_VIEW_SPAN ? span_text(text, p)
                                  : ag_ctl_plain(text, p);
}

static void print_list(const ag_ctl_t *ctl, const ag_view_t *view, const ag_rows_t *rows)
{
    apr_array_header_t *cells = apr_array_make(ctl->pool, 64, sizeof(const char *));
    apr_array_header_t *titles = apr_array_make(ctl->pool, 8, sizeof(const char *));
    int r, i;

    for (i = 0; view[i].name; i++) {
        if (view[i].title) {
            APR_ARRAY_PUSH(titles, const char *) = view[i].title;
        }
    }
    for (r = 0; r < rows->n; r++) {
        const char **row = rows->cells + r * rows->columns;

        for (i = 0; view[i].name; i++) {
            if (view[i].title) {
                APR_ARRAY_PUSH(cells, const char *) = cell_text(view[i].kind, row[i], ctl->pool);
            }
        }
    }
    ag_ctl_table((const char *const *)titles->elts, titles->nelts, cells, ctl->pool);
}

json_t *ag_view_rows_json(const ag_view_t *view, const ag_rows_t *rows, apr_pool_t *p)
{
    json_t *array = json_array();
    int r;

    for (r = 0; r < rows->n; r++) {
        json_array_append_new(array, ag_view_json(view, rows->cells + r * rows->columns, p));
    }
    return array;
}

void ag_view_print(const ag_ctl_t *ctl, const ag_view_t *view, const ag_rows_t *rows)
{
    if (ctl->json) {
        ag_ctl_json(ag_view_rows_json(view, rows, ctl->pool));
    }
    else {
        print_list(ctl, view, rows);
    }
}

void ag_view_print_one(const ag_ctl_t *ctl, const ag_view_t *view, const char **row)
{
    int i;

    if (ctl->json) {
        ag_ctl_json(ag_view_json(view, row, ctl->pool));
        return;
    }
    for (i = 0; view[i].name; i++) {
        if (view[i].kind != AG_VIEW_HIDDEN) {
            printf("%-18s %s\n", view[i].name, cell_text(view[i].kind, row[i], ctl->pool));
        }
    }
}
