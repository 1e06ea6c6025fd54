/* SPDX-License-Identifier: Apache-2.0 */
/*
 * findings: what a check tells. Texts are made only for what is kept, and hold nothing of the value but its kind.
 */
#include <apr_strings.h>

#include "walk.h"

/* One more than are kept says that there are more: from then on the first no decides. */
static int count(ag_walk_t *w, const ag_finding_t *finding)
{
    ag_findings_add(w->run->findings, finding);
    w->quiet += w->run->findings->n == AG_FINDINGS_MOST + 1;
    return 0;
}

int ag_walk_wrong(ag_walk_t *w, const char *keyword, apr_uint32_t node, const char *detail, ...)
{
    ag_finding_t finding = w->run->place;
    va_list args;

    if (w->quiet) {
        return 0;
    }
    finding.keyword = keyword;
    if (w->run->findings->n < AG_FINDINGS_MOST) {
        va_start(args, detail);
        finding.detail = apr_pvsprintf(w->run->p, detail, args);
        va_end(args);
        finding.pointer = ag_doc_pointer(w->doc, node, w->run->p);
    }
    return count(w, &finding);
}

const char *ag_kinds_words(unsigned kinds, apr_pool_t *p)
{
    static const struct {
        unsigned kinds;
        const char *words;
    } all[] = {
        {AG_KIND(STRING), "a string"}, {AG_KIND(NUMBER) | AG_SCHEMA_WHOLE, "a whole number"},
        {AG_KIND(NUMBER), "a number"}, {AG_KINDS_BOOL, "true or false"},
        {AG_KIND(TRUE), "true"},       {AG_KIND(FALSE), "false"},
        {AG_KIND(ARRAY), "an array"},  {AG_KIND(OBJECT), "an object"},
        {AG_KIND(NULL), "null"},
    };
    const char *words = "";
    apr_size_t i;

    for (i = 0; i < sizeof all / sizeof *all; i++) {
        if ((kinds & all[i].kinds) == all[i].kinds) {
            kinds &= ~all[i].kinds;
            words = apr_pstrcat(p, words, !*words ? "" : kinds & AG_KINDS_ALL ? ", " : " or ", all[i].words, NULL);
        }
    }
    return words;
}
