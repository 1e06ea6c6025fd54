/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cred_search: puts together what is found. The same key in two places is one key; two that differ, or two
 * kinds, are refused, since whoever reads one of them may not be who checked the other.
 */
#include "cred_search.h"

#include <string.h>

#include <apr_strings.h>

void ag_cred_add(ag_cred_search_t *search, const ag_cred_type_t *type, const char *text, ag_from_e from)
{
    ag_credential_t *found = search->found;

    found->places |= AG_FROM_BIT(from);
    if (ag_text_nothing(text)) {
        return;
    }
    if (found->type && (found->type != type || strcmp(found->text, text) != 0)) {
        search->ambiguous = 1;
        return;
    }
    if (!found->type) {
        found->type = type;
        found->text = text;
        found->n = strlen(text);
        found->from = from;
    }
}

/* A list's empty elements do not count (RFC 9110 s5.6.1): httpd joins an empty field and one that is
 * not to ", KEY". */
static const char *without_commas(const char *text, apr_pool_t *p)
{
    apr_size_t n;

    text += strspn(text, ", \t");
    for (n = strlen(text); n && strchr(", \t", text[n - 1]); n--) {
    }
    return apr_pstrmemdup(p, text, n);
}

/* A comma in a field of which one value is expected is what a repeated field looks like. */
void ag_cred_add_field(ag_cred_search_t *search, const ag_cred_type_t *type, const char *text, ag_from_e from)
{
    if (strchr(text, ',')) {
        text = without_commas(text, search->request->pool);
        search->ambiguous |= strchr(text, ',') != NULL;
    }
    ag_cred_add(search, type, text, from);
}
