/* SPDX-License-Identifier: Apache-2.0
 * elementwise.h for AVX2. */
#include "lanes_avx2.h"

#include "elementwise.h"
