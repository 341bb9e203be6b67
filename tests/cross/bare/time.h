/* SPDX-License-Identifier: Apache-2.0
 * What the tests take from <time.h>, for a compiler without a C library. */
#ifndef MNQ_TEST_BARE_TIME_H
#define MNQ_TEST_BARE_TIME_H

typedef long long clock_t;
#define CLOCKS_PER_SEC 1000000

/** A counter of calls, a millisecond each: whatever loops until time has passed ends. */
clock_t clock(void);

#endif
