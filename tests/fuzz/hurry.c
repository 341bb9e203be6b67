/* SPDX-License-Identifier: Apache-2.0
 * The least time that a reader's process can be given: damaged files on which the HDF5 library spins would take nearly all
 * of a fuzzer's otherwise. Linked in front of mnq_h5_job(). */
#include "util/h5noise.h"

struct mnq_worker_job __real_mnq_h5_job(const char *name, uint64_t size);
struct mnq_worker_job __wrap_mnq_h5_job(const char *name, uint64_t size);

struct mnq_worker_job __wrap_mnq_h5_job(const char *name, uint64_t size)
{
    struct mnq_worker_job job = __real_mnq_h5_job(name, size);
    job.seconds = 1; /* of processor time, for one answer; 0 would refuse every file for what all its answers take */
    return job;
}
