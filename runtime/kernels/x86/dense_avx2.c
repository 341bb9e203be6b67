/* SPDX-License-Identifier: Apache-2.0
 * dense.inc for AVX2. */
#include "lanes_avx2.inc"

#include "dense.inc"
