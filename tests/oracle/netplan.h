/* SPDX-License-Identifier: Apache-2.0
 * Plans of stages for files of netgen. */
#ifndef MNQ_NETPLAN_H
#define MNQ_NETPLAN_H

#include "netgen.h"

/** What is looked for: the least RAM; few calls within `ram` bytes (0: any); little work within `ram` for a core with
 * scratch memory, where bands may have several rows. */
enum mnq_netplan { MNQ_NETPLAN_RAM, MNQ_NETPLAN_SPEED, MNQ_NETPLAN_CORE };

/**
 * The file with the sections PLAN and PUSH that the packer's search makes for it; a plan is left out where the search finds
 * none. Exits if memory is out.
 */
struct mnq_netgen_file mnq_netplan(const uint8_t *bytes, size_t n, enum mnq_netplan how, long ram);

#endif
