/* SPDX-License-Identifier: Apache-2.0
 * The firmware's report on a bare Hexagon under qemu-hexagon: entry, two system calls, three memory functions; nothing else
 * is linked. */
#include "report.h"

__asm__(".section .rodata\n .balign 16\n .globl model_bytes, model_end, input_bytes, input_end\n"
        "model_bytes: .incbin \"" MODEL_FILE "\"\nmodel_end: .balign 16\n"
        "input_bytes: .incbin \"" INPUT_FILE "\"\ninput_end:\n"
        ".text\n .globl _start\n_start: { r29 = and(r29, #-16) }\n { call start }\n");

extern const uint8_t model_bytes[], model_end[], input_bytes[], input_end[];
void start(void);
size_t strlen(const char *s);

void *memset(void *to, int value, size_t n)
{
    uint8_t *p = to;
    while (n--) *p++ = (uint8_t)value;
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    uint8_t *p = to;
    const uint8_t *q = from;
    while (n--) *p++ = *q++;
    return to;
}

size_t strlen(const char *s)
{
    size_t n = 0;
    while (s[n] != 0) n++;
    return n;
}

/* Linux' convention: number in r6, arguments from r0 on. */
static int call(int number, int a, const void *b, size_t c)
{
    register int r0 __asm__("r0") = a;
    register const void *r1 __asm__("r1") = b;
    register size_t r2 __asm__("r2") = c;
    register int r6 __asm__("r6") = number;
    __asm__ volatile("trap0(#1)" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r6) : "memory");
    return r0;
}

static void write_out(const char *text, size_t n)
{
    call(64, 1, text, n);
}

void start(void)
{
    static uint8_t arena[4 << 20] __attribute__((aligned(16)));
    const struct report_job job = {
        model_bytes, (size_t)(model_end - model_bytes), input_bytes, (size_t)(input_end - input_bytes), INPUT_COUNT, arena,
        sizeof arena};
    call(94, report_run(&job, write_out), NULL, 0);
}
