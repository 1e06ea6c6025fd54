/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_doc: JSON texts. Besides not crashing: what is refused has a sentence and a place within the text; what is taken is a
 * tree whose numbers can be read and whose pointers lead back, equal to itself and to what is built from its parts.
 * Of one text in eight jansson must say the same, or differ for one of the reasons of differs().
 */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <jansson.h>

#include "../../src/base/text.h"
#include "../../src/json/doc.h"
#include "../../src/json/number.h"

#define POINTERS 4 /* values whose pointers are looked at */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static apr_pool_t *root, *pool;

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

static void check_refusal(const ag_doc_wrong_t *wrong, size_t n)
{
    must(wrong->what && wrong->at <= n && (!*wrong->pointer || *wrong->pointer == '/'));
    must(ag_text_printable(wrong->pointer));
}

/* ---- what is taken ------------------------------------------------------------------------------ */

static void check_scalar(const ag_doc_t *doc, const ag_node_t *node)
{
    ag_number_t number;
    apr_uint64_t value;
    int u64, units;

    if (node->kind != AG_JSON_NUMBER) {
        return;
    }
    must(!ag_number_read(&number, ag_doc_text(doc, node), node->n));
    u64 = ag_number_u64(&number, &value) == 0;
    units = number.digits && number.digits <= 18 && !number.negative;
    must(ag_number_compare(&number, &number) == 0);
    must(!u64 || ag_number_whole(&number));
    must(!units || ag_number_multiple(&number, &number));
}

/* Each value ends within what it is in, behind all of its own. */
static apr_uint32_t check_node(const ag_doc_t *doc, apr_uint32_t i)
{
    const ag_node_t *node = doc->nodes + i;
    apr_uint32_t left = node->n, at = i + 1;

    must(node->next > i && node->next <= doc->n);
    if (node->kind != AG_JSON_ARRAY && node->kind != AG_JSON_OBJECT) {
        must(node->next == i + 1);
        check_scalar(doc, node);
        return node->next;
    }
    for (; left; left--) {
        if (node->kind == AG_JSON_OBJECT) {
            must(at < doc->n && doc->nodes[at].kind == AG_JSON_STRING);
            at = check_node(doc, at);
        }
        must(at < doc->n);
        at = check_node(doc, at);
    }
    must(at == node->next);
    return at;
}

/* Cut names, NULs and signs that are not shown aside, it leads back. */
static void check_pointer(const ag_doc_t *doc, apr_uint32_t i)
{
    const char *pointer = ag_doc_pointer(doc, i, pool);
    int found;
    apr_uint32_t at = ag_doc_at(doc, pointer, &found);

    must(ag_text_printable(pointer));
    must(at == i || at == i + 1 || strstr(pointer, "…") || strchr(pointer, '?'));
}

static void rebuild(ag_builder_t *b, const ag_doc_t *doc, apr_uint32_t i)
{
    const ag_node_t *node = doc->nodes + i;
    apr_uint32_t left = node->n, at = i + 1;

    if (node->kind < AG_JSON_ARRAY) {
        ag_build_value(b, (ag_json_e)node->kind, ag_doc_text(doc, node), node->n);
        return;
    }
    ag_build_open(b, (ag_json_e)node->kind);
    for (; left; left--) {
        if (node->kind == AG_JSON_OBJECT) {
            ag_build_name(b, ag_doc_text(doc, doc->nodes + at), doc->nodes[at].n);
            at++;
        }
        rebuild(b, doc, at);
        at = doc->nodes[at].next;
    }
    ag_build_close(b);
}

static void check_doc(const ag_doc_t *doc)
{
    ag_builder_t *b = ag_build(pool);
    ag_doc_t built;
    apr_uint32_t i;

    must(check_node(doc, 0) == doc->n);
    for (i = 0; i < doc->n; i += 1 + doc->n / POINTERS) {
        check_pointer(doc, i);
    }
    rebuild(b, doc, 0);
    ag_build_done(&built, b);
    must(built.n == doc->n && ag_doc_equal(doc, 0, &built, 0) && ag_doc_equal(&built, 0, doc, 0));
    must(ag_doc_hash(doc, 0) == ag_doc_hash(&built, 0));
}

/* ---- beside jansson ----------------------------------------------------------------------------- */

/* Taken here alone: a number out of a double's range or of 64 bits, a NUL in a name. By jansson alone: an exponent or a
 * number that is too long, more than 128 levels, a NUL behind the value or a blank that ends it. */
static int differs(const json_error_t *error, const ag_doc_wrong_t *wrong, const char *text, size_t n)
{
    enum json_error_code code = json_error_code(error);

    if (!wrong->what) {
        return code == json_error_numeric_overflow || code == json_error_null_byte_in_key;
    }
    return strstr(wrong->what, "exponent") || strstr(wrong->what, "digits") || strstr(wrong->what, "deeply")
           || (wrong->at < n && text[wrong->at] == '\0');
}

static void check_jansson(const ag_doc_wrong_t *wrong, const char *text, size_t n)
{
    json_error_t error = {0};
    json_t *json = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

    must((json != NULL) == !wrong->what || differs(&error, wrong, text, n));
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const ag_doc_limits_t tight = {.depth = 3, .digits = 4, .nodes = 12};
    ag_doc_wrong_t wrong = {0};
    ag_doc_t doc;

    if (!root) {
        apr_initialize();
        apr_pool_create(&root, NULL);
        apr_pool_create(&pool, root);
    }
    if (ag_doc_parse(&doc, &wrong, (const char *)data, n, n % 8 == 1 ? &tight : NULL, pool)) {
        check_refusal(&wrong, n);
    }
    else {
        check_doc(&doc);
    }
    if (n % 8 == 0) {
        check_jansson(&wrong, (const char *)data, n);
    }
    apr_pool_clear(pool);
    return 0;
}
