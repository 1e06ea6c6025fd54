/* SPDX-License-Identifier: Apache-2.0 */
/*
 * part: what a line may say is a table. What RFC 7578 has removed (filename*, encodings, mixed parts), some backends
 * read and others do not, so it is refused.
 */
#include "part.h"

#include <string.h>

#include <apr_strings.h>

#include "../base/text.h"

/* ---- Content-Disposition ------------------------------------------------------------------------ */

/* Readers differ on a backslash: an escape (RFC 2183), or itself (browsers). */
static const char *check_text(const char *text)
{
    const char *at;

    for (at = text; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7F) {
            return "has a control character in a name";
        }
    }
    return ag_span_utf8(ag_span(text, strlen(text))) ? NULL : "has a name that is no UTF-8";
}

static const char *take_parameter(ag_part_t *part, const char *name, const char *value)
{
    if (strcmp(name, "name") == 0) {
        part->name = value;
        return *value ? check_text(value) : "has an empty name";
    }
    if (strcmp(name, "filename") == 0) {
        part->file = value;
        return check_text(value);
    }
    return strcmp(name, "filename*") == 0 ? "has a filename*, which forms do not have (RFC 7578 4.2)"
                                          : "has a Content-Disposition with more than name and filename";
}

/* form-data; name="..."; filename="..." */
static const char *read_disposition(ag_part_t *part, const char *value, apr_pool_t *p)
{
    ag_media_t list = {0};
    const char *error = NULL;
    int i;

    if (strncasecmp(value, "form-data", 9) != 0) {
        return "has a Content-Disposition that is not form-data";
    }
    for (value += 9; !error && *value;) {
        value += strspn(value, " \t");
        if (*value++ != ';') {
            return "has a Content-Disposition that cannot be read";
        }
        value += strspn(value, " \t");
        error = ag_media_parameter_read(&list, &value, p);
        value += error ? 0 : strspn(value, " \t");
    }
    if (error) {
        return apr_psprintf(p, "has a Content-Disposition that %s", error);
    }
    for (i = 0; !error && i < list.n; i++) {
        error = list.parameters[i].escaped ? "has a backslash in a name, which readers take differently"
                                           : take_parameter(part, list.parameters[i].name, list.parameters[i].value);
    }
    return error || part->name ? error : "has no name";
}

/* ---- other fields ------------------------------------------------------------------------------- */

static const char *read_type(ag_part_t *part, const char *value, apr_pool_t *p)
{
    ag_media_t *media = apr_palloc(p, sizeof *media);
    const char *error = ag_media_read(media, value, p);

    if (error) {
        return apr_psprintf(p, "has a Content-Type that %s", error);
    }
    part->media = media;
    if (strncmp(media->type, "multipart/", 10) == 0) {
        return "has parts of its own";
    }
    return ag_media_utf8(media) ? NULL : "is in another charset than UTF-8";
}

static const char *read_encoding(ag_part_t *part, const char *value, apr_pool_t *p)
{
    static const char *const plain[] = {"7bit", "8bit", "binary"};
    int i;

    (void)part;
    (void)p;
    for (i = 0; i < 3 && strcasecmp(value, plain[i]) != 0; i++) {
    }
    return i < 3 ? NULL : "has a Content-Transfer-Encoding, which forms do not have (RFC 7578 4.7)";
}

static const struct {
    const char *name;
    const char *(*read)(ag_part_t *part, const char *value, apr_pool_t *p);
} fields[] = {
    {"Content-Disposition", read_disposition},
    {"Content-Type", read_type},
    {"Content-Transfer-Encoding", read_encoding},
};

#define N_FIELDS (sizeof fields / sizeof *fields)

/* ---- lines -------------------------------------------------------------------------------------- */

/* Splits at the colon and takes away the blanks around the value. */
static const char *split(char *line, char **value)
{
    char *colon = strchr(line, ':');
    char *end;

    if (!colon) {
        return "has a line without a colon";
    }
    *colon = '\0';
    if (!ag_text_token(line)) {
        return *line == ' ' || *line == '\t' ? "has a line that goes on in the next one"
                                             : "has a line that begins with no field's name";
    }
    *value = colon + 1 + strspn(colon + 1, " \t");
    for (end = *value + strlen(*value); end > *value && (end[-1] == ' ' || end[-1] == '\t'); end--) {
    }
    *end = '\0';
    return NULL;
}

/* One line; `seen` has a bit for each of `fields`. Others are nobody's business (RFC 7578 s4.8). */
static const char *read_line(ag_part_t *part, char *line, unsigned *seen, apr_pool_t *p)
{
    char *value = NULL;
    const char *error = split(line, &value);
    apr_size_t i;

    for (i = 0; !error && i < N_FIELDS; i++) {
        if (!ag_text_same_field(line, fields[i].name)) {
            continue;
        }
        if (strcasecmp(line, fields[i].name) != 0) {
            return "has a field whose name is spelled unusually";
        }
        if (*seen & 1u << i) {
            return "has a field twice";
        }
        *seen |= 1u << i;
        error = fields[i].read(part, value, p);
    }
    return error;
}

/* The end of the line at `at`, or NULL and *error. */
static const char *line_end(const char *at, const char *end, const char **error)
{
    apr_size_t left = (apr_size_t)(end - at);
    const char *cr;

    for (cr = at; cr < end && *cr != '\r' && *cr != '\n' && *cr; cr++) {
    }
    if (cr == end) {
        *error =
            left >= AG_PART_HEAD_SIZE ? "has header lines of more than 4096 bytes" : "ends among its header lines";
    }
    else if (end - cr < 2 || cr[0] != '\r' || cr[1] != '\n') {
        *error = "has a header line that is not ended by CRLF";
    }
    return *error ? NULL : cr;
}

const char *ag_part_head(ag_part_t *part, const char **at, const char *end, apr_pool_t *p)
{
    const char *most = end - *at > AG_PART_HEAD_SIZE ? *at + AG_PART_HEAD_SIZE : end;
    const char *error = NULL;
    unsigned seen = 0;
    int lines = 0;

    for (;; lines++) {
        const char *behind = line_end(*at, most, &error);
        const char *line = *at;

        if (!behind) {
            return error;
        }
        *at = behind + 2;
        if (behind == line) {
            break;
        }
        if (lines == AG_PART_LINES) {
            return "has more than 8 header lines";
        }
        error = read_line(part, apr_pstrmemdup(p, line, (apr_size_t)(behind - line)), &seen, p);
        if (error) {
            return error;
        }
    }
    return part->name ? NULL : "has no Content-Disposition";
}

/* The field by which a form says in which charset the others are (RFC 7578 s4.6): some backends obey it. */
const char *ag_part_data(const ag_part_t *part)
{
    if (strcmp(part->name, "_charset_") == 0 && (part->data.n != 5 || strncasecmp(part->data.at, "utf-8", 5) != 0)) {
        return "says that the form is in another charset than UTF-8";
    }
    return NULL;
}
