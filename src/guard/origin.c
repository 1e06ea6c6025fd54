/* SPDX-License-Identifier: Apache-2.0 */
/*
 * origin: a browser sends cookies along with whatever any page asks for, and shows a certificate once it was chosen. So
 * where one of them is the credential, the request must come from a page of this host, or of an origin that may use
 * credentials here (ApiGuardCORS); else any page could act as whoever reads it (CSRF).
 */
#include "guard.h"

/* What browsers say of the page, and pages cannot change (Fetch Metadata s2.3; RFC 6454 s7.3). Neither field is
 * there: it is no browser, or an old one that follows a link. */
static int is_foreign(const ag_request_t *request, const char *proto)
{
    const char *site = request->header(request, "Sec-Fetch-Site");
    const char *origin = request->header(request, "Origin");

    if (site && (strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0)) {
        return 0; /* also where a proxy has changed Host, and where the page hides its origin (null) */
    }
    if (site && strcmp(site, "same-site") != 0) {
        return 1;
    }
    return origin && !ag_origin_is_own(origin, request->header(request, "Host"), request->secure(request, proto));
}

int ag_guard_foreign(const ag_check_t *check)
{
    const ag_request_t *request = &check->exchange->request;
    const ag_cors_t *cors = check->policy->cors;

    return is_foreign(request, check->policy->tls.proto)
           && !(cors && cors->credentials && ag_cors_lists(cors, request->header(request, "Origin")));
}
