/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output: tables for people, JSON for programs. What comes from a database is not trusted to be
 * fit for a terminal.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "ctl.h"

/* In place, since a "?" is never longer. The lines of a message stay lines. */
static void make_plain(char *text)
{
    char *to = text;

    while (*text) {
        int n = ag_text_printable_at(text);
        int whole = n ? n : ag_text_utf8(text);
        char sign = *text == '\n' ? '\n' : '?';

        memmove(to, n ? text : &sign, n ? (size_t)n : 1);
        to += n ? n : 1;
        text += whole ? whole : 1;
    }
    *to = '\0';
}

int ag_ctl_fail(int code, const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0) {
        text = NULL;
    }
    va_end(args);
    if (text) {
        make_plain(text);
    }
    fprintf(stderr, "apiguardctl: %s\n", text ? text : "no memory");
    free(text);
    return code;
}

/* How many bytes from here on are ASCII, of which jansson has escaped what it must; it leaves DEL. */
static size_t ascii_run(const char *text, size_t size)
{
    size_t n = 0;

    while (n < size && (unsigned char)text[n] < 0x7F) {
        n++;
    }
    return n;
}

/* The other characters stand in strings only, so any of them may be escaped. jansson hands over whole ones. */
static int write_json(const char *text, size_t size, void *file)
{
    size_t i = 0;

    while (i < size) {
        size_t run = ascii_run(text + i, size - i);
        int n = run ? 0 : ag_text_utf8(text + i);

        if (n && !ag_text_printable_at(text + i)) {
            fprintf(file, "\\u%04x", (unsigned)ag_text_code(text + i, n));
        }
        else {
            fwrite(text + i, 1, run + (size_t)n, file);
        }
        i += run || n ? run + (size_t)n : 1;
    }
    return 0;
}

void ag_ctl_json(json_t *value)
{
    json_dump_callback(value, write_json, stdout, JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(value);
}

json_t *ag_ctl_text(const char *text, apr_pool_t *p)
{
    json_t *value = text ? json_string(text) : json_null();
    char *copy, *at;

    if (value) {
        return value;
    }
    copy = apr_pstrdup(p, text);
    for (at = copy; *at; at++) {
        if (*at & 0x80) {
            *at = '?';
        }
    }
    return json_string(copy);
}

const char *ag_ctl_time(apr_time_t time, apr_pool_t *p)
{
    apr_time_exp_t t;

    apr_time_exp_gmt(&t, time);
    return apr_psprintf(p, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour,
                        t.tm_min, t.tm_sec);
}

const char *ag_ctl_plain(const char *text, apr_pool_t *p)
{
    return ag_text_plain(text ? text : "", p);
}

/* Characters, not bytes: UTF-8's following bytes take no room. */
static int width(const char *text)
{
    int n = 0;

    for (; *text; text++) {
        n += (*text & 0xC0) != 0x80;
    }
    return n;
}

static void print_row(const char *const *cells, const int *widths, int columns)
{
    int i;

    for (i = 0; i < columns; i++) {
        if (i + 1 == columns) {
            puts(cells[i]);
        }
        else {
            printf("%s%*s", cells[i], widths[i] - width(cells[i]) + 2, "");
        }
    }
}

void ag_ctl_table(const char *const *titles, int columns, const apr_array_header_t *cells, apr_pool_t *p)
{
    const char *const *text = (const char *const *)cells->elts;
    int *widths = apr_pcalloc(p, (apr_size_t)columns * sizeof *widths);
    int i;

    for (i = 0; i < columns; i++) {
        widths[i] = width(titles[i]);
    }
    for (i = 0; i < cells->nelts; i++) {
        int w = width(text[i]);

        widths[i % columns] = w > widths[i % columns] ? w : widths[i % columns];
    }
    print_row(titles, widths, columns);
    for (i = 0; i < cells->nelts; i += columns) {
        print_row(text + i, widths, columns);
    }
}

void ag_ctl_removed(const ag_ctl_t *ctl, const char *what, const char *name)
{
    if (ctl->json) {
        ag_ctl_json(json_pack("{s:o}", "removed", ag_ctl_text(name, ctl->pool)));
    }
    else {
        printf("the %s \"%s\" is removed\n", what, ag_ctl_plain(name, ctl->pool));
    }
}
