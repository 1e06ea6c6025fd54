/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite_file: what of a SQLite database is files: making them for the server's user, and not being root
 * where that user can put links. The other databases have nothing of this.
 */
#ifndef AG_CTL_SQLITE_FILE_H
#define AG_CTL_SQLITE_FILE_H

#include <pwd.h>

#include <apr_pools.h>

/* Makes the file, 0660, and its directory, 2770, where they are not there; with an `owner` (NULL: none) they
 * are his, also a file that was root's, and a directory that was made so and is still root's. Only a regular
 * file with one name is given away. An error text or NULL. */
const char *ag_sqlite_make(const char *path, const struct passwd *owner, apr_pool_t *p);

/* Before the file is opened: root becomes the user whose files these are, if there is one. Refused where
 * root would have to write among what others can change. An error text or NULL. */
const char *ag_sqlite_step_down(const char *path, apr_pool_t *p);

/* Root again for a moment, for what is not in that directory; and back. */
void ag_sqlite_step_up(void);
void ag_sqlite_step_back(void);

/* What keeps this user from working on the file, in words; NULL: nothing does. */
const char *ag_sqlite_denied(const char *path, apr_pool_t *p);

#endif
