/* SPDX-License-Identifier: Apache-2.0
 * Inputs in another process, where a library's end is not ours. */
#ifndef MNQ_FUZZ_APART_H
#define MNQ_FUZZ_APART_H

enum mnq_fuzz_end { MNQ_FUZZ_WELL, MNQ_FUZZ_IN_LIBRARY, MNQ_FUZZ_LOST, MNQ_FUZZ_FOUND };

/**
 * Does `work` in a child.
 * return  IN_LIBRARY if it crashed in the HDF5 library, or an alarm came when it was at work below that; LOST if memory was
 *         destroyed so that nobody can tell where it was, valgrind neither; FOUND if it ended in any other way than well
 */
enum mnq_fuzz_end mnq_fuzz_apart(void (*work)(void *ctx), void *ctx);

#endif
