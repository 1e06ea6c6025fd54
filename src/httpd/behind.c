/* SPDX-License-Identifier: Apache-2.0 */
/*
 * behind: a request that was refused takes its fields and variables along to an ErrorDocument. What its
 * section takes for a credential is hidden there before anybody looks.
 */
#include "hide.h"

/* The request was refused before it had a handler, and not by us: perhaps before all of its sections were merged
 * (a <Location> is known before the <Directory> behind it), so the key may be one of any. An application that
 * answers errors of its own gets its own fields. */
static int is_early(request_rec *r, const ag_check_t *check)
{
    return ap_is_HTTP_ERROR(r->status) && !r->handler && !ag_exchange_begun(r)
           && !(check && (check->passed || check->verdict.reason != AG_R_NONE));
}

/* A password may be a key, too. Where the request is merely sent on, mod_auth_basic reads it once more. */
static int is_password(const request_rec *from, const ag_check_t *check)
{
    return check && check->credential.type && ap_is_HTTP_ERROR(from->status);
}

static void hide_refused(request_rec *r, ag_check_t *check)
{
    ag_mask_arguments(r, check->policy);
    ag_identity_hide(r->prev, check);
    if (check->policy->hide != AG_HIDE_NONE || check->verdict.reason == AG_R_TLS_REQUIRED) {
        ag_hide_copies(r, check, &check->policy->key_from);
    }
}

/* Who refused before our gate is not known here. */
void ag_hide_behind(request_rec *r)
{
    request_rec *from = r->prev;
    ag_check_t *check = from ? ag_check_found(from) : NULL;
    const ag_exchange_t *exchange = from && ap_is_HTTP_ERROR(from->status) ? ag_exchange_found(from) : NULL;

    if (!from) {
        return;
    }
    if (exchange && exchange->refused_below) { /* what mod_dir looked at for an index, say */
        ag_check_t below = *exchange->refused_below;

        memset(&below.credential, 0, sizeof below.credential); /* it was the sub-request's */
        hide_refused(r, &below);
    }
    if (check && check->passed && (ag_is_ours(from) || !check->verdict.who)) {
        return; /* hidden at the gate, or nobody's */
    }
    if (ag_is_ours(from) || is_password(from, check)) {
        hide_refused(r, ag_check_of(from));
    }
    if (is_early(from, check)) {
        r->the_request = r->the_request ? ag_masked(r->the_request, 0, r->pool) : NULL;
        ag_hide_copies(r, ag_check_of(from), ag_hide_collected(from));
    }
}

int ag_hide_unanswered(request_rec *r)
{
    const ag_check_t *check = ag_check_found(r);

    if (!r->handler && ag_collected()->n && !ag_exchange_begun(r)
        && !(check && (check->passed || check->verdict.reason != AG_R_NONE))) {
        ag_hide_copies(r, ag_check_of(r), ag_hide_collected(r));
    }
    return DECLINED;
}
