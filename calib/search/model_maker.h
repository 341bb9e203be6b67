/* SPDX-License-Identifier: Apache-2.0
 * A whole recipe at once: a float file in, the integer model and its bill out, with pruning and tuning between. */
#ifndef MNQ_MODEL_MAKER_H
#define MNQ_MODEL_MAKER_H

#include "calibrate.h"
#include "export/xbudget.h"
#include "recipe.h"
#include "subject.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What models are made with. */
struct mnq_making {
    const struct mnq_data *data; /* samples */
    const struct mnq_data *val;  /* pictures that judge; NULL: every fourth sample does, and nothing is fitted to it */
    int threads;
    mnq_progress *progress;
    void *progress_ctx;
};

struct mnq_made {
    struct mnq_subject source; /* as it was read */
    int64_t macs, params;      /* of the float network that was quantized */
    struct mnq_calib_report report;
    struct mnq_qmodel q;
    uint8_t *bytes;
    size_t n;
    struct mnq_package package;
    struct mnq_xbudget budget; /* target NULL: none */
    struct mnq_xbill bill;     /* with a target */
};

/** The samples of a model: those to fit to, or (judges) those that judge. NULL with e. */
struct mnq_dataset *mnq_making_open(const struct mnq_making *m, const struct mnq_subject *s, int h, int w, bool judges,
                                    struct mnq_err *e);

/** Refuses, as wrong usage, a pattern that pruning does not know, and tuning where nothing is cut. name: of the recipe */
int mnq_making_check(const struct mnq_recipe *r, const char *name, struct mnq_err *e);

/**
 * Makes a model, in a budget if the recipe has one: channels leave, single weights leave, what is left is calibrated. Tuning
 * comes behind the first of these cuts: with channels, before single weights leave.
 * cheap   no sample decides anything (channels and weights leave by magnitude): for the bill alone
 * m       in arena
 * return  0, or -1 with e: also if the budget cannot be met, or what the recipe asks cannot be had (e->unfit)
 */
int mnq_model_make(const char *model, const struct mnq_recipe *r, const struct mnq_making *how, bool cheap,
                   struct mnq_made *m, struct mnq_arena *arena, struct mnq_err *e);

/**
 * Reads a model's bytes, m->bytes and n, and asks what it costs within the recipe's budget: package, budget and bill.
 * name    of the float model, for messages
 * return  0, or -1 with e
 */
int mnq_made_bill(struct mnq_made *m, const struct mnq_recipe *r, const char *name, struct mnq_arena *arena,
                  struct mnq_err *e);

/** What a model's file says of where it comes from: tool, source, recipe (kept), preprocessing, tasks, and the folder names
 * of d as classes if there are as many as outputs. -1: out of memory. */
int mnq_model_stamp(struct mnq_qmodel *q, const struct mnq_subject *s, const char *recipe, const struct mnq_dataset *d,
                    struct mnq_arena *arena);

#ifdef __cplusplus
}
#endif
#endif
