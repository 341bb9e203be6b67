/* SPDX-License-Identifier: Apache-2.0
 * Bytes and instructions of an export, foretold. */
#include "export/embedded.h"
#include "export/export.h"
#include "export/xcost_table.h"
#include "plan_layout.h"

#include <string.h>

enum {
    STACK = 768,
    AROUND = 350
}; /* of mnq_run() and all that it calls, the deepest of the counted cores, rounded up; instructions of the plan around a
      call */

static size_t generic_scratch(const struct mnq_layer *l)
{
    return mnq_xset_scratch(MNQ_XSET_GENERIC, l);
}

static size_t dsp_scratch(const struct mnq_layer *l)
{
    return mnq_xset_scratch(MNQ_XSET_DSP, l);
}

/* Arena of the model as the target will compute it: with its kernels' scratch. */
static void arenas(struct mnq_export *x)
{
    const struct mnq_kernels kernels = {"target", NULL, x->o->target->set == MNQ_XSET_DSP ? dsp_scratch : generic_scratch,
                                        NULL, NULL};
    struct mnq_model m = x->p->model;

    m.kernels = &kernels;
    m.packed = x->image.packed;
    x->costs.arena = mnq_arena_size(&m);
    x->costs.arena_rows = mnq_stream_size(&m);
    mnq_layer_by_layer(&m);
    x->costs.arena_layers = mnq_arena_size(&m);
}

/* ---- flash ---- */

static size_t code_bytes(const struct mnq_export *x)
{
    size_t n = 0;
    for (int i = 0; i < x->sources.n; i++)
        for (int k = 0; k < mnq_n_xcode_rows; k++)
            if (strcmp(mnq_xcode_rows[k].path, mnq_embedded[x->sources.index[i]].path) == 0)
                n += (size_t)mnq_xcode_rows[k].bytes[x->o->target->core];
    return n;
}

/* ---- instructions ---- */

/* Kernels that were not counted, and those counted whose work is most like theirs. */
static const char *const like[][2] = {{"mnq_conv_groups_c", "mnq_conv_s8_c"},
                                      {"mnq_dwconv_curve_c", "mnq_dwconv_s8_c"},
                                      {"mnq_avgpool_counted_c", "mnq_avgpool_c"},
                                      {"mnq_maxpool_c", "mnq_avgpool_c"},
                                      {"mnq_select_c", "mnq_mul_c"},
                                      {"mnq_upsample_c", "mnq_add_c"},
                                      {"mnq_spread_c", "mnq_mul_c"},
                                      {"mnq_logistic_c", "mnq_softmax_c"}};

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
    static const char *const name[MNQ_XCORES] = {"cortex-m0", "cortex-m3", "cortex-m4", "cortex-m4",
                                                 "rv32imc",   "rv32imc",   "cortex-m3"};
    return name[core];
}

static uint64_t layer_instructions(const struct mnq_export *x, const struct mnq_xlayer *k, int calls, int rows)
{
    const char *kernel = k->kernel->symbol;
    const double *per = numbers_of(kernel, counted(x->o->target->core));
    double f[MNQ_XFEATURES], sum = 0;

    if (per == NULL) per = numbers_of(kernel, "cortex-m3");
    if (per == NULL) kernel = counted_kernel(kernel);
    if (per == NULL) per = numbers_of(kernel, counted(x->o->target->core));
    if (per == NULL) per = numbers_of(kernel, "cortex-m3");
    if (per == NULL) return 0;
    mnq_xfeature_of(k, calls, rows, f);
    for (int i = 0; i < MNQ_XFEATURES; i++) sum += per[i] * f[i];
    return (uint64_t)(sum + 0.5);
}

/* By the plan of stages: layers of a stage with steps are called row by row. Without a plan each layer is called once. */
static void instructions(struct mnq_export *x)
{
    const struct mnq_plan *plan = &x->p->model.plan;
    unsigned stage = 0, end = 0, rows = 0;

    for (int i = 0; i < x->image.n_layers; i++) {
        struct mnq_xlayer *k = &x->image.layer[i];
        while (plan->places != NULL && (unsigned)i >= end && stage < plan->n_stages) {
            const uint8_t *at = plan->stages + (size_t)MNQ_STAGE_BYTES * stage++;
            end = at[0] | (unsigned)at[1] << 8;
            rows = at[4] | at[5] | at[6] | at[7];
        }
        const int calls = plan->places != NULL && rows != 0 ? k->l.oh : 1;
        k->instructions = layer_instructions(x, k, calls, k->l.oh / calls);
        if (calls > 1) k->instructions += (uint64_t)calls * AROUND;
        x->costs.instructions += k->instructions;
    }
}

void mnq_xcost_fill(struct mnq_export *x)
{
    struct mnq_xcosts *c = &x->costs;

    arenas(x);
    c->stack = STACK;
    c->flash_code = code_bytes(x);
    c->flash_weights = x->image.data + x->image.n_packed;
    c->flash_tables = x->image.n - x->image.data;
    instructions(x);
}
