/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_import: files of keys, as CSV or JSON lines. Besides not crashing: lines are numbered
 * upwards, a bad line has a text, a good one becomes a draft that passes its own checks, and no
 * message holds the key.
 */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "../../src/ctl/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static apr_pool_t *root;

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

static void take(const ag_record_t *record, apr_pool_t *p)
{
    ag_import_t import = {.expires_said = 1, .now = apr_time_from_sec(1700000000)};
    const char *key = record->text[AG_R_KEY];
    ag_draft_t d;
    ag_draft_e wrong;
    const char *column;
    const char *error = ag_import_draft(&d, &column, record, &import, p);

    if (error) {
        must(!key || strlen(key) < 20 || !strstr(error, key));
        return;
    }
    must(d.text[AG_D_HASH] && d.text[AG_D_PREFIX] && d.text[AG_D_CLIENT]);
    must(!ag_draft_check(&wrong, &d, p));
    must(!key || strcmp(d.text[AG_D_HASH], key) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    ag_complaint_t complaint = {0, NULL, NULL};
    ag_records_t records;
    ag_record_t record;
    apr_pool_t *p;
    char *text = malloc(n + 1);
    int line = 0;
    int found;

    if (!root) {
        apr_initialize();
        apr_pool_create(&root, NULL);
    }
    apr_pool_create(&p, root);
    memcpy(text, data, n);
    if (!ag_records_open(&records, &complaint, text, n, p)) {
        must(complaint.text && complaint.line > 0);
        records.csv.at = records.csv.end;
        records.json = 0;
    }
    while ((found = ag_records_next(&record, &complaint, &records, p))) {
        must(record.line > line);
        line = record.line;
        must(found > 0 || (complaint.text && complaint.line == line));
        if (found > 0) {
            take(&record, p);
        }
    }
    apr_pool_destroy(p);
    free(text);
    return 0;
}
