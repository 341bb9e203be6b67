/* SPDX-License-Identifier: Apache-2.0
 * signs.inc for AVX-512 with VNNI. */
#include "lanes_avx512.inc"

#include "signs.inc"
