/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token: SetHandler apiguard-token and apiguard-jwks. A request for a token is read and judged at the last gate, before
 * limits are charged, so that they count its client; the handler signs.
 */
#include "request.h"

#include "../issue/token.h"
#include "../watch/counters.h"

static int is_handler(const request_rec *r, const char *name)
{
    return r->handler && strcmp(r->handler, name) == 0;
}

int ag_asks_token(const request_rec *r)
{
    return is_handler(r, AG_TOKEN_HANDLER) && r->method_number == M_POST && !r->main;
}

/* The whole body, or NULL when it is longer than may be, or broke off. */
static char *read_body(request_rec *r, apr_size_t *size)
{
    char *body = apr_palloc(r->pool, AG_ASK_MAX_BODY + 2);
    long n = 1;

    *size = 0;
    if (!ap_should_client_block(r)) {
        n = 0;
    }
    while (n > 0 && *size <= AG_ASK_MAX_BODY) {
        n = ap_get_client_block(r, body + *size, AG_ASK_MAX_BODY + 1 - *size);
        *size += n > 0 ? (apr_size_t)n : 0;
    }
    body[*size] = '\0';
    return n < 0 || *size > AG_ASK_MAX_BODY ? NULL : body;
}

/* mod_proxy asks the backend whatever handler is named, so the client's key would go there. */
static int refuse_proxied(request_rec *r, ag_check_t *check)
{
    ap_log_rerror(
        APLOG_MARK, APLOG_ERR, 0, r,
        "AG0996: a token was asked for where mod_proxy sends the request to a backend; write ProxyPass \"%s\" "
        "\"!\" in front of the other lines",
        r->uri);
    ag_refuse(&check->verdict, AG_R_INTERNAL_ERROR, NULL);
    return ag_refusal(r, check);
}

int ag_token_gate(request_rec *r, ag_check_t *check)
{
    const ag_request_t *request = &check->exchange->request;
    ag_ask_sent_t asked = {.type = request->header(request, "Content-Type"),
                           .args = request->args,
                           .authorization = request->header(request, request->authorization)};
    int status = r->proxyreq ? refuse_proxied(r, check) : ap_setup_client_block(r, REQUEST_CHUNKED_DECHUNK);
    ag_reason_e reason;

    if (status != OK) {
        return status;
    }
    asked.body = read_body(r, &asked.size);
    reason = ag_guard_ask_token(check, &asked);
    if (asked.body) {
        ag_wipe(asked.body, asked.size);
    }
    if (!ag_server_of(r->server)->site->token_sign) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "AG0970: a token was asked for, and this server has no ApiGuardTokenSign");
    }
    return reason == AG_R_NONE ? OK : ag_refusal(r, check);
}

static int answer(request_rec *r, const char *type, const char *text)
{
    ap_set_content_type(r, type);
    ap_set_content_length(r, (apr_off_t)strlen(text));
    ap_rputs(text, r);
    return OK;
}

/* RFC 6749 s5.1. */
static int bring(request_rec *r, ag_check_t *check)
{
    const ag_token_sign_t *sign = ag_server_of(r->server)->site->token_sign;
    const char *text;
    const char *error =
        ag_token_make(&text, sign, check->verdict.who, &check->asks->granted, check->exchange->request.now, r->pool);

    if (error) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "AG0971: no token could be made for client %s: %s",
                      check->verdict.who->client, error);
        ag_refuse(&check->verdict, AG_R_INTERNAL_ERROR, NULL);
        return ag_refusal(r, check);
    }
    ag_count(AG_COUNT_TOKENS);
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->headers_out, "Pragma", "no-cache");
    return answer(r, "application/json", text);
}

int ag_token_handler(request_rec *r)
{
    ag_check_t *check;

    if (!is_handler(r, AG_TOKEN_HANDLER)) {
        return DECLINED;
    }
    if (r->method_number != M_POST) {
        ap_allow_methods(r, REPLACE_ALLOW, "POST", NULL);
        return HTTP_METHOD_NOT_ALLOWED;
    }
    check = ag_check_found(r);
    if (!check || !check->asks || !check->passed || !check->verdict.who) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "AG0972: the handler apiguard-token was named after the request was checked, so nobody may "
                      "get a token by it; name it with SetHandler");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return bring(r, check);
}

int ag_jwks_handler(request_rec *r)
{
    const ag_token_sign_t *sign;
    int status;

    if (!is_handler(r, AG_JWKS_HANDLER)) {
        return DECLINED;
    }
    if (r->method_number != M_GET) {
        ap_allow_methods(r, REPLACE_ALLOW, "GET", NULL);
        return HTTP_METHOD_NOT_ALLOWED;
    }
    sign = ag_server_of(r->server)->site->token_sign;
    if (!sign) {
        return HTTP_NOT_FOUND;
    }
    apr_table_setn(r->headers_out, "Cache-Control", "public, max-age=300");
    apr_table_setn(r->headers_out, "ETag", sign->etag);
    status = ap_meets_conditions(r);
    return status != OK ? status : answer(r, "application/jwk-set+json", sign->jwks);
}
