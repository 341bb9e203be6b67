/* SPDX-License-Identifier: Apache-2.0
 * elementwise.inc for AVX-512 with VNNI. */
#include "lanes_avx512.inc"

#include "elementwise.inc"
