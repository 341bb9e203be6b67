/* SPDX-License-Identifier: Apache-2.0
 * Workers: answers, errors, every way a child can end, and what it may not do. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "util/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char noted[100];

static int reply(struct mnq_reply *r, const void *p, size_t n)
{
    if ((r->p = malloc(n + 1)) == NULL) return -1;
    memcpy(r->p, p, n);
    r->n = n;
    return 0;
}

/* Whether something that the child should not be able to do works. */
static bool escapes(int way)
{
    switch (way) {
    case 0:
        return open("/dev/null", O_RDONLY) >= 0;
    case 1:
        return socket(AF_INET, SOCK_STREAM, 0) >= 0;
    case 2:
        return fork() >= 0;
    case 3:
        return dup(3) >= 0;
    case 4:
        return kill(getppid(), 0) == 0;
    case 5:
        return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
    case 6:
        return mmap(NULL, (size_t)1 << 31, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
    case 7:
        return unlink("test_worker.made") == 0;
    case 8:
        return execl("/bin/true", "true", (char *)NULL) == 0;
    default:
        return write(5, "x", 1) == 1 || fcntl(5, F_GETFD) >= 0; /* a descriptor of the parent */
    }
}
enum { WAYS = 10 };

static int answer(void *ctx, const uint8_t *q, size_t n, struct mnq_reply *r, struct mnq_err *e)
{
    static int calls;
    uint8_t *big;
    calls++;
    switch (n > 0 ? q[0] : 'e') {
    case 'e': /* echo */
        return reply(r, q, n);
    case 'c':
        return reply(r, &calls, sizeof calls);
    case 'x':
        *(int *)ctx = 99; /* not seen by the parent */
        mnq_fail(e, MNQ_EXIT_USAGE, "no %s", "luck");
        reply(r, "more words", 11);
        return -1;
    case 'm':
        big = malloc((size_t)1 << 40);
        if (big == NULL) return mnq_fail(e, MNQ_EXIT_FAILED, "lost");
        free(big);
        return 0;
    case 'M': /* a library that does not look */
        big = malloc((size_t)1 << 40);
        *(volatile uint8_t *)big = 1;
        return 0;
    case 's':
        *(volatile uint8_t *)(uintptr_t)(n + 7) = 1;
        return 0;
    case 'a':
        abort();
    case 'q':
        _exit(0);
    case 'l':
        for (volatile unsigned i = 0;; i++) continue;
    case 'p':
        write(STDOUT_FILENO, "this must not appear\n", 21);
        return 0;
    case 'w': {
        uint8_t can = escapes(q[1]);
        return reply(r, &can, 1);
    }
    default: /* many bytes */
        if ((r->p = malloc(1 << 24)) == NULL) return -1;
        for (size_t i = 0; i < 1 << 24; i++) r->p[i] = (uint8_t)(i * 2654435761u >> 13);
        r->n = 1 << 24;
        return 0;
    }
}

static void note(const char *text)
{
    snprintf(noted, sizeof noted, "%s", text);
}

static int context = 5;

static struct mnq_worker *start(void)
{
    struct mnq_err e = {0};
    const struct mnq_worker_job job = {.name = "f",
                                       .crash = "crashes",
                                       .starved = "out of memory",
                                       .seconds = 1,
                                       .memory = 1 << 28,
                                       .fd = -1,
                                       .ctx = &context,
                                       .answer = answer,
                                       .note = note};
    struct mnq_worker *w = mnq_worker_start(&job, &e);
    if (w == NULL) fail_msg("%s", e.msg);
    return w;
}

static void answers(void **state)
{
    struct mnq_err e = {0};
    uint64_t n;
    char text[64];
    int calls;
    (void)state;
    struct mnq_worker *w = start(), *other = start();
    assert_int_equal(mnq_worker_ask(w, "echo", 4, &n, &e), 0);
    assert_int_equal(n, 4);
    assert_int_equal(mnq_worker_take(w, text, 2, &e), 0);
    assert_int_equal(mnq_worker_take(w, text + 2, 2, &e), 0);
    assert_memory_equal(text, "echo", 4);
    assert_int_equal(mnq_worker_ask(w, "", 0, &n, &e), 0);
    assert_int_equal(n, 0);
    assert_int_equal(mnq_worker_ask(w, "x", 1, &n, &e), -1);
    assert_string_equal(e.msg, "no luck");
    assert_int_equal(e.code, MNQ_EXIT_USAGE);
    assert_string_equal(noted, "more words");
    assert_int_equal(context, 5);
    e.code = 0;
    assert_int_equal(mnq_worker_ask(w, "m", 1, &n, &e), -1); /* it goes on after that */
    assert_string_equal(e.msg, "f: out of memory");
    e.code = 0;
    assert_int_equal(mnq_worker_ask(w, "p", 1, &n, &e), 0);
    assert_int_equal(mnq_worker_ask(w, "c", 1, &n, &e), 0);
    assert_int_equal(mnq_worker_take(w, &calls, sizeof calls, &e), 0);
    assert_int_equal(calls, 6);
    assert_int_equal(mnq_worker_ask(other, "c", 1, &n, &e), 0);
    assert_int_equal(mnq_worker_take(other, &calls, sizeof calls, &e), 0);
    assert_int_equal(calls, 1);
    assert_int_equal(mnq_worker_ask(w, "b", 1, &n, &e), 0);
    assert_int_equal(n, 1 << 24);
    uint8_t *big = malloc(n);
    assert_non_null(big);
    assert_int_equal(mnq_worker_take(w, big, n, &e), 0);
    for (size_t i = 0; i < n; i++)
        if (big[i] != (uint8_t)(i * 2654435761u >> 13)) fail_msg("byte %zu", i);
    free(big);
    assert_int_equal(mnq_worker_take(w, text, 1, &e), -1);
    mnq_worker_end(w);
    mnq_worker_end(other);
    mnq_worker_end(NULL);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
}

#ifdef __SANITIZE_ADDRESS__
#define BLIND "f: crashes" /* the sanitizer ends such a child in its own way */
#else
#define BLIND "f: out of memory"
#endif

static void ends(void **state)
{
    static const char *const way[] = {"s", "a", "q", "M", "l"};
    static const char *const said[] = {"f: crashes", "f: crashes", "f: crashes", BLIND,
                                       "f: crashes (it takes more than 1 s)"};
    (void)state;
    for (int ignored = 0; ignored < 2; ignored++)
        for (int i = 0; i < 5; i++) {
            struct mnq_err e = {0};
            uint64_t n;
            signal(SIGCHLD, ignored ? SIG_IGN : SIG_DFL);
            struct mnq_worker *w = start();
            assert_int_equal(mnq_worker_ask(w, way[i], 1, &n, &e), -1);
            assert_string_equal(e.msg, said[i]);
            e.code = 0;
            assert_int_equal(mnq_worker_ask(w, "echo", 4, &n, &e), -1); /* and says so again */
            assert_string_equal(e.msg, said[i]);
            mnq_worker_end(w);
        }
    signal(SIGCHLD, SIG_DFL);
}

/* Small questions behind a large answer, until no more fit; all get their answers. */
static void asks_ahead(void **state)
{
    enum { MOST = 4000, SIZE = 1000 };
    struct mnq_err e = {0};
    uint64_t n;
    uint8_t q[SIZE], *big = malloc(1 << 24);
    int posted = 0, rc = 0;
    (void)state;
    assert_non_null(big);
    struct mnq_worker *w = start();
    assert_int_equal(mnq_worker_post(w, "b", 1, &e), 0);
    for (; posted < MOST && rc == 0; posted += rc == 0) {
        memset(q, 'e', sizeof q);
        snprintf((char *)q + 1, sizeof q - 1, "%d", posted);
        rc = mnq_worker_post(w, q, sizeof q - (size_t)posted % 7, &e);
    }
    assert_int_equal(rc, 1); /* as many as the system buffers */
    assert_in_range(posted, 1, MOST - 1);
    assert_int_equal(mnq_worker_next(w, &n, &e), 0);
    assert_int_equal(n, 1 << 24);
    assert_int_equal(mnq_worker_take(w, big, 10, &e), 0);
    assert_int_equal(mnq_worker_take(w, big + 10, n - 10, &e), 0);
    for (size_t i = 0; i < n; i++)
        if (big[i] != (uint8_t)(i * 2654435761u >> 13)) fail_msg("byte %zu", i);
    for (int i = 0; i < posted; i++) {
        assert_int_equal(mnq_worker_next(w, &n, &e), 0);
        assert_int_equal(n, SIZE - i % 7);
        assert_int_equal(mnq_worker_take(w, q, n, &e), 0);
        assert_int_equal(atoi((char *)q + 1), i);
    }
    assert_int_equal(mnq_worker_ask(w, "echo", 4, &n, &e), 0);
    assert_int_equal(mnq_worker_take(w, q, 4, &e), 0);
    assert_int_equal(mnq_worker_next(w, &n, &e), -1); /* nothing was asked */
    mnq_worker_end(w);
    free(big);
}

/* What a child said before its end comes first, whenever that was seen. */
static void ends_behind_answers(void **state)
{
    static const char *const way[] = {"s", "q"};
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct mnq_err e = {0};
        uint64_t n;
        char text[4];
        struct mnq_worker *w = start();
        assert_int_equal(mnq_worker_post(w, "echo", 4, &e), 0);
        assert_int_equal(mnq_worker_post(w, "x", 1, &e), 0);
        int posted = mnq_worker_post(w, way[i % 2], 1, &e);
        if (i % 4 >= 2) usleep(20000);
        for (int k = 0; k < 3 && posted == 0; k++) posted = mnq_worker_post(w, "echo", 4, &e);
        assert_in_range(posted, 0, 1);
        assert_int_equal(mnq_worker_next(w, &n, &e), 0);
        assert_int_equal(mnq_worker_take(w, text, n, &e), 0);
        assert_memory_equal(text, "echo", 4);
        assert_int_equal(mnq_worker_next(w, &n, &e), -1);
        assert_string_equal(e.msg, "no luck");
        e.code = 0;
        assert_int_equal(mnq_worker_next(w, &n, &e), -1);
        assert_string_equal(e.msg, "f: crashes");
        mnq_worker_end(w);
    }
}

static void confined(void **state)
{
    (void)state;
    int open_here = open("/dev/null", O_RDONLY), five = dup2(open_here, 5);
    FILE *f = fopen("test_worker.made", "w");
    assert_true(five == 5 && f != NULL);
    fclose(f);
    bool filtered = syscall(SYS_seccomp, 2 /* is there this action */, 0, &(uint32_t){0x00050000}) == 0;
    struct mnq_worker *w = start();
    for (int i = 0; i < WAYS; i++) {
        struct mnq_err e = {0};
        uint8_t q[2] = {'w', (uint8_t)i}, can = 1;
        uint64_t n;
        bool limits = i == 0 || i == 1 || i == 3 || i == 9 || i == 6;
        if (!filtered && !limits) continue;
        if (mnq_worker_ask(w, q, 2, &n, &e) != 0) fail_msg("way %d: %s", i, e.msg);
        assert_int_equal(mnq_worker_take(w, &can, 1, &e), 0);
        if (can) fail_msg("way %d works", i);
    }
    mnq_worker_end(w);
    assert_int_equal(unlink("test_worker.made"), 0);
    close(five);
    close(open_here);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers), cmocka_unit_test(ends), cmocka_unit_test(asks_ahead),
                                       cmocka_unit_test(ends_behind_answers), cmocka_unit_test(confined)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
