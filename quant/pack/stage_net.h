/* SPDX-License-Identifier: Apache-2.0
 * A network as the search for stages sees it, and runs of its layers without data. */
#ifndef MNQ_STAGE_NET_H
#define MNQ_STAGE_NET_H

#include "pack/stage.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_STAGE_MOST = 88 }; /* layers of a stage, as the loader has room for */

struct mnq_stage_layer {
    int op, in0, in1, out;
    int h, oh, kh, sh, pt; /* rows of input 0 and of the output; window */
    int margin;            /* UPSAMPLE, bilinear: rows more on either side; else 0 */
    bool rows1;            /* input 1 is read row by row like input 0; else one pixel of it */
    bool global;           /* average pooling of everything */
    int c;
    int band;         /* rows that it makes at a time in a stage of bands */
    int64_t at_once;  /* work of all rows in one call */
    uint64_t scratch; /* bytes, rounded up */
};

struct mnq_stage_tensor {
    int h, writer, last; /* last reader; n_layers: the output */
    size_t row;          /* bytes */
};

struct mnq_stage_net {
    struct mnq_stage_layer *layer;
    const struct mnq_stage_tensor *tensor;
    int n_layers, n_tensors, input;
    bool pushed; /* the picture arrives by rows */
    const struct mnq_stage_target *target;
};

/** A run of layers a .. end - 1, always the last one that has its rows. Layers up to any b do the same if the run ends
 * there. */
struct mnq_stage_sim {
    int a, end;
    int *made;      /* [layer - a] rows */
    int (*need)[2]; /* [layer - a][input] rows of the ring that reading needs, at most */
    uint16_t *event;
    size_t n_events, cap;
    int arrived;
};

/** Bytes, rounded up to what tensors are aligned to. */
uint64_t mnq_stage_round(uint64_t n);

/** Whether layer k sums up rows in a stage that begins with layer a. */
bool mnq_stage_sums(const struct mnq_stage_net *n, int a, int k);

/** Steps that layer k takes in a stage that begins with a: output rows, or input rows that are summed up. */
int mnq_stage_total(const struct mnq_stage_net *n, int a, int k);

/** Rows that layer k makes at a time when it has made y. */
int mnq_stage_band(const struct mnq_stage_net *n, int a, int k, int y);

/** Work of layer k in a stage of bands that begins with a. */
int64_t mnq_stage_work(const struct mnq_stage_net *n, int a, int k);

/** The rows [*f, *e) of input 0 that rows y .. y + rows - 1 of layer k need. */
void mnq_stage_reach(const struct mnq_stage_net *n, int a, int k, int y, int rows, int *f, int *e);

/** Runs layers from a on. return 0, or -1 without memory. Free with mnq_stage_sim_free(). */
int mnq_stage_sim_run(struct mnq_stage_sim *s, const struct mnq_stage_net *n, int a);
void mnq_stage_sim_free(struct mnq_stage_sim *s);

#ifdef __cplusplus
}
#endif
#endif
