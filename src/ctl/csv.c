/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv: see csv.h. A reader of a field leaves `at` behind what ended it, and says what that was.
 */
#include "csv.h"

#include <string.h>

typedef enum { COMMA, LINE_END, BROKEN } ended_e;

void ag_csv_init(ag_csv_t *csv, char *text, apr_size_t n)
{
    int mark = n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;

    csv->at = text + (mark ? 3 : 0);
    csv->end = text + n;
    csv->line = 1;
}

/* At a comma, a line's end or the end of all: passes it and ends the field that is written up to
 * `to`. Anything else is broken. */
static ended_e end_field(ag_csv_t *csv, char *to)
{
    ended_e ended = BROKEN;

    if (csv->at == csv->end) {
        ended = LINE_END;
    }
    else if (*csv->at == ',') {
        csv->at++;
        ended = COMMA;
    }
    else if (*csv->at == '\n' || (*csv->at == '\r' && csv->end - csv->at > 1 && csv->at[1] == '\n')) {
        csv->at += *csv->at == '\r' ? 2 : 1;
        csv->line++;
        ended = LINE_END;
    }
    if (ended != BROKEN) {
        *to = '\0'; /* never behind `at`: what ended the field was there */
    }
    return ended;
}

/* Behind the opening quote. */
static ended_e quoted(const char **field, const char **error, ag_csv_t *csv)
{
    char *to = csv->at;
    ended_e ended;

    *field = to;
    for (; csv->at < csv->end; csv->at++) {
        if (*csv->at == '"' && (csv->at + 1 == csv->end || csv->at[1] != '"')) {
            csv->at++;
            ended = end_field(csv, to);
            *error = ended == BROKEN ? "there is text behind a closing quote" : NULL;
            return ended;
        }
        if (*csv->at == '\0') {
            *error = "there is a NUL in it";
            return BROKEN;
        }
        csv->at += *csv->at == '"';
        csv->line += *csv->at == '\n';
        *to++ = *csv->at;
    }
    *error = "a quote is not closed";
    return BROKEN;
}

static ended_e plain(const char **field, const char **error, ag_csv_t *csv)
{
    char *from = csv->at;
    ended_e ended;

    while (csv->at < csv->end && !strchr(",\r\n\"", *csv->at)) { /* strchr finds the NUL too */
        csv->at++;
    }
    *field = csv->at == from ? NULL : from;
    ended = end_field(csv, csv->at);
    if (ended == BROKEN) {
        *error = *csv->at == '"' ? "there is a quote inside a field that does not begin with one"
                                 : "there is a control character in it";
    }
    return ended;
}

static void skip_line(ag_csv_t *csv)
{
    char *end = memchr(csv->at, '\n', (apr_size_t)(csv->end - csv->at));

    csv->at = end ? end + 1 : csv->end;
    csv->line += end != NULL;
}

static void skip_empty_lines(ag_csv_t *csv)
{
    while (csv->at < csv->end && (*csv->at == '\n' || *csv->at == '\r')) {
        csv->line += *csv->at++ == '\n';
    }
}

int ag_csv_next(apr_array_header_t *fields, int *line, const char **error, ag_csv_t *csv)
{
    ended_e ended = COMMA;

    apr_array_clear(fields);
    skip_empty_lines(csv);
    *line = csv->line;
    if (csv->at == csv->end) {
        return 0;
    }
    while (ended == COMMA) {
        const char **field = apr_array_push(fields);

        if (csv->at < csv->end && *csv->at == '"') {
            csv->at++;
            ended = quoted(field, error, csv);
        }
        else {
            ended = plain(field, error, csv);
        }
    }
    if (ended == BROKEN) {
        skip_line(csv);
        return -1;
    }
    return 1;
}
