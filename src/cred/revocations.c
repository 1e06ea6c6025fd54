/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revocations: see revocations.h.
 */
#include "revocations.h"

#include "revocable.h"

#define NAMES 6           /* jti, digest, subject, client; user and client by other claims */
#define IDS   (2 * NAMES) /* each for any issuer, and for the token's */

/* The ids of all rows that would mean the token. How many. */
static int ids_of(ag_id_t ids[IDS], const ag_principal_t *who, const ag_sip_key_t *sip, apr_pool_t *p)
{
    const ag_revocable_t *r = who->revocable;
    ag_id_t issuer = ag_revocable_issuer(who->issuer ? who->issuer : "", sip, p);
    int i, n = 0;

    ids[n++] = r->jti;
    ids[n++] = r->digest;
    ids[n++] = r->subject;
    ids[n++] = r->client;
    if (r->renamed && who->user) {
        ids[n++] = ag_revocable_id(AG_REVOKE_SUBJECT, NULL, who->user, sip, p);
    }
    if (r->renamed && who->client) {
        ids[n++] = ag_revocable_id(AG_REVOKE_CLIENT, NULL, who->client, sip, p);
    }
    for (i = 0; i < n; i++) {
        ids[n + i] = ids[i].lo ? ag_id_mix(ids[i], issuer) : ids[i];
    }
    return 2 * n;
}

_Static_assert(sizeof(ag_revocations_notes_t) <= AG_REVOKED_NOTES, "ag_revoked_notes()");

void ag_revocations_open(ag_revocations_t *revocations)
{
    ag_revocations_notes_t *notes = ag_revoked_notes(revocations->revoked);

    revocations->poll.shared = &notes->poll;
    revocations->poll.read = ag_revocations_read;
    revocations->poll.ctx = revocations;
}

static ag_reason_e look(const ag_revocations_t *revocations, const ag_principal_t *who, apr_time_t now, apr_pool_t *p)
{
    ag_id_t ids[IDS];
    int n;

    if (!who->revocable) {
        return AG_R_INTERNAL_ERROR; /* a kind of tokens that forgot to say by what */
    }
    n = ids_of(ids, who, revocations->sip, p);
    switch (ag_revoked_ask(revocations->revoked, ids, n, who->revocable->issued, now)) {
    case AG_REVOKED_NO:
        return AG_R_NONE;
    case AG_REVOKED_YES:
        return AG_R_TOKEN_REVOKED;
    default:
        return AG_R_REVOCATIONS_UNAVAILABLE;
    }
}

/* A change we were told of and cannot read may be the revocation of this token. What the time is now is asked only
 * where the reading seems not to be of this moment: who introspected the token may have taken long. */
ag_reason_e ag_revocations_ask(const ag_revocations_t *revocations, const ag_principal_t *who, apr_time_t now,
                               const ag_log_t *log, apr_pool_t *p)
{
    const ag_poll_t *poll = &revocations->poll;

    if (!ag_poll_is_fresh(poll->shared, poll->signal, now)) {
        now = apr_time_now();
        if (!ag_poll_is_fresh(poll->shared, poll->signal, now) && ag_poll_up(poll, now, log, p) == AG_POLL_BLIND) {
            return AG_R_REVOCATIONS_UNAVAILABLE;
        }
    }
    return ag_revoked_is_empty(revocations->revoked) ? AG_R_NONE : look(revocations, who, now, p);
}
