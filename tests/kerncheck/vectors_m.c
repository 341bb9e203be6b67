/* SPDX-License-Identifier: Apache-2.0
 * The two words that a Cortex-M reads at reset, for kerncheck on QEMU's mps2 and mps3 boards: stack top and newlib's entry.
 */
#include <stddef.h>
#include <stdint.h>

void _start(void);

#if __ARM_ARCH >= 8
/* mps3-an547: 512 kB of data memory; the coprocessors with the vectors are off at reset */
enum { STACK = 0x20080000 };

static void first(void)
{
    *(volatile uint32_t *)0xe000ed88u |= 0xfu << 20;
    __asm__ volatile("dsb\n\tisb");
    _start();
}

/* newlib's heap: 4 MB of another memory. */
void *_sbrk(ptrdiff_t n);
void *_sbrk(ptrdiff_t n)
{
    static uintptr_t used;
    void *const p = (void *)(0x21000000u + used);
    if (used + (uintptr_t)n > 0x400000u) return (void *)-1;
    used += (uintptr_t)n;
    return p;
}
#else
enum { STACK = 0x20400000 }; /* mps2: 4 MB */
#define first _start
#endif

__attribute__((section(".vectors"), used)) static void (*const vectors[2])(void) = {
    (void (*)(void))STACK,
    first,
};
