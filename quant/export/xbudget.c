/* SPDX-License-Identifier: Apache-2.0
 * Bills of models on cores. */
#include "export/xbudget.h"

#include "export/export.h"
#include "export/xplan.h"

#include <stdio.h>

static int foretell(const struct mnq_package *p, const struct mnq_xopts *o, struct mnq_xbill *bill, struct mnq_err *e)
{
    struct mnq_arena arena = {0};
    struct mnq_export *x = mnq_arena_alloc(&arena, sizeof *x);
    int rc = x == NULL ? mnq_fail_nomem(e) : mnq_export_foretell(x, p, o, &arena, e);
    if (rc == 0) {
        const struct mnq_xcosts *c = &x->costs;
        *bill = (struct mnq_xbill){.code = (int64_t)c->flash_code,
                                   .weights = (int64_t)c->flash_weights,
                                   .tables = (int64_t)c->flash_tables,
                                   .flash = (int64_t)(c->flash_code + c->flash_weights + c->flash_tables),
                                   .ram = (int64_t)(c->arena + c->stack),
                                   .ram_rows = (int64_t)(c->arena_rows + c->stack),
                                   .cycles = (int64_t)c->instructions,
                                   .at_once = o->plan == MNQ_XPLAN_SPEED};
    }
    mnq_arena_free(&arena);
    return rc;
}

static int64_t least_ram(const struct mnq_xbill *bill)
{
    return bill->ram < bill->ram_rows ? bill->ram : bill->ram_rows;
}

int mnq_xbudget_bill(const struct mnq_package *p, const struct mnq_xbudget *b, struct mnq_xbill *bill, struct mnq_err *e)
{
    struct mnq_xopts o = {.target = b->target};
    if (b->ram <= 0) {
        if (foretell(p, &o, bill, e) != 0) return -1;
        o.plan = MNQ_XPLAN_SPEED;
        return mnq_xbudget_meets(b, bill) ? 0 : foretell(p, &o, bill, e);
    }
    o.plan = MNQ_XPLAN_RAM;
    if (foretell(p, &o, bill, e) != 0) return -1;
    if (least_ram(bill) > b->ram) return 0;
    o.plan = MNQ_XPLAN_BALANCED;
    o.ram = b->ram - MNQ_XSTACK;
    return foretell(p, &o, bill, e);
}

bool mnq_xbudget_meets(const struct mnq_xbudget *b, const struct mnq_xbill *bill)
{
    return !(b->ram > 0 && least_ram(bill) > b->ram) && !(b->flash > 0 && bill->flash > b->flash) &&
           !(b->cycles > 0 && bill->cycles > b->cycles);
}

double mnq_xbudget_excess(const struct mnq_xbudget *b, const struct mnq_xbill *bill)
{
    const int64_t limit[] = {b->ram, b->flash, b->cycles}, taken[] = {least_ram(bill), bill->flash, bill->cycles};
    double sum = 0;
    for (int i = 0; i < 3; i++)
        if (limit[i] > 0 && taken[i] > limit[i]) sum += (double)taken[i] / (double)limit[i] - 1;
    return sum;
}

int mnq_xbudget_require(const struct mnq_xbudget *b, const struct mnq_xbill *bill, const char *name, struct mnq_err *e)
{
    const struct {
        const char *option, *unit;
        int64_t limit, taken;
    } part[] = {{"--ram", "bytes", b->ram, least_ram(bill)},
                {"--flash", "bytes", b->flash, bill->flash},
                {"--cycles", "instructions", b->cycles, bill->cycles}};
    char text[400] = "";
    size_t n = 0;

    if (mnq_xbudget_meets(b, bill)) return 0;
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        if (part[i].limit <= 0 || part[i].taken <= part[i].limit) continue;
        const int k = snprintf(text + n, sizeof text - n, "%s%s %lld: %lld %s, %lld too many", n > 0 ? "; " : "",
                               part[i].option, (long long)part[i].limit, (long long)part[i].taken, part[i].unit,
                               (long long)(part[i].taken - part[i].limit));
        if (k > 0) n += (size_t)k;
        if (n >= sizeof text) break;
    }
    const bool flash = b->flash > 0 && bill->flash > b->flash;
    return mnq_fail_unfit(e, flash ? MNQ_UNFIT_FLASH : MNQ_UNFIT_BUDGET, MNQ_EXIT_FAILED, "%s on %s: %s", name,
                          b->target->name, text);
}

int mnq_xbudget_layers(const struct mnq_package *p, const struct mnq_xtarget *target, int64_t *cycles, struct mnq_err *e)
{
    const struct mnq_xopts o = {.target = target};
    struct mnq_arena arena = {0};
    struct mnq_export *x = mnq_arena_alloc(&arena, sizeof *x);
    int rc = x == NULL ? mnq_fail_nomem(e) : 0;
    if (rc == 0) {
        *x = (struct mnq_export){.p = p, .o = &o};
        rc = mnq_ximage_make(p, target->set, NULL, &x->image, &arena, e);
    }
    for (int k = 0; rc == 0 && k < x->image.n_layers; k++) cycles[k] = mnq_xcost_layer(x, k, 1, x->image.layer[k].l.oh);
    mnq_arena_free(&arena);
    return rc;
}
