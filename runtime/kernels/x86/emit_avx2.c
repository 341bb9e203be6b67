/* SPDX-License-Identifier: Apache-2.0
 * emit.inc for AVX2. */
#include "lanes_avx2.inc"

#include "emit.inc"
