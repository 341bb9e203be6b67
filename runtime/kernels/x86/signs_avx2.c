/* SPDX-License-Identifier: Apache-2.0
 * signs.inc for AVX2. */
#include "lanes_avx2.inc"

#include "signs.inc"
