/* SPDX-License-Identifier: Apache-2.0
 * The two words that a Cortex-M reads at reset, for kerncheck on QEMU's mps2 boards: stack top and newlib's entry. */

void _start(void);

__attribute__((section(".vectors"), used)) static void (*const vectors[2])(void) = {
    (void (*)(void))0x20400000, /* end of the board's 4 MB SRAM */
    _start,
};
