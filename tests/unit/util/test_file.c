/* SPDX-License-Identifier: Apache-2.0
 * Files: reading within limits, atomic writing that leaves nothing behind, checksums. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tempdir.h"
#include "util/file.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct mnq_arena arena;
static struct mnq_err err;
static const char *dir;

static int setup(void **state)
{
    (void)state;
    memset(&err, 0, sizeof err);
    dir = mnq_temp_make();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mnq_arena_free(&arena);
    mnq_temp_remove();
    return 0;
}

static void expect_error(const char *path, const char *rest)
{
    char wanted[1200];
    snprintf(wanted, sizeof wanted, "%s%s", path, rest);
    assert_string_equal(err.msg, wanted);
    memset(&err, 0, sizeof err);
}

static int files_in_dir(void)
{
    DIR *d = opendir(dir);
    int n = 0;
    assert_non_null(d);
    for (struct dirent *entry; (entry = readdir(d)) != NULL;) n += entry->d_name[0] != '.';
    closedir(d);
    return n;
}

static void expect_content(const char *path, const char *text)
{
    size_t n;
    unsigned char *bytes = mnq_temp_read(path, &n);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(bytes, text, n);
    free(bytes);
}

static void reads(void **state)
{
    uint8_t *data;
    size_t n;
    (void)state;
    const char *path = mnq_temp_write("a", "hello", 5);
    assert_int_equal(mnq_file_read(path, 5, &arena, &data, &n, &err), 0);
    assert_int_equal(n, 5);
    assert_memory_equal(data, "hello", 6); /* a NUL behind it */
    assert_int_equal((uintptr_t)data % 16, 0);
    assert_int_equal(mnq_file_read(path, 4, &arena, &data, &n, &err), -1);
    expect_error(path, ": 5 bytes, at most 4 are read");
    path = mnq_temp_write("empty", "", 0);
    assert_int_equal(mnq_file_read(path, 0, &arena, &data, &n, &err), 0);
    assert_int_equal(n, 0);
    assert_int_equal(mnq_file_read(dir, 100, &arena, &data, &n, &err), -1);
    expect_error(dir, ": not a regular file");
    path = mnq_temp_path("pipe"); /* without a writer: must not wait for one */
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(mnq_file_read(path, 100, &arena, &data, &n, &err), -1);
    expect_error(path, ": not a regular file");
    path = mnq_temp_path("none");
    assert_int_equal(mnq_file_read(path, 100, &arena, &data, &n, &err), -1);
    expect_error(path, ": cannot open: No such file or directory");
}

static void writes_atomically(void **state)
{
    (void)state;
    const char *path = mnq_temp_path("out");
    assert_int_equal(mnq_file_write(path, "one", 3, false, &err), 0);
    expect_content(path, "one");
    assert_int_equal(mnq_file_write(path, "two", 3, false, &err), -1);
    expect_error(path, ": exists; -f overwrites it");
    expect_content(path, "one");
    assert_int_equal(mnq_file_write(path, "three", 5, true, &err), 0);
    expect_content(path, "three");
    assert_int_equal(mnq_file_write(mnq_temp_path("empty"), "", 0, false, &err), 0);
    assert_int_equal(files_in_dir(), 2);
}

static void writable(void **state)
{
    (void)state;
    assert_int_equal(mnq_file_writable(mnq_temp_path("new"), false, &err), 0);
    const char *path = mnq_temp_path("none/x");
    assert_int_equal(mnq_file_writable(path, true, &err), -1);
    char rest[1200];
    snprintf(rest, sizeof rest, ": directory %s: No such file or directory", mnq_temp_path("none"));
    expect_error(path, rest);
    assert_int_equal(mnq_file_writable(dir, true, &err), -1);
    expect_error(dir, ": exists and is not a regular file");
    assert_int_equal(mnq_file_writable("", true, &err), -1);
    expect_error("", "output name is empty");
    path = mnq_temp_text("file", "x");
    assert_int_equal(mnq_file_writable(mnq_temp_path("file/x"), true, &err), -1);
    assert_non_null(strstr(err.msg, "file"));
    assert_int_equal(files_in_dir(), 1);
    expect_content(path, "x");
}

/* A name that appears between the check and the end of the work is not overwritten. */
static void commit_refuses_an_existing_name(void **state)
{
    (void)state;
    const char *path = mnq_temp_path("out");
    char *temp = mnq_file_temp(path, &arena);
    assert_non_null(temp);
    assert_memory_equal(temp, path, strlen(path));
    FILE *f = fopen(temp, "wb");
    assert_non_null(f);
    fputs("mine", f);
    fclose(f);
    mnq_temp_text("out", "theirs");
    assert_int_equal(mnq_file_commit(temp, path, false, &err), -1);
    expect_error(path, ": cannot write: File exists");
    expect_content(path, "theirs");
    assert_int_equal(files_in_dir(), 1);
}

/* A full disk, played by the file size limit: the old file stays, no temporary one does. */
static void full_disk(void **state)
{
    struct rlimit old, small;
    char text[4096];
    (void)state;
    memset(text, 'x', sizeof text);
    const char *path = mnq_temp_text("out", "old");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 1000;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int rc = mnq_file_write(path, text, sizeof text, true, &err);
    int rc_new = mnq_file_write(mnq_temp_path("new"), text, sizeof text, false, &(struct mnq_err){0});
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, handler);
    assert_int_equal(rc, -1);
    assert_int_equal(rc_new, -1);
    expect_error(path, ": cannot write: File too large");
    expect_content(path, "old");
    assert_int_equal(files_in_dir(), 1);
}

static void checksums(void **state)
{
    uint32_t crc;
    uint64_t size;
    (void)state;
    assert_int_equal(mnq_bytes_crc32(0, "123456789", 9), 0xcbf43926u); /* the check value of CRC-32 */
    assert_int_equal(mnq_bytes_crc32(mnq_bytes_crc32(0, "1234", 4), "56789", 5), 0xcbf43926u);
    assert_int_equal(mnq_file_crc32(mnq_temp_text("a", "123456789"), &crc, &size, &err), 0);
    assert_int_equal(crc, 0xcbf43926u);
    assert_int_equal(size, 9);
    char *big = calloc(1, 200000); /* more than one read */
    assert_non_null(big);
    assert_int_equal(mnq_file_crc32(mnq_temp_write("b", big, 200000), &crc, &size, &err), 0);
    assert_int_equal(crc, mnq_bytes_crc32(0, big, 200000));
    free(big);
    const char *path = mnq_temp_path("none");
    assert_int_equal(mnq_file_crc32(path, &crc, &size, &err), -1);
    expect_error(path, ": cannot open: No such file or directory");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {T(reads),     T(writes_atomically), T(writable), T(commit_refuses_an_existing_name),
                                       T(full_disk), T(checksums)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
