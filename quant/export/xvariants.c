/* SPDX-License-Identifier: Apache-2.0
 * What of the sources an exported library compiles, and how. */
#include "export/xvariants.h"

#include "cortexm/dsp.h"
#include "cortexm/dwconv_dsp.h"
#include "cortexm/layout_dsp.h"
#include "cortexm3/dwconv_m3.h"
#include "helium/records_mve.h"

#include <string.h>

struct variants {
    unsigned block, sparse, dw, in, planes, act, mve;
    int rising, second;
};

/* Whether some output of a depthwise layer is computed by mnq_output_plain(), or scaled up to be spared that. */
static void of_depthwise(const struct mnq_layer *l, struct variants *v)
{
    const enum mnq_dsp_clamp clamp = mnq_dsp_clamp_of(&l->q);
    const unsigned stride = 4u * (l->sw - 1u);
    int sums = clamp == MNQ_DSP_SUMS;

    for (int c = 0; c < l->oc && !sums; c++) {
        if (l->q.shift[c] < 1) v->rising = 1;
        if (!mnq_dsp_folds(&l->q, c)) sums = 1;
    }
    v->dw |= 1u << (stride + clamp);
    if (sums) v->dw |= 1u << (stride + MNQ_DSP_SUMS);
    v->planes |= l->in16 ? 4 : 1;
}

/* What a layer on a Cortex-M3 wants of the others. */
static void of_m3(const struct mnq_xlayer *k, struct variants *v)
{
    const struct mnq_layer *const l = &k->l;

    if (strcmp(k->kernel->symbol, "mnq_dwconv3x3_dsp") == 0) {
        const int lanes = mnq_m3_dw_lanes(l);
        struct variants own = {0};
        of_depthwise(l, &own);
        v->dw |= lanes ? own.dw << 8 : own.dw;
        v->planes |= lanes ? 8 : own.planes;
        v->rising |= own.rising;
    }
    if (l->packed == NULL) return;
    const int lanes = mnq_m3_lanes(l);
    const unsigned at = lanes ? 16 : l->wtype == MNQ_W_S16 ? 8 : 0;
    v->in |= l->in16 ? 4u : (l->in_flip ? 2u : 1u) << (lanes ? 3 : 0);
    v->block |= 1u << (at + mnq_dsp_block_clamp_of(&l->q));
    if (mnq_xkernel_needs(k->kernel, l) & MNQ_XNEED_SCALE) v->block |= 1u << (at + MNQ_DSP_SUMS);
}

static struct variants variants_of(const struct mnq_export *x)
{
    struct variants v = {0};

    for (int i = 0; i < x->image.n_layers; i++) {
        const struct mnq_xlayer *k = &x->image.layer[i];
        const struct mnq_layer *l = &k->l;
        if (l->c1 > 0) v.second = 1;
        if (l->q.act > MNQ_A_HSIGMOID) v.act |= 2;
        else if (l->q.act != MNQ_A_CLAMP) v.act |= 1;
        if (x->o->target->set == MNQ_XSET_MVE && l->packed != NULL)
            v.mve |= 1u << (3 * mnq_mve_kind_of(l) + mnq_mve_outputs(l));
        if (x->o->target->set == MNQ_XSET_M3) of_m3(k, &v);
        if (x->o->target->set != MNQ_XSET_DSP) continue;
        if (strcmp(k->kernel->symbol, "mnq_dwconv3x3_dsp") == 0) of_depthwise(l, &v);
        if (strcmp(k->kernel->symbol, "mnq_dwconv5x5_dsp") == 0) v.planes |= l->in16 ? 4 : 1;
        if (l->packed == NULL) continue;
        if (mnq_dsp_entries(l)) {
            v.sparse |= 1u << mnq_dsp_block_clamp_of(&l->q);
            continue;
        }
        const unsigned wide = l->wtype == MNQ_W_S16 ? 8 : 0;
        v.in |= l->in16 ? 4 : l->in_flip ? 2 : 1;
        v.block |= 1u << (wide + mnq_dsp_block_clamp_of(&l->q));
        if (mnq_xkernel_needs(k->kernel, l) & MNQ_XNEED_SCALE) v.block |= 1u << (wide + MNQ_DSP_SUMS);
    }
    return v;
}

/* The last layer that reads the input. */
static int last_reader(const struct mnq_export *x)
{
    const struct mnq_qmodel *q = &x->p->q;
    int last = 0;

    for (int k = 0; k < q->n_layers; k++)
        if (q->layer[k].in0 == q->input || q->layer[k].in1 == q->input) last = k;
    return last;
}

/* Whether the export has a plan of stages. */
static int planned(const struct mnq_export *x)
{
    return x->image.plan.bytes != NULL || x->image.push.bytes != NULL;
}

void mnq_xvariants_write(const struct mnq_export *x, struct mnq_xtext *t)
{
    const struct variants v = variants_of(x);

    mnq_xtext_add(t,
                  "/* What of the sources is compiled: what the model calls; sizes of its arenas. Written by mnquant. */\n"
                  "#ifndef MNQ_VARIANTS_H\n#define MNQ_VARIANTS_H\n\n#define MNQ_VARIANTS_BLOCK 0x%x\n#define "
                  "MNQ_VARIANTS_SPARSE 0x%x\n#define MNQ_VARIANTS_DW "
                  "0x%x\n#define MNQ_VARIANTS_MVE 0x%x\n#define MNQ_VARIANTS_IN %u\n#define MNQ_VARIANTS_PLANES %u\n#define "
                  "MNQ_VARIANTS_RISING %d\n"
                  "#define MNQ_VARIANTS_ACT %u\n#define MNQ_VARIANTS_SECOND %d\n#define MNQ_VARIANTS_PLANS %d\n\n",
                  v.block, v.sparse, v.dw, v.mve, v.in, v.planes, v.rising, v.act, v.second, planned(x));
    mnq_xtext_add(t,
                  "#define MNQ_FLASH 1\n#define MNQ_FLASH_WIDE %d\n#define MNQ_FLASH_KINDS %zu\n#define MNQ_FLASH_REFS %zu\n"
                  "#define MNQ_FLASH_LAST %d\n#define MNQ_FLASH_ARENA %zu\n"
                  "#define MNQ_FLASH_PUSH %zu\n#define MNQ_FLASH_LAYERS %zu\n\n#endif\n",
                  x->image.wide, x->image.at.kinds, x->image.at.refs, last_reader(x), x->costs.arena, x->costs.arena_rows,
                  x->costs.arena_layers);
}

/* Whether kernels that take a hundredth of all instructions, or more, are made of a source. */
static int at_work(const struct mnq_export *x, const char *path)
{
    for (int i = 0; i < x->image.n_layers; i++) {
        const struct mnq_xlayer *k = &x->image.layer[i];
        const char *sources = k->kernel->sources, *at = strstr(sources, path);
        if (k->instructions * 100 < x->costs.instructions || strncmp(sources, "generic/", 8) != 0) continue;
        if (at != NULL || strcmp(path, "generic/output_c.c") == 0) return 1;
    }
    return 0;
}

int mnq_xvariants_small(const struct mnq_export *x, const char *path)
{
    const size_t n = strlen(path);

    if (!x->image.flash || n < 2 || strcmp(path + n - 2, ".c") != 0) return 0;
    if (strncmp(path, "helium/", 7) == 0 || strncmp(path, "riscv/", 6) == 0 || strncmp(path, "aarch64/", 8) == 0 ||
        strcmp(path, "cortexm/finish_dsp.c") == 0)
        return 0;
    if (strncmp(path, "generic/", 8) != 0) return 1;
    return x->o->target->set != MNQ_XSET_GENERIC && !at_work(x, path);
}

/* Inner loops of block_mve.S, in the order of enum mnq_mve_kind and, behind them, those named "one". */
static int helium_blocks(unsigned mask)
{
    static const int bytes[3] = {352, 360, 308}, one[3] = {168, 176, 0};
    int n = mask >> 3 * MNQ_MVE_IMAGE_8 & 0x3f ? 112 : 0; /* what takes the windows */

    for (int i = 0; i < 3 * (MNQ_MVE_ONE + 3); i++) {
        const int kind = i / 3;
        if ((mask >> i & 1) == 0) continue;
        n += kind >= MNQ_MVE_ONE ? one[i % 3] : bytes[i % 3] + (kind == MNQ_MVE_4 || kind == MNQ_MVE_84 ? 32 : 0);
    }
    return n;
}

/* Kernels of elementwise_mve.c, and what all of them share. */
static int helium_each(const struct mnq_export *x)
{
    static const struct {
        const char *kernel;
        int bytes;
    } each[] = {{"mnq_add_mve", 984}, {"mnq_gate_mve", 848}, {"mnq_mul_mve", 284}, {"mnq_avgpool_mve", 1228}};
    int n = 264;

    for (size_t k = 0; k < sizeof each / sizeof *each; k++)
        for (int i = 0; i < x->image.n_layers; i++) {
            if (strcmp(x->image.layer[i].kernel->symbol, each[k].kernel) != 0) continue;
            n += each[k].bytes;
            break;
        }
    return n;
}

/* What the linker takes of the executor on cores of 32 bits, by whether there are plans; -1: another source or core. */
static int executor(const struct mnq_export *x, const char *path)
{
    static const struct {
        int run[2], run_rows[2], record[2], wide;
    } core[] = {[MNQ_XCORE_M0] = {{223, 330}, {480, 824}, {354, 450}, 40},
                [MNQ_XCORE_M3] = {{198, 290}, {432, 752}, {300, 392}, 32},
                [MNQ_XCORE_M4] = {{198, 292}, {432, 752}, {300, 392}, 32},
                [MNQ_XCORE_M55] = {{207, 296}, {436, 766}, {320, 410}, 30},
                [MNQ_XCORE_RV32] = {{280, 390}, {530, 934}, {440, 572}, 38}};
    const unsigned of = x->o->target->core;
    const int plans = planned(x);

    if (of >= sizeof core / sizeof *core) return -1;
    if (strcmp(path, "flash_record.c") == 0) return core[of].record[plans] + (x->image.wide ? core[of].wide : 0);
    if (strcmp(path, "run.c") != 0) return -1;
    return x->o->input == MNQ_XINPUT_PICTURE ? core[of].run[plans] : core[of].run_rows[plans];
}

/* Bytes of inner loops of a Cortex-M3; -1: another source. */
static int loops_m3(const struct variants *v, const char *path)
{
    static const int block[3] = {344, 344, 332}, dw[3] = {420, 460, 372};
    int n = 0;

    if (strcmp(path, "cortexm3/block_m3.S") == 0) {
        for (int i = 0; i < 3; i++) n += v->block >> 8 * i & 0xff ? block[i] : 0;
        for (int i = 0; i < 24; i++) n += v->block >> i & 1 ? i % 8 == MNQ_DSP_SUMS ? 32 : 204 : 0;
        return n;
    }
    if (strcmp(path, "cortexm3/dwconv3x3_m3.S") == 0) {
        for (int i = 0; i < 12; i++) n += v->dw >> i & 1 ? dw[i / 4] - (i % 4 == MNQ_DSP_SUMS ? 64 : 0) : 0;
        return n;
    }
    if (strcmp(path, "cortexm3/gather_m3.S") == 0) {
        for (int i = 0; i < 5; i++) n += v->in >> i & 1 ? i < 3 ? 80 : 112 : 0;
        return n;
    }
    if (strcmp(path, "cortexm3/plane_m3.S") == 0)
        return 16 + (v->planes & 1 ? 76 : 0) + (v->planes & 4 ? 76 : 0) + (v->planes & 8 ? 140 : 0);
    return -1;
}

int mnq_xvariants_bytes(const struct mnq_export *x, const char *path)
{
    static const int tail[8] = {106, 106, 106, 26, 106, 0, 0, 0}, dw[8] = {340, 340, 340, 284, 364, 364, 364, 308};
    const struct variants v = variants_of(x);
    int n = 0;

    if (!x->image.flash) return -1;
    if (!planned(x) && (strcmp(path, "band.c") == 0 || strcmp(path, "stages.c") == 0)) return 0; /* not linked */
    const int linked = executor(x, path);
    if (linked >= 0) return linked;
    if (strcmp(path, "helium/block_mve.S") == 0) return helium_blocks(v.mve);
    if (strcmp(path, "helium/elementwise_mve.c") == 0) return helium_each(x);
    if (x->o->target->set == MNQ_XSET_MVE && v.act == 0 && strcmp(path, "generic/output_c.c") == 0) return 280;
    if (x->o->target->set == MNQ_XSET_M3 && loops_m3(&v, path) >= 0) return loops_m3(&v, path);
    if (x->o->target->set != MNQ_XSET_DSP && x->o->target->set != MNQ_XSET_M3) return -1;
    if (!v.rising && strcmp(path, "cortexm/dwconv_channel_dsp.c") == 0) return 700;
    if (v.act == 0 && strcmp(path, "generic/output_c.c") == 0) return 280;
    if (strcmp(path, "cortexm/block_dsp.S") == 0) {
        n += v.block & 0xff ? 572 : 0;
        n += v.block & 0xff00 ? 508 : 0;
        for (int i = 0; i < 16; i++) n += v.block >> i & 1 ? tail[i % 8] : 0;
        return n;
    }
    if (strcmp(path, "cortexm/dwconv3x3_dsp.S") == 0) {
        for (int i = 0; i < 8; i++) n += v.dw >> i & 1 ? dw[i] : 0;
        return n;
    }
    if (strcmp(path, "cortexm/gather_dsp.S") == 0) return (v.in & 1 ? 160 : 0) + (v.in & 2 ? 212 : 0) + (v.in & 4 ? 104 : 0);
    if (strcmp(path, "cortexm/plane_dsp.S") == 0) return 20 + (v.planes & 1 ? 180 : 0) + (v.planes & 4 ? 104 : 0);
    if (strcmp(path, "cortexm/finish_dsp.c") == 0 && (v.act & 1) == 0)
        return v.sparse | (v.block & 0x080808) | (v.dw & 0x888) ? 320 : 0;
    return -1;
}
