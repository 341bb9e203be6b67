/* SPDX-License-Identifier: Apache-2.0
 * RISC-V board layer for QEMU's `virt`, 32 or 64 bits: start, and a semihosting call (RISC-V Semihosting 1.0: the Arm calls
 * between three instructions that mark them). */
#include "port.h"

void *memset(void *to, int value, size_t n);

extern uint8_t bss_start[], bss_end[]; /* link_riscv.ld */

uintptr_t port_semihosting(uintptr_t operation, const void *arguments)
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

void port_reset(void);
void port_start(void);
void port_trap(void);

void port_reset(void)
{
    memset(bss_start, 0, (size_t)(bss_end - bss_start));
    port_exit(main());
}

__attribute__((aligned(4))) void port_trap(void)
{
    port_fault();
}

__attribute__((naked, section(".start"), used)) void port_start(void)
{
    __asm__ volatile("la sp, stack_top\n"
                     "la t0, port_trap\n"
                     ".option push\n"
                     ".option arch, +zicsr\n"
                     "csrw mtvec, t0\n"
                     ".option pop\n"
                     "j port_reset");
}
