/* SPDX-License-Identifier: Apache-2.0
 * CONV and PW for RISC-V vectors, int16 activations by int16 weights. */
#define MNQ_RVV_X           int16_t
#define MNQ_RVV_W           int16_t
#define MNQ_RVV_W16M4(p, n) __riscv_vle16_v_i16m4(p, n)
#define MNQ_RVV_W16M2(p, n) __riscv_vle16_v_i16m2(p, n)
#define MNQ_RVV_DENSE       mnq_dense_x16w16_rvv
#include "dense_rvv.h"
