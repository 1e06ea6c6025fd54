/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cred_cert: the certificate that a TLS client has shown in its handshake. httpd's TLS has verified it, or says that it
 * has not; here it is asked who that is. The certificate belongs to the connection, so it is asked for on each request:
 * the client may have shown another one meanwhile. What it is called is remembered in the shared cache, by a digest
 * of the certificate, so that not every request parses it.
 *
 * What `SSLVerifyClient optional_no_ca` let pass, mod_ssl calls verified (SUCCESS) when its session is resumed by TLS 1.2
 * (tried with httpd 2.4.71). So where that may stand, a resumed session's certificate needs a proof: that it is
 * remembered, which it is only if it was verified in a whole handshake with this virtual host.
 */
#include <string.h>

#include <apr_strings.h>

#include "cred_search.h"
#include "token_memo.h"

#define VERIFIED "SUCCESS"                        /* mod_ssl's word; all others are none of it */
#define WHOLE    "Initial"                        /* likewise, of a handshake that resumes nothing */
#define APART    APR_UINT64_C(0xCE27CE27CE27CE27) /* parts these records from those of tokens */
#define TTL      apr_time_from_sec(3600)          /* longer than sessions live, shorter than trust in an authority */

/* A verified one or any other: which, check() says. */
static void find(ag_cred_search_t *search)
{
    const char *verified = search->request->tls(search->request, "SSL_CLIENT_VERIFY");

    if (verified && strcmp(verified, "NONE") != 0) {
        ag_cred_add(search, &ag_cred_cert, verified, AG_FROM_CONNECTION);
    }
}

/* It cannot be guessed, so no ban counts it; but from a banned address only who is known to be good is heard. */
static ag_reason_e refuse(ag_cred_call_t *call, ag_cert_cause_e cause)
{
    call->detail = ag_certificate_cause(cause, call->certificate->part, call->request->pool);
    return call->known_only ? AG_R_BANNED : AG_R_CERTIFICATE_INVALID;
}

static ag_id_t id_of(const ag_cred_call_t *call, const char *pem)
{
    const ag_cred_engine_t *engine = call->engine;
    ag_id_t id = ag_id_mix(call->certificate->id, ag_sip(engine->sip, pem, strlen(pem)));

    id.hi ^= APART;
    return ag_id_mix(id, engine->host);
}

/* Every child can write to the cache, so what comes from there is looked at: one text that ends in NUL. */
static const char *recall(const ag_cred_call_t *call, ag_id_t id)
{
    char record[AG_TOKEN_RECORD_SIZE];
    apr_time_t stored = 0;
    apr_size_t n = ag_cache_get(call->engine->tokens, id, record, &stored);

    if (stored > call->request->now || stored + TTL <= call->request->now) {
        return NULL;
    }
    return n > 1 && memchr(record, '\0', n) == record + n - 1 ? apr_pstrmemdup(call->request->pool, record, n - 1)
                                                              : NULL;
}

static ag_cert_cause_e read_name(const char **client, const ag_cred_call_t *call, const char *pem, ag_id_t id)
{
    const ag_request_t *request = call->request;
    const char *issuer;
    ag_cert_cause_e cause = ag_certificate_read(client, &issuer, call->certificate, pem, request->pool);

    if (cause == AG_CERT_GOOD) {
        ag_cache_put(call->engine->tokens, id, *client, strlen(*client) + 1, request->now);
    }
    else if (cause == AG_CERT_ISSUER) {
        ag_log(request->log, AG_LOG_INFO, 0, "AG0990: a client certificate is by %s, and issuer= says %s",
               issuer ? ag_text_plain(issuer, request->pool) : "nobody", call->certificate->issuer);
    }
    return cause;
}

static int is_doubtful(const ag_cred_call_t *call)
{
    const ag_request_t *request = call->request;
    const char *how = call->engine->any_certificate ? request->tls(request, "SSL_SESSION_RESUMED") : WHOLE;

    return !how || strcmp(how, WHOLE) != 0;
}

static ag_principal_t *principal_of(const char *client, apr_pool_t *p)
{
    ag_principal_t *who = apr_pcalloc(p, sizeof *who);

    who->issuer = "";
    who->client = client;
    return who;
}

static ag_reason_e check(ag_principal_t **who, ag_cred_call_t *call, const char *text, apr_size_t n)
{
    const ag_request_t *request = call->request;
    ag_cert_cause_e cause = AG_CERT_GOOD;
    const char *pem, *client;
    ag_id_t id;

    (void)n;
    if (strcmp(text, VERIFIED) != 0) {
        ag_log(request->log, AG_LOG_INFO, 0, "AG0991: a client certificate was not verified: %s",
               ag_text_plain(text, request->pool));
        return refuse(call, AG_CERT_UNVERIFIED);
    }
    pem = request->tls(request, "SSL_CLIENT_CERT");
    if (!pem) {
        return refuse(call, AG_CERT_UNREADABLE);
    }
    id = id_of(call, pem);
    client = recall(call, id);
    if (!client) {
        cause = is_doubtful(call) ? AG_CERT_RESUMED : read_name(&client, call, pem, id);
    }
    if (cause != AG_CERT_GOOD) {
        return refuse(call, cause);
    }
    *who = call->shown = principal_of(client, request->pool);
    return AG_R_NONE;
}

const ag_cred_type_t ag_cred_cert = {AG_KIND(cert), NULL, NULL, find, check};
