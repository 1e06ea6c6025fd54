/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock: a mutex that lies in shared memory, works between threads and processes alike, and is given
 * back by the kernel when its owner is killed. Never held over I/O. What it guards must stay valid
 * whenever the owner dies, so writers build the new state aside and publish it with one store.
 */
#ifndef AG_LOCK_H
#define AG_LOCK_H

#include <pthread.h>

#include <apr_errno.h>

typedef struct ag_lock_t {
    pthread_mutex_t mutex;
} ag_lock_t;

/* Once, when the memory is fresh; never on memory that others may be using. */
apr_status_t ag_lock_init(ag_lock_t *lock);

/* Take and give back. A dead owner's lock is taken over silently. Anything else that goes wrong is
 * a broken program: the process is aborted rather than run unguarded. */
void ag_lock_take(ag_lock_t *lock);
void ag_lock_give(ag_lock_t *lock);

/* Takes it unless somebody holds it: 1 or 0. A lock that is only ever tried makes nobody wait, so
 * it alone may be held over I/O. */
int ag_lock_try(ag_lock_t *lock);

#endif
