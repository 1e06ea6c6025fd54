/* SPDX-License-Identifier: Apache-2.0 */
/*
 * first_sight: what a token costs that nobody has seen before, beside the check of its signature alone: 10,000
 * different RS256 tokens, each shown once, in microseconds of this thread's processor time. All that a credential of the
 * kind does is counted: the caches are asked, the token is taken apart, verified, judged and remembered.
 *
 *   first_sight BYTES     with so much memory for verified tokens
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <openssl/rsa.h>

#include "../../src/base/text.h"
#include "../../src/cred/cred.h"
#include "../../src/cred/token_memo.h"

#define TURNS  5
#define TOKENS 10000

typedef struct {
    EVP_PKEY *pkey;
    ag_jwt_key_t key;
    ag_jwt_keyset_t set;
    const ag_jwt_keyset_t *sets[1];
    char **tokens;
    int n;
    apr_time_t now;
    apr_pool_t *p;
} bench_t;

static void need(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "first_sight: %s failed\n", what);
        exit(1);
    }
}

static const char *part(const void *bytes, apr_size_t n, apr_pool_t *p)
{
    unsigned char *text = apr_palloc(p, n * 4 / 3 + 5);
    char *at;

    EVP_EncodeBlock(text, bytes, (int)n);
    for (at = (char *)text; *at; at++) {
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at == '=' ? '\0' : *at;
    }
    return (const char *)text;
}

static char *sign(const bench_t *bench, int number)
{
    static const char header[] = "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"2026-11\"}";
    const char *claims = apr_psprintf(
        bench->p,
        "{\"iss\":\"https://login.example.com/realms/customers\",\"sub\":\"6f0a3c1e-52b7-4d0c-8a37-%012d\","
        "\"aud\":\"orders\",\"azp\":\"shop\",\"scope\":\"openid orders:read\",\"iat\":%d,\"exp\":%d,\"jti\":\"%d\"}",
        number, (int)apr_time_sec(bench->now), (int)apr_time_sec(bench->now) + 3600, number);
    char *text = apr_pstrcat(bench->p, part(header, sizeof header - 1, bench->p), ".",
                             part(claims, strlen(claims), bench->p), NULL);
    unsigned char signature[256];
    size_t n = sizeof signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    need(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, bench->pkey) == 1
             && EVP_DigestSign(ctx, signature, &n, (unsigned char *)text, strlen(text)) == 1,
         "signing");
    EVP_MD_CTX_free(ctx);
    return apr_pstrcat(bench->p, text, ".", part(signature, n, bench->p), NULL);
}

static void prepare(bench_t *bench)
{
    int i;

    bench->pkey = EVP_RSA_gen(2048);
    need(bench->pkey != NULL, "making a key");
    bench->key.algs = 1u << AG_ALG_RS256;
    bench->key.kid = "2026-11";
    bench->key.pkey = bench->pkey;
    bench->set.keys = &bench->key;
    bench->set.n = 1;
    bench->set.origin = "bench";
    bench->sets[0] = &bench->set;
    bench->tokens = apr_palloc(bench->p, (apr_size_t)bench->n * sizeof *bench->tokens);
    for (i = 0; i < bench->n; i++) {
        bench->tokens[i] = sign(bench, i);
    }
}

static double processor(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* The signature alone, as short as OpenSSL has it. */
static double alone(const bench_t *bench)
{
    double began = processor();
    ag_jwt_t jwt;
    int i;

    need(!ag_jwt_parse(&jwt, bench->tokens[0], strlen(bench->tokens[0]), bench->p), "reading a token");
    for (i = 0; i < bench->n; i++) {
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();

        need(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, bench->pkey) == 1
                 && EVP_DigestVerify(ctx, jwt.signature, jwt.signature_size, (const unsigned char *)jwt.text,
                                     jwt.signed_size)
                        == 1,
             "verifying");
        EVP_MD_CTX_free(ctx);
    }
    return (processor() - began) / bench->n;
}

static double shown(const bench_t *bench, const ag_cred_engine_t *engine)
{
    ag_request_t request = {.now = bench->now};
    apr_pool_t *p;
    double began;
    int i;

    apr_pool_create(&p, bench->p);
    request.pool = p;
    began = processor();
    for (i = 0; i < bench->n; i++) {
        ag_credential_t found = {.type = &ag_cred_jwt, .text = bench->tokens[i], .n = strlen(bench->tokens[i])};
        ag_cred_call_t call = {.request = &request, .engine = engine};
        ag_principal_t *who = NULL;

        call.jwt.sets = bench->sets;
        call.jwt.n_sets = 1;
        call.jwt.types = AG_TYP_ACCESS | AG_TYP_JWT;
        call.jwt.leeway = 30;
        need(ag_cred_check(&who, &call, &found) == AG_R_NONE && who, "a token");
        apr_pool_clear(p);
    }
    return (processor() - began) / bench->n;
}

/* Caches as a server's that has just started. */
static void begin(ag_cred_engine_t *engine, void *memory, apr_size_t bytes, void *marks, apr_size_t room,
                  apr_pool_t *p)
{
    need(ag_cache_attach(&engine->tokens, memory, bytes, AG_TOKEN_RECORD_SIZE, 1, p) == APR_SUCCESS
             && ag_cache_attach(&engine->recently_good_tokens, marks, room, AG_RECENTLY_GOOD_SIZE, 1, p)
                    == APR_SUCCESS,
         "making caches");
}

int main(int argc, const char *const *argv)
{
    static const ag_sip_key_t sip = {1, 2};
    bench_t bench = {.n = TOKENS};
    apr_size_t bytes = argc > 1 ? (apr_size_t)atol(argv[1]) : 0;
    apr_size_t room = ag_cache_bytes(20000, AG_RECENTLY_GOOD_SIZE);
    ag_cred_engine_t engine = {.sip = &sip};
    void *memory = calloc(1, bytes), *marks = calloc(1, room);
    double least = 0, least_alone = 0;
    int turn;

    apr_initialize();
    apr_pool_create(&bench.p, NULL);
    bench.now = apr_time_now();
    prepare(&bench);
    for (turn = 0; turn < TURNS; turn++) {
        double a = alone(&bench), b;

        begin(&engine, memory, bytes, marks, room, bench.p);
        b = shown(&bench, &engine);
        least_alone = turn && least_alone < a ? least_alone : a;
        least = turn && least < b ? least : b;
    }
    printf("%d RS256 tokens, each seen first: %.1f us of processor time; the signature alone: %.1f us; ratio %.2f\n",
           bench.n, least, least_alone, least / least_alone);
    return 0;
}
