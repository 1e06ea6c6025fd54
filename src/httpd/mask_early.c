/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask_early: what httpd shows of a request before it is known which section it belongs to. mod_status
 * tells each request line to whoever asks it, and a path that cannot be parsed stands in the error
 * log in full. So arguments that hold a key in any section read *** until the path has been mapped;
 * then an application of another section may have arguments of that name for itself.
 */
#include "hide.h"

#include <ap_mpm.h>
#include <scoreboard.h>

/* httpd leaves the password of an absolute URI out, and the arguments in. */
static void mask_parsed(request_rec *r)
{
    if (r->parsed_uri.password && r->args) {
        r->parsed_uri.query = ag_masked(r->args, 1, r->pool);
    }
}

void ag_mask_line(request_rec *r)
{
    char *shown = r->the_request && ag_collected()->queries ? ag_masked(r->the_request, 0, r->pool) : r->the_request;

    if (shown != r->the_request) {
        ag_unmasked_of(r)->line = r->the_request;
        r->the_request = shown;
        mask_parsed(r);
    }
}

/* Others keep it at this stage, and compare it with what the client sent (mod_auth_digest). */
int ag_mask_target(request_rec *r)
{
    char *shown =
        r->unparsed_uri && ag_collected()->queries ? ag_masked(r->unparsed_uri, 0, r->pool) : r->unparsed_uri;

    if (shown != r->unparsed_uri) {
        ag_unmasked_of(r)->target = r->unparsed_uri;
        r->unparsed_uri = shown;
    }
    return DECLINED;
}

/* Whoever translates it passes it on (nocanon), or keeps it where it is told of no more. */
int ag_unmask_target(request_rec *r)
{
    const ag_unmasked_t *sent = ag_unmasked_found(r);

    if (sent && sent->target) {
        r->unparsed_uri = sent->target;
    }
    return DECLINED;
}

/* A path that no file can have is told in full as well (AH00127, AH10297), when it is translated. */
int ag_unmask_line(request_rec *r)
{
    const ag_unmasked_t *sent = ag_unmasked_found(r);

    if (sent && sent->line) {
        r->the_request = sent->line;
        r->parsed_uri.query = r->args;
    }
    return DECLINED;
}

/* Right before httpd's own handler, which tells the line of a method that it does not know (AH00135). */
int ag_mask_unknown(request_rec *r)
{
    if (r->method_number == M_INVALID && r->the_request) {
        r->the_request = ag_masked(r->the_request, 0, r->pool);
    }
    return DECLINED;
}

/* mod_http2 writes the targets of its streams there itself, and asks nobody. */
static void mask_worker(worker_score *worker, apr_pool_t *p)
{
    char *text = apr_pstrmemdup(p, worker->request, strnlen(worker->request, sizeof worker->request));
    char *shown = ag_masked(text, 0, p);

    if (shown != text) {
        apr_cpystrn(worker->request, shown, sizeof worker->request);
    }
}

int ag_status_handler(request_rec *r)
{
    int processes = 0, threads = 0, i, j;

    if (!r->handler || r->handler[0] != 's' || strcmp(r->handler, "server-status") != 0
        || !ap_exists_scoreboard_image()) {
        return DECLINED;
    }
    ap_mpm_query(AP_MPMQ_HARD_LIMIT_DAEMONS, &processes);
    ap_mpm_query(AP_MPMQ_HARD_LIMIT_THREADS, &threads);
    for (i = 0; i < processes; i++) {
        for (j = 0; j < threads; j++) {
            worker_score *worker = ap_get_scoreboard_worker_from_indexes(i, j);

            if (worker) {
                mask_worker(worker, r->pool);
            }
        }
    }
    return DECLINED;
}
