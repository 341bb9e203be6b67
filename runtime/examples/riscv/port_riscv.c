/* SPDX-License-Identifier: Apache-2.0
 * RISC-V board layer for QEMU's `virt`, 32 or 64 bits: start, semihosting, and the three memory functions that compilers
 * expect.
 *
 * Output and exit go through semihosting (RISC-V Semihosting 1.0: the Arm calls between three instructions that mark them),
 * which QEMU and debug probes answer. No C library is linked. */
#include "port.h"

extern uint8_t bss_start[], bss_end[], memory_start[], memory_end[], stack_top[]; /* link_riscv.ld */

/* ---- memory functions ---- */

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

void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *p = to;
    const uint8_t *q = from;
    if (p <= q) return memcpy(to, from, n);
    while (n--) p[n] = q[n];
    return to;
}

/* ---- semihosting ---- */

enum { SYS_OPEN = 0x01, SYS_WRITE = 0x05, SYS_EXIT_EXTENDED = 0x20, STOPPED_APPLICATION_EXIT = 0x20026 };

static uintptr_t semihosting(uintptr_t operation, const void *arguments)
{
    register uintptr_t a0 __asm__("a0") = operation;
    register const void *a1 __asm__("a1") = arguments;
    __asm__ volatile(".balign 16\n" /* the three lie in one page */
                     ".option push\n"
                     ".option norvc\n"
                     "slli zero, zero, 0x1f\n"
                     "ebreak\n"
                     "srai zero, zero, 7\n"
                     ".option pop"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
    return a0;
}

void port_write(const char *text, size_t n)
{
    static const char console[] = ":tt";
    const uintptr_t open[3] = {(uintptr_t)console, 4, sizeof console - 1}; /* mode "w": standard output */
    const uintptr_t write[3] = {semihosting(SYS_OPEN, open), (uintptr_t)text, n};
    semihosting(SYS_WRITE, write);
}

void port_exit(int status)
{
    const uintptr_t block[2] = {STOPPED_APPLICATION_EXIT, (uintptr_t)status};
    for (;;) semihosting(SYS_EXIT_EXTENDED, block);
}

uint8_t *port_memory(size_t *n)
{
    *n = (size_t)(memory_end - memory_start);
    return memory_start;
}

/* ---- stack ---- */

enum { UNUSED = 0xa5, FRAME = 64 }; /* of port_stack_mark() itself */

void port_stack_mark(void)
{
    volatile uint8_t here, *p;
    for (p = memory_end; p < &here - FRAME; p++) *p = UNUSED;
}

size_t port_stack_used(void)
{
    const volatile uint8_t *p = memory_end;
    while (p < stack_top && *p == UNUSED) p++;
    return (size_t)(stack_top - p);
}

/* ---- start ---- */

void port_reset(void);
void port_fault(void);
void port_start(void);

void port_reset(void)
{
    memset(bss_start, 0, (size_t)(bss_end - bss_start));
    port_exit(main());
}

__attribute__((aligned(4))) void port_fault(void)
{
    static const char text[] = "fault\n";
    port_write(text, sizeof text - 1);
    port_exit(70);
}

__attribute__((naked, section(".start"), used)) void port_start(void)
{
    __asm__ volatile("la sp, stack_top\n"
                     "la t0, port_fault\n"
                     ".option push\n"
                     ".option arch, +zicsr\n"
                     "csrw mtvec, t0\n"
                     ".option pop\n"
                     "j port_reset");
}
