/* SPDX-License-Identifier: Apache-2.0
 * The runtime's sources, inside the program. */
#ifndef MNQ_EMBEDDED_H
#define MNQ_EMBEDDED_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mnq_embedded {
    const char *path; /* as its includes want it: "mnq/mnq.h", "kernels.h", "generic/pw_c.c" */
    const char *text; /* NUL-terminated */
    size_t n;
};

extern const struct mnq_embedded mnq_embedded[];
extern const int mnq_n_embedded;

/** By path, NULL if there is none. */
const struct mnq_embedded *mnq_embedded_find(const char *path);

#ifdef __cplusplus
}
#endif
#endif
