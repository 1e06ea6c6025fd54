/* SPDX-License-Identifier: Apache-2.0 */
/*
 * records: see records.h.
 */
#include "records.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "../base/digest.h"

static const char *const extra[] = {"key", "id", "rotated_to"};

const char *ag_records_name(int column)
{
    return column < AG_D_COUNT ? ag_draft_name((ag_draft_e)column) : extra[column - AG_D_COUNT];
}

static int find_column(const char *name)
{
    int i;

    for (i = 0; i < AG_R_COUNT && strcmp(ag_records_name(i), name) != 0; i++) {
    }
    return i;
}

static int complain(ag_complaint_t *c, int line, const char *column, const char *text)
{
    c->line = line;
    c->column = column;
    c->text = text;
    return -1;
}

/* ---- CSV ------------------------------------------------------------------------------------- */

static const char *all_names(apr_pool_t *p)
{
    const char *names = "";
    int i;

    for (i = 0; i < AG_R_COUNT; i++) {
        names = apr_pstrcat(p, names, i ? ", " : "", ag_records_name(i), NULL);
    }
    return names;
}

/* The first line; 1, or -1 and a complaint. */
static int read_header(ag_records_t *r, ag_complaint_t *c, apr_pool_t *p)
{
    apr_array_header_t *fields = apr_array_make(p, AG_R_COUNT, sizeof(const char *));
    unsigned int here = 0;
    const char *error = NULL;
    int line = 1;
    int found = ag_csv_next(fields, &line, &error, &r->csv);
    int i;

    if (found != 1) {
        return complain(c, line, NULL, found ? error : "there is nothing in the file");
    }
    for (i = 0; i < fields->nelts; i++) {
        const char *name = APR_ARRAY_IDX(fields, i, const char *);
        int column = name ? find_column(name) : AG_R_COUNT;

        if (column == AG_R_COUNT || here & 1u << column) {
            return complain(c, line, NULL,
                            apr_psprintf(p, "the header's field %d %s; the columns are %s", i + 1,
                                         column == AG_R_COUNT ? "names no column" : "comes twice", all_names(p)));
        }
        here |= 1u << column;
        r->column[r->columns++] = column;
    }
    return 1;
}

static int next_csv(ag_record_t *record, ag_complaint_t *c, ag_records_t *r, apr_pool_t *p)
{
    apr_array_header_t *fields = apr_array_make(p, AG_R_COUNT, sizeof(const char *));
    const char *error = NULL;
    int found = ag_csv_next(fields, &record->line, &error, &r->csv);
    int i;

    if (found != 1) {
        return found ? complain(c, record->line, NULL, error) : 0;
    }
    if (fields->nelts != r->columns) {
        return complain(c, record->line, NULL,
                        apr_psprintf(p, "it has %d fields, the header has %d", fields->nelts, r->columns));
    }
    for (i = 0; i < r->columns; i++) {
        record->text[r->column[i]] = APR_ARRAY_IDX(fields, i, const char *);
        record->here |= 1u << r->column[i];
    }
    return 1;
}

/* ---- JSON lines ------------------------------------------------------------------------------ */

static void free_wiped(void *memory)
{
    if (memory) {
        ag_wipe(memory, malloc_usable_size(memory));
        free(memory);
    }
}

static apr_status_t drop_json(void *object)
{
    json_decref(object);
    return APR_SUCCESS;
}

static const char *dumped(json_t *value, apr_pool_t *p)
{
    char *dump = json_dumps(value, JSON_COMPACT);
    const char *text = apr_pstrdup(p, dump);

    free_wiped(dump);
    return text;
}

/* A value as the table's text; 0 when the column takes no such value. */
static int text_of(const char **text, int column, json_t *value, apr_pool_t *p)
{
    *text = json_string_value(value);
    if (*text || json_is_null(value)) {
        return 1;
    }
    if (json_is_integer(value)) {
        *text = apr_psprintf(p, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value));
    }
    else if (json_is_boolean(value) && column == AG_D_ACTIVE) {
        *text = json_is_true(value) ? "1" : "0";
    }
    else if ((json_is_array(value) && column < AG_D_COUNT && ag_draft_is_list((ag_draft_e)column))
             || (json_is_object(value) && column == AG_D_METADATA)) {
        *text = dumped(value, p);
    }
    return *text != NULL;
}

static int read_members(ag_record_t *record, ag_complaint_t *c, json_t *object, apr_pool_t *p)
{
    const char *name;
    json_t *value;

    json_object_foreach (object, name, value) {
        int column = find_column(name);

        if (column == AG_R_COUNT) {
            return complain(c, record->line, NULL,
                            apr_pstrcat(p, "a member names no column; the columns are ", all_names(p), NULL));
        }
        if (!text_of(&record->text[column], column, value, p)) {
            return complain(c, record->line, ag_records_name(column), "a value of the wrong kind");
        }
        record->here |= 1u << column;
    }
    return 1;
}

/* The line as [*from, *to), without its end; 0 when there is none. One of white space is none. */
static int next_line(const char **from, const char **to, int *line, ag_csv_t *text)
{
    do {
        char *end = memchr(text->at, '\n', (apr_size_t)(text->end - text->at));

        *from = text->at;
        *to = end ? end : text->end;
        *line = text->line++;
        text->at = end ? end + 1 : text->end;
        while (*from < *to && strchr(" \t\r", **from) && **from) {
            ++*from;
        }
    } while (*from == *to && text->at < text->end);
    return *from < *to;
}

static int next_json(ag_record_t *record, ag_complaint_t *c, ag_records_t *r, apr_pool_t *p)
{
    const char *from, *to;
    json_t *object;

    if (r->csv.at == r->csv.end || !next_line(&from, &to, &record->line, &r->csv)) {
        return 0;
    }
    object = json_loadb(from, (apr_size_t)(to - from), JSON_REJECT_DUPLICATES, NULL);
    if (object) {
        apr_pool_cleanup_register(p, object, drop_json, apr_pool_cleanup_null);
    }
    if (!json_is_object(object)) {
        return complain(c, record->line, NULL, "it is not a JSON object");
    }
    return read_members(record, c, object, p);
}

/* ---- both ------------------------------------------------------------------------------------ */

int ag_records_open(ag_records_t *r, ag_complaint_t *c, char *text, apr_size_t n, apr_pool_t *p)
{
    memset(r, 0, sizeof *r);
    ag_csv_init(&r->csv, text, n);
    while (r->csv.at < r->csv.end && strchr(" \t\r\n", *r->csv.at) && *r->csv.at) {
        r->csv.line += *r->csv.at++ == '\n';
    }
    r->json = r->csv.at < r->csv.end && *r->csv.at == '{';
    if (r->json) {
        json_set_alloc_funcs(malloc, free_wiped); /* it copies what it reads, keys too */
        return 1;
    }
    return read_header(r, c, p) == 1;
}

int ag_records_next(ag_record_t *record, ag_complaint_t *c, ag_records_t *r, apr_pool_t *p)
{
    memset(record, 0, sizeof *record);
    return r->json ? next_json(record, c, r, p) : next_csv(record, c, r, p);
}
