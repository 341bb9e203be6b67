/* SPDX-License-Identifier: Apache-2.0
 * What the sections of the page share. */
#ifndef MNQ_PAGE_PARTS_H
#define MNQ_PAGE_PARTS_H

#include "axis.h"
#include "eval_result.h"
#include "figures.h"
#include "page_shell.h"

/** A difference in accuracy counts as measured below this probability of chance. */
#define MNQ_PAGE_P 0.05

/** The headline is about the smallest model whose paired 95 % interval excludes a loss above so many points. */
#define MNQ_PAGE_MARGIN 1.0

/** A small picture of a sample. */
struct mnq_thumb {
    int sample, w, h;
    uint8_t *jpeg;
    size_t n;
};

/** What the sections share. */
struct mnq_page {
    struct mnq_html h;
    const struct mnq_eval_result *r; /* with layers */
    const char **name;               /* [n_models] file names, with folders only where they would be equal */
    int headline;                    /* the model that the first sentence is about; 0 when there is only one */
    struct mnq_thumb *thumb;         /* of the samples that mnq_page_changed() shows */
    int n_thumbs;
    struct mnq_arena *arena;
};

/** What a share of right samples is called: "top-1", or of one decision "accuracy". */
const char *mnq_page_measure(const struct mnq_evaluation *ev);

/** Sections, in the order of the page. Each writes nothing if it has nothing to say. */
void mnq_page_headline(struct mnq_page *p);
void mnq_page_figures(struct mnq_page *p);
void mnq_page_accuracy(struct mnq_page *p);
void mnq_page_cost(struct mnq_page *p);
void mnq_page_tradeoff(struct mnq_page *p);
void mnq_page_layers(struct mnq_page *p);
void mnq_page_confusion(struct mnq_page *p);
void mnq_page_changed(struct mnq_page *p);
void mnq_page_origin(struct mnq_page *p);

/** Reads the pictures that mnq_page_changed() shows. */
int mnq_page_load_thumbs(struct mnq_page *p, struct mnq_err *e);

/**
 * Axis of top-1 percent (without accuracy: of agreement) that holds all intervals, from and to unset. A model more than 25
 * points below the best does not stretch it; it lies below `lo`.
 */
struct mnq_axis mnq_page_top1_axis(const struct mnq_evaluation *ev);

/** What that axis shows of model i: so many of `of`; -1: nothing. */
int mnq_page_top1(const struct mnq_evaluation *ev, int i, int *of);

/** Row heading of a model: its name, below it kind and weight formats. */
void mnq_page_model_cell(struct mnq_page *p, int i);

/** A text shortened to at most `most` characters with an ellipsis in the middle, in the arena. */
const char *mnq_page_shorten(struct mnq_page *p, const char *s, int most);

#endif
