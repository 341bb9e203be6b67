/* SPDX-License-Identifier: Apache-2.0
 * emit.h for AVX2. */
#include "lanes_avx2.h"

#include "emit.h"
