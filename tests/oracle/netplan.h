/* SPDX-License-Identifier: Apache-2.0
 * Plans of stages for files of netgen. */
#ifndef MNQ_NETPLAN_H
#define MNQ_NETPLAN_H

#include "netgen.h"

/**
 * The file with the sections PLAN and PUSH that the packer's search makes for it; a plan is left out where the search finds
 * none. `speed` looks for few calls within `ram` bytes (0: any), else for the least RAM. Exits if memory is out.
 */
struct mnq_netgen_file mnq_netplan(const uint8_t *bytes, size_t n, int speed, long ram);

#endif
