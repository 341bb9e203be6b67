/* SPDX-License-Identifier: Apache-2.0
 * Arm Cortex-M board layer: vectors, reset, and a semihosting call. */
#include "port.h"

void *memset(void *to, int value, size_t n);

extern uint8_t bss_start[], bss_end[], stack_top[]; /* link.ld */

uintptr_t port_semihosting(uintptr_t operation, const void *arguments)
{
    register uintptr_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = arguments;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

/* Helium shares its registers with floats, which are off at reset (CPACR). */
static void registers_on(void)
{
#ifdef __ARM_FEATURE_MVE
    *(volatile uint32_t *)0xe000ed88u |= 0xfu << 20;
    __asm__ volatile("dsb\n isb");
#endif
}

static void reset(void)
{
    registers_on();
    memset(bss_start, 0, (size_t)(bss_end - bss_start));
    port_exit(main());
}

typedef void vector(void);

__attribute__((section(".vectors"), used)) static vector *const vectors[16] = {
    (vector *)stack_top, reset,      port_fault, port_fault, port_fault, port_fault, port_fault, 0, 0, 0, 0,
    port_fault,          port_fault, 0,          port_fault, port_fault,
};
