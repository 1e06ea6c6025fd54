/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keysets: key sets that are fetched, as files of this server's user. Whoever has taken that user over can write them,
 * and a child's memory as well; they are read by children only, never as root.
 */
#ifndef AG_KEYSETS_H
#define AG_KEYSETS_H

#include "../cred/keyring.h"
#include "server.h"

/* Finds or makes the folder, for the server's user alone; its path, or NULL and *rv. */
const char *ag_keysets_folder(apr_status_t *rv, apr_pool_t *p);

/* Puts the text into the ring's file, all of it or nothing, and has all processes read it. NULL, or what could not be
 * done. */
const char *ag_keysets_publish(const ag_keyring_t *ring, const char *text, apr_size_t n, apr_pool_t *p);

/* 1 when just that was published last and stands there. */
int ag_keysets_stands(const ag_keyring_t *ring, const char *text, apr_size_t n, apr_pool_t *p);

/* Asks for the ring's set, wherever it is. What came, with status 200, from p; or why there is none. */
const char *ag_keysets_get(ag_fetched_t *answer, const ag_keyring_t *ring, apr_pool_t *p);

#endif
