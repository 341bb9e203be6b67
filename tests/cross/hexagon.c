/* SPDX-License-Identifier: Apache-2.0
 * The firmware's report on a bare Hexagon under qemu-hexagon: entry, and what bare_hexagon.c and bare_memory.c have; nothing else is linked. */
#include "bare_hexagon.h"
#include "report.h"

__asm__(".section .rodata\n .balign 16\n .globl model_bytes, model_end, input_bytes, input_end\n"
        "model_bytes: .incbin \"" MODEL_FILE "\"\nmodel_end: .balign 16\n"
        "input_bytes: .incbin \"" INPUT_FILE "\"\ninput_end:\n"
        ".text\n .globl _start\n_start: { r29 = and(r29, #-16) }\n { call start }\n");

extern const uint8_t model_bytes[], model_end[], input_bytes[], input_end[];
void start(void);

static void write_out(const char *text, size_t n)
{
    bare_call(BARE_WRITE, 1, text, n);
}

void start(void)
{
    static uint8_t arena[4 << 20] __attribute__((aligned(16)));
    const struct report_job job = {
        model_bytes, (size_t)(model_end - model_bytes), input_bytes, (size_t)(input_end - input_bytes), INPUT_COUNT, arena,
        sizeof arena};
    bare_call(BARE_EXIT, report_run(&job, write_out), NULL, 0);
}
