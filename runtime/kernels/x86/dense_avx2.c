/* SPDX-License-Identifier: Apache-2.0
 * dense.h for AVX2. */
#include "lanes_avx2.h"

#include "dense.h"
