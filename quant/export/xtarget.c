/* SPDX-License-Identifier: Apache-2.0
 * The cores that models are exported for. */
#include "export/xtarget.h"

#include "aarch64/pack_neon.h"
#include "cortexm/layout_dsp.h"
#include "cortexm3/layout_m3.h"
#include "helium/mve.h"
#include "hexagon/hvx.h"
#include "riscv/rvv.h"

#include <string.h>

#define ARM "arm-none-eabi-gcc"

const struct mnq_xtarget mnq_xtargets[] = {
    {"cortex-m0", "-mcpu=cortex-m0 -mthumb", ARM, "Cortex-M0, M0+", MNQ_XSET_GENERIC, MNQ_XCORE_M0},
    {"cortex-m3", "-mcpu=cortex-m3 -mthumb", ARM, "Cortex-M3", MNQ_XSET_M3, MNQ_XCORE_M3},
    {"cortex-m4", "-mcpu=cortex-m4 -mthumb", ARM, "Cortex-M4", MNQ_XSET_DSP, MNQ_XCORE_M4},
    {"cortex-m7", "-mcpu=cortex-m7 -mthumb", ARM, "Cortex-M7", MNQ_XSET_DSP, MNQ_XCORE_M4},
    {"cortex-m33", "-mcpu=cortex-m33 -mthumb -mfloat-abi=soft", ARM, "Cortex-M33 with DSP extension", MNQ_XSET_DSP,
     MNQ_XCORE_M4},
    {"cortex-m55", "-mcpu=cortex-m55 -mthumb -mfloat-abi=hard", ARM, "Cortex-M55", MNQ_XSET_MVE, MNQ_XCORE_M55},
    {"cortex-m85", "-mcpu=cortex-m85 -mthumb -mfloat-abi=hard", ARM, "Cortex-M85", MNQ_XSET_MVE, MNQ_XCORE_M55},
    {"rv32imc", "-march=rv32imc -mabi=ilp32 -ffreestanding", "riscv64-unknown-elf-gcc", "RISC-V, 32 bits", MNQ_XSET_GENERIC,
     MNQ_XCORE_RV32},
    {"rv64gcv", "--target=riscv64-linux-gnu -march=rv64gcv -mabi=lp64d -mcmodel=medany -ffreestanding", "clang-19",
     "RISC-V, 64 bits, with vectors", MNQ_XSET_RVV, MNQ_XCORE_RV64},
    {"aarch64", "", "aarch64-linux-gnu-gcc", "AArch64 with NEON", MNQ_XSET_NEON, MNQ_XCORE_A64},
    {"aarch64-dotprod", "-march=armv8.2-a+dotprod", "aarch64-linux-gnu-gcc", "AArch64 with dot products", MNQ_XSET_DOTPROD,
     MNQ_XCORE_A64},
    {"aarch64-i8mm", "-march=armv8.2-a+dotprod+i8mm", "aarch64-linux-gnu-gcc", "AArch64 with matrix products of int8",
     MNQ_XSET_I8MM, MNQ_XCORE_A64},
    {"hexagon",
     "--target=hexagon-unknown-elf -mcpu=hexagonv67 -mhvx -mhvx-length=128B -G0 -ffreestanding -mllvm -max-store-memcpy=64 "
     "-mllvm -max-store-memcpy-Os=64 -mllvm -spill-func-threshold-Os=100",
     "clang-19", "Hexagon with HVX, vectors of 128 bytes", MNQ_XSET_HVX, MNQ_XCORE_HEXAGON},
    {"generic", "", "cc", "any little-endian core", MNQ_XSET_GENERIC, MNQ_XCORE_M3},
};
const int mnq_n_xtargets = (int)(sizeof mnq_xtargets / sizeof *mnq_xtargets);

const struct mnq_xtarget *mnq_xtarget_find(const char *name)
{
    for (int i = 0; i < mnq_n_xtargets; i++)
        if (strcmp(mnq_xtargets[i].name, name) == 0) return &mnq_xtargets[i];
    return NULL;
}

const struct mnq_xtarget *mnq_xtarget_named(const char *name, struct mnq_err *e)
{
    const struct mnq_xtarget *t = mnq_xtarget_find(name);
    char names[300] = "";
    if (t != NULL) return t;
    for (int i = 0; i < mnq_n_xtargets; i++) {
        if (i > 0) strncat(names, ", ", sizeof names - strlen(names) - 1);
        strncat(names, mnq_xtargets[i].name, sizeof names - strlen(names) - 1);
    }
    mnq_fail(e, MNQ_EXIT_USAGE, "--target: no core named '%s'; there are %s", name, names);
    return NULL;
}

static enum mnq_neon_level level(enum mnq_xset set)
{
    return set == MNQ_XSET_I8MM ? MNQ_NEON_I8MM : set == MNQ_XSET_DOTPROD ? MNQ_NEON_DOTPROD : MNQ_NEON_BASE;
}

size_t mnq_xset_packed_bytes(enum mnq_xset set, const struct mnq_layer *l)
{
    if (!mnq_layer_plain(l)) return 0;
    switch (set) {
    case MNQ_XSET_DSP:
        return mnq_dsp_packed_bytes(l);
    case MNQ_XSET_M3:
        return mnq_m3_packed_bytes(l);
    case MNQ_XSET_MVE:
        return mnq_mve_packed_bytes(l);
    default: /* what is compressed stays so: it would take the flash of int8 */
        if (l->op == MNQ_L_PW && l->wtype != MNQ_W_S8 && l->wtype != MNQ_W_S16) return 0;
        if (set == MNQ_XSET_RVV) return mnq_rvv_packed_bytes(l);
        if (set == MNQ_XSET_HVX) return mnq_hvx_packed_bytes(l);
        return mnq_xset_neon(set) ? mnq_neon_pack_bytes(level(set), l) : 0;
    }
}

void mnq_xset_pack(enum mnq_xset set, const struct mnq_layer *l, void *mem)
{
    if (set == MNQ_XSET_DSP) mnq_dsp_pack(l, mem);
    if (set == MNQ_XSET_M3) mnq_m3_pack(l, mem);
    if (set == MNQ_XSET_MVE) mnq_mve_pack(l, mem);
    if (set == MNQ_XSET_RVV) mnq_rvv_pack(l, mem);
    if (set == MNQ_XSET_HVX) mnq_hvx_pack(l, mem);
    if (mnq_xset_neon(set)) mnq_neon_pack(level(set), l, mem);
}

size_t mnq_xset_scratch(enum mnq_xset set, const struct mnq_layer *l)
{
    if (set == MNQ_XSET_DSP) return mnq_dsp_scratch(l);
    if (set == MNQ_XSET_M3) return mnq_m3_scratch(l);
    if (set == MNQ_XSET_MVE) return mnq_mve_scratch(l);
    if (set == MNQ_XSET_RVV) return mnq_rvv_scratch(l);
    if (set == MNQ_XSET_HVX && mnq_layer_plain(l) && mnq_hvx_scratch(l) > 0) return mnq_hvx_scratch(l);
    if (mnq_xset_neon(set) && mnq_layer_plain(l) && mnq_neon_scratch(level(set), l) > 0)
        return mnq_neon_scratch(level(set), l);
    return mnq_kernels_generic.scratch_bytes != NULL ? mnq_kernels_generic.scratch_bytes(l) : 0;
}
