/* SPDX-License-Identifier: Apache-2.0 */
/*
 * form: goes through the pairs or parts, counts and measures them.
 */
#include "form.h"

#include <stddef.h>
#include <string.h>

#include <apr_strings.h>

#include "../base/measure.h"
#include "../base/text.h"

#define MOST_COUNTED 100000                     /* fields or files */
#define LARGEST      APR_INT64_C(1099511627776) /* 1 TB */

/* ---- options ------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    apr_size_t offset;
    int size; /* in bytes; else a count */
} options[] = {
    {"max-fields", offsetof(ag_form_limits_t, fields), 0},
    {"max-field-size", offsetof(ag_form_limits_t, field_size), 1},
    {"max-files", offsetof(ag_form_limits_t, files), 0},
    {"max-file-size", offsetof(ag_form_limits_t, file_size), 1},
};

int ag_form_option(ag_form_limits_t *limits, const char *word, const char **error, apr_pool_t *p)
{
    apr_size_t i;

    for (i = 0; i < sizeof options / sizeof *options; i++) {
        const char *value = ag_text_option(word, options[i].name);
        apr_int64_t *limit = (apr_int64_t *)((char *)limits + options[i].offset);

        if (!value) {
            continue;
        }
        *error =
            options[i].size ? ag_measure_size(limit, value, p) : ag_measure_number(limit, value, 0, MOST_COUNTED, p);
        if (!*error && options[i].size && (*limit < 1 || *limit > LARGEST)) {
            *error = apr_psprintf(p, "\"%s\" is not allowed: from 1 byte to 1024G", value);
        }
        *error = *error ? apr_pstrcat(p, options[i].name, "=: ", *error, NULL) : NULL;
        return (int)i + 1;
    }
    return 0;
}

void ag_form_narrow(ag_form_limits_t *limits, const ag_form_limits_t *other)
{
    limits->fields = other->fields < limits->fields ? other->fields : limits->fields;
    limits->field_size = other->field_size < limits->field_size ? other->field_size : limits->field_size;
    limits->files = other->files < limits->files ? other->files : limits->files;
    if (!limits->file_size || (other->file_size && other->file_size < limits->file_size)) {
        limits->file_size = other->file_size;
    }
}

/* ---- fields of a query's kind ------------------------------------------------------------------- */

static int is_urlencoded(const ag_media_t *media)
{
    return strcmp(media->type, "application/x-www-form-urlencoded") == 0;
}

int ag_form_is(const ag_media_t *media)
{
    return is_urlencoded(media) || strcmp(media->type, "multipart/form-data") == 0;
}

typedef struct {
    const char **detail;
    const ag_form_limits_t *limits;
    apr_int64_t fields, files;
    char *memory; /* for one field */
    apr_pool_t *p;
} run_t;

static ag_form_e wrong(run_t *run, const char *what, int number, const char *detail)
{
    *run->detail = apr_psprintf(run->p, "%s %d %s", what, number, detail);
    return AG_FORM_WRONG;
}

static ag_form_e large(run_t *run, const char *what, apr_int64_t most, const char *of_what)
{
    *run->detail = apr_psprintf(run->p, "%s more than %" APR_INT64_T_FMT " %s", what, most, of_what);
    return AG_FORM_LARGE;
}

static ag_form_e count_field(run_t *run)
{
    return ++run->fields > run->limits->fields ? large(run, "the form has", run->limits->fields, "fields")
                                               : AG_FORM_WELL;
}

/* A name or a value. Decoded it has a third of its length at least. */
static ag_form_e check_text(run_t *run, ag_span_t text, int number)
{
    apr_size_t most = (apr_size_t)run->limits->field_size;
    ag_encoded_e encoded;
    ag_span_t decoded;

    if (text.n / 3 > most) {
        return large(run, apr_psprintf(run->p, "field %d has", number), run->limits->field_size, "bytes");
    }
    encoded = ag_span_decode_to(&decoded, text, 1, run->memory);
    if (encoded != AG_ENCODED_WELL) {
        return wrong(run, "field", number, ag_encoded_detail(encoded));
    }
    return decoded.n > most
               ? large(run, apr_psprintf(run->p, "field %d has", number), run->limits->field_size, "bytes")
               : AG_FORM_WELL;
}

static ag_form_e check_pairs(run_t *run, ag_span_t body)
{
    apr_size_t most = (apr_size_t)run->limits->field_size * 3 + 3;
    ag_form_e form = AG_FORM_WELL;
    ag_pairs_t pairs;
    ag_pair_t pair;

    run->memory = apr_palloc(run->p, (most < body.n ? most : body.n) + 1);
    ag_pairs_begin(&pairs, body.at, body.n);
    while (!form && ag_pairs_next(&pair, &pairs)) {
        form = count_field(run);
        form = form ? form : check_text(run, pair.name, pair.number);
        form = form ? form : check_text(run, pair.value, pair.number);
    }
    return form;
}

/* ---- parts ---------------------------------------------------------------------------------------- */

static ag_form_e check_field(run_t *run, const ag_part_t *part)
{
    ag_form_e form = count_field(run);
    apr_size_t most = (apr_size_t)run->limits->field_size;

    if (!form && (part->data.n > most || strlen(part->name) > most)) {
        return large(run, apr_psprintf(run->p, "part %d has", part->number), run->limits->field_size, "bytes");
    }
    return form;
}

static ag_form_e check_file(run_t *run, const ag_part_t *part)
{
    const ag_form_limits_t *limits = run->limits;

    if (++run->files > limits->files) {
        return large(run, "the form has", limits->files, "files");
    }
    if (limits->file_size && part->data.n > (apr_size_t)limits->file_size) {
        return large(run, apr_psprintf(run->p, "part %d has", part->number), limits->file_size, "bytes");
    }
    return AG_FORM_WELL;
}

static ag_form_e check_parts(run_t *run, const ag_media_t *media, ag_span_t body)
{
    ag_form_e form = AG_FORM_WELL;
    ag_multipart_t multipart;
    ag_part_t part;
    const char *error = ag_multipart_begin(&multipart, media, body.at, body.n, run->p);
    apr_pool_t *of_part;
    int next = 0;

    if (error) {
        *run->detail = apr_pstrcat(run->p, "the form ", error, NULL);
        return AG_FORM_WRONG;
    }
    apr_pool_create(&of_part, run->p);
    while (!form && (next = ag_multipart_next(&part, &multipart, &error, of_part)) > 0) {
        form = part.file ? check_file(run, &part) : check_field(run, &part);
        apr_pool_clear(of_part);
    }
    form = next < 0 ? wrong(run, "part", part.number, error) : form;
    apr_pool_destroy(of_part);
    return form;
}

ag_form_e ag_form_check(const char **detail, const ag_form_limits_t *limits, const ag_media_t *media, ag_span_t body,
                        apr_pool_t *p)
{
    run_t run = {.detail = detail, .limits = limits, .p = p};

    return is_urlencoded(media) ? check_pairs(&run, body) : check_parts(&run, media, body);
}
