/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_form: forms, media types and arguments. The first byte of an input chooses:
 *   u  the rest is an urlencoded form     m  ... one of multipart/form-data, its boundary is "b"     t  ... a Content-Type
 *   q  ... a query string, for a section of ApiGuardParam
 * Besides not crashing: what is refused has a text that may be shown, a smaller limit takes nothing that a larger one
 * does not, a media type that was read is read again from its parts, and arguments that pass where others are refused
 * are those that are declared, once each.
 */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "../../src/base/text.h"
#include "../../src/input/form.h"
#include "../../src/input/params.h"

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

static const ag_params_t *section;

static void make_section(void)
{
    static const char *const lines[] = {"id type=integer min=-9 max=99", "q length=..5 default=x",
                                        "page[size] type=boolean", "ids[] list enum=a,b", "* refuse"};
    static const ag_setting_t row = {.name = "ApiGuardParam"};
    ag_setting_call_t call = {.p = root, .later = apr_array_make(root, 1, sizeof(ag_later_t))};
    size_t i;

    for (i = 0; i < sizeof lines / sizeof *lines; i++) {
        ag_words_t words;

        must(!ag_text_words(&words, lines[i], root) && !ag_kind_params.parse(&section, &row, &words, &call));
        call.again = 1;
    }
}

static void no_spellings(const ag_request_t *request, const char *name, ag_spelling_fn each, void *ctx)
{
    (void)request;
    (void)name;
    (void)each;
    (void)ctx;
}

static void check_passed(const char *args)
{
    ag_pairs_t pairs;
    ag_pair_t pair;
    int seen[4] = {0}, which;

    ag_pairs_begin(&pairs, args, strlen(args));
    while (ag_pairs_next(&pair, &pairs)) {
        ag_span_t name, value;

        must(!ag_span_decode(&name, pair.name, 1, pool) && !ag_span_decode(&value, pair.value, 1, pool));
        which = ag_input_name_exact(section->names, name);
        must(which >= 0 && (++seen[which] == 1 || which == 3));
        must(which != 0 || (value.n >= 1 && value.n <= 2) || (value.n == 3 && *value.at == '-'));
        must(which != 3 || (value.n && strspn(value.at, "ab,") >= value.n));
    }
}

static void run_arguments(const char *args)
{
    ag_request_t request = {.pool = pool, .spellings = no_spellings};
    ag_input_call_t call = {.request = &request, .p = pool, .args = args};
    ag_reason_e reason = ag_input_params(section, &call);
    int i;

    must((reason == AG_R_NONE) == (!call.findings.n && !call.detail));
    for (i = 0; i < call.findings.n && i < AG_FINDINGS_MOST; i++) {
        must(ag_text_printable(call.findings.list[i].detail));
    }
    if (reason == AG_R_NONE) {
        check_passed(args);
        check_passed(call.args);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *text = (const char *)data + 1;

    if (!root) {
        apr_initialize();
        apr_pool_create(&root, NULL);
        apr_pool_create(&pool, root);
        make_section();
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
    case 'q':
        run_arguments(apr_pstrmemdup(pool, text, n - 1));
        break;
    default:
        break;
    }
    apr_pool_clear(pool);
    return 0;
}
