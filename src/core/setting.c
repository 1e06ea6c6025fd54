/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: reading, defaults and merging, the same for every directive.
 */
#include "setting.h"

#include <string.h>

#include <apr_strings.h>

static void *member(void *settings, const ag_setting_t *row)
{
    return (char *)settings + row->offset;
}

const char *ag_setting_read(void *settings, const ag_setting_t *rows, int row, const char *line,
                            ag_setting_call_t *call)
{
    apr_uint32_t bit = (apr_uint32_t)1 << row;
    ag_settings_t *head = settings;
    ag_words_t words;
    const char *error = ag_text_words(&words, line, call->p);

    if (!error && words.n == 0) {
        error = "a value is missing";
    }
    if (!error) {
        call->again = (head->set & bit) != 0;
        error = rows[row].kind->parse(member(settings, &rows[row]), &rows[row], &words, call);
    }
    if (error) {
        return apr_pstrcat(call->p, rows[row].name, ": ", error, NULL);
    }
    head->set |= bit;
    return NULL;
}

void ag_settings_initial(void *settings, const ag_setting_t *rows, int n, apr_pool_t *p)
{
    ag_setting_call_t call = {.p = p};
    int i;

    for (i = 0; i < n; i++) {
        ag_words_t words;

        if (rows[i].initial && !ag_text_words(&words, rows[i].initial, p)) {
            rows[i].kind->parse(member(settings, &rows[i]), &rows[i], &words, &call);
        }
    }
}

void ag_settings_merge(void *merged, const void *outer, const void *inner, apr_size_t size,
                       const ag_setting_t *rows, apr_pool_t *p)
{
    apr_uint32_t outer_set = ((const ag_settings_t *)outer)->set;
    apr_uint32_t left = ((const ag_settings_t *)inner)->set;

    memcpy(merged, outer, size);
    ((ag_settings_t *)merged)->set = outer_set | left;
    for (; left; left &= left - 1) {
        const ag_setting_t *row = &rows[__builtin_ctz(left)];
        const char *from = (const char *)inner + row->offset;

        if (row->kind->merge && (outer_set & left & -left)) {
            row->kind->merge(member(merged, row), (const char *)outer + row->offset, from, p);
        }
        else {
            memcpy(member(merged, row), from, row->size);
        }
    }
}
