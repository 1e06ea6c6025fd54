/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iptable_make: from a heap of networks to a table. They are sorted, the wider before the narrower;
 * one sweep along the line of addresses knows at each point which of them are open.
 *
 * It takes seconds for millions of entries, and never happens within a request.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "iptable_layout.h"

typedef struct {
    ag_net_t net;
    apr_uint32_t expires;
    apr_uint32_t text; /* an offset */
    apr_uint32_t up;
    apr_uint32_t four;
} entry_t;

typedef struct {
    ag_ip_t at;
    apr_uint32_t owner;
} cut_t;

/* Millions of entries: memory straight from the system, and back to it. What a thread frees of
 * malloc's or a pool's it may keep for another time, a hundred megabytes of it. */
typedef struct {
    void *start;
    apr_size_t size;
} block_t;

struct ag_iptable_maker_t {
    int keep;
    int whole;
    block_t entries, texts, cuts, table;
    apr_size_t n;       /* entries */
    apr_size_t texts_n; /* bytes */
    cut_t *cut;         /* where the cuts of this family begin */
    apr_size_t cut_n;
};

static void release(block_t *block)
{
    if (block->start) {
        munmap(block->start, block->size);
    }
}

/* Makes it at least `size` bytes long, zeros where it is new; 0 when there is no memory. */
static int grow(block_t *block, apr_size_t size)
{
    block_t grown = {NULL, block->size ? block->size : 65536};

    if (size <= block->size) {
        return 1;
    }
    while (grown.size < size) {
        grown.size *= 2;
    }
    grown.start = mmap(NULL, grown.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (grown.start == MAP_FAILED) {
        return 0;
    }
    if (block->start) {
        memcpy(grown.start, block->start, block->size);
    }
    release(block);
    *block = grown;
    return 1;
}

static apr_status_t give_back(void *ctx)
{
    ag_iptable_maker_t *maker = ctx;

    release(&maker->entries);
    release(&maker->texts);
    release(&maker->cuts);
    release(&maker->table);
    return APR_SUCCESS;
}

ag_iptable_maker_t *ag_iptable_start(int entries, apr_pool_t *p)
{
    ag_iptable_maker_t *maker = apr_pcalloc(p, sizeof *maker);

    maker->keep = entries;
    maker->whole = 1;
    apr_pool_cleanup_register(p, maker, give_back, apr_pool_cleanup_null);
    return maker;
}

void ag_iptable_miss(ag_iptable_maker_t *maker)
{
    maker->whole = 0;
}

static entry_t *entries_of(const ag_iptable_maker_t *maker)
{
    return maker->entries.start;
}

static int add_text(ag_iptable_maker_t *maker, const char *text)
{
    apr_size_t n = strlen(text) + 1;

    if (!grow(&maker->texts, maker->texts_n + n)) {
        return 0;
    }
    memcpy((char *)maker->texts.start + maker->texts_n, text, n);
    maker->texts_n += n;
    return 1;
}

int ag_iptable_add(ag_iptable_maker_t *maker, const ag_net_t *net, apr_uint32_t expires, const char *text)
{
    entry_t *entry;

    if (maker->n >= AG_IPTABLE_MAX || !grow(&maker->entries, (maker->n + 1) * sizeof *entry)) {
        return 0;
    }
    entry = entries_of(maker) + maker->n;
    entry->net = *net;
    entry->expires = maker->keep ? expires : 0;
    entry->text = (apr_uint32_t)maker->texts_n;
    entry->up = 0;
    /* ::/0 and the like hold the mapped IPv4 addresses and mean IPv6 only, as in Require ip. */
    entry->four = ag_ip_is4(&net->first) && ag_ip_is4(&net->last);
    if (maker->keep && !add_text(maker, text ? text : "")) {
        return 0;
    }
    maker->n++;
    return 1;
}

/* IPv4 first; the wider of two that begin alike first; of equal ones that which lives longest. */
static int by_place(const void *a, const void *b)
{
    const entry_t *x = a, *y = b;
    int order = (int)y->four - (int)x->four;

    order = order ? order : memcmp(&x->net.first, &y->net.first, sizeof x->net.first);
    order = order ? order : memcmp(&y->net.last, &x->net.last, sizeof x->net.last);
    /* 0 (never) becomes the greatest number */
    return order ? order : (y->expires - 1 > x->expires - 1) - (y->expires - 1 < x->expires - 1);
}

/* Sorts, and leaves out what has expired or comes twice. */
static void sort(ag_iptable_maker_t *maker, apr_uint32_t now)
{
    entry_t *e = entries_of(maker);
    apr_size_t i, kept = 0;

    if (maker->n) {
        qsort(e, maker->n, sizeof *e, by_place);
    }
    for (i = 0; i < maker->n; i++) {
        if ((!e[i].expires || now < e[i].expires)
            && !(kept && memcmp(&e[i].net, &e[kept - 1].net, sizeof e->net) == 0)) {
            e[kept++] = e[i];
        }
    }
    maker->n = kept;
}

/* From this address on, `owner` is the narrowest. */
static void cut(ag_iptable_maker_t *maker, const ag_ip_t *at, apr_uint32_t owner)
{
    cut_t *cuts = maker->cut;
    apr_size_t n = maker->cut_n;

    if (!maker->keep) {
        owner = owner != 0;
    }
    if (n && memcmp(&cuts[n - 1].at, at, sizeof *at) == 0) {
        n--;
    }
    if ((n ? cuts[n - 1].owner : 0) != owner) {
        cuts[n].at = *at;
        cuts[n++].owner = owner;
    }
    maker->cut_n = n;
}

/* The address behind the entry's last, unless that is the family's last. */
static void cut_behind(ag_iptable_maker_t *maker, const entry_t *entry)
{
    ag_ip_t next = entry->net.last;
    int i = 15;

    while (i >= 0 && ++next.byte[i] == 0) {
        i--;
    }
    if (i >= (entry->four ? 12 : 0)) {
        cut(maker, &next, entry->up);
    }
}

/* Cuts for the sorted entries of one family, at maker->cut; how many. */
static apr_uint32_t sweep(ag_iptable_maker_t *maker, apr_size_t from, apr_size_t to)
{
    entry_t *e = entries_of(maker);
    apr_uint32_t open = 0;
    apr_size_t i;

    maker->cut_n = 0; /* IPv6 begins anew: IPv4's last piece is not its neighbour */
    for (i = from; i < to; i++) {
        for (; open && memcmp(&e[open - 1].net.last, &e[i].net.first, sizeof(ag_ip_t)) < 0; open = e[open - 1].up) {
            cut_behind(maker, &e[open - 1]);
        }
        e[i].up = open;
        open = (apr_uint32_t)i + 1;
        cut(maker, &e[i].net.first, open);
    }
    for (; open; open = e[open - 1].up) {
        cut_behind(maker, &e[open - 1]);
    }
    return (apr_uint32_t)maker->cut_n;
}

static void write_cuts(const ag_iptable_maker_t *maker, ag_iptable_t *table)
{
    apr_uint32_t *four = (apr_uint32_t *)(uintptr_t)cuts4(table, table);
    cut6_t *six = (cut6_t *)(uintptr_t)cuts6(table);
    apr_uint32_t *owner6 = (apr_uint32_t *)(uintptr_t)owners6(table, table);
    const cut_t *cut = maker->cuts.start;
    apr_uint32_t i;

    for (i = 0; i < table->n4; i++, cut++) {
        four[i] = number4(&cut->at);
        four[table->n4 + i] = cut->owner;
    }
    for (i = 0; i < table->n6; i++, cut++) {
        six[i] = number6(&cut->at);
        owner6[i] = cut->owner;
    }
}

static void write_entries(const ag_iptable_maker_t *maker, ag_iptable_t *table)
{
    apr_uint32_t *life = (apr_uint32_t *)(uintptr_t)lives(table, table);
    apr_size_t n = table->kept;
    apr_size_t i;

    for (i = 0; i < n; i++) {
        life[i] = entries_of(maker)[i].expires;
        life[n + i] = entries_of(maker)[i].up;
        life[2 * n + i] = entries_of(maker)[i].text;
    }
    if (maker->texts_n) {
        memcpy(life + 3 * n, maker->texts.start, maker->texts_n);
    }
}

const ag_iptable_t *ag_iptable_finish(ag_iptable_maker_t *maker, apr_uint32_t now)
{
    ag_iptable_t head = {0};
    apr_size_t size, four;

    sort(maker, now);
    for (four = 0; four < maker->n && entries_of(maker)[four].four; four++) {
    }
    if (!grow(&maker->cuts, (2 * maker->n + 2) * sizeof *maker->cut)) {
        return NULL;
    }
    maker->cut = maker->cuts.start;
    head.n4 = sweep(maker, 0, four);
    maker->cut += head.n4;
    head.n6 = sweep(maker, four, maker->n);
    head.n = (apr_uint32_t)maker->n;
    head.kept = maker->keep ? head.n : 0;
    head.texts = (apr_uint32_t)maker->texts_n;
    head.whole = (apr_uint32_t)maker->whole;
    size = sizeof head + head.n6 * (sizeof(cut6_t) + 4) + (apr_size_t)head.n4 * 8 + (apr_size_t)head.kept * 12
           + head.texts;
    size = (size + 7) & ~(apr_size_t)7;
    if (size > APR_UINT32_MAX || !grow(&maker->table, size)) {
        return NULL;
    }
    head.size = (apr_uint32_t)size;
    *(ag_iptable_t *)maker->table.start = head;
    write_cuts(maker, maker->table.start);
    write_entries(maker, maker->table.start);
    return maker->table.start;
}
