/* SPDX-License-Identifier: Apache-2.0 */
/*
 * way: who can change where a path leads, as a question that root asks before following it.
 */
#ifndef AG_CTL_WAY_H
#define AG_CTL_WAY_H

#include <sys/types.h>

#include <apr_pools.h>

/* What stands before the last name of a path: "." where it is one name. */
const char *ag_way_directory(const char *path, apr_pool_t *p);

/* 1 when this directory and all above it are root's, and nobody else may write there. `may_be_sticky`: this
 * one may be like /tmp. */
int ag_way_are_roots(const char *dir, int may_be_sticky, apr_pool_t *p);

/* 1 when nobody but root can make the path lead elsewhere, links included. */
int ag_way_is_roots(const char *dir, apr_pool_t *p);

/* NULL when each name on the way to a directory, links and what they lead through included, is root's or that
 * user's: then nobody else can lead there who works with his rights. An error text otherwise. */
const char *ag_way_stranger(const char *dir, uid_t uid, apr_pool_t *p);

#endif
