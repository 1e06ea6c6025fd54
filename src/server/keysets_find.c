/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keysets_find: from a ring to its set: at its own address, or at the one that the issuer's metadata name (RFC 8414,
 * OpenID Connect Discovery). Metadata are believed if they are this very issuer's, and what they name is reached like
 * anything else: over https.
 */
#include "keysets.h"

#include "fetch.h"

#define MAX_SIZE  (1 << 20)
#define TIMEOUT   apr_time_from_sec(10) /* of each document */
#define REDIRECTS 3

static int ends(void *unused)
{
    (void)unused;
    return ag_jobs_over();
}

static const char *get(ag_fetched_t *answer, const char *url, const char *accept, const ag_keyring_t *ring,
                       apr_pool_t *p)
{
    const ag_fetch_t fetch = {.url = url,
                              .accept = accept,
                              .ca_file = ring->ca ? ring->ca + strlen("file:") : NULL,
                              .max_size = MAX_SIZE,
                              .timeout = TIMEOUT,
                              .redirects = REDIRECTS,
                              .ends = ends};
    const char *error = ag_fetch_port.run(ag_fetch_port.ctx, answer, &fetch, p);

    return error ? error : answer->status == 200 ? NULL : apr_psprintf(p, "it answered %ld", answer->status);
}

/* RFC 8414 s3.1 puts its place between host and path; OpenID Connect Discovery s4 behind the path. */
static const char *metadata_at(int i, const char *issuer, apr_pool_t *p)
{
    apr_size_t n = strlen(issuer), host;

    n -= issuer[n - 1] == '/';
    host = (apr_size_t)(strstr(issuer, "://") + 3 - issuer);
    host += strcspn(issuer + host, "/");
    host = host < n ? host : n;
    return i == 0 ? apr_psprintf(p, "%.*s/.well-known/oauth-authorization-server%.*s", (int)host, issuer,
                                 (int)(n - host), issuer + host)
                  : apr_psprintf(p, "%.*s/.well-known/openid-configuration", (int)n, issuer);
}

/* RFC 8414 s3.3: of another issuer they must not be used. */
static const char *read_metadata(const char **url, const ag_fetched_t *answer, const ag_keyring_t *ring,
                                 apr_pool_t *p)
{
    json_t *all = ag_json_object(answer->body, answer->length, p);
    const char *issuer = json_string_value(json_object_get(all, "issuer"));
    const char *error;

    *url = json_string_value(json_object_get(all, "jwks_uri"));
    if (!issuer || !*url) {
        return "it is no issuer's metadata with a jwks_uri";
    }
    if (strcmp(issuer, ring->issuer) != 0) {
        return "it is the metadata of another issuer";
    }
    error = strncmp(issuer, "https://", 8) == 0 && strncmp(*url, "https://", 8) != 0
                ? "only https:// is asked" /* no other server sends us to one of this machine */
                : ag_fetch_address(*url, p);
    return error ? apr_pstrcat(p, "its jwks_uri: ", error, NULL) : NULL;
}

static const char *find(const char **url, const ag_keyring_t *ring, apr_pool_t *p)
{
    const char *errors = NULL;
    int i;

    for (i = 0; i < 2; i++) {
        const char *at = metadata_at(i, ring->issuer, p), *error;
        ag_fetched_t answer;

        error = get(&answer, at, "application/json", ring, p);
        error = error ? error : read_metadata(url, &answer, ring, p);
        if (!error) {
            return NULL;
        }
        errors = apr_pstrcat(p, errors ? errors : "", errors ? "; " : "", at, ": ", error, NULL);
    }
    return errors;
}

const char *ag_keysets_get(ag_fetched_t *answer, const ag_keyring_t *ring, apr_pool_t *p)
{
    const char *url = ring->url;
    const char *error = url ? NULL : find(&url, ring, p);

    return error ? error : get(answer, url, "application/jwk-set+json, application/json", ring, p);
}
