/* SPDX-License-Identifier: Apache-2.0
 * The few services that the firmware wants from its board. */
#ifndef PORT_H
#define PORT_H

#include <stddef.h>
#include <stdint.h>

/** Free memory between the program's data and its stack, 16-byte aligned; *n receives its size in bytes. */
uint8_t *port_memory(size_t *n);

/** Marks the stack below the caller; port_stack_used() tells how much of it was used since, in bytes, of the caller's too.
 */
void port_stack_mark(void);
size_t port_stack_used(void);

/** Writes n characters to the host's standard output. */
void port_write(const char *text, size_t n);

/** Ends the program with an exit status that the host sees. */
void port_exit(int status);

/** Says "fault" and ends with 70: for traps that nobody expects. */
void port_fault(void);

/** A semihosting call of the debugger; what it answers. Written for each core, all above but main() stands on it. */
uintptr_t port_semihosting(uintptr_t operation, const void *arguments);

/** The firmware. */
int main(void);

#endif
