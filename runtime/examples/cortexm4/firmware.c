/* SPDX-License-Identifier: Apache-2.0
 * Firmware example: a model and inputs in flash, an arena in RAM, a report on the console. */
#include "port.h"
#include "report.h"

extern const uint8_t model_bytes[], model_end[], input_bytes[], input_end[]; /* blobs.S */

int main(void)
{
    struct report_job job;

    job.model = model_bytes;
    job.model_size = (size_t)(model_end - model_bytes);
    job.inputs = input_bytes;
    job.inputs_size = (size_t)(input_end - input_bytes);
    job.count = INPUT_COUNT;
    job.arena = port_memory(&job.arena_size);
    return report_run(&job, port_write);
}
