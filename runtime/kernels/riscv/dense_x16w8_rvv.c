/* SPDX-License-Identifier: Apache-2.0
 * CONV and PW for RISC-V vectors, int16 activations by int8 weights. */
#define MNQ_RVV_X           int16_t
#define MNQ_RVV_W           int8_t
#define MNQ_RVV_W16M4(p, n) __riscv_vsext_vf2_i16m4(__riscv_vle8_v_i8m2(p, n), n)
#define MNQ_RVV_W16M2(p, n) __riscv_vsext_vf2_i16m2(__riscv_vle8_v_i8m1(p, n), n)
#define MNQ_RVV_DENSE       mnq_dense_x16w8_rvv
#include "dense_rvv.h"
