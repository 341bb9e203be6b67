/* SPDX-License-Identifier: Apache-2.0
 * A worker for a single answer. */
#include "util/worker.h"

#include <stdlib.h>

int mnq_worker_once(const struct mnq_worker_job *job, uint8_t **out, size_t *n, struct mnq_err *e)
{
    uint64_t size = 0;
    struct mnq_worker *w = mnq_worker_start(job, e);
    if (w == NULL) return -1;
    *out = NULL;
    int rc = mnq_worker_ask(w, "", 0, &size, e);
    if (rc == 0 && (size > PTRDIFF_MAX || (*out = malloc((size_t)size + 1)) == NULL)) rc = mnq_fail_nomem(e);
    if (rc == 0 && size > 0) rc = mnq_worker_take(w, *out, (size_t)size, e);
    mnq_worker_end(w);
    *n = (size_t)size;
    if (rc == 0) return 0;
    free(*out);
    *out = NULL;
    return -1;
}
