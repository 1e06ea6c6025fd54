/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open: reading what a configuration names: key files, key sets, secrets in variables. While it is parsed
 * nothing is read; a directive leaves that for later (ag_setting_later).
 */
#ifndef AG_OPEN_H
#define AG_OPEN_H

#include <apr_pools.h>

/* Reads what a source names: "file:PATH" (raw bytes less one final newline), "base64:PATH" (such a
 * file, decoded) or "env:NAME". At most 64 MB. An error text (never with the content), or NULL. */
const char *ag_open_source(char **text, apr_size_t *n, const char *source, apr_pool_t *p);

/* What an editor may have added to a secret without anybody seeing it: a byte order mark in front, a
 * carriage return at the end. They belong to the secret all the same. A warning, or NULL. */
const char *ag_open_oddity(const char *text, apr_size_t n, const char *source, apr_pool_t *p);

/* The text without UTF-8's byte order mark. */
void ag_open_skip_mark(const char **text, apr_size_t *n);

/* Keeps a text (wiped when another takes its place) for as long as `pkeep` lives, and finds it again:
 * NULL when there is none. The name as in ag_keep(). */
void ag_open_keep(const char *name, const char *text, apr_size_t n, apr_pool_t *pkeep);
const char *ag_open_kept(apr_size_t *n, const char *name, apr_pool_t *pkeep);

/* `source` with its path made absolute below `root` (the server's), or NULL when it starts with no
 * word that ag_open_source() knows. */
const char *ag_open_absolute(const char *source, const char *root, apr_pool_t *p);

#endif
