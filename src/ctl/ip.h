/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip: what the commands for address lists share. A network is kept as it is written everywhere:
 * masked, in short form, with its bits unless it is one address.
 */
#ifndef AG_CTL_IP_H
#define AG_CTL_IP_H

#include "view.h"

/* NULL, or why a list cannot be called that. */
const char *ag_ctl_ip_list(const char *list);

/* The network as it is kept; *masked tells whether bits behind the mask were cleared. An error text
 * or NULL. */
const char *ag_ctl_ip_network(const char **cidr, int *masked, const char *text, apr_pool_t *p);

/* "--expires" as a value for the database: NULL for never. An error text or NULL. */
const char *ag_ctl_ip_expires(const char **seconds, const char *text, const ag_ctl_t *ctl);

/* Puts an entry in, or changes the one that is there; it counts as reviewed now. `note` may be NULL:
 * the old one stays. An exit code. */
int ag_ctl_ip_write(ag_ctl_t *ctl, const char *list, const char *cidr, const char *note, const char *expires);

#endif
