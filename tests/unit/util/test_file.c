/* SPDX-License-Identifier: Apache-2.0
 * Files: reading within limits, checksums. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tempdir.h"
#include "util/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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
    expect_error(dir, ": not a regular file but a folder");
    path = mnq_temp_path("pipe"); /* without a writer: must not wait for one */
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(mnq_file_read(path, 100, &arena, &data, &n, &err), -1);
    expect_error(path, ": not a regular file but a pipe");
    path = mnq_temp_path("socket");
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    assert_true((size_t)snprintf(at.sun_path, sizeof at.sun_path, "%s", path) < sizeof at.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    close(fd);
    assert_int_equal(mnq_file_read(path, 100, &arena, &data, &n, &err), -1);
    expect_error(path, ": not a regular file but a socket");
    assert_int_equal(mnq_file_read("/dev/zero", 100, &arena, &data, &n, &err), -1);
    expect_error("/dev/zero", ": not a regular file but a device");
    static const char *const made_up[] = {"/proc/self/mem", "/proc/self/maps"}; /* cannot be read; ends some day */
    for (size_t i = 0; i < 2 && access(made_up[i], F_OK) == 0; i++) {
        assert_int_equal(mnq_file_read(made_up[i], 100, &arena, &data, &n, &err), -1);
        expect_error(made_up[i], ": not a regular file but one without a size, whose end is not known");
    }
    path = mnq_temp_path("none");
    assert_int_equal(mnq_file_read(path, 100, &arena, &data, &n, &err), -1);
    expect_error(path, ": cannot open: No such file or directory");
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
    const struct CMUnitTest tests[] = {T(reads), T(checksums)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
