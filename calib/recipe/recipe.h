/* SPDX-License-Identifier: Apache-2.0
 * Recipes: a YAML file that says what the options of `mnquant calibrate` and `mnquant prune` say, and per-layer rules. */
#ifndef MNQ_RECIPE_H
#define MNQ_RECIPE_H

#include "calib_opts.h"
#include "graph/preprocess.h"
#include "pack/storage.h"
#include "prune_layer.h"
#include "rules.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Words of the choices, NULL-terminated, in the order of their enums. */
extern const char *const mnq_observer_words[];  /* auto minmax percentile mse kl: what may be asked for */
extern const char *const mnq_act_scale_words[]; /* tensor channel */
extern const char *const mnq_rounding_words[];  /* nearest second-order */
extern const char *const mnq_wide_words[];      /* auto none all */
extern const char *const mnq_switch_words[];    /* off on */
extern const char *const mnq_resize_words[];    /* stretch crop */
extern const char *const mnq_filter_words[];    /* pil tf nearest bicubic */
extern const char *const mnq_weights_words[];   /* int8 int4 ternary binary auto */
extern const char *const mnq_storage_words[];   /* bytes speed dense */
extern const char *const mnq_plan_words[];      /* ram speed */
extern const char *const mnq_scope_words[];     /* layer global */
extern const char *const mnq_method_words[];    /* magnitude obs auto */

/** An observer as reports name it: one of those words, or "learned". */
const char *mnq_observer_name(int observer);

/** Everything a recipe can set; plain types, so that option tables can point into it. Each command reads its own part. */
struct mnq_recipe {
    const char *preprocess; /* NULL = the model's own */
    const char *arch;
    int resolution;
    int resize, filter;
    const char *task; /* for mnq_task_choose(); NULL: what the model tells */
    double threshold; /* of decisions; 0 = unset */
    int observer, act_scale, rounding, wide, wide_activations, bias_correction, shrink; /* indices of the words above */
    double percentile, wide_budget;
    int samples;
    /* calibrate: weight formats */
    int weights;        /* enum mnq_weights of the layers without a rule: INT8, INT4, BINARY, AUTO */
    int bases;          /* of binary weights, 1..4 */
    int small_layer;    /* layers with fewer weights keep int8, unless a rule names another format */
    double max_drop;    /* AUTO: points of accuracy that may be lost; 0 = unset */
    int64_t flash;      /* AUTO: bytes of the file at most; with a target: of all of its flash, any weights; 0 = unset */
    int re_fit;         /* off on */
    int storage;        /* enum mnq_storage_mode */
    int plan;           /* of stages: 0 the least RAM, 1 few calls of kernels */
    int64_t ram;        /* bytes of arena at most, few calls within them; with a target: of all of its RAM; 0 = unset */
    const char *target; /* the core that the model is for; NULL: none */
    int tune_weights;   /* off on: weights of few bits learn from the float model */
    int use_labels;     /* off on: what learns, here or behind prune, learns from the data's labels too */
    int64_t cycles;     /* target: instructions of one picture at most; 0 = unset */
    /* prune */
    double ratio;        /* share of zeros, 0 = unset */
    int scope;           /* enum mnq_prune_scope */
    int method;          /* enum mnq_prune_method */
    const char *pattern; /* text for mnq_pattern_parse(); NULL = none */
    double channels;     /* share of multiplications that leave with whole channels, first of all; 0 = unset */
    int tune;            /* off on: then the result learns from the float model */
    /* both */
    const struct mnq_rule *rule; /* [n_rules] */
    int n_rules;
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
#define MNQ_BASES_MAX       4
#define MNQ_SMALL_LAYER_MAX 1000000000
#define MNQ_MAX_DROP_MIN    0.01
#define MNQ_MAX_DROP_MAX    100.0
#define MNQ_FLASH_MAX       2147483648.0
#define MNQ_CYCLES_MAX      1e12
#define MNQ_RATIO_MAX       0.99
#define MNQ_THRESHOLD_MIN   0.000001
#define MNQ_THRESHOLD_MAX   0.999999

/** Name of key i in the order of mnq_recipe_text(), NULL behind the last. */
const char *mnq_recipe_key(int i);

/** Name of key i of a rule in that order, NULL behind the last. */
const char *mnq_rule_key(int i);

/**
 * Every key that is set with its value, and the rules, as YAML that mnq_recipe_parse() reads back to the same values.
 * Bytes of strings that are not UTF-8 are the only thing that does not survive.
 * return  the text in the arena; NULL when out of memory
 */
char *mnq_recipe_text(const struct mnq_recipe *r, struct mnq_arena *arena);

/**
 * Turns `--weights auto` into the rules that repeat its choice: one for each format, naming its layers, over a model of
 * int8. They come behind the rules that r has, of which what they say of observers and pruning stays. -1 when out of memory.
 */
int mnq_recipe_assign(struct mnq_recipe *r, const struct mnq_calib_report *report, struct mnq_arena *arena);

#ifdef __cplusplus
}
#endif
#endif
