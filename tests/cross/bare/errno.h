/* SPDX-License-Identifier: Apache-2.0
 * What the tests take from <errno.h>, for a compiler without a C library. */
#ifndef MNQ_TEST_BARE_ERRNO_H
#define MNQ_TEST_BARE_ERRNO_H

#define ENOMEM 12
extern int errno;

#endif
