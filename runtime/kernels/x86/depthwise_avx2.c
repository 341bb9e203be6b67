/* SPDX-License-Identifier: Apache-2.0
 * depthwise.inc for AVX2. */
#include "lanes_avx2.inc"

#include "depthwise.inc"
