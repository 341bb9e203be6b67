/* SPDX-License-Identifier: Apache-2.0
 * What the tests take from <math.h>, for a compiler without a C library. */
#ifndef MNQ_TEST_BARE_MATH_H
#define MNQ_TEST_BARE_MATH_H

#define fabs __builtin_fabs

#endif
