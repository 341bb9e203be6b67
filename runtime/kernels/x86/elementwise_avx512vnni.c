/* SPDX-License-Identifier: Apache-2.0
 * elementwise.h for AVX-512 with VNNI. */
#include "lanes_avx512.h"

#include "elementwise.h"
