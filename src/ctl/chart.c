/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chart: see chart.h. The longest bar is 40 characters; what is not nothing is one at least.
 */
#include "chart.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#define WIDTH 40

typedef struct {
    const char *passed, *denied;
} ink_t;

static const ink_t blocks = {"\xE2\x96\x88", "\xE2\x96\x91"}; /* full block, light shade */
static const ink_t ascii = {"#", "x"};

static const ink_t *ink_of_locale(void)
{
    setlocale(LC_CTYPE, "");
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? &blocks : &ascii;
}

const char *ag_chart_number(apr_int64_t n, apr_pool_t *p)
{
    const char *rest = "";

    for (; n >= 1000; n /= 1000) {
        rest = apr_psprintf(p, ",%03d%s", (int)(n % 1000), rest);
    }
    return apr_psprintf(p, "%d%s", (int)n, rest);
}

const char *ag_chart_share(apr_int64_t part, apr_int64_t whole, apr_pool_t *p)
{
    double share = whole > 0 ? 100.0 * (double)part / (double)whole : 0;

    if (part <= 0) {
        return "0 %";
    }
    return share < 0.05 ? "under 0.1 %" : apr_psprintf(p, "%.1f %%", share);
}

static int length(apr_int64_t n, apr_int64_t longest)
{
    int size = (int)((double)n * WIDTH / (double)longest + 0.5);

    return n > 0 && size == 0 ? 1 : size;
}

static void draw(const char *sign, int n)
{
    for (; n > 0; n--) {
        fputs(sign, stdout);
    }
}

static void print_bar(const ag_chart_bar_t *bar, apr_int64_t longest, const ink_t *ink, apr_pool_t *p)
{
    int whole = length(bar->whole, longest);
    int denied = length(bar->part, longest);

    denied = denied < whole || bar->part == bar->whole ? denied : whole - 1;
    printf("%-10s  ", bar->label);
    draw(ink->passed, whole - denied);
    draw(ink->denied, denied);
    printf("%*s%13s", WIDTH - whole, "", ag_chart_number(bar->whole, p));
    if (bar->part) {
        printf("  %s", ag_chart_number(bar->part, p));
    }
    putchar('\n');
}

void ag_chart_print(const ag_chart_bar_t *bars, int n, apr_pool_t *p)
{
    const ink_t *ink = ink_of_locale();
    apr_int64_t longest = 1;
    int i;

    for (i = 0; i < n; i++) {
        longest = bars[i].whole > longest ? bars[i].whole : longest;
    }
    printf("%-10s  %-*s%13s  %s\n", "DAY", WIDTH, "", "REQUESTS", "DENIED");
    for (i = 0; i < n; i++) {
        print_bar(&bars[i], longest, ink, p);
    }
}
