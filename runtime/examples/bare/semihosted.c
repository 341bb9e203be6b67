/* SPDX-License-Identifier: Apache-2.0
 * A board of QEMU without any C library: output and exit by semihosting (Arm IHI 0014, "Semihosting for AArch32 and
 * AArch64"; RISC-V Semihosting 1.0 has the same calls), which debug probes answer too; free memory and the stack's depth. */
#include "port.h"

extern uint8_t memory_start[], memory_end[], stack_top[]; /* of the linker script */

/* ---- semihosting ---- */

enum { SYS_OPEN = 0x01, SYS_WRITE = 0x05, SYS_EXIT_EXTENDED = 0x20, STOPPED_APPLICATION_EXIT = 0x20026 };

void port_write(const char *text, size_t n)
{
    static const char console[] = ":tt";
    const uintptr_t open[3] = {(uintptr_t)console, 4, sizeof console - 1}; /* mode "w": standard output */
    const uintptr_t write[3] = {port_semihosting(SYS_OPEN, open), (uintptr_t)text, n};
    port_semihosting(SYS_WRITE, write);
}

void port_exit(int status)
{
    const uintptr_t block[2] = {STOPPED_APPLICATION_EXIT, (uintptr_t)status};
    for (;;) port_semihosting(SYS_EXIT_EXTENDED, block);
}

void port_fault(void)
{
    static const char text[] = "fault\n";
    port_write(text, sizeof text - 1);
    port_exit(70);
}

/* ---- memory ---- */

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
    const uintptr_t end = (uintptr_t)&here - FRAME;
    for (p = memory_end; (uintptr_t)p < end; p++) *p = UNUSED;
}

size_t port_stack_used(void)
{
    const volatile uint8_t *p = memory_end;
    while (p < stack_top && *p == UNUSED) p++;
    return (size_t)(stack_top - p);
}
