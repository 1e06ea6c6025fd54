/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock: a process-shared, robust POSIX mutex.
 */
#include "lock.h"

#include <errno.h>
#include <stdlib.h>

#include "speed.h"

apr_status_t ag_lock_init(ag_lock_t *lock)
{
    pthread_mutexattr_t attr;
    int rv = pthread_mutexattr_init(&attr);

    if (rv) {
        return rv;
    }
    rv = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    rv = rv ? rv : pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    rv = rv ? rv : pthread_mutex_init(&lock->mutex, &attr);
    pthread_mutexattr_destroy(&attr);
    return rv;
}

/* Its owner died, or it is no lock. */
AG_RARE static void make_ours(ag_lock_t *lock, int rv)
{
    if (rv == EOWNERDEAD) {
        rv = pthread_mutex_consistent(&lock->mutex);
    }
    if (rv) {
        abort();
    }
}

void ag_lock_take(ag_lock_t *lock)
{
    int rv = pthread_mutex_lock(&lock->mutex);

    if (rv) {
        make_ours(lock, rv);
    }
}

int ag_lock_try(ag_lock_t *lock)
{
    int rv = pthread_mutex_trylock(&lock->mutex);

    if (rv == EBUSY) {
        return 0;
    }
    if (rv) {
        make_ours(lock, rv);
    }
    return 1;
}

void ag_lock_give(ag_lock_t *lock)
{
    if (pthread_mutex_unlock(&lock->mutex)) {
        abort();
    }
}
