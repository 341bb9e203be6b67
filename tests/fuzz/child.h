/* SPDX-License-Identifier: Apache-2.0
 * What a reader does in a process of its own (quant/util/worker.h), seen by the fuzzer: without this it would look for new
 * answers in the parent alone, and take our own errors there for those of the library. */
#ifndef MNQ_FUZZ_CHILD_H
#define MNQ_FUZZ_CHILD_H

/** Before an input: children count coverage where libFuzzer reads it, and tell of errors in our code. Done once. */
void mnq_fuzz_child_watch(void);

/** Behind it: ends the program with what a child told. What happened inside of the HDF5 library is no finding. */
void mnq_fuzz_child_check(void);

#endif
