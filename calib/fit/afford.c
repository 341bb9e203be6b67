/* SPDX-License-Identifier: Apache-2.0
 * Budgets of a core: widths, formats and storage that its cost model says fit. */
#include "afford.h"

#include "wide.h"

#include <string.h>

/* The package that q makes; q gets its plan. */
static int package_of(struct mnq_qmodel *q, struct mnq_package *p, struct mnq_arena *arena, struct mnq_err *e)
{
    uint8_t *bytes;
    size_t n;
    if (mnq_qmodel_plan(q, e) != 0 || mnq_qmodel_pack(q, &bytes, &n, e) != 0) return -1;
    return mnq_package_parse("model", bytes, n, p, arena, e);
}

/* ---- storage ---- */

/* Instructions of every layer as it is stored now. */
static int layer_cycles(const struct mnq_qmodel *q, const struct mnq_xtarget *target, int64_t *cycles, struct mnq_err *e)
{
    struct mnq_arena arena = {0};
    struct mnq_qmodel copy = *q;
    struct mnq_package p;
    copy.arena = &arena;
    int rc = package_of(&copy, &p, &arena, e);
    if (rc == 0) rc = mnq_xbudget_layers(&p, target, cycles, e);
    mnq_arena_free(&arena);
    return rc;
}

static void restore_types(struct mnq_qmodel *q, const uint8_t *wtype)
{
    for (int k = 0; k < q->n_layers; k++) {
        q->layer[k].wtype = wtype[k];
        q->layer[k].block = 0;
    }
}

int mnq_calib_storage(struct mnq_qmodel *q, enum mnq_storage_mode mode, const struct mnq_xtarget *target,
                      struct mnq_storage_report *report, struct mnq_err *e)
{
    const size_t n = (size_t)q->n_layers;
    if (target == NULL || mode != MNQ_STORAGE_SPEED) return mnq_choose_storage(q, mode, report, e);
    uint8_t *wtype = mnq_arena_array(q->arena, n, 1);
    int64_t *dense = mnq_arena_array(q->arena, n, sizeof *dense), *sparse = mnq_arena_array(q->arena, n, sizeof *sparse);
    if (wtype == NULL || dense == NULL || sparse == NULL) return mnq_fail_nomem(e);
    for (int k = 0; k < q->n_layers; k++) wtype[k] = (uint8_t)q->layer[k].wtype;
    if (mnq_choose_storage(q, MNQ_STORAGE_DENSE, report, e) != 0 || layer_cycles(q, target, dense, e) != 0) return -1;
    restore_types(q, wtype);
    if (mnq_choose_storage(q, MNQ_STORAGE_BYTES, report, e) != 0 || layer_cycles(q, target, sparse, e) != 0) return -1;
    for (int i = 0; i < report->n; i++) {
        struct mnq_storage_layer *s = &report->layer[i];
        s->time_dense = (double)dense[s->layer];
        s->time_sparse = (double)sparse[s->layer];
        if (!s->sparse || sparse[s->layer] < dense[s->layer]) continue;
        s->sparse = false;
        q->layer[s->layer].wtype = mnq_storage_dense(wtype[s->layer]);
        q->layer[s->layer].block = 0;
        report->bytes_chosen += s->bytes_dense - s->bytes_sparse;
    }
    return 0;
}

/* ---- the bill ---- */

/* Every node as an integer layer, without running any. */
static int lower_all(struct mnq_calib_run *c, struct mnq_qmodel *q, struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_graph *g = c->g;
    c->lowering.arena = arena;
    if (mnq_lower_frame(&c->lowering, q, e) != 0) return -1;
    for (int i = 0; i < g->n; i++) {
        if (!mnq_lower_is_layer(g, i)) continue;
        struct mnq_rounding_job job = {.format = c->format[i], .nearest = true, .threads = c->threads};
        if (job.format.inputs == 1) {
            job.threshold = mnq_arena_array(arena, (size_t)g->node[g->node[i].in[0]].out.c, sizeof *job.threshold);
            if (job.threshold == NULL) return mnq_fail_nomem(e);
        }
        if (mnq_lower_node(&c->lowering, i, &job, &q->layer[q->n_layers++], e) != 0) return -1;
    }
    return 0;
}

int mnq_calib_bill(struct mnq_calib_run *c, struct mnq_xbill *bill, struct mnq_err *e)
{
    struct mnq_arena arena = {0};
    struct mnq_qmodel q;
    struct mnq_shrink_report shrunk;
    struct mnq_storage_report stored;
    struct mnq_package p;
    const struct mnq_xbudget *b = &c->o->budget;
    int rc = lower_all(c, &q, &arena, e);
    if (rc == 0 && c->o->shrink) rc = mnq_shrink(&q, &shrunk, e);
    if (rc == 0) rc = mnq_calib_storage(&q, c->storage, b->target, &stored, e);
    if (rc == 0) rc = package_of(&q, &p, &arena, e);
    if (rc == 0) rc = mnq_xbudget_bill(&p, b, bill, e);
    mnq_arena_free(&arena);
    return rc;
}

/* ---- 16-bit activations ---- */

/* Instructions that 16-bit activations may add where no budget says it. */
static const double WIDE_CYCLES = 1.03;

struct purse {
    struct mnq_calib_run *c;
    struct mnq_xbill first; /* with the tensors that are wide in any case */
    bool known;
};

/* Whether these tensors may be wide: mnq_wide_fits. */
static int affordable(void *context, const uint8_t *wide, struct mnq_err *e)
{
    struct purse *p = context;
    struct mnq_calib_run *c = p->c;
    struct mnq_xbudget b = c->o->budget;
    struct mnq_arena arena = {0};
    struct mnq_qparams *qp = mnq_arena_array(&arena, (size_t)c->g->n, sizeof *qp);
    struct mnq_xbill bill;
    if (qp == NULL) return mnq_fail_nomem(e);
    if (wide != c->wide) memcpy(c->wide, wide, (size_t)c->g->n);
    int rc = mnq_calib_ranges(c, qp, &arena, e);
    c->lowering.qp = qp;
    if (rc == 0) rc = mnq_calib_bill(c, &bill, e);
    c->lowering.qp = c->qp;
    mnq_arena_free(&arena);
    if (rc != 0) return -1;
    if (!p->known) {
        p->first = bill;
        p->known = true;
        return 1;
    }
    b.flash = 0; /* activations take none, and the formats of the weights are still to be chosen */
    if (b.ram <= 0 && (bill.ram > p->first.ram || bill.ram_rows > p->first.ram_rows)) return 0;
    if (b.cycles <= 0 && (double)bill.cycles > WIDE_CYCLES * (double)p->first.cycles) return 0;
    return mnq_xbudget_meets(&b, &bill);
}

int mnq_calib_afford_tensors(struct mnq_calib_run *c, struct mnq_err *e)
{
    struct purse p = {.c = c};
    return mnq_choose_wide_tensors(c->g, c->tensor_sensitivity, MNQ_WIDE_AUTO, affordable, &p, c->wide, e);
}

/* ---- what was not asked for ---- */

/* Takes the 16 bits from the weights of the layer that misses them least; false: there is none. */
static bool narrow_weights(struct mnq_calib_run *c)
{
    const struct mnq_calib_opts *o = c->o;
    int best = -1;
    for (int i = 0; i < c->g->n && o->wide == MNQ_WIDE_AUTO; i++) {
        if (c->format[i].bits != 16 || !mnq_lower_has_weights(c->g, i)) continue;
        if (o->choice != NULL && o->choice[i].weights == MNQ_WEIGHTS_INT16) continue;
        if (best < 0 || c->sensitivity[i] < c->sensitivity[best]) best = i;
    }
    if (best >= 0) c->format[best].bits = 8;
    return best >= 0;
}

int mnq_calib_narrow_tensors(struct mnq_calib_run *c, bool *any, struct mnq_err *e)
{
    *any = false;
    for (int i = 0; i < c->g->n && c->o->wide_activations == MNQ_WIDE_AUTO; i++) {
        *any |= c->wide[i] != 0;
        c->wide[i] = 0;
    }
    return *any ? mnq_calib_ranges(c, c->qp, c->arena, e) : 0;
}

int mnq_calib_afford(struct mnq_calib_run *c, bool *changed, struct mnq_err *e)
{
    const struct mnq_xbudget *b = &c->o->budget;
    struct mnq_xbill bill, least = {0};
    bool any;
    *changed = false;
    if (b->target == NULL) return 0;
    for (bool first = true;; first = false) {
        if (mnq_calib_bill(c, &bill, e) != 0) return -1;
        if (mnq_xbudget_meets(b, &bill)) return 0;
        if (first || mnq_xbudget_excess(b, &bill) < mnq_xbudget_excess(b, &least)) least = bill;
        if (b->flash > 0 && bill.flash > b->flash && narrow_weights(c)) {
            *changed = true;
            continue;
        }
        if (b->cycles > 0 && bill.cycles > b->cycles && c->storage == MNQ_STORAGE_BYTES) {
            c->storage = MNQ_STORAGE_SPEED;
            continue;
        }
        if (mnq_calib_narrow_tensors(c, &any, e) != 0) return -1;
        if (!any && !narrow_weights(c)) return mnq_xbudget_require(b, &least, "the model", e);
        *changed = true;
    }
}
