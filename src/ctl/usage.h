/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: what the command of that name is made of, beside the usage of keys (cmd_usage.c).
 */
#ifndef AG_CTL_USAGE_H
#define AG_CTL_USAGE_H

#include "ctl.h"

/* Prints who called what is deprecated from the day `first` on (its first second); `client` NULL: whoever it is. An
 * exit code. */
int ag_ctl_usage_deprecated(ag_ctl_t *ctl, const char *client, apr_int64_t first);

#endif
