/* SPDX-License-Identifier: Apache-2.0 */
/*
 * findings: as one line of text, and copied where they are to outlive whoever found them.
 */
#include "findings.h"

#include <string.h>

#include <apr_strings.h>

#include "text.h"

#define MAX_TEXT    400
#define MAX_POINTER 200

/* Cut at a character's end. */
static const char *cut(const char *text, apr_size_t most, apr_pool_t *p)
{
    apr_size_t n = strlen(text);

    if (n <= most) {
        return text;
    }
    for (n = most; n && ((unsigned char)text[n] & 0xC0) == 0x80; n--) {
    }
    return apr_pstrcat(p, apr_pstrmemdup(p, text, n), "\xE2\x80\xA6", NULL);
}

const char *ag_finding_text(const ag_finding_t *finding, apr_pool_t *p)
{
    const char *pointer = finding->pointer && *finding->pointer ? cut(finding->pointer, MAX_POINTER, p) : NULL;
    const char *where =
        finding->in ? apr_pstrcat(p, finding->in, finding->name ? " " : "", finding->name ? finding->name : "",
                                  pointer ? " " : "", pointer ? pointer : "", NULL)
        : pointer   ? pointer
                    : "the body";

    return cut(apr_pstrcat(p, where, " ", finding->detail, NULL), MAX_TEXT - 4, p);
}

static const char *copy(const char *text, apr_pool_t *p)
{
    return text ? apr_pstrdup(p, text) : NULL;
}

const ag_findings_t *ag_findings_copy(const ag_findings_t *findings, apr_pool_t *p)
{
    ag_findings_t *to = apr_pmemdup(p, findings, sizeof *findings);
    int i;

    for (i = 0; i < ag_findings_kept(to); i++) {
        ag_finding_t *finding = &to->list[i];

        finding->in = copy(finding->in, p);
        finding->name = copy(finding->name, p);
        finding->pointer = copy(finding->pointer, p);
        finding->keyword = copy(finding->keyword, p);
        finding->detail = copy(finding->detail, p);
    }
    return to;
}
