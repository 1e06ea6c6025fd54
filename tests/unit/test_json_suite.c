/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSONTestSuite: all of its texts, and jansson's word on each of them.
 */
#include <dirent.h>
#include <jansson.h>

#include "json_fixture.h"

/* What the suite leaves open (i_), or wants read (y_) and is refused here. */
static const struct {
    const char *name;
    int taken;
    const char *why;
} choices[] = {
    {"i_number_double_huge_neg_exp", 1, "numbers are exact: 123.456e-789 is as good as any"},
    {"i_number_huge_exp", 0, "an exponent of more than 9 digits"},
    {"i_number_neg_int_huge_exp", 1, "-1e+9999"},
    {"i_number_pos_double_huge_exp", 1, "1.5e+9999"},
    {"i_number_real_neg_overflow", 1, "123123e100000"},
    {"i_number_real_pos_overflow", 1, "123123e100000"},
    {"i_number_real_underflow", 1, "123e-10000000"},
    {"i_number_too_big_neg_int", 1, "30 digits"},
    {"i_number_too_big_pos_int", 1, "21 digits"},
    {"i_number_very_big_negative_int", 1, "46 digits"},
    {"i_object_key_lone_2nd_surrogate", 0, "no character: it could not be passed on as UTF-8"},
    {"i_string_1st_surrogate_but_2nd_missing", 0, "the same"},
    {"i_string_1st_valid_surrogate_2nd_invalid", 0, "the same"},
    {"i_string_incomplete_surrogate_and_escape_valid", 0, "the same"},
    {"i_string_incomplete_surrogate_pair", 0, "the same"},
    {"i_string_incomplete_surrogates_escape_valid", 0, "the same"},
    {"i_string_invalid_lonely_surrogate", 0, "the same"},
    {"i_string_invalid_surrogate", 0, "the same"},
    {"i_string_inverted_surrogates_U+1D11E", 0, "the same"},
    {"i_string_lone_second_surrogate", 0, "the same"},
    {"i_string_UTF-16LE_with_BOM", 0, "RFC 8259 s8.1: UTF-8"},
    {"i_string_utf16BE_no_BOM", 0, "the same"},
    {"i_string_utf16LE_no_BOM", 0, "the same"},
    {"i_structure_UTF-8_BOM_empty_object", 0, "RFC 8259 s8.1: without a byte order mark"},
    {"i_string_UTF-8_invalid_sequence", 0, "RFC 3629"},
    {"i_string_UTF8_surrogate_U+D800", 0, "the same"},
    {"i_string_invalid_utf-8", 0, "the same"},
    {"i_string_iso_latin_1", 0, "the same"},
    {"i_string_lone_utf8_continuation_byte", 0, "the same"},
    {"i_string_not_in_unicode_range", 0, "the same"},
    {"i_string_overlong_sequence_2_bytes", 0, "the same"},
    {"i_string_overlong_sequence_6_bytes", 0, "the same"},
    {"i_string_overlong_sequence_6_bytes_null", 0, "the same"},
    {"i_string_truncated-utf-8", 0, "the same"},
    {"i_structure_500_nested_arrays", 0, "more than 128 levels"},
    {"y_object_duplicated_key", 0, "one reader takes the first, another the last"},
    {"y_object_duplicated_key_and_value", 0, "the same"},
};

/* Where jansson does something else, beside what is said above. */
static const char *const others[] = {
    "i_number_neg_int_huge_exp",      /* out of a double's range, or of 64 bits */
    "i_number_pos_double_huge_exp",   /* the same */
    "i_number_real_neg_overflow",     /* the same */
    "i_number_real_pos_overflow",     /* the same */
    "i_number_too_big_neg_int",       /* the same */
    "i_number_too_big_pos_int",       /* the same */
    "i_number_very_big_negative_int", /* the same */
    "i_structure_500_nested_arrays",  /* up to 2,048 levels */
    "n_multidigit_number_then_00",    /* a NUL behind the value */
    "y_object_escaped_null_in_key",   /* no NUL in a name */
};

static int choice_of(const char *name)
{
    int i;

    for (i = 0; i < N_OF(choices); i++) {
        if (strcmp(choices[i].name, name) == 0) {
            return choices[i].taken;
        }
    }
    if (name[0] == 'i') {
        fail_msg("%s is not listed", name);
    }
    return name[0] == 'y';
}

static int jansson_differs(const char *name)
{
    int i, differs = 0;

    for (i = 0; i < N_OF(others); i++) {
        differs |= strcmp(others[i], name) == 0;
    }
    return differs;
}

static char *read_file(size_t *n, const char *path, apr_pool_t *p)
{
    enum { LARGEST = 1 << 20 };
    char *text = apr_palloc(p, LARGEST);
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    *n = fread(text, 1, LARGEST, file);
    fclose(file);
    return text;
}

static void replay(const char *folder, const char *file, apr_pool_t *p)
{
    const char *name = apr_pstrmemdup(p, file, strlen(file) - strlen(".json"));
    ag_doc_wrong_t wrong;
    ag_doc_t doc;
    size_t n;
    const char *text = read_file(&n, apr_pstrcat(p, folder, "/", file, NULL), p);
    int taken = !parse_exactly(&doc, &wrong, text, n, NULL, p);
    json_t *json = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

    if (taken != choice_of(name)) {
        fail_msg("%s is %s", name, taken ? "taken" : wrong.what);
    }
    if ((taken != (json != NULL)) != jansson_differs(name)) {
        fail_msg("%s is %s by jansson", name, json ? "taken" : "refused");
    }
    json_decref(json);
}

static void test_suite(void **state)
{
    const char *source = getenv("srcdir");
    const char *folder = apr_pstrcat(*state, source ? source : ".", "/tests/suites/json-parsing", NULL);
    DIR *directory = opendir(folder);
    struct dirent *entry;
    int n = 0;

    assert_non_null(directory);
    while ((entry = readdir(directory))) {
        apr_pool_t *p;

        if (entry->d_name[0] && entry->d_name[1] == '_') {
            apr_pool_create(&p, *state);
            replay(folder, entry->d_name, p);
            apr_pool_destroy(p);
            n++;
        }
    }
    closedir(directory);
    assert_int_equal(n, 318);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_suite)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
