/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bite_fixture: writes over each word of a part of shared memory with values that lead far away, and does what
 * the part is for. Around the memory lies none, so a step outside ends the test. Locks are not looked at: they
 * are made of nothing.
 */
#ifndef AG_BITE_FIXTURE_H
#define AG_BITE_FIXTURE_H

#include "unit.h"

#include <sys/mman.h>
#include <unistd.h>

#include "../../src/base/digest.h"
#include "../../src/base/lock.h"

#define BITES 4

static const apr_uint64_t bites[BITES] = {~APR_UINT64_C(0), 0, APR_UINT64_C(0x0000400000004000),
                                          APR_UINT64_C(0x7fffffff7fffffff)};
static const ag_sip_key_t key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
static const ag_id_t id = {11, 22};

apr_status_t ag_lock_init(ag_lock_t *lock)
{
    (void)lock;
    return APR_SUCCESS;
}

void ag_lock_take(ag_lock_t *lock)
{
    (void)lock;
}

void ag_lock_give(ag_lock_t *lock)
{
    (void)lock;
}

int ag_lock_try(ag_lock_t *lock)
{
    (void)lock;
    return 1;
}

/* Memory with nothing around it; it ends where the nothing begins, or begins where it ends. */
static inline char *island(apr_size_t size, int at_end)
{
    apr_size_t page = (apr_size_t)sysconf(_SC_PAGESIZE), pages = (size + page - 1) / page * page;
    char *all = mmap(NULL, pages + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(all != MAP_FAILED);
    assert_int_equal(mprotect(all + page, pages, PROT_READ | PROT_WRITE), 0);
    return all + page + (at_end ? pages - size : 0);
}

/* A part of memory and what is done with it, once with it fresh and then as it was left. */
typedef struct {
    const char *name;
    apr_size_t size;
    void *(*attach)(void *memory, apr_size_t size, int fresh, apr_pool_t *p);
    void (*use)(void *part, apr_pool_t *p);
} part_t;

/* 1 when the next generation would take the memory as it is. */
static inline int is_taken(const part_t *part, char *memory, apr_pool_t *p)
{
    return part->attach(memory, part->size, 0, p) != NULL;
}

/* What the next generation takes, it uses. What it does not take, those before it use still. */
static inline void bite(const part_t *part, char *memory, void *attached, apr_size_t at, apr_uint64_t with)
{
    apr_uint64_t was;
    apr_pool_t *p;

    apr_pool_create(&p, NULL);
    memcpy(&was, memory + at, sizeof was);
    memcpy(memory + at, &with, sizeof with);
    part->use(attached, p);
    if (is_taken(part, memory, p)) {
        part->use(part->attach(memory, part->size, 0, p), p);
    }
    memcpy(memory + at, &was, sizeof was);
    apr_pool_destroy(p);
}

static inline void bite_all(const part_t *part, int at_end, apr_pool_t *p)
{
    char *memory = island(part->size, at_end);
    void *attached = part->attach(memory, part->size, 1, p);
    apr_size_t at;
    int i;

    assert_non_null(attached);
    for (at = 0; at + sizeof *bites <= part->size; at += sizeof *bites) {
        part->use(attached, p); /* there is something to be written over */
        for (i = 0; i < BITES; i++) {
            bite(part, memory, attached, at, bites[i]);
        }
    }
}

static inline void bite_both(const part_t *part, apr_pool_t *p)
{
    bite_all(part, 0, p);
    bite_all(part, 1, p);
}

#endif
