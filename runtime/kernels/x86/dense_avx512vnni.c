/* SPDX-License-Identifier: Apache-2.0
 * dense.h for AVX-512 with VNNI. */
#include "lanes_avx512.h"

#include "dense.h"
