/* SPDX-License-Identifier: Apache-2.0
 * Arm Cortex-M board layer: vectors, reset, semihosting, and the three memory functions that compilers expect.
 *
 * Output and exit go through semihosting (Arm IHI 0014, "Semihosting for AArch32 and AArch64"), which QEMU
 * and debug probes answer. No C library is linked. */
#include "port.h"

extern uint8_t bss_start[], bss_end[], memory_start[], memory_end[], stack_top[]; /* link.ld */

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

static int semihosting(int operation, const void *arguments)
{
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = arguments;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void port_write(const char *text, size_t n)
{
    static const char console[] = ":tt";
    const uint32_t open[3] = {(uint32_t)console, 4, sizeof console - 1}; /* mode "w": standard output */
    const uint32_t write[3] = {(uint32_t)semihosting(SYS_OPEN, open), (uint32_t)text, n};
    semihosting(SYS_WRITE, write);
}

void port_exit(int status)
{
    const uint32_t block[2] = {STOPPED_APPLICATION_EXIT, (uint32_t)status};
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

static void fault(void)
{
    static const char text[] = "fault\n";
    port_write(text, sizeof text - 1);
    port_exit(70);
}

typedef void vector(void);

__attribute__((section(".vectors"), used)) static vector *const vectors[16] = {
    (vector *)stack_top, reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, fault,
};
