/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_form: forms and media types. The first byte of an input chooses:
 *   u  the rest is an urlencoded form     m  ... one of multipart/form-data, its boundary is "b"     t  ... a Content-Type
 * Besides not crashing: what is refused has a text that may be shown, a smaller limit takes nothing that a larger one
 * does not, and a media type that was read is read again from its parts.
 */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "../../src/base/text.h"
#include "../../src/input/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static apr_pool_t *root, *pool;

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

static ag_form_e check(const ag_form_limits_t *limits, const char *type, const char *text, size_t n)
{
    const char *detail = NULL;
    ag_media_t media;
    ag_form_e is;

    must(!ag_media_read(&media, type, pool) && ag_form_is(&media));
    is = ag_form_check(&detail, limits, &media, ag_span(text, n), pool);
    must(is == AG_FORM_WELL || (detail && *detail && ag_text_printable(detail)));
    return is;
}

static void run_form(const char *type, const char *text, size_t n)
{
    static const ag_form_limits_t usual = AG_FORM_LIMITS, few = {2, 5, 1, 5};
    ag_form_e is = check(&usual, type, text, n);

    must(check(&few, type, text, n) != AG_FORM_WELL || is == AG_FORM_WELL);
}

static void run_type(const char *text)
{
    ag_media_t media, again;
    const char *error = ag_media_read(&media, text, pool), *copy;
    int i, plain = 1;

    if (error) {
        must(*error && ag_text_printable(error));
        return;
    }
    copy = media.type;
    for (i = 0; i < media.n; i++) {
        plain &= !strpbrk(media.parameters[i].value, "\"\\");
        copy = apr_pstrcat(pool, copy, ";", media.parameters[i].name, "=\"", media.parameters[i].value, "\"", NULL);
    }
    if (plain) {
        must(!ag_media_read(&again, copy, pool) && again.n == media.n && strcmp(again.type, media.type) == 0);
    }
    must(ag_media_matches("*/*", media.type));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *text = (const char *)data + 1;

    if (!root) {
        apr_initialize();
        apr_pool_create(&root, NULL);
        apr_pool_create(&pool, root);
    }
    switch (n ? data[0] : 0) {
    case 'u':
        run_form("application/x-www-form-urlencoded", text, n - 1);
        break;
    case 'm':
        run_form("multipart/form-data; boundary=b", text, n - 1);
        break;
    case 't':
        run_type(apr_pstrmemdup(pool, text, n - 1));
        break;
    default:
        break;
    }
    apr_pool_clear(pool);
    return 0;
}
