/* SPDX-License-Identifier: Apache-2.0
 * Runs a fuzz target without libFuzzer: on its seeds, on corpus files, and on a fixed sequence of mutations of both.
 *
 *   drive_TARGET [-n MUTATIONS] [-s SEQUENCE] [-t SECONDS] [-a] [-w DIR] [PATH...]    PATH: an input file or a folder of them
 *   -n  mutations in all, default 3000
 *   -s  another sequence of mutations, 1 to 4294967295, default 1; they depend on nothing else, so a failure repeats
 *   -t  the time of one input, behind which it hangs; default 60 with -a and 600 without
 *   -a  in another process, and on behind an input on which the HDF5 library ended it, or which destroyed memory so that the
 *       place is lost (apart.h); those are left in crash-TARGET-lost-INPUT and make the exit code 1
 *   -w  writes the seeds to DIR and stops: libFuzzer's starting corpus
 * If the target crashes, the input is left in crash-TARGET in the current folder. */
#define _GNU_SOURCE
#include "apart.h"
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_INPUTS = 4096, MAX_SIZE = 1 << 20 };

struct input {
    uint8_t *p;
    size_t n;
};

static struct input inputs[MAX_INPUTS];
static int n_inputs;
static struct input current; /* what the target is looking at */
static char crash_file[256] = "crash";
static int skipped, to_skip;
static unsigned patience; /* seconds for one input; 0: as the way it is run asks for */

/* Told across processes; NULL: there are no others. */
static struct told {
    int ended; /* inputs that are behind us */
    size_t n;  /* the one that the target is looking at */
    uint8_t bytes[MAX_SIZE];
} *told;

/* ---- crashes ---- */

static void keep_crash(void)
{
    int fd = open(crash_file, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd >= 0) {
        ssize_t put = write(fd, current.p, current.n);
        (void)put;
        close(fd);
    }
}

static void on_signal(int number)
{
    keep_crash();
    signal(number, SIG_DFL);
    raise(number);
}

static void watch(const char *program)
{
    static const int number[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM};
    const char *slash = strrchr(program, '/');
    const char *name = slash != NULL ? slash + 1 : program;
    snprintf(crash_file, sizeof crash_file, "crash-%s", strncmp(name, "drive_", 6) == 0 ? name + 6 : name);
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) signal(number[i], on_signal);
}

static void run(uint8_t *p, size_t n)
{
    if (skipped < to_skip) {
        skipped++;
        return;
    }
    current = (struct input){p, n};
    if (told != NULL) memcpy(told->bytes, p, told->n = n);
    /* An input that hangs is a finding too; on a busy machine minutes are no hang. In the library it may, and is not waited for. */
    alarm(patience > 0 ? patience : told != NULL ? 60 : 600);
    LLVMFuzzerTestOneInput(p, n);
    alarm(0);
    current = (struct input){0};
    if (told != NULL) told->ended++;
}

/* ---- inputs ---- */

static void stop(const char *what, const char *path)
{
    fprintf(stderr, "cannot %s %s\n", what, path);
    exit(2);
}

static void keep(uint8_t *p, size_t n)
{
    if (n_inputs == MAX_INPUTS) stop("keep more inputs than", "4096");
    inputs[n_inputs++] = (struct input){p, n};
}

static void read_input(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *p = malloc(MAX_SIZE);
    if (f == NULL || p == NULL) stop("read", path);
    size_t n = fread(p, 1, MAX_SIZE, f);
    fclose(f);
    keep(p, n);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Files in the order of their names: mutations depend on it. */
static void read_folder(const char *path)
{
    static char *name[MAX_INPUTS];
    int n = 0;
    DIR *d = opendir(path);
    if (d == NULL) stop("open", path);
    for (struct dirent *entry; (entry = readdir(d)) != NULL && n < MAX_INPUTS;)
        if (entry->d_name[0] != '.') name[n++] = strdup(entry->d_name);
    closedir(d);
    qsort(name, (size_t)n, sizeof *name, by_name);
    for (int i = 0; i < n; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, name[i]);
        read_input(file);
        free(name[i]);
    }
}

static void write_seeds(const char *dir)
{
    size_t n;
    uint8_t *p;
    for (int i = 0; (p = mnq_fuzz_seed(i, &n)) != NULL; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/seed-%03d", dir, i);
        FILE *f = fopen(path, "wb");
        if (f == NULL || (n > 0 && fwrite(p, 1, n, f) != n) || fclose(f) != 0) stop("write", path);
        free(p);
    }
}

/* ---- mutations ---- */

static uint32_t random_state = 1;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)random_state * below) >> 32);
}

/* One change of a buffer with room for MAX_SIZE bytes; returns its new size. */
static size_t change(uint8_t *p, size_t n)
{
    static const uint32_t value[] = {0,      1,      2,      0x7f,       0x80,       0xff,      0x100,
                                     0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff};
    if (n == 0) {
        p[0] = (uint8_t)draw(256);
        return 1;
    }
    uint32_t at = draw((uint32_t)n), room = (uint32_t)n - at, length = 1 + draw(room < 64 ? room : 64);
    uint32_t v = value[draw(sizeof value / sizeof *value)];
    const struct input *other = &inputs[draw((uint32_t)n_inputs)];
    switch (draw(9)) {
    case 0:
        p[at] ^= (uint8_t)(1u << draw(8));
        break;
    case 1:
        p[at] = (uint8_t)draw(256);
        break;
    case 2:
        p[at] = (uint8_t)v;
        break;
    case 3:
        at -= at % 2; /* fields are aligned */
        for (uint32_t i = 0; i < 2 && at + i < n; i++) p[at + i] = (uint8_t)(v >> 8 * i);
        break;
    case 4:
        at -= at % 4;
        for (uint32_t i = 0; i < 4 && at + i < n; i++) p[at + i] = (uint8_t)(v >> 8 * i);
        break;
    case 5:
        return at; /* cut */
    case 6:
        memmove(p + at, p + at + length, room - length);
        return n - length;
    case 7:
        if (n + length > MAX_SIZE) break;
        memmove(p + at + length, p + at, room);
        return n + length;
    default: /* a piece of another input */
        if (other->n == 0) break;
        uint32_t from = draw((uint32_t)other->n);
        if (length > other->n - from) length = (uint32_t)other->n - from;
        memmove(p + at, other->p + from, length < room ? length : room);
        break;
    }
    return n;
}

static void mutate(int count)
{
    uint8_t *p = malloc(MAX_SIZE);
    if (p == NULL) stop("get memory for", "mutations");
    for (int i = 0; i < count; i++) {
        const struct input *from = &inputs[i % n_inputs];
        size_t n = from->n;
        if (n > 0) memcpy(p, from->p, n);
        for (uint32_t changes = 1 + draw(4); changes > 0; changes--) n = change(p, n);
        uint8_t *exact = mnq_fuzz_copy(p, n);
        run(exact, n);
        free(exact);
    }
    free(p);
}

/* ---- all of it ---- */

static void run_all(void *ctx)
{
    for (int i = 0; i < n_inputs; i++) run(inputs[i].p, inputs[i].n);
    mutate(*(const int *)ctx);
}

struct ends {
    int in_library, lost;
};

/* Under a name of its own, for somebody to look at. */
static void keep_lost(void)
{
    char *name = crash_file + strlen(crash_file);
    snprintf(name, (size_t)(crash_file + sizeof crash_file - name), "-lost-%d", told->ended);
    keep_crash();
    fprintf(stderr, "lost: input %d, %s\n", told->ended, crash_file);
    *name = '\0';
}

/* The same in children; returns how many of them were ended by what is not ours for sure. */
static struct ends run_apart(int count)
{
    struct ends ends = {0};
    enum mnq_fuzz_end end;
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (told == MAP_FAILED) stop("share", "memory");
    while ((end = mnq_fuzz_apart(run_all, &count)) == MNQ_FUZZ_IN_LIBRARY || end == MNQ_FUZZ_LOST) {
        current = (struct input){told->bytes, told->n};
        if (end == MNQ_FUZZ_LOST) keep_lost();
        ends.lost += end == MNQ_FUZZ_LOST;
        ends.in_library += end == MNQ_FUZZ_IN_LIBRARY;
        to_skip = ++told->ended; /* mutations depend on those before: they are made again, and not run */
    }
    if (end == MNQ_FUZZ_WELL) return ends;
    current = (struct input){told->bytes, told->n};
    keep_crash();
    fprintf(stderr, "found: input %d, %s\n", told->ended, crash_file);
    exit(1);
}

int main(int argc, char **argv)
{
    bool apart = false;
    int count = 3000, option;
    while ((option = getopt(argc, argv, "an:s:t:w:")) != -1) {
        if (option == 'w') {
            write_seeds(optarg);
            return 0;
        }
        if (option == 's') {
            random_state = (uint32_t)strtoul(optarg, NULL, 10);
            continue;
        }
        if (option == 't') {
            patience = (unsigned)strtoul(optarg, NULL, 10);
            continue;
        }
        if (option == 'a') {
            apart = true;
            continue;
        }
        if (option != 'n') return 2;
        count = (int)strtol(optarg, NULL, 10);
    }
    watch(argv[0]);
    size_t n;
    uint8_t *p;
    for (int i = 0; (p = mnq_fuzz_seed(i, &n)) != NULL; i++) keep(p, n);
    int seeds = n_inputs;
    for (int i = optind; i < argc; i++) {
        struct stat st;
        if (stat(argv[i], &st) != 0) stop("find", argv[i]);
        if (S_ISDIR(st.st_mode)) read_folder(argv[i]);
        else read_input(argv[i]);
    }
    if (n_inputs == 0) stop("work without", "inputs");
    struct ends ends = {0};
    if (apart) ends = run_apart(count);
    else run_all(&count);
    printf("%d seeds, %d files, %d mutations", seeds, n_inputs - seeds, count);
    if (apart) printf(", %d ended by the HDF5 library", ends.in_library);
    if (ends.lost > 0) printf(", %d ended where nobody can tell", ends.lost);
    printf("\n");
    for (int i = 0; i < n_inputs; i++) free(inputs[i].p);
    return ends.lost > 0;
}
