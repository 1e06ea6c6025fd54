/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page: a refusal as a page for a browser, with what the problem document says under the same names. No script, no
 * style, nothing from elsewhere; every text is escaped.
 */
#include "answer.h"
#include "reply.h"

#include <string.h>

#include <apr_strings.h>

#define MAX_PAGE 16384

static const char *entity(char c)
{
    return c == '<'    ? "&lt;"
           : c == '>'  ? "&gt;"
           : c == '&'  ? "&amp;"
           : c == '"'  ? "&quot;"
           : c == '\'' ? "&#39;"
                       : NULL;
}

/* Also what must not be shown is replaced: a name may come from a token. */
static void add_text(ag_buf_t *b, const char *text, apr_pool_t *p)
{
    for (text = ag_text_plain(text, p); *text; text++) {
        const char *escaped = entity(*text);

        if (escaped) {
            ag_buf_str(b, escaped);
        }
        else {
            ag_buf_mem(b, text, 1);
        }
    }
}

static void add_member(ag_buf_t *b, const char *name, const char *value, apr_pool_t *p)
{
    if (value) {
        ag_buf_str(b, "<dt>");
        ag_buf_str(b, name);
        ag_buf_str(b, "</dt><dd>");
        add_text(b, value, p);
        ag_buf_str(b, "</dd>\n");
    }
}

static void add_violated(void *b, const char *name, apr_pool_t *p)
{
    add_member(b, "violated-policies", name, p);
}

const char *ag_page(const ag_verdict_t *verdict, int status, const char *request_id, apr_pool_t *p)
{
    const ag_reason_t *reason = ag_reason(verdict->reason);
    const char *title = ag_problem_type_title(reason);
    const char *detail = ag_problem_detail(verdict, p);
    ag_buf_t b;
    int i;

    ag_buf_init(&b, apr_palloc(p, MAX_PAGE), MAX_PAGE);
    ag_buf_str(&b, "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>");
    add_text(&b, reason->title, p);
    ag_buf_str(&b, "</title>\n<h1>");
    add_text(&b, reason->title, p);
    ag_buf_str(&b, "</h1>\n<dl>\n");
    add_member(&b, "detail", detail, p);
    add_member(&b, "status", apr_itoa(p, status), p);
    add_member(&b, "code", reason->code, p);
    add_member(&b, "title", title, p);
    add_member(&b, "type", title ? reason->type : NULL, p);
    add_member(&b, "retry_after", verdict->retry_after ? apr_psprintf(p, "%u", verdict->retry_after) : NULL, p);
    ag_problem_violated(verdict, add_violated, &b, p);
    for (i = 0; verdict->findings && i < ag_findings_kept(verdict->findings); i++) {
        add_member(&b, "errors", ag_finding_text(&verdict->findings->list[i], p), p);
    }
    add_member(&b, "request_id", request_id, p);
    ag_buf_str(&b, "</dl>\n</html>\n");
    return b.full ? apr_pstrcat(p, "<!DOCTYPE html>\n<title>", reason->code, "</title>\n", NULL) : b.start;
}

void ag_answer_page(const ag_answer_t *a)
{
    ag_answer_put(a, AG_PUT_ALONE, "Content-Security-Policy",
                  "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
}
