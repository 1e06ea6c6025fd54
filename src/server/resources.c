/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resources: ApiGuardResourceMetadata once all is read: what each section is called, and which documents each server
 * has. It is done twice: when the configuration is checked, for mistakes, and at the start, when it is known which
 * ports are for https.
 */
#include "issuers.h"
#include "resources.h"

#include <apr_fnmatch.h>

/* A line, where it stands. */
typedef struct {
    ag_resource_t *resource;
    const ag_policy_t *policy; /* of its section; another line there may have taken its place */
    const ap_directive_t *section;
    server_rec *server;
} claim_t;

static const apr_array_header_t *documents; /* ag_resource_page_t; NULL: there is none */

void ag_plan_resources(cmd_parms *cmd, const ag_policy_t *policy, const ag_setting_t *row)
{
    if (row - ag_policy_rows == AG_POLICY_resource && policy->resource && cmd->directive) {
        claim_t *claim = apr_palloc(cmd->pool, sizeof *claim);

        *claim = (claim_t){policy->resource, policy, cmd->directive->parent, cmd->server};
        APR_ARRAY_PUSH(ag_plans()->resources, claim_t *) = claim;
    }
}

/* ---- what a section is called ------------------------------------------------------------------- */

/* The virtual host around it, or NULL. */
static const ap_directive_t *host_of(const ap_directive_t *at)
{
    while (at && strcasecmp(at->directive, "<VirtualHost") != 0) {
        at = at->parent;
    }
    return at;
}

/* The first word of the last such line among these, or NULL. */
static const char *said_among(const ap_directive_t *lines, const char *directive, apr_pool_t *p)
{
    const char *word = NULL;

    for (; lines; lines = lines->next) {
        if (strcasecmp(lines->directive, directive) == 0) {
            const char *args = lines->args;

            word = ap_getword_conf(p, &args);
        }
    }
    return word;
}

/* What the virtual host says in such a line, else the server around it. */
static const char *said(const claim_t *claim, const char *directive, apr_pool_t *p)
{
    const ap_directive_t *host = host_of(claim->section);
    const char *word = host ? said_among(host->first_child, directive, p) : NULL;

    return word ? word : said_among(ap_conftree, directive, p);
}

/* Where nothing is said, mod_ssl goes by what Listen is for, which is known at the start. */
static const char *scheme_of(const claim_t *claim, apr_pool_t *p)
{
    const char *engine = said(claim, "SSLEngine", p), *protocol = ap_get_server_protocol(claim->server);

    if (engine && (strcasecmp(engine, "on") == 0 || strcasecmp(engine, "off") == 0)) {
        return strcasecmp(engine, "on") == 0 ? "https" : "http";
    }
    return protocol && strcasecmp(protocol, "https") == 0 ? "https" : "http";
}

/* SCHEME://HOST[:PORT], with a port only where ServerName has one that is not the scheme's own, in small letters, as
 * clients compare it (RFC 3986 s6.2.2.1); NULL: there is no ServerName. */
static const char *origin_of(const claim_t *claim, apr_pool_t *p)
{
    const char *name = said(claim, "ServerName", p);
    const char *behind = name ? strstr(name, "://") : NULL, *scheme, *port;
    char *origin;
    apr_size_t n;

    if (!name) {
        return NULL;
    }
    scheme = behind ? apr_pstrmemdup(p, name, (apr_size_t)(behind - name)) : scheme_of(claim, p);
    name = behind ? behind + 3 : name;
    port = strcmp(scheme, "https") == 0 ? ":443" : ":80";
    n = strlen(name);
    if (n > strlen(port) && strcmp(name + n - strlen(port), port) == 0) {
        n -= strlen(port);
    }
    origin = apr_pstrcat(p, scheme, "://", apr_pstrmemdup(p, name, n), NULL);
    ap_str_tolower(origin);
    return origin;
}

/* The path in the head of a plain <Location>, or NULL. */
static const char *path_of(const ap_directive_t *section, apr_pool_t *p)
{
    const char *args = section ? section->args : NULL, *path;

    if (!section || strcasecmp(section->directive, "<Location") != 0) {
        return NULL;
    }
    path = ap_getword_conf(p, &args);
    return *path == '/' && !apr_fnmatch_test(path) ? ap_os_escape_path(p, path, 1) : NULL;
}

/* Of a section outside of <VirtualHost> each virtual host has one of its own. */
static int is_everywhere(const claim_t *claim)
{
    return !claim->server->is_virtual && claim->server->next;
}

/* What is called by nothing that is written is called by its place. An error text, or NULL. */
static const char *settle(const claim_t *claim, apr_pool_t *p)
{
    const char *path = path_of(claim->section, p), *origin = origin_of(claim, p);
    const char *error = !path ? "its section is no <Location \"/path\">: write resource=URI, what clients type"
                        : is_everywhere(claim)
                            ? "its section is that of each virtual host: write it in the <VirtualHost>, "
                              "or write resource=URI, what clients type"
                        : !origin ? "there is no ServerName: write it, or resource=URI, what clients type"
                                  : NULL;

    if (claim->resource->written) {
        return NULL;
    }
    if (!error) {
        ag_resource_set(claim->resource, apr_pstrcat(p, origin, path, NULL), p);
    }
    return claim->resource->served || claim->policy->audiences.own ? error : NULL;
}

/* ---- documents ---------------------------------------------------------------------------------- */

/* The main server's sections are those of all: it is no host. */
static const server_rec *host(const server_rec *s)
{
    return s->is_virtual ? s : NULL;
}

static const ag_resource_page_t *find(const apr_array_header_t *pages, const server_rec *whose, const char *path)
{
    int i;

    for (i = 0; i < pages->nelts; i++) {
        const ag_resource_page_t *page = &APR_ARRAY_IDX(pages, i, ag_resource_page_t);

        if (page->server == whose && strcmp(page->path, path) == 0) {
            return page;
        }
    }
    return NULL;
}

static void add_page(apr_array_header_t *pages, const server_rec *host, const char *path, const char *body,
                     apr_pool_t *p)
{
    ag_resource_page_t *page = apr_array_push(pages);
    ag_id_t id = ag_id_of(body, strlen(body));

    page->server = host;
    page->path = path;
    page->body = body;
    page->size = strlen(body);
    page->etag = apr_psprintf(p, "\"%" APR_UINT64_T_HEX_FMT "\"", id.hi);
}

static void tell_no_issuer(const claim_t *claim)
{
    ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, claim->server,
                 "AG0980: %s:%d: ApiGuardResourceMetadata: there is no ApiGuardIssuer with a URL in this section or "
                 "around it, so the document for %s names no authorization server",
                 claim->section->filename, claim->section->line_num, claim->resource->uri);
}

/* An error text, or NULL. */
static const char *add_document(apr_array_header_t *pages, const claim_t *claim, int final, apr_pool_t *p)
{
    const char *path = ag_resource_path(claim->resource, p), *body;
    ag_jwt_policy_t jwt;

    if (find(pages, host(claim->server), path)) {
        return apr_psprintf(
            p,
            "two sections have their document at %s: one of them needs another resource=URI, or is to "
            "be called by its URL (ApiGuardResourceMetadata URL)",
            path);
    }
    ag_issuers_of(&jwt, claim->section, p);
    body = ag_resource_document(claim->resource, &jwt.issuers, p);
    if (final && !strstr(body, "\"authorization_servers\"")) {
        tell_no_issuer(claim);
    }
    add_page(pages, host(claim->server), path, body, p);
    return NULL;
}

/* A server's only document stands at the root place, too, for clients that look nowhere else. */
static void add_root(apr_array_header_t *pages, const server_rec *s, apr_pool_t *p)
{
    const ag_resource_page_t *only = NULL;
    int i, n = 0;

    for (i = 0; i < pages->nelts; i++) {
        const ag_resource_page_t *page = &APR_ARRAY_IDX(pages, i, ag_resource_page_t);

        n += page->server == host(s);
        only = page->server == host(s) ? page : only;
    }
    if (n == 1 && strcmp(only->path, AG_RESOURCE_PLACE) != 0) {
        add_page(pages, host(s), AG_RESOURCE_PLACE, only->body, p);
    }
}

/* An error text, or NULL. */
static const char *make(int final, server_rec *s, apr_pool_t *p)
{
    const apr_array_header_t *claims = ag_plans()->resources;
    apr_array_header_t *pages = apr_array_make(p, 4, sizeof(ag_resource_page_t));
    const char *error = NULL;
    int i;

    for (i = 0; i < claims->nelts && !error; i++) {
        const claim_t *claim = APR_ARRAY_IDX(claims, i, claim_t *);

        if (claim->policy->resource != claim->resource) {
            continue; /* a later line of the section says something else */
        }
        error = settle(claim, p);
        if (!error && claim->resource->served) {
            error = add_document(pages, claim, final, p);
        }
    }
    for (; s && !error; s = s->next) {
        add_root(pages, s, p);
    }
    documents = pages->nelts ? pages : NULL;
    return error;
}

static apr_status_t forget(void *unused)
{
    (void)unused;
    documents = NULL;
    return APR_SUCCESS;
}

int ag_resources_check(apr_pool_t *pconf, server_rec *s)
{
    const char *error = ag_written("ApiGuardAudience", "auto") && !ag_written("ApiGuardResourceMetadata", NULL)
                            ? "auto is the section's own resource: ApiGuardResourceMetadata is missing"
                            : NULL;

    if (error) {
        return ag_mistake(s, "ApiGuardAudience", error);
    }
    apr_pool_cleanup_register(pconf, NULL, forget, apr_pool_cleanup_null);
    error = make(0, s, pconf);
    return error ? ag_mistake(s, "ApiGuardResourceMetadata", error) : OK;
}

void ag_resources_open(server_rec *s, apr_pool_t *pconf)
{
    make(1, s, pconf);
}

const ag_resource_page_t *ag_resource_page(const server_rec *s, const char *path)
{
    const ag_resource_page_t *page;

    if (!documents || strncmp(path, AG_RESOURCE_PLACE, sizeof AG_RESOURCE_PLACE - 1) != 0) {
        return NULL;
    }
    page = find(documents, s, path);
    return page ? page : find(documents, NULL, path);
}
