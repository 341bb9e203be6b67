/* SPDX-License-Identifier: Apache-2.0
 * Random networks as seeds of the targets that read .mnq files. */
#ifndef MNQ_FUZZ_NETS_H
#define MNQ_FUZZ_NETS_H

#include <stddef.h>
#include <stdint.h>

/** The i-th small network with operators of every minor version; malloc'd, n bytes. */
uint8_t *mnq_fuzz_net(int i, size_t *n);

/** The i-th still smaller one for which there are plans of stages, with them: PLAN and PUSH, or PUSH alone. */
uint8_t *mnq_fuzz_planned_net(int i, size_t *n);

#endif
