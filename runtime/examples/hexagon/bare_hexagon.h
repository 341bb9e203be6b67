/* SPDX-License-Identifier: Apache-2.0
 * What a program without any library has of the system that qemu-hexagon gives it. */
#ifndef MNQ_BARE_HEXAGON_H
#define MNQ_BARE_HEXAGON_H

#include <stddef.h>

enum { BARE_WRITE = 64, BARE_EXIT = 94 };

/** A system call of Linux. */
int bare_call(int number, int a, const void *b, size_t c);

#endif
