/* SPDX-License-Identifier: Apache-2.0
 * A kernel table of AArch64, but for its name. Whoever includes it defines LEVEL and QUADS(op), the name of an operator's
 * kernel where weights are packed as quads. Compiled without the instructions: it only names kernels. */
#include "generic/generic.h"
#include "neon.h"
#include "pack_neon.h"

static mnq_kernel *find(const struct mnq_layer *l)
{
    const struct mnq_neon_head *const h = (const struct mnq_neon_head *)l->packed;

    if (l->op == MNQ_L_AVGPOOL_SUM && !l->in_flip) return mnq_avgpool_sum_neon;
    if (h == NULL) return mnq_kernels_generic.find(l);
    switch (l->op) {
    case MNQ_L_CONV:
        return h->kind == MNQ_NEON_WIDE ? mnq_conv_neon : h->kind == MNQ_NEON_QUADS ? QUADS(conv) : OCTETS(conv);
    case MNQ_L_PW:
        return h->kind == MNQ_NEON_WIDE ? mnq_pw_neon : h->kind == MNQ_NEON_QUADS ? QUADS(pw) : OCTETS(pw);
    case MNQ_L_DWCONV:
        return h->kind == MNQ_NEON_QUADS ? QUADS(dwconv) : mnq_dwconv_neon;
    case MNQ_L_ADD:
        return mnq_add_neon;
    case MNQ_L_MUL:
        return mnq_mul_neon;
    case MNQ_L_AVGPOOL:
        return mnq_avgpool_neon;
    default:
        return mnq_kernels_generic.find(l);
    }
}

static size_t scratch_bytes(const struct mnq_layer *l)
{
    const size_t own = mnq_neon_scratch(LEVEL, l), generic = mnq_kernels_generic.scratch_bytes(l);
    return own > generic ? own : generic;
}

static size_t bytes(const struct mnq_layer *l)
{
    return mnq_neon_pack_bytes(LEVEL, l);
}

static void pack(const struct mnq_layer *l, void *mem)
{
    mnq_neon_pack(LEVEL, l, mem);
}

static const struct mnq_packing packing = {bytes, pack};
