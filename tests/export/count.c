/* SPDX-License-Identifier: Apache-2.0
 * Runs an exported library once, between two functions that a counting emulator knows (predict.sh): a picture in memory, or the
 * same picture pushed row by row.
 *
 * Compiled with HEADER, NAME, ARENA (bytes), HEIGHT, INPUT (bytes) and ROWS (0 or 1). */
#include HEADER

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

void mnq_begin_count(void);
void mnq_end_count(void);

__attribute__((noinline)) void mnq_begin_count(void)
{
    __asm__ volatile("nop");
}

__attribute__((noinline)) void mnq_end_count(void)
{
    __asm__ volatile("nop");
}

static unsigned char arena[ARENA] __attribute__((aligned(32)));
#if ROWS
static unsigned char row[INPUT / HEIGHT];
#endif

int main(void)
{
    struct mnq_model m;
    unsigned i, y;
    int s = JOIN(NAME, _open)(&m);

    if (s != 0) return 1;
#if ROWS
    mnq_begin_count();
    s = mnq_begin(&m, arena, sizeof arena);
    mnq_end_count();
    for (y = 0; y < HEIGHT && s == 0; y++) {
        for (i = 0; i < sizeof row; i++) row[i] = (unsigned char)(7 * i + 31 * y);
        mnq_begin_count();
        s = mnq_push_rows(&m, arena, sizeof arena, row, 1);
        mnq_end_count();
    }
    return s != 0 || mnq_done(&m, arena) == 0;
#else
    y = 0;
    for (i = 0; i < INPUT; i++) ((unsigned char *)mnq_input(&m, arena))[i] = (unsigned char)(7 * i + y);
    mnq_begin_count();
    s = mnq_run(&m, arena, sizeof arena);
    mnq_end_count();
    return s != 0 || mnq_output(&m, arena) == 0;
#endif
}
