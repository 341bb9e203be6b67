/* SPDX-License-Identifier: Apache-2.0
 * elementwise.inc for AVX2. */
#include "lanes_avx2.inc"

#include "elementwise.inc"
