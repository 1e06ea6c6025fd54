/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay: runs the files of a corpus through a fuzz target once each, without a fuzzer, so that
 * `make check` does. An input that once broke something stays in the corpus and is tried for ever.
 * A corpus that cannot be found or is empty is a failure. Without arguments it takes the folders of AG_CORPUS, separated by
 * blanks, below the environment's srcdir, as make check sets it.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define LARGEST (1024 * 1024)

static int run_file(const char *path)
{
    static unsigned char buffer[LARGEST];
    FILE *file = fopen(path, "rb");
    uint8_t *data;
    size_t n;

    if (!file) {
        return 0;
    }
    n = fread(buffer, 1, sizeof buffer, file);
    fclose(file);
    data = malloc(n ? n : 1); /* of exactly this size: a checker sees the first byte too many */
    for (size_t i = 0; i < n; i++) {
        data[i] = buffer[i];
    }
    LLVMFuzzerTestOneInput(data, n);
    free(data);
    return 1;
}

static int run_directory(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    char file[4096];
    int n = 0;

    while (directory && (entry = readdir(directory))) {
        if (entry->d_name[0] != '.') {
            snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
            n += run_file(file);
        }
    }
    if (directory) {
        closedir(directory);
    }
    return n;
}

static int replay(const char *path)
{
    int n = run_directory(path);

    printf("%s: %d inputs\n", path, n);
    return n > 0;
}

static int replay_default(void)
{
#ifdef AG_CORPUS
    const char *source = getenv("srcdir"), *at = AG_CORPUS;
    char path[4096];
    int good = 1;

    while (good && *at) {
        int n = (int)strcspn(at, " ");

        snprintf(path, sizeof path, "%s/%.*s", source ? source : ".", n, at);
        good = replay(path);
        at += n + (at[n] == ' ');
    }
    return good;
#else
    return 0;
#endif
}

int main(int argc, char **argv)
{
    int i;

    if (argc == 1) {
        return !replay_default();
    }
    for (i = 1; i < argc; i++) {
        if (!replay(argv[i])) {
            return 1;
        }
    }
    return 0;
}
