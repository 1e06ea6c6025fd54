/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leak: finds in a text what may be a key: everything that has our keys' shape and checksum,
 * wherever it stands, also in the middle of a word; and for keys of other shapes every word.
 */
#ifndef AG_CTL_LEAK_H
#define AG_CTL_LEAK_H

#include <apr_pools.h>

#define AG_LEAK_LEAST 6   /* characters of a word that may be a key */
#define AG_LEAK_MOST  512 /* the server does not look at longer ones */

/* Takes a part of the text; `ours` when its checksum says that it is a key made by apiguardctl.
 * Anything but 0 ends the search. A part may be taken more than once. */
typedef int (*ag_leak_f)(void *ctx, const char *part, apr_size_t n, int ours);

/* 0, or what `take` ended the search with. */
int ag_leak_search(const char *text, apr_size_t n, ag_leak_f take, void *ctx);

#endif
