/* SPDX-License-Identifier: Apache-2.0
 * The kernels that an export can hold. */
#include "export/xkernel.h"

#include "aarch64/pack_neon.h"
#include "cortexm/dwconv5x5_dsp.h"
#include "cortexm/dwconv_dsp.h"
#include "cortexm/layout_dsp.h"
#include "cortexm3/dwconv_m3.h"
#include "helium/layout_mve.h"
#include "helium/mve.h"
#include "hexagon/hvx.h"
#include "riscv/rvv.h"

#include <string.h>

enum {
    GENERIC = 1u << MNQ_XSET_GENERIC,
    DSP = 1u << MNQ_XSET_DSP,
    M3 = 1u << MNQ_XSET_M3,
    MVE = 1u << MNQ_XSET_MVE,
    RVV = 1u << MNQ_XSET_RVV,
    I8MM = 1u << MNQ_XSET_I8MM,
    DOTPROD = 1u << MNQ_XSET_DOTPROD | I8MM,
    NEON = 1u << MNQ_XSET_NEON | DOTPROD,
    HVX = 1u << MNQ_XSET_HVX,
    ALL = GENERIC | DSP | M3 | MVE | RVV | NEON | HVX
};

static int pw_packed(const struct mnq_layer *l)
{
    return l->packed != NULL && l->op == MNQ_L_PW;
}

static int s4_packed(const struct mnq_layer *l)
{
    return l->packed != NULL && l->wtype == MNQ_W_S4;
}

static int dot_packed(const struct mnq_layer *l)
{
    return l->packed != NULL;
}

static int image_packed(const struct mnq_layer *l)
{
    return l->packed != NULL && mnq_mve_image(l);
}

static int add_each(const struct mnq_layer *l)
{
    return mnq_mve_each_serves(l) && l->op == MNQ_L_ADD;
}

static int mul_each(const struct mnq_layer *l)
{
    return mnq_mve_each_serves(l) && l->op == MNQ_L_MUL;
}

static int gate_each(const struct mnq_layer *l)
{
    return mul_each(l) && l->point1;
}

static int conv_packed(const struct mnq_layer *l)
{
    return l->packed != NULL && l->op == MNQ_L_CONV;
}

/* Kernels of AArch64, the narrower kinds first: what is left is wide. */
static int octets(const struct mnq_layer *l, int op)
{
    return l->packed != NULL && l->op == op && mnq_neon_kind(MNQ_NEON_I8MM, l) == MNQ_NEON_OCTETS;
}

static int quads(const struct mnq_layer *l, int op)
{
    return l->packed != NULL && l->op == op && mnq_neon_kind(MNQ_NEON_DOTPROD, l) == MNQ_NEON_QUADS;
}

#define IS(name, condition)                                                                                                 \
    static int name(const struct mnq_layer *l)                                                                              \
    {                                                                                                                       \
        return condition;                                                                                                   \
    }
IS(x8w8, l->packed != NULL && !l->in16 && l->wtype == MNQ_W_S8)
IS(x8w16, l->packed != NULL && !l->in16 && l->wtype == MNQ_W_S16)
IS(x16w8, l->packed != NULL && l->in16 && l->wtype == MNQ_W_S8)
IS(x16w16, l->packed != NULL && l->in16 && l->wtype == MNQ_W_S16)
IS(dense_packed, l->packed != NULL && (l->op == MNQ_L_PW || l->op == MNQ_L_CONV))
IS(pw_octets, octets(l, MNQ_L_PW))
IS(conv_octets, octets(l, MNQ_L_CONV))
IS(pw_quads, quads(l, MNQ_L_PW))
IS(conv_quads, quads(l, MNQ_L_CONV))
IS(dw_quads, quads(l, MNQ_L_DWCONV))
IS(sparse_packed, l->packed != NULL && mnq_dsp_sparse_bytes(l) > 0)
IS(dw_packed, l->packed != NULL && l->op == MNQ_L_DWCONV)
IS(add_packed, l->packed != NULL && l->op == MNQ_L_ADD)
IS(mul_packed, l->packed != NULL && l->op == MNQ_L_MUL)
IS(pool_packed, l->packed != NULL && l->op == MNQ_L_AVGPOOL)
IS(conv_groups, l->op == MNQ_L_CONV && l->mult > 1)
IS(dw_curve, l->op == MNQ_L_DWCONV && l->q.act > MNQ_A_HSIGMOID)
IS(avgpool_counted, l->op == MNQ_L_AVGPOOL && l->counted)
IS(maxpool, l->op == MNQ_L_MAXPOOL)
IS(selection, l->op == MNQ_L_SELECT)
IS(upsample, l->op == MNQ_L_UPSAMPLE)
IS(spread, l->op == MNQ_L_SPREAD)
IS(conv_s8, l->op == MNQ_L_CONV && l->wtype == MNQ_W_S8)
IS(conv_s16, l->op == MNQ_L_CONV && l->wtype == MNQ_W_S16)
IS(dw_s8, l->op == MNQ_L_DWCONV && l->wtype == MNQ_W_S8)
IS(dw_s16, l->op == MNQ_L_DWCONV && l->wtype == MNQ_W_S16)
IS(pw_s8, l->op == MNQ_L_PW && l->wtype == MNQ_W_S8)
IS(pw_s16, l->op == MNQ_L_PW && l->wtype == MNQ_W_S16)
IS(pw_s4, l->op == MNQ_L_PW && l->wtype == MNQ_W_S4)
IS(pw_sparse, l->op == MNQ_L_PW && l->wtype == MNQ_W_SPARSE)
IS(pw_sparse4, l->op == MNQ_L_PW && l->wtype == MNQ_W_SPARSE4)
IS(pw_ternary, l->op == MNQ_L_PW && l->wtype == MNQ_W_TERNARY)
IS(pw_binary, l->op == MNQ_L_PW && l->wtype == MNQ_W_BINARY)
IS(pw_xnor, l->op == MNQ_L_PW && l->wtype == MNQ_W_XNOR)
IS(avgpool, l->op == MNQ_L_AVGPOOL)
IS(avgpool_sum, l->op == MNQ_L_AVGPOOL_SUM)
IS(add, l->op == MNQ_L_ADD)
IS(mul, l->op == MNQ_L_MUL)
IS(softmax, l->op == MNQ_L_SOFTMAX)
IS(logistic, l->op == MNQ_L_LOGISTIC)

#define GEN(op, name, type) "l->op == " #op " && l->wtype == " #type, name

#define BLOCKS                                                                                                              \
    " cortexm/block_dsp.c cortexm/finish_dsp.c cortexm/loop_dsp.c cortexm/block_dsp.S cortexm/gather_dsp.S cortexm/dwconv_shape_dsp.c"
#define BLOCKS_M3                                                                                                           \
    " cortexm/block_dsp.c cortexm/finish_dsp.c cortexm3/loop_m3.c cortexm3/block_m3.S cortexm3/gather_m3.S cortexm3/shape_m3.c"
#define DENSE(x, in, w, type)                                                                                               \
    "l->packed != 0 && " in "l->in16 && l->wtype == " #type, x##w, "riscv/dense_" #x #w "_rvv.c riscv/emit_rvv.c"
#define PIXELS " generic/pixels_c.c"
#define HEX(name, op, serves, source)                                                                                       \
    {                                                                                                                       \
        name, "hexagon/hvx.h", "l->packed != 0 && " op, serves,                                                             \
            "hexagon/" source "_hvx.c hexagon/finish_hvx.c hexagon/gather_hvx.c hexagon/rows_hvx.c", HVX, 0                 \
    }
#define A64(name, op, kind, serves, source, set)                                                                            \
    {                                                                                                                       \
        name, "aarch64/neon.h", "mnq_neon_packed(l, " #op ", " #kind ")", serves, source " aarch64/emit_neon.c", set, 0     \
    }

const struct mnq_xkernel mnq_xkernels[] = {
    {"mnq_pw_s4_dsp", "cortexm/dsp.h", "l->packed != 0 && l->wtype == MNQ_W_S4", s4_packed, "cortexm/pw_s4_dsp.c" BLOCKS,
     DSP, 0},
    {"mnq_pw_sparse_dsp", "cortexm/dsp.h", "mnq_dsp_entries(l)", sparse_packed,
     "cortexm/pw_sparse_dsp.c cortexm/sparse_dsp.S cortexm/finish_dsp.c cortexm/dwconv_shape_dsp.c", DSP, MNQ_XNEED_SCALE},
    {"mnq_pw_dsp", "cortexm/dsp.h", "l->packed != 0 && l->op == MNQ_L_PW", pw_packed, "cortexm/pw_dsp.c" BLOCKS, DSP, 0},
    {"mnq_conv_dsp", "cortexm/dsp.h", "l->packed != 0 && l->op == MNQ_L_CONV", conv_packed, "cortexm/conv_dsp.c" BLOCKS, DSP,
     0},
    {"mnq_pw_dsp", "cortexm/dsp.h", "l->packed != 0 && l->op == MNQ_L_PW", pw_packed, "cortexm/pw_dsp.c" BLOCKS_M3, M3, 0},
    {"mnq_conv_dsp", "cortexm/dsp.h", "l->packed != 0 && l->op == MNQ_L_CONV", conv_packed, "cortexm/conv_dsp.c" BLOCKS_M3,
     M3, 0},
    {"mnq_image_mve", "helium/mve.h", "l->packed != 0 && mnq_mve_image(l)", image_packed,
     "helium/image_mve.c helium/records_mve.c helium/block_mve.S helium/pack_mve.c", MVE, 0},
    {"mnq_dot_mve", "helium/mve.h", "l->packed != 0", dot_packed,
     "helium/dot_mve.c helium/records_mve.c helium/block_mve.S helium/pack_mve.c", MVE, 0},
    {"mnq_dense_x8w8_rvv", "riscv/rvv.h", DENSE(x8, "!", w8, MNQ_W_S8), RVV, 6},
    {"mnq_dense_x8w16_rvv", "riscv/rvv.h", DENSE(x8, "!", w16, MNQ_W_S16), RVV, 6},
    {"mnq_dense_x16w8_rvv", "riscv/rvv.h", DENSE(x16, "", w8, MNQ_W_S8), RVV, 6},
    {"mnq_dense_x16w16_rvv", "riscv/rvv.h", DENSE(x16, "", w16, MNQ_W_S16), RVV, 6},
    A64("mnq_pw_i8mm", MNQ_L_PW, MNQ_NEON_OCTETS, pw_octets, "aarch64/dense_mm_neon.c", I8MM),
    A64("mnq_conv_i8mm", MNQ_L_CONV, MNQ_NEON_OCTETS, conv_octets, "aarch64/dense_mm_neon.c", I8MM),
    A64("mnq_pw_dotprod", MNQ_L_PW, MNQ_NEON_QUADS, pw_quads, "aarch64/dense_dot_neon.c", DOTPROD),
    A64("mnq_conv_dotprod", MNQ_L_CONV, MNQ_NEON_QUADS, conv_quads, "aarch64/dense_dot_neon.c", DOTPROD),
    A64("mnq_pw_neon", MNQ_L_PW, MNQ_NEON_WIDE, pw_packed, "aarch64/dense_wide_neon.c", NEON),
    A64("mnq_conv_neon", MNQ_L_CONV, MNQ_NEON_WIDE, conv_packed, "aarch64/dense_wide_neon.c", NEON),
    A64("mnq_dwconv_dotprod", MNQ_L_DWCONV, MNQ_NEON_QUADS, dw_quads, "aarch64/dw_dot_neon.c", DOTPROD),
    A64("mnq_dwconv_neon", MNQ_L_DWCONV, MNQ_NEON_WIDE, dw_packed, "aarch64/dw_neon.c", NEON),
    A64("mnq_add_neon", MNQ_L_ADD, MNQ_NEON_WIDE, add_packed, "aarch64/elementwise_neon.c", NEON),
    A64("mnq_mul_neon", MNQ_L_MUL, MNQ_NEON_WIDE, mul_packed, "aarch64/elementwise_neon.c", NEON),
    A64("mnq_avgpool_neon", MNQ_L_AVGPOOL, MNQ_NEON_WIDE, pool_packed, "aarch64/avgpool_neon.c", NEON),
    HEX("mnq_dwconv_hvx", "l->op == MNQ_L_DWCONV", dw_packed, "dwconv"),
    HEX("mnq_add_hvx", "l->op == MNQ_L_ADD", add_packed, "elementwise"),
    HEX("mnq_mul_hvx", "l->op == MNQ_L_MUL", mul_packed, "elementwise"),
    HEX("mnq_avgpool_hvx", "l->op == MNQ_L_AVGPOOL", pool_packed, "pool"),
    HEX("mnq_dot_hvx", "(l->op == MNQ_L_PW || l->op == MNQ_L_CONV)", dense_packed, "dot"),
    {"mnq_conv_groups_c", "generic/generic.h", "l->op == MNQ_L_CONV && l->mult > 1", conv_groups, "generic/conv_groups_c.c",
     ALL, 7},
    {"mnq_dwconv_curve_c", "generic/generic.h", "l->op == MNQ_L_DWCONV && l->q.act > MNQ_A_HSIGMOID", dw_curve,
     "generic/dwconv_curve_c.c generic/dwconv_c.c", ALL, 7},
    {"mnq_dwconv3x3_dsp", "cortexm/dsp.h", "mnq_dsp_dw_serves(l)", mnq_dsp_dw_serves,
     "cortexm/dwconv_dsp.c cortexm/finish_dsp.c cortexm/dwconv_channel_dsp.c cortexm/dwconv3x3_dsp.S cortexm/plane_dsp.S "
     "cortexm/dwconv_shape_dsp.c",
     DSP, 7},
    {"mnq_dwconv3x3_dsp", "cortexm/dsp.h", "mnq_m3_dw_serves(l)", mnq_m3_dw_serves,
     "cortexm/dwconv_dsp.c cortexm/finish_dsp.c cortexm3/dwconv_channel_m3.c cortexm3/dwconv3x3_m3.S cortexm3/plane_m3.S "
     "cortexm3/shape_m3.c",
     M3, 7},
    {"mnq_dwconv5x5_dsp", "cortexm/dsp.h", "mnq_dsp_dw5_serves(l)", mnq_dsp_dw5_serves,
     "cortexm/dwconv5x5_dsp.c cortexm/dwconv5x5_dsp.S cortexm/finish_dsp.c cortexm/plane_dsp.S cortexm/dwconv_shape_dsp.c",
     DSP, 7},
    {"mnq_dwconv3x3_mve", "helium/mve.h", "mnq_mve_dw3x3_serves(l)", mnq_mve_dw3x3_serves,
     "helium/dwconv3x3_mve.c helium/dw3x3_mve.S helium/pack_mve.c", MVE, 7},
    {"mnq_dwconv_mve", "helium/mve.h", "mnq_mve_dw_serves(l)", mnq_mve_dw_serves, "helium/dwconv_mve.c helium/pack_mve.c",
     MVE, 7},
    {"mnq_add_mve", "helium/mve.h", "mnq_mve_each_serves(l) && l->op == MNQ_L_ADD", add_each,
     "helium/elementwise_mve.c helium/pack_mve.c", MVE, 7},
    {"mnq_gate_mve", "helium/mve.h", "mnq_mve_each_serves(l) && l->op == MNQ_L_MUL && l->point1", gate_each,
     "helium/elementwise_mve.c helium/pack_mve.c", MVE, 7},
    {"mnq_mul_mve", "helium/mve.h", "mnq_mve_each_serves(l) && l->op == MNQ_L_MUL", mul_each,
     "helium/elementwise_mve.c helium/pack_mve.c", MVE, 7},
    {"mnq_avgpool_mve", "helium/mve.h", "mnq_mve_each_serves(l)", mnq_mve_each_serves,
     "helium/elementwise_mve.c helium/pack_mve.c", MVE, 7},
    {"mnq_dwconv_rvv", "riscv/rvv.h", "mnq_rvv_dw_serves(l)", mnq_rvv_dw_serves,
     "riscv/dwconv_rvv.c riscv/emit_rvv.c riscv/pack_rvv.c", RVV, 7},
    {"mnq_add_rvv", "riscv/rvv.h", "mnq_rvv_add_serves(l)", mnq_rvv_add_serves,
     "riscv/elementwise_rvv.c riscv/emit_rvv.c riscv/pack_rvv.c", RVV, 7},
    {"mnq_mul_rvv", "riscv/rvv.h", "mnq_rvv_mul_serves(l)", mnq_rvv_mul_serves,
     "riscv/elementwise_rvv.c riscv/emit_rvv.c riscv/pack_rvv.c", RVV, 7},
    {"mnq_avgpool_rvv", "riscv/rvv.h", "mnq_rvv_avgpool_serves(l)", mnq_rvv_avgpool_serves,
     "riscv/elementwise_rvv.c riscv/emit_rvv.c riscv/pack_rvv.c", RVV, 7},
    {"mnq_conv_s8_c", "generic/generic.h", GEN(MNQ_L_CONV, conv_s8, MNQ_W_S8), "generic/conv_c.c", ALL, 7},
    {"mnq_conv_s16_c", "generic/generic.h", GEN(MNQ_L_CONV, conv_s16, MNQ_W_S16), "generic/conv_c.c", ALL, 7},
    {"mnq_dwconv_s8_c", "generic/generic.h", GEN(MNQ_L_DWCONV, dw_s8, MNQ_W_S8), "generic/dwconv_c.c", ALL, 7},
    {"mnq_dwconv_s16_c", "generic/generic.h", GEN(MNQ_L_DWCONV, dw_s16, MNQ_W_S16), "generic/dwconv_c.c", ALL, 7},
    {"mnq_pw_s8_c", "generic/generic.h", GEN(MNQ_L_PW, pw_s8, MNQ_W_S8), "generic/pw_c.c", ALL, 7},
    {"mnq_pw_s16_c", "generic/generic.h", GEN(MNQ_L_PW, pw_s16, MNQ_W_S16), "generic/pw_c.c", ALL, 7},
    {"mnq_pw_s4_c", "generic/generic.h", GEN(MNQ_L_PW, pw_s4, MNQ_W_S4), "generic/pw_s4_c.c", ALL, 7},
    {"mnq_pw_sparse_c", "generic/generic.h", GEN(MNQ_L_PW, pw_sparse, MNQ_W_SPARSE),
     "generic/pw_sparse_c.c generic/sparse_c.c generic/places_c.c" PIXELS, ALL, 7},
    {"mnq_pw_sparse4_c", "generic/generic.h", GEN(MNQ_L_PW, pw_sparse4, MNQ_W_SPARSE4),
     "generic/pw_sparse4_c.c generic/sparse4_c.c generic/sparse_c.c generic/places_c.c" PIXELS, ALL, 7},
    {"mnq_pw_ternary_c", "generic/generic.h", GEN(MNQ_L_PW, pw_ternary, MNQ_W_TERNARY), "generic/pw_ternary_c.c", ALL, 7},
    {"mnq_pw_binary_c", "generic/generic.h", GEN(MNQ_L_PW, pw_binary, MNQ_W_BINARY),
     "generic/pw_binary_c.c generic/binary_c.c generic/binary_row_c.c generic/binary_rows_c.c generic/places_c.c" PIXELS,
     ALL, 7},
    {"mnq_pw_xnor_c", "generic/generic.h", GEN(MNQ_L_PW, pw_xnor, MNQ_W_XNOR), "generic/pw_xnor_c.c generic/xnor_c.c", ALL,
     7},
    {"mnq_avgpool_counted_c", "generic/generic.h", "l->op == MNQ_L_AVGPOOL && l->counted", avgpool_counted,
     "generic/avgpool_counted_c.c", ALL, 7},
    {"mnq_avgpool_c", "generic/generic.h", "l->op == MNQ_L_AVGPOOL", avgpool, "generic/avgpool_c.c", ALL, 7},
    {"mnq_avgpool_sum_c", "generic/generic.h", "l->op == MNQ_L_AVGPOOL_SUM", avgpool_sum, "generic/avgpool_sum_c.c", ALL, 7},
    {"mnq_maxpool_c", "generic/generic.h", "l->op == MNQ_L_MAXPOOL", maxpool, "generic/maxpool_c.c", ALL, 7},
    {"mnq_select_c", "generic/generic.h", "l->op == MNQ_L_SELECT", selection, "generic/select_c.c", ALL, 7},
    {"mnq_upsample_c", "generic/generic.h", "l->op == MNQ_L_UPSAMPLE", upsample, "generic/upsample_c.c", ALL, 7},
    {"mnq_spread_c", "generic/generic.h", "l->op == MNQ_L_SPREAD", spread, "generic/spread_c.c", ALL, 7},
    {"mnq_add_c", "generic/generic.h", "l->op == MNQ_L_ADD", add, "generic/add_c.c", ALL, 7},
    {"mnq_mul_c", "generic/generic.h", "l->op == MNQ_L_MUL", mul, "generic/mul_c.c", ALL, 7},
    {"mnq_softmax_c", "generic/generic.h", "l->op == MNQ_L_SOFTMAX", softmax, "generic/softmax_c.c", ALL, 7},
    {"mnq_logistic_c", "generic/generic.h", "l->op == MNQ_L_LOGISTIC", logistic, "generic/softmax_c.c", ALL, 7},
};
const int mnq_n_xkernels = (int)(sizeof mnq_xkernels / sizeof *mnq_xkernels);

const struct mnq_xkernel *mnq_xkernel_of(enum mnq_xset set, const struct mnq_layer *l)
{
    for (int i = 0; i < mnq_n_xkernels; i++)
        if ((mnq_xkernels[i].sets >> set & 1u) && mnq_xkernels[i].serves(l)) return &mnq_xkernels[i];
    return NULL;
}

unsigned mnq_xkernel_needs(const struct mnq_xkernel *k, const struct mnq_layer *l)
{
    unsigned needs = k->needs;
    if (needs != 0) return needs;
    if (strcmp(k->header, "aarch64/neon.h") == 0 || strcmp(k->header, "hexagon/hvx.h") == 0) /* sums of rows are generic */
        return l->op == MNQ_L_AVGPOOL ? MNQ_XNEED_BIAS | MNQ_XNEED_SCALE : 0;
    if (strcmp(k->symbol, "mnq_dot_mve") == 0 || strcmp(k->symbol, "mnq_image_mve") == 0)
        return ((const uint8_t *)l->packed)[0] != 0 ? MNQ_XNEED_SCALE : 0;
    /* A clamp that no instruction has, or shifts that do not fold: single outputs are computed as the definition says. */
    if (mnq_dsp_block_clamp_of(&l->q) == MNQ_DSP_SUMS) return MNQ_XNEED_SCALE;
    return ((const uint8_t *)l->packed)[0] != 0 ? MNQ_XNEED_SCALE : 0;
}
