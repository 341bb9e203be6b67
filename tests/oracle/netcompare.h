/* SPDX-License-Identifier: Apache-2.0
 * One network in the runtime and in the oracle: every intermediate tensor and the output must be the same bytes, layer by
 * layer (mnq_run_layer), in one go (mnq_run), by plans of stages and with the picture pushed by rows, for every kernel table
 * that the processor can execute. */
#ifndef MNQ_NETCOMPARE_H
#define MNQ_NETCOMPARE_H

#include "oracle.h"

/** What was compared, summed over calls. */
struct mnq_nettally {
    long nets, inputs, layers, bytes, ops[ORC_SPREAD + 1];
    long plans, pushed, stops; /* runs by plans, pictures pushed by rows, times that such a one was moved elsewhere */
    long outputs;              /* of mnq_run, further ones too */
    long ram_whole, ram_plan, ram_push; /* bytes of arenas, summed over networks */
    long wide;                          /* layers other than softmax and logistic that read S16 */
    long packed[ORC_W_TERNARY + 1];     /* PW layers by weight type */
};

/**
 * Compares on all of `inputs` (raw input tensors, one after the other) or, if NULL, on three made from the seed.
 * bytes   the file, 16-byte aligned
 * again   printed with a failure: how to see it again
 * return  0, or -1 after a line that says what differs
 */
int mnq_netcompare(const uint8_t *bytes, size_t n, const uint8_t *inputs, size_t n_inputs, uint64_t seed, const char *again,
                   struct mnq_nettally *tally);

/** Prints the tally as one line. */
void mnq_nettally_print(const struct mnq_nettally *t);

#endif
