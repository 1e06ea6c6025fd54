/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resources: the documents of ApiGuardResourceMetadata that this server has.
 */
#ifndef AG_RESOURCES_H
#define AG_RESOURCES_H

#include "server.h"

/* One document at one place. */
typedef struct ag_resource_page_t {
    const server_rec *server; /* a virtual host; NULL: the main server, whose sections are those of all */
    const char *path;         /* as it stands in a request line */
    const char *body;         /* JSON */
    apr_size_t size;
    const char *etag;
} ag_resource_page_t;

/* Remembers the section where the line stands. */
void ag_plan_resources(cmd_parms *cmd, const ag_policy_t *policy, const ag_setting_t *row);

/* Looks for mistakes once all is read. OK, or an HTTP error after saying why. */
int ag_resources_check(apr_pool_t *pconf, server_rec *s);

/* Makes the documents, once it is known which ports are for https. */
void ag_resources_open(server_rec *s, apr_pool_t *pconf);

/* The document for just this path on a server, or NULL. */
const ag_resource_page_t *ag_resource_page(const server_rec *s, const char *path);

#endif
