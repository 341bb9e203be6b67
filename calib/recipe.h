/* SPDX-License-Identifier: Apache-2.0
 * Recipes: a YAML file that says what the options of `mnquant calibrate` say. */
#ifndef MNQ_RECIPE_H
#define MNQ_RECIPE_H

#include "calibrate.h"
#include "graph/preprocess.h"

/** Words of the choices, NULL-terminated, in the order of their enums. */
extern const char *const mnq_observer_words[];  /* auto minmax percentile mse kl */
extern const char *const mnq_act_scale_words[]; /* tensor channel */
extern const char *const mnq_rounding_words[];  /* nearest second-order */
extern const char *const mnq_wide_words[];      /* auto none all */
extern const char *const mnq_switch_words[];    /* off on */
extern const char *const mnq_resize_words[];    /* stretch crop */
extern const char *const mnq_filter_words[];    /* pil tf */

/** Everything a recipe can set; plain types, so that option tables can point into it. */
struct mnq_recipe {
    const char *preprocess; /* NULL = the model's own */
    const char *arch;
    int resolution;
    int resize, filter;
    int observer, act_scale, rounding, wide, wide_activations, bias_correction, shrink; /* indices of the words above */
    double percentile, wide_budget;
    int samples;
};

/** What mnq_calib_defaults() says, in these terms. */
void mnq_recipe_defaults(struct mnq_recipe *r);

/** The calibration part as options. */
struct mnq_calib_opts mnq_recipe_calib(const struct mnq_recipe *r, int threads);

/** Limits of the numbers, shared with the command line. */
#define MNQ_PERCENTILE_MIN  50.0
#define MNQ_PERCENTILE_MAX  100.0
#define MNQ_WIDE_BUDGET_MAX 4.0
#define MNQ_SAMPLES_MAX     1000000000
#define MNQ_RESOLUTION_MAX  4096

/**
 * Reads a recipe file over r, which holds what absent keys keep. Strings are in the arena.
 * return  0, or -1: "FILE:LINE:COL: key: expected ..., got ..."; unknown keys are errors that name the nearest known one
 */
int mnq_recipe_read(const char *path, struct mnq_recipe *r, struct mnq_arena *arena, struct mnq_err *e);

/** The same from text. */
int mnq_recipe_parse(const char *name, const char *text, size_t n, struct mnq_recipe *r, struct mnq_arena *arena,
                     struct mnq_err *e);

/** Name of key i in the order of mnq_recipe_text(), NULL behind the last. */
const char *mnq_recipe_key(int i);

/** Every key with its value as YAML that mnq_recipe_parse() reads back, in the arena; NULL when out of memory. */
char *mnq_recipe_text(const struct mnq_recipe *r, struct mnq_arena *arena);

#endif
