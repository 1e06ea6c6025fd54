/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch: one handle for one document. What the other server says is believed in nothing: not how long
 * its answer is, not where it redirects to, and not that it will ever end.
 */
#include "fetch.h"

#include <apr_strings.h>
#include <curl/curl.h>

#include "../base/measure.h"

/* Since curl 7.85 schemes are named, and the options that number them are deprecated. */
#if CURL_AT_LEAST_VERSION(7, 85, 0)
#define OF_ADDRESS    CURLOPT_PROTOCOLS_STR
#define OF_REDIRECT   CURLOPT_REDIR_PROTOCOLS_STR
#define HTTP_OR_HTTPS "http,https"
#define HTTPS         "https"
#else
#define OF_ADDRESS    CURLOPT_PROTOCOLS
#define OF_REDIRECT   CURLOPT_REDIR_PROTOCOLS
#define HTTP_OR_HTTPS ((long)(CURLPROTO_HTTP | CURLPROTO_HTTPS))
#define HTTPS         ((long)CURLPROTO_HTTPS)
#endif

/* An option that curl does not take ends the fetch: some of them protect. */
#define SET(option, value) (code = code ? code : curl_easy_setopt(curl, option, value))

/* One fetch under way. */
typedef struct call_t {
    const ag_fetch_t *fetch;
    ag_fetched_t *out;
    apr_pool_t *pool;
    char *body;
    apr_size_t room; /* of `body`, without its NUL */
    int too_large;
} call_t;

static apr_status_t end_curl(void *unused)
{
    (void)unused;
    curl_global_cleanup();
    return APR_SUCCESS;
}

const char *ag_fetch_begin(apr_pool_t *p)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);

    if (code != CURLE_OK) {
        return apr_pstrcat(p, "libcurl: ", curl_easy_strerror(code), NULL);
    }
    apr_pool_cleanup_register(p, NULL, end_curl, apr_pool_cleanup_null);
    return NULL;
}

/* ---- addresses --------------------------------------------------------------------------------- */

/* curl itself takes "localhost" for a loopback address, whatever a resolver says. */
static int is_loopback(const char *host)
{
    unsigned a, b, c, d;
    int end = 0;

    return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0
           || (sscanf(host, "%3u.%3u.%3u.%3u%n", &a, &b, &c, &d, &end) == 4 && !host[end] && a == 127);
}

static char *part_of(CURLU *url, CURLUPart part, apr_pool_t *p)
{
    char *text = NULL, *copy = NULL;

    if (curl_url_get(url, part, &text, 0) == CURLUE_OK) {
        copy = apr_pstrdup(p, text);
        curl_free(text);
    }
    return copy;
}

static const char *judge(CURLU *url, int *plain, apr_pool_t *p)
{
    const char *scheme = part_of(url, CURLUPART_SCHEME, p), *host = part_of(url, CURLUPART_HOST, p);

    if (part_of(url, CURLUPART_USER, p) || part_of(url, CURLUPART_PASSWORD, p)) {
        return "a password has no place in an address";
    }
    if (part_of(url, CURLUPART_FRAGMENT, p)) {
        return "an address ends before its #";
    }
    *plain = scheme && strcmp(scheme, "http") == 0;
    if (*plain && host && is_loopback(host)) {
        return NULL;
    }
    return scheme && strcmp(scheme, "https") == 0 ? NULL : "only https:// is asked, and http:// on this machine";
}

/* *plain: without TLS. curl's own parser, so that nobody reads the address in two ways. */
static const char *check_address(const char *text, int *plain, apr_pool_t *p)
{
    CURLU *url = curl_url();
    const char *error = "is not an address";

    if (url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK) {
        error = judge(url, plain, p);
    }
    curl_url_cleanup(url);
    return error;
}

const char *ag_fetch_address(const char *url, apr_pool_t *p)
{
    int plain;

    return check_address(url, &plain, p);
}

/* ---- an answer comes in ------------------------------------------------------------------------- */

static void make_room(call_t *call, apr_size_t size)
{
    char *body;

    if (size > call->room) {
        call->room = size > call->room * 2 ? size : call->room * 2;
        body = apr_palloc(call->pool, call->room + 1);
        memcpy(body, call->body, call->out->length);
        call->body = body;
    }
}

static size_t take_body(char *bytes, size_t size, size_t n, void *ctx)
{
    call_t *call = ctx;

    n *= size;
    call->too_large = n > call->fetch->max_size - call->out->length;
    if (call->too_large) {
        return n + 1; /* curl aborts the transfer when anything but n is returned */
    }
    make_room(call, call->out->length + n);
    memcpy(call->body + call->out->length, bytes, n);
    call->out->length += n;
    return n;
}

/* One directive of Cache-Control, without the blanks around it. Of two the shorter time counts. */
static void take_directive(ag_fetched_t *out, const char *word, apr_pool_t *p)
{
    apr_int64_t seconds = -1;

    if (strcasecmp(word, "no-store") == 0 || strcasecmp(word, "no-cache") == 0) {
        seconds = 0;
    }
    else if (strncasecmp(word, "max-age=", 8) == 0 && ag_measure_number(&seconds, word + 8, 0, APR_INT32_MAX, p)) {
        seconds = -1;
    }
    if (seconds >= 0 && (out->max_age < 0 || seconds < out->max_age)) {
        out->max_age = seconds;
    }
}

/* Of several answers (100, redirects) the last one's fields count; each begins with its status line. */
static size_t take_field(char *bytes, size_t size, size_t n, void *ctx)
{
    static const char name[] = "Cache-Control:";
    call_t *call = ctx;
    char *state, *word;

    n *= size;
    if (n >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        call->out->max_age = -1;
    }
    if (n >= sizeof name && strncasecmp(bytes, name, sizeof name - 1) == 0) {
        char *value = apr_pstrmemdup(call->pool, bytes + sizeof name - 1, n - (sizeof name - 1));

        for (word = apr_strtok(value, ", \t\r\n", &state); word; word = apr_strtok(NULL, ", \t\r\n", &state)) {
            take_directive(call->out, word, call->pool);
        }
    }
    return n;
}

/* curl asks about once a second, and whenever something came in. */
static int take_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const ag_fetch_t *fetch = ((call_t *)ctx)->fetch;

    (void)a, (void)b, (void)c, (void)d;
    return fetch->ends && fetch->ends(fetch->ctx);
}

/* ---- one fetch ---------------------------------------------------------------------------------- */

static CURLcode set_bounds(CURL *curl, const ag_fetch_t *fetch)
{
    CURLcode code = CURLE_OK;

    SET(CURLOPT_NOSIGNAL, 1L); /* no signals for timeouts: the process has other threads */
    SET(CURLOPT_TIMEOUT_MS, (long)apr_time_as_msec(fetch->timeout));
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)apr_time_as_msec(fetch->timeout));
    SET(OF_ADDRESS, HTTP_OR_HTTPS);
    SET(OF_REDIRECT, HTTPS);
    SET(CURLOPT_FOLLOWLOCATION, fetch->redirects > 0 && !fetch->form ? 1L : 0L);
    SET(CURLOPT_MAXREDIRS, fetch->redirects);
    return code;
}

static CURLcode set_tls(CURL *curl, const ag_fetch_t *fetch, int plain)
{
    CURLcode code = CURLE_OK;

    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    if (fetch->ca_file) {
        SET(CURLOPT_CAINFO, fetch->ca_file);
        SET(CURLOPT_CAPATH, NULL);
    }
    if (plain) {
        SET(CURLOPT_PROXY, ""); /* plain http goes to a loopback address only, so never through a proxy */
    }
    return code;
}

static CURLcode set_callbacks(CURL *curl, call_t *call)
{
    CURLcode code = CURLE_OK;

    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, call);
    SET(CURLOPT_HEADERFUNCTION, take_field);
    SET(CURLOPT_HEADERDATA, call);
    SET(CURLOPT_XFERINFOFUNCTION, take_progress);
    SET(CURLOPT_XFERINFODATA, call);
    SET(CURLOPT_NOPROGRESS, 0L);
    return code;
}

/* The caller frees *fields with curl_slist_free_all(). */
static CURLcode set_request(CURL *curl, struct curl_slist **fields, const ag_fetch_t *fetch, apr_pool_t *p)
{
    CURLcode code = CURLE_OK;

    *fields = curl_slist_append(NULL, "Expect:"); /* else curl waits a second for 100 Continue */
    if (fetch->accept) {
        *fields = curl_slist_append(*fields, apr_pstrcat(p, "Accept: ", fetch->accept, NULL));
    }
    SET(CURLOPT_URL, fetch->url);
    SET(CURLOPT_USERAGENT, "mod_apiguard");
    SET(CURLOPT_HTTPHEADER, *fields);
    if (fetch->user) {
        SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        SET(CURLOPT_USERNAME, fetch->user);
        SET(CURLOPT_PASSWORD, fetch->password ? fetch->password : "");
    }
    if (fetch->form) {
        SET(CURLOPT_POSTFIELDS, fetch->form);
    }
    return code;
}

static CURLcode go(CURL *curl, call_t *call, int plain)
{
    struct curl_slist *fields;
    CURLcode code = set_request(curl, &fields, call->fetch, call->pool);

    code = code ? code : set_bounds(curl, call->fetch);
    code = code ? code : set_tls(curl, call->fetch, plain);
    code = code ? code : set_callbacks(curl, call);
    code = code ? code : curl_easy_perform(curl);
    curl_slist_free_all(fields);
    return code;
}

/* Why it failed, or NULL. curl's own text may quote what the other server said: its fixed ones are told. */
static const char *perform(CURL *curl, call_t *call, int plain)
{
    CURLcode code = go(curl, call, plain);
    const char *type = NULL;

    if (code != CURLE_OK) {
        return call->too_large ? "the answer is too large" : curl_easy_strerror(code);
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &call->out->status);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    call->out->type = apr_pstrdup(call->pool, type);
    call->body[call->out->length] = '\0';
    call->out->body = call->body;
    return NULL;
}

static const char *run(void *ctx, ag_fetched_t *out, const ag_fetch_t *fetch, apr_pool_t *p)
{
    call_t call = {.fetch = fetch, .out = out, .pool = p, .body = apr_palloc(p, 1)};
    const char *error;
    CURL *curl;
    int plain;

    (void)ctx;
    memset(out, 0, sizeof *out);
    out->max_age = -1;
    error = check_address(fetch->url, &plain, p);
    if (error) {
        return error;
    }
    curl = curl_easy_init();
    if (!curl) {
        return "out of memory";
    }
    error = perform(curl, &call, plain);
    curl_easy_cleanup(curl);
    return error;
}

const ag_fetch_port_t ag_fetch_port = {run, NULL};
