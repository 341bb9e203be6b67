/* SPDX-License-Identifier: Apache-2.0
 * A process that can compute, read and write what is open, and nothing else. */
#ifndef MNQ_CONFINE_H
#define MNQ_CONFINE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Makes 0, 1 and 2 /dev/null: a library's last words reach nobody. */
int mnq_confine_speech(void);

/**
 * Gives up, for good, what a parser of hostile bytes does not need: descriptors from `keep` on, opening any more, starting
 * processes, core files, writing files, memory beyond what is in use plus `memory` bytes. Where the kernel filters system
 * calls (seccomp), all but a dozen fail with EPERM: no network, no signals to others, no shared or executable memory. keep
 * descriptors 3 .. keep-1 stay open return   0; -1 with errno: a limit could not be set
 */
int mnq_confine(int keep, size_t memory);

#ifdef __cplusplus
}
#endif
#endif
