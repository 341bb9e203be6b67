/* SPDX-License-Identifier: Apache-2.0
 * The one list of kernel tables to check. */
#include "ktables.h"

#include <stddef.h>

const struct mnq_ktable mnq_ktables[] = {
    {&mnq_kernels_generic, NULL},
};

const int mnq_ktable_count = (int)(sizeof mnq_ktables / sizeof *mnq_ktables);
