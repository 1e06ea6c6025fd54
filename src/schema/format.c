/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format: the table of formats. Asked when a schema is compiled, never for a request.
 */
#include <string.h>

#include "format.h"
#include "formats.h"

static const ag_format_t formats[] = {
#define AG_FORMAT(name, function, detail)        {name, detail, ag_format_##function, NULL},
#define AG_NUMBER_FORMAT(name, function, detail) {name, detail, NULL, ag_format_##function},
#include "formats.def"
#undef AG_FORMAT
#undef AG_NUMBER_FORMAT
};

const ag_format_t *ag_format_row(int i)
{
    return i < (int)(sizeof formats / sizeof *formats) ? &formats[i] : NULL;
}

const ag_format_t *ag_format(const char *name, apr_size_t n)
{
    const ag_format_t *row;
    int i;

    for (i = 0; (row = ag_format_row(i)); i++) {
        if (strlen(row->name) == n && !memcmp(row->name, name, n)) {
            return row;
        }
    }
    return NULL;
}
