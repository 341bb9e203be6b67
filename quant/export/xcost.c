/* SPDX-License-Identifier: Apache-2.0
 * Bytes and instructions of an export, foretold. */
#include "export/embedded.h"
#include "export/export.h"
#include "export/xcost_table.h"
#include "export/xvariants.h"
#include "plan_layout.h"

#include <string.h>

enum { AROUND = 550 /* instructions of the plan around a call */, LAYR = 64 /* bytes of a record */ };

/* A table's function knows the layer alone. */
#define SCRATCH(name, set)                                                                                                  \
    static size_t name(const struct mnq_layer *l)                                                                           \
    {                                                                                                                       \
        return mnq_xset_scratch(set, l);                                                                                    \
    }
SCRATCH(generic_scratch, MNQ_XSET_GENERIC)
SCRATCH(dsp_scratch, MNQ_XSET_DSP)
SCRATCH(m3_scratch, MNQ_XSET_M3)
SCRATCH(mve_scratch, MNQ_XSET_MVE)
SCRATCH(rvv_scratch, MNQ_XSET_RVV)
SCRATCH(neon_scratch, MNQ_XSET_NEON)
SCRATCH(dotprod_scratch, MNQ_XSET_DOTPROD)
SCRATCH(i8mm_scratch, MNQ_XSET_I8MM)
SCRATCH(hvx_scratch, MNQ_XSET_HVX)

/* The records of layers as the target has them: what it decodes is not compressed there, and needs other scratch. */
static const uint8_t *records_of(const struct mnq_export *x, struct mnq_arena *arena)
{
    const size_t bytes = (size_t)x->image.n_layers * LAYR;
    uint8_t *layr = mnq_arena_alloc(arena, bytes);
    if (layr == NULL) return NULL;
    memcpy(layr, x->p->model.layr, bytes);
    for (int i = 0; i < x->image.n_layers; i++) {
        uint8_t *r = layr + (size_t)i * LAYR;
        const struct mnq_layer *l = &x->image.layer[i].l;
        if (!mnq_ximage_compressed(x->p, i) || r[1] == l->wtype) continue;
        r[1] = l->wtype;
        r[18] = (uint8_t)l->mult;
        r[19] = (uint8_t)(l->mult >> 8);
    }
    return layr;
}

int mnq_xcost_arenas(struct mnq_export *x, struct mnq_arena *arena, struct mnq_err *e)
{
    static size_t (*const scratch[])(const struct mnq_layer *) = {
        generic_scratch, dsp_scratch,     m3_scratch,   mve_scratch, rvv_scratch,
        neon_scratch,    dotprod_scratch, i8mm_scratch, hvx_scratch};
    const struct mnq_kernels kernels = {"target", NULL, scratch[x->o->target->set], NULL, NULL};
    struct mnq_model m = x->p->model;

    m.layr = records_of(x, arena);
    if (m.layr == NULL) return mnq_fail_nomem(e);
    mnq_layer_by_layer(&m);
    mnq_xsection_plan(&x->image.plan, m.n_tensors, &m.plan);
    mnq_xsection_plan(&x->image.push, m.n_tensors, &m.push);
    m.kernels = &kernels;
    m.packed = x->image.packed;
    x->costs.arena = mnq_arena_size(&m);
    x->costs.arena_rows = mnq_stream_size(&m);
    mnq_layer_by_layer(&m);
    x->costs.arena_layers = mnq_arena_size(&m);
    return 0;
}

/* ---- flash ---- */

static size_t code_bytes(const struct mnq_export *x)
{
    size_t n = 0;
    for (int i = 0; i < x->sources.n; i++)
        for (int k = 0; k < mnq_n_xcode_rows; k++)
            if (strcmp(mnq_xcode_rows[k].path, mnq_embedded[x->sources.index[i]].path) == 0) {
                const int own = mnq_xvariants_bytes(x, mnq_xcode_rows[k].path);
                n += own >= 0 ? (size_t)own : (size_t)mnq_xcode_rows[k].bytes[x->o->target->core];
            }
    return n;
}

/* ---- instructions ---- */

/* Kernels that were not counted, and those counted whose work is most like theirs. */
static const char *const like[][2] = {{"mnq_conv_groups_c", "mnq_conv_s8_c"},
                                      {"mnq_dwconv_curve_c", "mnq_dwconv_s8_c"},
                                      {"mnq_avgpool_counted_c", "mnq_avgpool_c"},
                                      {"mnq_pw_sparse4_c", "mnq_pw_sparse_c"},
                                      {"mnq_pw_ternary_c", "mnq_pw_s4_c"},
                                      {"mnq_maxpool_c", "mnq_avgpool_c"},
                                      {"mnq_select_c", "mnq_mul_c"},
                                      {"mnq_upsample_c", "mnq_add_c"},
                                      {"mnq_spread_c", "mnq_mul_c"},
                                      {"mnq_logistic_c", "mnq_softmax_c"},
                                      {"mnq_mul_mve", "mnq_add_mve"}};

static const char *counted_kernel(const char *kernel)
{
    for (size_t i = 0; i < sizeof like / sizeof *like; i++)
        if (strcmp(like[i][0], kernel) == 0) return like[i][1];
    return kernel;
}

static const double *numbers_of(const char *kernel, const char *core)
{
    for (int i = 0; i < mnq_n_xcost_rows; i++)
        if (strcmp(mnq_xcost_rows[i].kernel, kernel) == 0 && strcmp(mnq_xcost_rows[i].core, core) == 0)
            return mnq_xcost_rows[i].per;
    return NULL;
}

/* The counted core that stands for a column. */
static const char *counted(enum mnq_xcore core)
{
    static const char *const name[MNQ_XCORES] = {"cortex-m0", "cortex-m3", "cortex-m4", "cortex-m55",
                                                 "rv32imc",   "rv64gcv",   "aarch64",   "hexagon"};
    return name[core];
}

/* A kernel that was not counted on a core: its numbers on one that is like it. */
static const double *elsewhere(const char *kernel, enum mnq_xcore core)
{
    const double *per = core == MNQ_XCORE_RV64 ? numbers_of(kernel, "rv32imc") : NULL;
    return per != NULL ? per : numbers_of(kernel, "cortex-m3");
}

int64_t mnq_xcost_layer(const struct mnq_export *x, int k, int calls, int rows)
{
    const struct mnq_xlayer *l = &x->image.layer[k];
    const char *kernel = l->kernel->symbol;
    const double *per = numbers_of(kernel, counted(x->o->target->core));
    double f[MNQ_XFEATURES], sum = 0;

    if (per == NULL) per = elsewhere(kernel, x->o->target->core);
    if (per == NULL) kernel = counted_kernel(kernel);
    if (per == NULL) per = numbers_of(kernel, counted(x->o->target->core));
    if (per == NULL) per = elsewhere(kernel, x->o->target->core);
    if (per == NULL) return 0;
    mnq_xfeature_of(l, calls, rows, f);
    for (int i = 0; i < MNQ_XFEATURES; i++) sum += per[i] * f[i];
    return (int64_t)(sum + 0.5);
}

int64_t mnq_xcost_calls(int calls)
{
    return calls > 1 ? (int64_t)calls * AROUND : 0;
}

/* Layer k in a stage of bands: the steps of plan p from number `step` on, n of them, name its bands. */
static uint64_t in_bands(const struct mnq_export *x, const struct mnq_plan *p, uint32_t step, uint32_t n, unsigned first,
                         unsigned k)
{
    uint64_t sum = 0;
    int count[256] = {0}, calls = 0;

    for (uint32_t i = step; i < step + n; i++) {
        const uint8_t *s = p->steps + (size_t)i * MNQ_STEP_BYTES;
        const int rows = s[1] > MNQ_STEP_ROWS ? s[1] - MNQ_STEP_ROWS : 1;
        if (k - first >= s[0] && k - first < s[0] + (rows > 1 ? 1u : s[1])) count[rows]++;
    }
    for (int rows = 1; rows < 256; rows++) calls += count[rows];
    if (x->image.layer[k].l.op == MNQ_L_AVGPOOL && calls > x->image.layer[k].l.oh)
        return (uint64_t)(mnq_xcost_layer(x, (int)k, 1, x->image.layer[k].l.oh) + (int64_t)calls * AROUND);
    for (int rows = 1; rows < 256; rows++)
        if (count[rows] > 0) sum += (uint64_t)mnq_xcost_layer(x, (int)k, count[rows], rows);
    return sum + (uint64_t)calls * AROUND;
}

/* By the plan of stages. Without a plan each layer is called once. */
static void instructions(struct mnq_export *x)
{
    struct mnq_plan p;
    unsigned stage = 0, first = 0, end = 0;
    uint32_t step = 0, steps = 0;

    mnq_xsection_plan(&x->image.plan, x->p->model.n_tensors, &p);
    for (unsigned i = 0; i < (unsigned)x->image.n_layers; i++) {
        struct mnq_xlayer *k = &x->image.layer[i];
        while (p.places != NULL && i >= end && stage < p.n_stages) {
            const uint8_t *at = p.stages + (size_t)MNQ_STAGE_BYTES * stage++;
            step += steps;
            first = end;
            end = at[0] | (unsigned)at[1] << 8;
            steps = at[4] | (uint32_t)at[5] << 8 | (uint32_t)at[6] << 16 | (uint32_t)at[7] << 24;
        }
        k->instructions =
            steps == 0 ? (uint64_t)mnq_xcost_layer(x, (int)i, 1, k->l.oh) : in_bands(x, &p, step, steps, first, i);
        x->costs.instructions += k->instructions;
    }
}

void mnq_xcost_fill(struct mnq_export *x)
{
    struct mnq_xcosts *c = &x->costs;

    c->stack = MNQ_XSTACK;
    c->flash_code = code_bytes(x);
    c->flash_weights = x->image.data + x->image.n_packed;
    c->flash_tables = x->image.n - x->image.data;
    instructions(x);
}
