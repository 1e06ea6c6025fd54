/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys_record: a head, then the rates, the networks, one offset for each word, then the texts. The
 * two middle parts need their alignment of eight, so they come first.
 */
#include "keys_record.h"

#include <string.h>

#include <apr_strings.h>

typedef struct {
    ag_stored_hash_t hash;
    ag_id_t client_id;
    apr_time_t expires;
    apr_uint64_t number;
    apr_uint32_t size;
    apr_uint16_t active;
    apr_uint16_t n_rates;  /* follow the head */
    apr_uint16_t networks; /* 0: none */
    apr_uint16_t words;    /* offsets of scopes, roles, endpoints */
    apr_uint16_t n_scopes, n_roles, n_endpoints;
    apr_uint16_t id, key_id, client; /* three in a row: good_offsets() */
} record_t;

_Static_assert(sizeof(record_t) % 8 == 0, "rates follow a record's head");
_Static_assert(sizeof(ag_rate_t) % 8 == 0, "networks follow the rates");

typedef struct {
    char *start;
    apr_size_t at;
} writer_t;

static int nibble(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int ag_stored_is_bcrypt(const char *stored)
{
    return strncmp(stored, "$2", 2) == 0;
}

int ag_stored_hash(ag_stored_hash_t *hash, const char *hex)
{
    int i;

    if (ag_stored_is_bcrypt(hex)) {
        ag_sha256(hash->byte, hex, strlen(hex));
        return 1;
    }
    if (strlen(hex) != 2 * AG_SHA256_SIZE) {
        return 0;
    }
    for (i = 0; i < AG_SHA256_SIZE; i++) {
        int high = nibble(hex[2 * i]);
        int low = nibble(hex[2 * i + 1]);

        if (high < 0 || low < 0) {
            return 0;
        }
        hash->byte[i] = (unsigned char)(high << 4 | low);
    }
    return 1;
}

static apr_size_t words_size(const ag_words_t *words)
{
    apr_size_t size = 0;
    int i;

    for (i = 0; i < words->n; i++) {
        size += sizeof(apr_uint16_t) + strlen(words->v[i]) + 1;
    }
    return size;
}

static apr_size_t size_of(const ag_key_t *key)
{
    return sizeof(record_t) + (apr_size_t)key->n_rates * sizeof(ag_rate_t) + (key->networks ? key->networks->size : 0)
           + words_size(&key->scopes) + words_size(&key->roles) + words_size(&key->endpoints) + strlen(key->id) + 1
           + strlen(key->key_id) + 1 + strlen(key->client) + 1;
}

/* Appends; where it begins. */
static apr_uint16_t write_bytes(writer_t *w, const void *bytes, apr_size_t n)
{
    apr_size_t at = w->at;

    if (n) {
        memcpy(w->start + at, bytes, n);
    }
    w->at += n;
    return (apr_uint16_t)at;
}

static apr_uint16_t write_text(writer_t *w, const char *text)
{
    return write_bytes(w, text, strlen(text) + 1);
}

/* Appends the texts, their offsets go to `offsets`; where the next list's offsets go. */
static apr_uint16_t *write_words(writer_t *w, apr_uint16_t *offsets, const ag_words_t *words)
{
    int i;

    for (i = 0; i < words->n; i++) {
        *offsets++ = write_text(w, words->v[i]);
    }
    return offsets;
}

static void write_lists(writer_t *w, record_t *record, const ag_key_t *key)
{
    apr_uint16_t *offsets = (apr_uint16_t *)(w->start + w->at);

    record->words = (apr_uint16_t)w->at;
    record->n_scopes = (apr_uint16_t)key->scopes.n;
    record->n_roles = (apr_uint16_t)key->roles.n;
    record->n_endpoints = (apr_uint16_t)key->endpoints.n;
    w->at += sizeof *offsets * ((apr_size_t)record->n_scopes + record->n_roles + record->n_endpoints);
    offsets = write_words(w, offsets, &key->scopes);
    offsets = write_words(w, offsets, &key->roles);
    write_words(w, offsets, &key->endpoints);
}

const void *ag_keys_record_make(apr_size_t *size, const ag_key_t *key, apr_pool_t *p)
{
    record_t *record;
    writer_t w;

    *size = size_of(key);
    if (*size > APR_UINT16_MAX) {
        return NULL;
    }
    record = apr_pcalloc(p, *size);
    if (!ag_stored_hash(&record->hash, key->hash)) {
        return NULL;
    }
    w.start = (char *)record;
    w.at = sizeof *record;
    record->client_id = key->client_id;
    record->expires = key->expires;
    record->number = key->number;
    record->size = (apr_uint32_t)*size;
    record->active = (apr_uint16_t)(key->active != 0);
    record->n_rates = (apr_uint16_t)key->n_rates;
    write_bytes(&w, key->rates, (apr_size_t)key->n_rates * sizeof *key->rates);
    if (key->networks) {
        record->networks = write_bytes(&w, key->networks, key->networks->size);
    }
    write_lists(&w, record, key);
    record->id = write_text(&w, key->id);
    record->key_id = write_text(&w, key->key_id);
    record->client = write_text(&w, key->client);
    return record;
}

static const char **open_words(ag_words_t *words, const char **v, const char *start, const apr_uint16_t *offsets,
                               int n)
{
    int i;

    words->n = n;
    words->v = n ? v : NULL;
    for (i = 0; i < n; i++) {
        v[i] = start + offsets[i];
    }
    return v + n;
}

static void open_lists(ag_key_t *key, const record_t *record, const char **v)
{
    const char *start = (const char *)record;
    const apr_uint16_t *offsets = (const apr_uint16_t *)(start + record->words);

    v = open_words(&key->scopes, v, start, offsets, record->n_scopes);
    offsets += record->n_scopes;
    v = open_words(&key->roles, v, start, offsets, record->n_roles);
    offsets += record->n_roles;
    open_words(&key->endpoints, v, start, offsets, record->n_endpoints);
}

/* A rate that no row of the database can say would divide by nothing. */
static int good_rates(const record_t *record)
{
    const ag_rate_t *rate = (const ag_rate_t *)(record + 1), *end = rate + record->n_rates;

    for (; rate < end; rate++) {
        if (!rate->period.seconds) {
            return 0;
        }
    }
    return 1;
}

static int good_offsets(const apr_uint16_t *offset, apr_size_t n, apr_size_t size)
{
    const apr_uint16_t *end = offset + n;

    for (; offset < end; offset++) {
        if (*offset >= size) {
            return 0;
        }
    }
    return 1;
}

/* Every process of the server can write into the cache, one that was taken over too: so nothing a
 * record says may lead outside of it. Its texts stand last, and the last ends it. */
static int is_whole(const record_t *record, apr_size_t size, apr_size_t n_words)
{
    const char *start = (const char *)record;

    return record->size == size && !start[size - 1] && sizeof *record + record->n_rates * sizeof(ag_rate_t) <= size
           && good_rates(record)
           && (!record->networks
               || (record->networks % 4 == 0 && record->networks < size
                   && ag_ipset_fits((const ag_ipset_t *)(start + record->networks), size - record->networks)))
           && record->words % 2 == 0 && record->words + n_words * sizeof(apr_uint16_t) <= size
           && good_offsets((const apr_uint16_t *)(start + record->words), n_words, size)
           && good_offsets(&record->id, 3, size);
}

ag_key_t *ag_keys_record_open(const void *bytes, apr_size_t size, apr_pool_t *p)
{
    const record_t *record = bytes;
    const char *start = bytes;
    apr_size_t n_words;
    ag_key_t *key;

    if (size < sizeof *record) {
        return NULL;
    }
    n_words = (apr_size_t)record->n_scopes + record->n_roles + record->n_endpoints;
    if (!is_whole(record, size, n_words)) {
        return NULL;
    }
    key = apr_palloc(p, sizeof *key + n_words * sizeof(char *));
    key->id = start + record->id;
    key->hash = NULL; /* nobody asks for it on a hit */
    key->key_id = start + record->key_id;
    key->client = start + record->client;
    key->networks = record->networks ? (const ag_ipset_t *)(start + record->networks) : NULL;
    key->rates = record->n_rates ? (const ag_rate_t *)(record + 1) : NULL;
    key->n_rates = record->n_rates;
    key->client_id = record->client_id;
    key->expires = record->expires;
    key->number = record->number;
    key->active = record->active;
    key->stale = 0;
    open_lists(key, record, (const char **)(key + 1));
    return key;
}
