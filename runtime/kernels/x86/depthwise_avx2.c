/* SPDX-License-Identifier: Apache-2.0
 * depthwise.h for AVX2. */
#include "lanes_avx2.h"

#include "depthwise.h"
