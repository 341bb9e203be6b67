/* SPDX-License-Identifier: Apache-2.0
 * A session under qemu-hexagon, without any library: runs inputs and prints a line "INDEX HEX" of each output. */
#include "bare_hexagon.h"
#include "session.h"

__asm__(".section .rodata\n .balign 16\n .globl model_bytes, model_end, input_bytes\n"
        "model_bytes: .incbin \"" MODEL_FILE "\"\nmodel_end: .balign 16\ninput_bytes: .incbin \"" INPUT_FILE "\"\n"
        ".text\n .globl _start\n_start: { r29 = and(r29, #-128) }\n { call start }\n");

extern const uint8_t model_bytes[], model_end[], input_bytes[];
void start(void);

static void print(unsigned index, const uint8_t *p, size_t n)
{
    char line[3] = {(char)('0' + index % 10), ' ', '\n'};
    size_t i;

    bare_call(BARE_WRITE, 1, line, 2);
    for (i = 0; i < n; i++) {
        const char hex[2] = {"0123456789abcdef"[p[i] >> 4], "0123456789abcdef"[p[i] & 15]};
        bare_call(BARE_WRITE, 1, hex, 2);
    }
    bare_call(BARE_WRITE, 1, line + 2, 1);
}

void start(void)
{
    static uint8_t memory[16 << 20] __attribute__((aligned(128))), output[1 << 16];
    static struct session s;
    struct mnq_tensor in, out;
    unsigned i;
    int status = session_open(&s, model_bytes, (size_t)(model_end - model_bytes), memory, sizeof memory);

    if (status == MNQ_OK) {
        mnq_tensor_get(&s.model, s.model.input, &in);
        mnq_tensor_get(&s.model, s.model.output, &out);
    }
    for (i = 0; i < INPUT_COUNT && status == MNQ_OK; i++) {
        status = session_run(&s, input_bytes + i * in.size, in.size, output, out.size);
        if (status == MNQ_OK) print(i, output, out.size);
    }
    bare_call(BARE_EXIT, status != MNQ_OK, NULL, 0);
}
