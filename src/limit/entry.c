/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry: a value is "2:", its generation and the three words of the counter in hexadecimal, most
 * significant digit first. A key is a digest, so nothing a client sends can reach memcached's protocol.
 */
#include "entry.h"

#include <string.h>

#include <apr_time.h>

#define WORD_HEX      16
#define VALUE_SIZE    (2 + 4 * WORD_HEX)
#define SLACK_SECONDS 60 /* how far the clocks of a fleet may differ before a counter is lost */

static const char digits[] = "0123456789abcdef";

ag_id_t ag_entry_id(const ag_charge_t *charge, apr_pool_t *p)
{
    const char *subject = ag_subject_text(charge->subject);
    apr_size_t n = strlen(subject);
    apr_size_t size = sizeof(ag_id_t) + n;
    char *text = apr_palloc(p, size);

    memcpy(text, &charge->window->id, sizeof(ag_id_t));
    memcpy(text + sizeof(ag_id_t), subject, n);
    return ag_id_of(text, size);
}

void ag_entry_name(ag_entry_t *entry, const char *prefix, ag_id_t id)
{
    char hex[AG_ENTRY_ID_HEX + 1];
    ag_buf_t key;

    ag_buf_init(&key, entry->key, sizeof entry->key);
    ag_buf_str(&key, prefix);
    ag_buf_str(&key, AG_ENTRY_KEY_FORMAT);
    ag_buf_str(&key, ag_hex(hex, &id, sizeof id));
    entry->n = (apr_size_t)(key.at - key.start);
}

static char *write_word(char *out, apr_uint64_t word)
{
    int shift;

    for (shift = 60; shift >= 0; shift -= 4) {
        *out++ = digits[word >> shift & 15];
    }
    return out;
}

static void write_value(char value[VALUE_SIZE], apr_uint64_t generation, const ag_counter_t *counter)
{
    char *at = value;

    *at++ = '2';
    *at++ = ':';
    at = write_word(at, generation);
    at = write_word(at, counter->a);
    at = write_word(at, counter->b);
    write_word(at, counter->c);
}

static int read_word(apr_uint64_t *word, const char *text)
{
    int i;

    *word = 0;
    for (i = 0; i < WORD_HEX; i++) {
        const char *digit = memchr(digits, text[i], 16);

        if (!digit) {
            return 0;
        }
        *word = *word << 4 | (apr_uint64_t)(digit - digits);
    }
    return 1;
}

static int read_value(ag_entry_t *entry, const char *value, apr_size_t n)
{
    ag_counter_t *counter = &entry->counter;

    return n == VALUE_SIZE && value[0] == '2' && value[1] == ':' && read_word(&entry->generation, value + 2)
           && entry->generation && read_word(&counter->a, value + 2 + WORD_HEX)
           && read_word(&counter->b, value + 2 + 2 * WORD_HEX) && read_word(&counter->c, value + 2 + 3 * WORD_HEX);
}

/* Which of several servers it was. */
static apr_uint32_t failed(const memcached_st *handle)
{
    apr_uint32_t servers = 0, i;

    for (i = 0; i < memcached_server_count(handle) && i < AG_FLEET_SERVERS; i++) {
        const memcached_instance_st *server = memcached_server_instance_by_position(handle, i);

        if (server && memcached_server_error_return(server) != MEMCACHED_SUCCESS) {
            servers |= 1u << i;
        }
    }
    return servers;
}

static apr_status_t fault(ag_wire_t *wire, apr_status_t rv, const char *why)
{
    wire->failed = failed(wire->handle);
    wire->fault = rv;
    wire->why = why;
    memcached_quit(wire->handle);
    return rv;
}

static apr_status_t broken(ag_wire_t *wire, memcached_return_t rc)
{
    apr_status_t rv = rc == MEMCACHED_TIMEOUT ? APR_TIMEUP : APR_EGENERAL;

    wire->lost = rv != APR_TIMEUP;
    return fault(wire, rv, memcached_strerror(wire->handle, rc));
}

static void forget(ag_entry_t *entry)
{
    entry->generation = 0;
    memset(&entry->counter, 0, sizeof entry->counter);
}

/* Gives every entry of that key what was read; 0 when it is no counter. */
static int take_result(ag_entry_t *entries, int n, const memcached_result_st *result)
{
    const char *key = memcached_result_key_value(result);
    apr_size_t size = memcached_result_key_length(result);
    ag_entry_t *entry;

    for (entry = entries; entry < entries + n; entry++) {
        if (entry->n != size || memcmp(entry->key, key, size) != 0) {
            continue;
        }
        entry->version = memcached_result_cas(result);
        entry->there = 1;
        if (!read_value(entry, memcached_result_value(result), memcached_result_length(result))) {
            forget(entry);
            return 0;
        }
    }
    return 1;
}

static int is_end(memcached_return_t rc)
{
    return rc == MEMCACHED_SUCCESS || rc == MEMCACHED_END || rc == MEMCACHED_NOTFOUND;
}

/* Reads replies to the end. Where one of several servers was lost the last reply may be another
 * one's and sound well; then the handle remembers the error. */
static apr_status_t take_results(ag_wire_t *wire, ag_entry_t *entries, int n)
{
    memcached_result_st result;
    memcached_return_t rc = MEMCACHED_END;
    int ours = 1;

    memcached_result_create(wire->handle, &result);
    while (memcached_fetch_result(wire->handle, &result, &rc)) {
        ours &= take_result(entries, n, &result);
    }
    memcached_result_free(&result);
    if (is_end(rc)) {
        rc = memcached_last_error(wire->handle);
    }
    if (!is_end(rc)) {
        return broken(wire, rc);
    }
    return ours ? APR_SUCCESS : fault(wire, APR_EGENERAL, "a value is not a counter of ours");
}

/* Answers that come, but slowly, use up the patience as one that never comes does. */
static apr_status_t waited(ag_wire_t *wire, apr_status_t rv, apr_time_t since)
{
    wire->asked = 1;
    wire->patience -= apr_time_now() - since;
    return rv || wire->patience > 0 ? rv : fault(wire, APR_TIMEUP, "it answers too slowly");
}

static apr_status_t read_all(ag_wire_t *wire, ag_entry_t *entries, int n)
{
    const char **keys = apr_palloc(wire->p, (apr_size_t)n * sizeof *keys);
    size_t *sizes = apr_palloc(wire->p, (apr_size_t)n * sizeof *sizes);
    memcached_return_t rc;
    int i;

    for (i = 0; i < n; i++) {
        keys[i] = entries[i].key;
        sizes[i] = entries[i].n;
        entries[i].there = 0;
        forget(&entries[i]);
    }
    rc = memcached_mget(wire->handle, keys, sizes, (size_t)n);
    return rc == MEMCACHED_SUCCESS ? take_results(wire, entries, n) : broken(wire, rc);
}

apr_status_t ag_entry_read(ag_wire_t *wire, ag_entry_t *entries, int n)
{
    apr_time_t start = apr_time_now();

    return waited(wire, read_all(wire, entries, n), start);
}

/* When memcached may forget it, in its absolute form (what is over 30 days is a time since
 * 1970). It reads 32 bits; what does not fit is kept for ever. */
static time_t expiry(apr_time_t idle_at)
{
    apr_int64_t seconds = apr_time_sec(idle_at) + SLACK_SECONDS;

    return seconds <= APR_INT32_MAX ? (time_t)seconds : 0;
}

static apr_status_t write_one(ag_wire_t *wire, const ag_entry_t *entry, const ag_counter_t *counter, time_t until)
{
    char value[VALUE_SIZE];
    memcached_return_t rc;

    write_value(value, entry->generation, counter);
    rc = entry->there
             ? memcached_cas(wire->handle, entry->key, entry->n, value, sizeof value, until, 0, entry->version)
             : memcached_add(wire->handle, entry->key, entry->n, value, sizeof value, until, 0);
    switch (rc) {
    case MEMCACHED_SUCCESS:
    case MEMCACHED_STORED:
        return APR_SUCCESS;
    case MEMCACHED_DATA_EXISTS:
    case MEMCACHED_NOTSTORED:
    case MEMCACHED_NOTFOUND:
        return APR_EBUSY;
    default:
        return broken(wire, rc);
    }
}

apr_status_t ag_entry_write(ag_wire_t *wire, ag_entry_t *entry, const ag_counter_t *counter, apr_time_t idle_at)
{
    apr_time_t start = apr_time_now();

    while (!entry->generation) {
        if (ag_random(&entry->generation, sizeof entry->generation)) {
            return fault(wire, APR_EGENERAL, "no randomness");
        }
    }
    return waited(wire, write_one(wire, entry, counter, expiry(idle_at)), start);
}
