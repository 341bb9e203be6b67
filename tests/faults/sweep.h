/* SPDX-License-Identifier: Apache-2.0
 * What sweep.c and the library in front of the program (starve.c) share: a page in a file. */
#ifndef MNQ_TEST_SWEEP_H
#define MNQ_TEST_SWEEP_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    SWEEP_ASK = 20,  /* descriptor: a byte for each run that is wanted */
    SWEEP_TELL = 21, /* a byte when it has started, one when it has ended */
    SWEEP_MOST = 1 << 19,
    SWEEP_ALL = -1
};

/* An allocation: its number in its process, and a hash of the return addresses that led to it. */
struct mnq_sweep_way {
    uint64_t hash;
    int32_t n, process;
};

struct mnq_sweep {
    int32_t at, process; /* which one fails, in which process; SWEEP_ALL: of each */
    int32_t remember;    /* fill in `way` */
    pid_t pid;
    int32_t status; /* of the last run, as wait() tells it */
    atomic_int processes;
    atomic_long known;
    struct mnq_sweep_way way[SWEEP_MOST];
};

#endif
