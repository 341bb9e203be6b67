/* SPDX-License-Identifier: Apache-2.0
 * Instructions of one picture by an exported library named eye, with the picture in memory and with its rows pushed.
 *
 * Under QEMU with -icount shift=0 an instruction takes a nanosecond, and SysTick counts 40 of them. */
#include "eye.h"

#include <stdio.h>

enum { PER_TICK = 40, RELOAD = 0xffffff };

#define MOST(a, b) ((a) > (b) ? (a) : (b))

static unsigned char arena[MOST(EYE_ARENA_BYTES, EYE_ARENA_ROWS_BYTES)] __attribute__((aligned(32)));
static unsigned char picture[EYE_INPUT_BYTES];

static volatile uint32_t *const systick = (volatile uint32_t *)0xe000e010u; /* control, reload, current */

static uint32_t now(void)
{
    return RELOAD - systick[2];
}

static void report(const char *way, size_t bytes, uint32_t ticks, const eye_value *out)
{
    uint32_t sum = 2166136261u;
    for (int i = 0; i < EYE_OUTPUTS; i++) sum = (sum ^ (uint32_t)out[i]) * 16777619u;
    printf("%s %lu bytes %lu instructions output %08lx\n", way, (unsigned long)bytes, (unsigned long)ticks * PER_TICK,
           (unsigned long)sum);
}

int main(void)
{
    const size_t row = EYE_INPUT_BYTES / EYE_INPUT_HEIGHT;
    struct mnq_model m;
    uint32_t from, x = 1;
    int s = eye_open(&m);

    systick[1] = RELOAD;
    systick[2] = 0;
    systick[0] = 5;
    for (size_t i = 0; i < sizeof picture; i++) picture[i] = (unsigned char)((x = x * 1664525u + 1013904223u) >> 24);
    for (size_t i = 0; i < sizeof picture; i++) ((unsigned char *)mnq_input(&m, arena))[i] = picture[i];
    from = now();
    s |= mnq_run(&m, arena, sizeof arena);
    report("picture", mnq_arena_size(&m), now() - from, mnq_output(&m, arena));
    from = now();
    s |= mnq_begin(&m, arena, sizeof arena);
    for (size_t at = 0; at < sizeof picture; at += row) s |= mnq_push_rows(&m, arena, sizeof arena, picture + at, 1);
    report("rows", mnq_stream_size(&m), now() - from, mnq_done(&m, arena));
    return s != 0;
}
