/* SPDX-License-Identifier: Apache-2.0
 * What `mnquant bench` prints: tables, or one JSON document. */
#ifndef MNQ_BENCH_PRINT_H
#define MNQ_BENCH_PRINT_H

#include "term.h"
#include "timing.h"

struct mnq_kernels;

/** A measurement of several models with several kernel tables. */
struct mnq_bench_result {
    const struct mnq_timing *timing; /* [models][tables] */
    int n_models, n_tables, rounds;
    bool pinned;
    const struct mnq_kernels *const *table; /* [n_tables] */
    const double *peak;                     /* [n_tables] giga multiply-accumulates per second */
    const char *processor;
    int processors; /* online */
};

/** Tables on standard output; `layers`: also one line a layer. */
void mnq_bench_print(const struct mnq_bench_result *r, bool layers, struct mnq_arena *arena, bool color);

struct mnq_json;

/** The document mnquant.bench/1. */
void mnq_bench_json(const struct mnq_bench_result *r, struct mnq_json *w);

#endif
