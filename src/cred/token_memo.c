/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token_memo: see token_memo.h. NULL and "" are told apart by a leading byte.
 */
#include "token_memo.h"

#include <stddef.h>
#include <string.h>

typedef struct {
    ag_token_memo_t memo;
    apr_uint32_t scopes;
    apr_uint32_t roles;
    ag_revocable_t revocable; /* all zero: there is none */
} head_t;

static void put(ag_buf_t *b, const char *text)
{
    ag_buf_mem(b, text ? "+" : "-", 1);
    ag_buf_mem(b, text ? text : "", text ? strlen(text) + 1 : 1);
}

static void put_words(ag_buf_t *b, const ag_words_t *words)
{
    int i;

    for (i = 0; i < words->n; i++) {
        put(b, words->v[i]);
    }
}

apr_size_t ag_token_memo_write(char *record, apr_size_t size, const ag_token_memo_t *memo, const ag_principal_t *who)
{
    head_t head = {.memo = *memo, .scopes = (apr_uint32_t)who->scopes.n, .roles = (apr_uint32_t)who->roles.n};
    ag_buf_t b;

    if (who->revocable) {
        head.revocable = *who->revocable;
    }
    ag_buf_init(&b, record, size);
    ag_buf_mem(&b, (const char *)&head, sizeof head);
    put(&b, who->issuer);
    put(&b, who->client);
    put(&b, who->user);
    put(&b, who->key_id);
    put(&b, who->bound_to);
    put_words(&b, &who->scopes);
    put_words(&b, &who->roles);
    return b.full ? 0 : (apr_size_t)(b.at - b.start);
}

/* The next text; what is not there leaves *at NULL. */
static const char *take(const char **at, const char *end)
{
    const char *text = *at;
    const char *nul = text && text < end ? memchr(text, '\0', (apr_size_t)(end - text)) : NULL;

    *at = nul ? nul + 1 : NULL;
    return nul && *text == '+' ? text + 1 : NULL;
}

/* A word that is NULL makes the record not whole. */
static void take_words(ag_words_t *words, apr_uint32_t n, const char **at, const char *end, apr_pool_t *p)
{
    apr_uint32_t i;

    words->n = (int)n;
    words->v = n ? apr_palloc(p, n * sizeof(char *)) : NULL;
    for (i = 0; i < n; i++) {
        words->v[i] = take(at, end);
        *at = words->v[i] ? *at : NULL;
    }
}

int ag_token_memo_read(ag_token_memo_t *memo, ag_principal_t **out, const char *record, apr_size_t n, apr_pool_t *p)
{
    ag_principal_t *who = apr_pcalloc(p, sizeof *who);
    const char *at = record + sizeof(head_t);
    const char *end = record + n;
    head_t head;

    if (n < sizeof head) {
        return 0;
    }
    memcpy(&head, record, sizeof head);
    if (head.scopes > n || head.roles > n) {
        return 0;
    }
    *memo = head.memo;
    who->revocable = head.revocable.digest.lo ? (const void *)(record + offsetof(head_t, revocable)) : NULL;
    who->issuer = take(&at, end);
    who->client = take(&at, end);
    who->user = take(&at, end);
    who->key_id = take(&at, end);
    who->bound_to = take(&at, end);
    take_words(&who->scopes, head.scopes, &at, end, p);
    take_words(&who->roles, head.roles, &at, end, p);
    *out = who;
    return at == end;
}
