/* SPDX-License-Identifier: Apache-2.0 */
/*
 * input: what it costs to read a JSON body and to check it against a schema, beside jansson's reading alone: the least
 * of several turns, in microseconds of this thread's processor time.
 *
 *   input SCHEMA BODY
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <apr_general.h>
#include <jansson.h>

#include "../../src/schema/schema.h"

#define TURNS 9
#define EACH  2000

typedef struct {
    char *text;
    apr_size_t n;
    const ag_schema_t *schema;
    apr_pool_t *p; /* cleared after each */
} bench_t;

static void need(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "input: %s failed\n", what);
        exit(1);
    }
}

static char *slurp(apr_size_t *n, const char *path)
{
    enum { LARGEST = 1 << 24 };
    char *text = malloc(LARGEST);
    FILE *file = fopen(path, "rb");

    need(file && text, path);
    *n = fread(text, 1, LARGEST, file);
    fclose(file);
    return text;
}

static const ag_schema_t *compile(const char *path, apr_pool_t *p)
{
    ag_schema_options_t options = {.dialect = AG_DIALECT_2020_12, .formats = 1};
    ag_schemas_t *schemas = ag_schemas_make(&options, p);
    const ag_schema_t *schema;
    ag_doc_wrong_t wrong;
    const char *error;
    ag_doc_t *doc = apr_palloc(p, sizeof *doc);
    apr_size_t n;
    char *text = slurp(&n, path);

    need(!ag_doc_parse(doc, &wrong, text, n, NULL, p), "reading the schema");
    error = ag_schemas_add(schemas, doc, path);
    error = error ? error : ag_schemas_compile(&schema, schemas, path, "");
    error = error ? error : ag_schemas_finish(schemas);
    need(!error, error ? error : "");
    return schema;
}

/* ---- what is measured --------------------------------------------------------------------------- */

static void read_only(const bench_t *bench)
{
    ag_doc_wrong_t wrong;
    ag_doc_t doc;

    need(!ag_doc_parse(&doc, &wrong, bench->text, bench->n, NULL, bench->p), "reading");
}

static void read_and_check(const bench_t *bench)
{
    ag_findings_t findings;
    ag_schema_run_t run = {.p = bench->p, .findings = &findings, .steps = 1000000};
    ag_doc_wrong_t wrong;
    ag_doc_t doc;

    findings.n = 0;
    need(!ag_doc_parse(&doc, &wrong, bench->text, bench->n, NULL, bench->p), "reading");
    need(ag_schema_check(&run, bench->schema, &doc, 0) == AG_SCHEMA_YES, "checking");
}

static void by_jansson(const bench_t *bench)
{
    json_t *json = json_loadb(bench->text, bench->n, JSON_REJECT_DUPLICATES, NULL);

    need(json != NULL, "jansson");
    json_decref(json);
}

static double processor(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double turn(const bench_t *bench, void (*what)(const bench_t *bench))
{
    double began = processor();
    int i;

    for (i = 0; i < EACH; i++) {
        what(bench);
        apr_pool_clear(bench->p);
    }
    return (processor() - began) / EACH;
}

int main(int argc, const char *const *argv)
{
    static void (*const kinds[])(const bench_t *bench) = {read_only, read_and_check, by_jansson};
    double least[3] = {0};
    apr_pool_t *p;
    bench_t bench;
    int i, k;

    need(argc == 3, "input SCHEMA BODY");
    apr_initialize();
    apr_pool_create(&p, NULL);
    apr_pool_create(&bench.p, p);
    bench.schema = compile(argv[1], p);
    bench.text = slurp(&bench.n, argv[2]);
    for (i = 0; i < TURNS * 3; i++) {
        double is = turn(&bench, kinds[k = i % 3]);

        least[k] = i >= 3 && least[k] < is ? least[k] : is;
    }
    printf("%-38s %8.2f us\n%-38s %8.2f us\n%-38s %8.2f us\n%-38s %8.2f\n", "read", least[0], "read and checked",
           least[1], "jansson's json_loadb", least[2], "read and checked, to jansson's", least[1] / least[2]);
    return 0;
}
