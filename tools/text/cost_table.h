/* SPDX-License-Identifier: Apache-2.0
 * Cost tables: what a network costs at other widths and input sizes, without quantizing it. */
#ifndef MNQ_COST_TABLE_H
#define MNQ_COST_TABLE_H

#include "graph/graph.h"

#include <stdint.h>
#include <stdio.h>

struct mnq_json;

/** One row of a table. */
struct mnq_cost_point {
    double width;           /* Keras' alpha; 0 for networks out of files */
    struct mnq_shape input; /* of the network */
    int64_t macs, params;   /* as mnq_cost_total() and Keras count them */
    int64_t int8_bytes;     /* DATA section of the .mnq: 8-bit weights throughout, biases, multipliers, shifts; -1 unknown */
    /* RAM of the integer tensors by mnq_qmodel_stages(), picture in memory and pushed by rows; and layer by layer, by
     * mnq_qmodel_plan(); -1 unknown */
    int64_t arena_bytes, stream_bytes, layer_bytes;
};

/** Rows and the one that the others are compared with. */
struct mnq_cost_table {
    struct mnq_cost_point *point;
    int n, base;
};

/**
 * Costs of a network. The integer ones are those of mnq_calibrate() before it makes choices that depend on data: no 16-bit
 * weights, no 16-bit activations but the logits, no channels removed.
 * raw     Keras' layers one to one
 * legal   what gets quantized, or NULL: the integer costs stay unknown
 */
int mnq_cost_point(const struct mnq_graph *raw, const struct mnq_graph *legal, struct mnq_cost_point *p, struct mnq_err *e);

/** The families that mnq_cost_family() knows, NULL-terminated: "v1", "v2", "v3-small", ... */
extern const char *const mnq_cost_families[];

/**
 * The whole grid of a family without any weights: the widths of its paper and of keras.applications, each at 224, 192, 160,
 * 128 and 96, 1000 classes. The base is width 1.0 at 224. The same for any number of threads.
 * family  index into mnq_cost_families
 */
int mnq_cost_family(int family, int threads, struct mnq_cost_table *t, struct mnq_arena *arena, struct mnq_err *e);

/** Prints it with a line of headings; `head` and `plain` surround them. */
void mnq_cost_print(const struct mnq_cost_table *t, FILE *f, const char *head, const char *plain, struct mnq_arena *arena);

/** Appends it as an array of objects. */
void mnq_cost_json(const struct mnq_cost_table *t, struct mnq_json *w, const char *key);

#endif
