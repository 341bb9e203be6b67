/* SPDX-License-Identifier: Apache-2.0
 * A process that can compute, read and write what is open, and nothing else. */
#define _GNU_SOURCE /* close_range, MAP_ANONYMOUS */
#include "util/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

static int limit(int what, rlim_t n)
{
    struct rlimit now, wanted = {n, n};
    if (getrlimit((__rlimit_resource_t)what, &now) != 0) return -1;
    if (now.rlim_max != RLIM_INFINITY && now.rlim_max < n) wanted.rlim_cur = wanted.rlim_max = now.rlim_max;
    return setrlimit((__rlimit_resource_t)what, &wanted);
}

static void close_from(int first)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned)first, ~0u, 0u) == 0) return;
#endif
    long most = sysconf(_SC_OPEN_MAX);
    for (int fd = first; fd < most && fd < 1 << 16; fd++) close(fd);
}

/* Bytes of private writable memory in use, as RLIMIT_DATA counts them; 0 if the system does not say. */
static uint64_t data_in_use(void)
{
    char text[200];
    unsigned long long size, resident, shared, code, library, data;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0) return 0;
    text[n] = '\0';
    if (sscanf(text, "%llu %llu %llu %llu %llu %llu", &size, &resident, &shared, &code, &library, &data) != 6) return 0;
    return (uint64_t)data * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* ---- system calls ---- */

#if defined(__linux__) && defined(SYS_seccomp) && (defined(__x86_64__) || defined(__aarch64__))

#ifdef __x86_64__
#define THIS_ARCH AUDIT_ARCH_X86_64
#else
#define THIS_ARCH AUDIT_ARCH_AARCH64
#endif
#define FIELD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, member))
#define ALLOW         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define DENY          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
/* The call is allowed; as the sentence says, or if no bit of an argument is set. */
#define CALL(name) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), ALLOW
#define CALL_IF(name, k, bits)                                                                                              \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 4), FIELD(args[k]),                                                  \
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (uint32_t)(bits), 1, 0), ALLOW, DENY

static void filter_calls(void)
{
    /* Little-endian machines: args[k] starts with its lower half, which holds the flags looked at. */
    struct sock_filter filter[] = {
        FIELD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0),
        DENY,
        FIELD(nr),
        CALL(read),
        CALL(write),
        CALL(pread64),
        CALL(brk),
        CALL(munmap),
        CALL(mremap),
        CALL(madvise),
        CALL(rt_sigreturn),
        CALL(rt_sigaction),
        CALL(rt_sigprocmask),
        CALL(getpid),
        CALL(gettid),
        CALL(clock_gettime),
        CALL(gettimeofday),
        CALL(getrandom),
        CALL(sched_yield),
        CALL(restart_syscall),
        CALL(exit),
        CALL(exit_group),
        CALL_IF(mmap, 3, MAP_SHARED),
        CALL_IF(mprotect, 2, PROT_EXEC),
        DENY,
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) (void)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}
#else
static void filter_calls(void)
{
}
#endif

int mnq_confine_speech(void)
{
    int null = open("/dev/null", O_RDWR);
    if (null < 0) return -1;
    for (int fd = 0; fd < 3; fd++)
        if (dup2(null, fd) < 0) return -1;
    if (null > 2) close(null);
    return 0;
}

int mnq_confine(int keep, size_t memory)
{
    close_from(keep);
    uint64_t data = data_in_use();
    if (data == 0) data = (uint64_t)1 << 32;
    if (limit(RLIMIT_DATA, (rlim_t)(data + memory)) != 0 || limit(RLIMIT_CORE, 0) != 0 || limit(RLIMIT_FSIZE, 0) != 0 ||
        limit(RLIMIT_NPROC, 0) != 0 || limit(RLIMIT_NOFILE, 0) != 0)
        return -1;
    filter_calls(); /* where there is none, the limits stand */
    return 0;
}
