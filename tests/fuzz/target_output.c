/* SPDX-License-Identifier: Apache-2.0
 * Outputs against a model of a small folder: any sequence of making files, links, links to links, of settling, writing,
 * committing one or two outputs and giving up. The folder must hold exactly what the model says. */
#include "fuzz.h"
#include "util/outfile.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES = 6, DEPTH = 8 };

/* What stands under a name: nothing, a file with one letter and a mode, or a link to another name. */
static struct entry {
    enum { NOTHING, FILE_HERE, LINK } kind;
    char letter;
    mode_t mode;
    int to;
} model[NAMES];

static char folder[64];

/* In the place of the system's (--wrap): nothing here outlives the test. */
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    (void)fd;
    return 0;
}

static const char *path_of(int name, int which)
{
    static char text[3][100];
    snprintf(text[which], sizeof text[which], "%s/%c", folder, 'a' + name);
    return text[which];
}

/* The name that a name means; -1 for circles. */
static int resolve(int name)
{
    for (int i = 0; i < DEPTH; i++) {
        if (model[name].kind != LINK) return name;
        name = model[name].to;
    }
    return -1;
}

static void make_file(int name, char letter, mode_t mode)
{
    unlink(path_of(name, 0));
    FILE *f = fopen(path_of(name, 0), "wb");
    MNQ_FUZZ_MUST(f != NULL && fputc(letter, f) == letter && fclose(f) == 0 && chmod(path_of(name, 0), mode) == 0);
    model[name] = (struct entry){FILE_HERE, letter, mode, 0};
}

static void make_link(int name, int to)
{
    char target[2] = {(char)('a' + to), '\0'};
    unlink(path_of(name, 0));
    MNQ_FUZZ_MUST(symlink(target, path_of(name, 0)) == 0);
    model[name] = (struct entry){LINK, 0, 0, to};
}

static void compare(void)
{
    int found = 0, wanted = 0;
    DIR *d = opendir(folder);
    MNQ_FUZZ_MUST(d != NULL);
    for (struct dirent *entry; (entry = readdir(d)) != NULL;)
        found += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(d);
    for (int i = 0; i < NAMES; i++) {
        struct stat st;
        int rc = lstat(path_of(i, 0), &st);
        wanted += model[i].kind != NOTHING;
        MNQ_FUZZ_MUST((rc == 0) == (model[i].kind != NOTHING));
        if (rc != 0) continue;
        MNQ_FUZZ_MUST(S_ISLNK(st.st_mode) == (model[i].kind == LINK));
        if (model[i].kind == LINK) continue;
        FILE *f = fopen(path_of(i, 0), "rb");
        MNQ_FUZZ_MUST(f != NULL && fgetc(f) == model[i].letter && fgetc(f) == EOF);
        fclose(f);
        MNQ_FUZZ_MUST((st.st_mode & 0777) == model[i].mode);
    }
    MNQ_FUZZ_MUST(found == wanted); /* no temporary file */
}

/* Whether settling must succeed. */
static bool may_begin(int name, bool force)
{
    int means = resolve(name);
    if (means < 0) return false;
    return model[means].kind == FILE_HERE ? force : means == name;
}

static void appear(int name, char letter)
{
    int means = resolve(name);
    mode_t mode = model[means].kind == FILE_HERE ? model[means].mode : 0644;
    model[means] = (struct entry){FILE_HERE, letter, mode, 0};
}

/* One or two outputs from beginning to end; between, a name may change. */
static void write_outputs(const uint8_t *p)
{
    int count = 1 + (p[0] & 1), name[2] = {p[1] % NAMES, p[2] % NAMES};
    bool force = p[0] & 2, give_up = p[0] & 4, disturb = p[0] & 8;
    char letter[2] = {(char)('A' + p[3] % 26), (char)('0' + p[3] % 10)};
    struct mnq_arena arena = {0};
    struct mnq_output *o[2] = {NULL, NULL};
    struct mnq_err e = {0};
    bool good = true;
    for (int i = 0; i < count && good; i++) {
        bool may = may_begin(name[i], force);
        o[i] = mnq_output_begin(path_of(name[i], 0), force, &arena, &e);
        MNQ_FUZZ_MUST((o[i] != NULL) == may && (e.code != 0) == !may);
        good = may;
    }
    if (good && count == 2) {
        bool same = resolve(name[0]) == resolve(name[1]);
        MNQ_FUZZ_MUST(mnq_output_same(o[0], o[1]) == same);
        good = !same;
    }
    for (int i = 0; i < count && good; i++) MNQ_FUZZ_MUST(mnq_output_put(o[i], &letter[i], 1, &e) == 0);
    bool blocked = false;
    if (good && disturb && !give_up) { /* a file appears under the last one's name */
        int means = resolve(name[count - 1]);
        if (model[means].kind == NOTHING) {
            make_file(means, '#', 0600);
            blocked = !force;
            if (force) model[means].mode = 0644; /* settled as a new file */
        }
    }
    if (good && !give_up) {
        MNQ_FUZZ_MUST((mnq_output_commit(o, count, &e) == 0) == !blocked);
        for (int i = 0; i < count && !blocked; i++) appear(name[i], letter[i]);
    }
    for (int i = 0; i < count; i++) mnq_output_end(o[i]);
    mnq_arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    snprintf(folder, sizeof folder, "/tmp/mnqfuzz.%ld.d", (long)getpid());
    MNQ_FUZZ_MUST(mkdir(folder, 0700) == 0);
    umask(022);
    memset(model, 0, sizeof model);
    for (size_t at = 0; at + 5 <= size && at < 500; at += 5) {
        const uint8_t *p = data + at + 1;
        switch (data[at] % 8) {
        case 0:
            make_file(p[0] % NAMES, (char)('A' + p[1] % 26), (p[2] & 0777) | 0400);
            break;
        case 1:
            make_link(p[0] % NAMES, p[1] % NAMES);
            break;
        case 2:
            unlink(path_of(p[0] % NAMES, 0));
            model[p[0] % NAMES].kind = NOTHING;
            break;
        default:
            write_outputs(p);
        }
        compare();
    }
    for (int i = 0; i < NAMES; i++) unlink(path_of(i, 0));
    MNQ_FUZZ_MUST(rmdir(folder) == 0);
    return 0;
}

uint8_t *mnq_fuzz_seed(int i, size_t *n)
{
    static const uint8_t seed[][25] = {
        {0, 1, 2, 160, 0, 3, 2, 1, 0, 4, 3, 0, 2, 0, 5, 3, 3, 3, 4, 6, 3, 8, 5, 0, 1},
        {1, 0, 1, 0, 0, 0, 1, 3, 255, 0, 3, 2, 0, 1, 2, 3, 3, 0, 2, 9, 2, 1, 0, 0, 0},
        {1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 3, 2, 0, 1, 2, 3, 9, 2, 3, 7, 3, 11, 4, 5, 8},
    };
    if (i >= (int)(sizeof seed / sizeof *seed)) return NULL;
    *n = sizeof seed[i];
    return mnq_fuzz_copy(seed[i], sizeof seed[i]);
}
