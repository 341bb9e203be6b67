/* SPDX-License-Identifier: Apache-2.0
 * The AVX2 kernel table. Compiled without its instructions: it only names them. */
#include "generic/generic.h"
#include "x86.h"
#include "x86_pack.h"

static const struct mnq_x86_shape shape = {8, 0};

static mnq_kernel *find(const struct mnq_layer *l)
{
    if (l->packed == NULL) return mnq_kernels_generic.find(l);
    switch (l->op) {
    case MNQ_L_CONV:
        return mnq_conv_avx2;
    case MNQ_L_DWCONV:
        return mnq_dwconv_avx2;
    case MNQ_L_PW:
        return mnq_pw_avx2;
    case MNQ_L_AVGPOOL:
        return mnq_avgpool_avx2;
    case MNQ_L_ADD:
        return mnq_add_avx2;
    case MNQ_L_MUL:
        return mnq_mul_avx2;
    default:
        return mnq_kernels_generic.find(l);
    }
}

static size_t scratch_bytes(const struct mnq_layer *l)
{
    const size_t own = mnq_x86_scratch(&shape, l), generic = mnq_kernels_generic.scratch_bytes(l);
    return own > generic ? own : generic;
}

static size_t bytes(const struct mnq_layer *l)
{
    return mnq_x86_pack_bytes(&shape, l);
}

static void pack(const struct mnq_layer *l, void *mem)
{
    mnq_x86_pack(&shape, l, mem);
}

static const struct mnq_packing packing = {bytes, pack};

const struct mnq_kernels mnq_kernels_avx2 = {"avx2", find, scratch_bytes, &packing, &mnq_kernels_generic};
