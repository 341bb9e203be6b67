/* SPDX-License-Identifier: Apache-2.0
 * For kerncheck on QEMU's RISC-V board with picolibc: vectors are off at reset. */
void mnq_vectors_on(void);

__attribute__((constructor)) void mnq_vectors_on(void)
{
    __asm__ volatile("csrs mstatus, %0" ::"r"(0x600)); /* VS */
}
