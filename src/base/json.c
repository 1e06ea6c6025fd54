/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: see json.h.
 */
#include "json.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

static apr_status_t release(void *object)
{
    json_decref(object);
    return APR_SUCCESS;
}

json_t *ag_json_object(const char *text, apr_size_t n, apr_pool_t *p)
{
    json_t *object = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);

    if (!json_is_object(object)) {
        json_decref(object);
        return NULL;
    }
    apr_pool_cleanup_register(p, object, release, apr_pool_cleanup_null);
    return object;
}

/* The next step of a dotted path into `step`, or 0 when it is too long. */
static int next_step(char *step, apr_size_t size, const char **path)
{
    const char *at = *path;
    apr_size_t n = 0;

    while (*at && *at != '.') {
        if (*at == '\\' && at[1] == '.') {
            at++;
        }
        if (n + 1 >= size) {
            return 0;
        }
        step[n++] = *at++;
    }
    step[n] = '\0';
    *path = *at ? at + 1 : at;
    return 1;
}

json_t *ag_json_path(json_t *object, const char *path)
{
    char step[256];

    if (!*path) {
        return NULL;
    }
    while (object && *path) {
        if (!next_step(step, sizeof step, &path)) {
            return NULL;
        }
        object = json_object_get(object, step); /* NULL for anything but an object */
    }
    return object;
}

json_t *ag_json_claim(json_t *claims, const char *name)
{
    json_t *value = json_object_get(claims, name);

    return value ? value : ag_json_path(claims, name);
}

const char *ag_json_scalar(const json_t *value, apr_pool_t *p)
{
    if (json_is_integer(value)) {
        return apr_psprintf(p, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value));
    }
    if (json_is_boolean(value)) {
        return json_is_true(value) ? "true" : "false";
    }
    return json_string_value(value);
}

static void split(apr_array_header_t *list, const char *text, apr_pool_t *p)
{
    char *last;
    char *word = apr_strtok(apr_pstrdup(p, text), " ", &last);

    for (; word; word = apr_strtok(NULL, " ", &last)) {
        APR_ARRAY_PUSH(list, const char *) = word;
    }
}

void ag_json_words(ag_words_t *words, json_t *value, apr_pool_t *p)
{
    apr_array_header_t *list = apr_array_make(p, 4, sizeof(char *));
    json_t *item;
    size_t i;

    if (json_is_string(value) || json_is_integer(value)) {
        split(list, ag_json_scalar(value, p), p);
    }
    json_array_foreach (value, i, item) {
        if (json_is_string(item) || json_is_integer(item)) {
            APR_ARRAY_PUSH(list, const char *) = apr_pstrdup(p, ag_json_scalar(item, p));
        }
    }
    words->n = list->nelts;
    words->v = list->nelts ? (const char **)list->elts : NULL;
}

/* "\\u009b": all that must be written so lies below U+FFFF. */
static void escape_code(ag_buf_t *b, apr_uint32_t code)
{
    static const char digits[] = "0123456789abcdef";
    char text[] = "\\u0000";
    int i;

    for (i = 5; i > 1; i--, code >>= 4) {
        text[i] = digits[code & 15];
    }
    ag_buf_mem(b, text, 6);
}

/* Appends what cannot stand in a string as it is, or must not reach whoever looks at the file; how many
 * bytes of the text that were. */
static int escape(ag_buf_t *b, const char *text)
{
    int n = ag_text_utf8(text);

    if (!n) {
        ag_buf_str(b, "\xEF\xBF\xBD");
        return 1;
    }
    if (*text == '"' || *text == '\\') {
        ag_buf_mem(b, "\\", 1);
        ag_buf_mem(b, text, 1);
        return 1;
    }
    escape_code(b, ag_text_code(text, n));
    return n;
}

apr_size_t ag_json_plain(const char *text, apr_size_t most)
{
    static const char is_plain[256] = {[' ' ... '!'] = 1, ['#' ... '['] = 1, [']' ... '~'] = 1};
    apr_size_t n = 0;

    while (n < most && is_plain[(unsigned char)text[n]]) {
        n++;
    }
    return n;
}

void ag_json_string(ag_buf_t *b, const char *text)
{
    if (!text) {
        ag_buf_str(b, "null");
        return;
    }
    ag_buf_mem(b, "\"", 1);
    for (;;) {
        apr_size_t n = ag_json_plain(text, APR_SIZE_MAX);

        ag_buf_mem(b, text, n);
        text += n;
        if (!*text) {
            break;
        }
        n = (unsigned char)*text < 0x80 ? 0 : (apr_size_t)ag_text_printable_at(text);
        ag_buf_mem(b, text, n);
        text += n ? n : (apr_size_t)escape(b, text);
    }
    ag_buf_mem(b, "\"", 1);
}

void ag_json_name(ag_buf_t *b, const char *name)
{
    ag_buf_str(b, b->at == b->start || b->at[-1] == '{' ? "\"" : ",\"");
    ag_buf_str(b, name);
    ag_buf_str(b, "\":");
}
