/* SPDX-License-Identifier: Apache-2.0
 * Firmware example: a camera's rows go into the network as they come. No picture is kept.
 *
 * What a product needs of this is look(): mnq_begin(), then for each row a line of the sensor, three bytes a pixel made of
 * it, mnq_push_rows(); at the end mnq_done(). All RAM that it takes is the arena below, ARENA_BYTES as `mnquant inspect` and
 * mnq_stream_size() tell, two lines, and stack. The rest of the program checks it: the same frames, kept whole in other
 * memory, through mnq_run(). */
#include "../cortexm4/port.h"
#include "sensor.h"

#include "mnq/camera.h"
#include "mnq/mnq.h"

#include <string.h>

enum { WIDTH_MOST = 512 };

extern const uint8_t model_bytes[], model_end[]; /* blobs.S */

static uint8_t arena[ARENA_BYTES] __attribute__((aligned(MNQ_ALIGN)));
static uint16_t line[WIDTH_MOST];   /* as the sensor sends it */
static uint8_t row[3 * WIDTH_MOST]; /* as the model takes it */

/* ---- the camera loop ---- */

/* The sensor's next row for a model of c channels. return 0 behind the last */
static int next_row(const struct mnq_tensor *in, uint8_t *to)
{
    if (!sensor_row(line)) return 0;
    if (in->c == 3) {
        mnq_camera_rgb565(line, in->w, to);
    } else {
        mnq_camera_rgb565(line, in->w, row); /* `to` has room for grey alone */
        mnq_camera_grey(row, in->w, to);
    }
    return 1;
}

/* One frame. return the network's output, NULL: refused */
static const void *look(const struct mnq_model *m, const struct mnq_tensor *in)
{
    if (mnq_begin(m, arena, sizeof arena) != MNQ_OK) return NULL;
    while (next_row(in, row)) {
        if (mnq_push_rows(m, arena, sizeof arena, row, 1) != MNQ_OK) return NULL;
        /* Between rows the core is free for whatever else it has to do; the arena holds all there is of the run. */
    }
    return mnq_done(m, arena);
}

/* ---- the check ---- */

/* The same frame, whole. */
static const void *look_whole(const struct mnq_model *m, const struct mnq_tensor *in, uint8_t *memory, size_t size)
{
    const size_t row_bytes = (size_t)in->w * in->c;
    uint8_t *to = mnq_input(m, memory);

    if (mnq_arena_size(m) > size) return NULL;
    while (next_row(in, to)) to += row_bytes;
    return mnq_run(m, memory, size) == MNQ_OK ? mnq_output(m, memory) : NULL;
}

static uint32_t crc32(uint32_t crc, const uint8_t *p, size_t n)
{
    int k;

    for (crc = ~crc; n > 0; n--) {
        crc ^= *p++;
        for (k = 0; k < 8; k++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

/* ---- the report ---- */

size_t strlen(const char *s); /* no C library: ../bare/bare_memory.c */

static void say(const char *text)
{
    port_write(text, strlen(text));
}

static void say_number(uint32_t n, uint32_t base)
{
    char text[11];
    size_t k = sizeof text;

    do {
        text[--k] = "0123456789abcdef"[n % base];
        n /= base;
    } while (n > 0 || (base == 16 && k > sizeof text - 8));
    port_write(text + k, sizeof text - k);
}

static void say_count(const char *before, size_t n)
{
    say(before);
    say_number((uint32_t)n, 10);
}

static int fail(const char *why)
{
    say("error: ");
    say(why);
    say("\n");
    return 1;
}

int main(void)
{
    struct mnq_model m;
    struct mnq_tensor in, out;
    uint32_t pushed = 0, whole = 0;
    size_t stack, size;
    uint8_t *const memory = port_memory(&size);
    unsigned i;

    if (mnq_model_load(&m, model_bytes, (size_t)(model_end - model_bytes)) != MNQ_OK) return fail("the model is damaged");
    mnq_tensor_get(&m, m.input, &in);
    mnq_tensor_get(&m, m.output, &out);
    if (in.dtype != MNQ_U8 || (in.c != 3 && in.c != 1) || in.w > WIDTH_MOST) return fail("not a model of camera pictures");
    if (mnq_stream_size(&m) != sizeof arena) return fail("ARENA_BYTES is not what mnq_stream_size() says");
    if (mnq_begin(&m, arena, sizeof arena - MNQ_ALIGN) != MNQ_E_ARENA) return fail("less RAM was taken");

    port_stack_mark();
    for (i = 0; i < FRAMES; i++) {
        const void *result;
        sensor_start(i, in.h, in.w);
        result = look(&m, &in);
        if (result == NULL) return fail("a frame was refused");
        pushed = crc32(pushed, result, out.size);
    }
    stack = port_stack_used();
    for (i = 0; i < FRAMES; i++) {
        const void *result;
        sensor_start(i, in.h, in.w);
        result = look_whole(&m, &in, memory, size);
        if (result == NULL) return fail("a whole frame does not fit the board");
        whole = crc32(whole, result, out.size);
    }

    say_count("", FRAMES);
    say_count(" frames of ", in.h);
    say_count("x", in.w);
    say_count(": RAM ", sizeof arena + (2u + in.c) * in.w + stack);
    say_count(" bytes, arena ", sizeof arena);
    say_count(", lines ", (2u + in.c) * in.w);
    say_count(", stack ", stack);
    say_count("; a picture kept ", mnq_arena_size(&m));
    say("\npushed ");
    say_number(pushed, 16);
    say("\nwhole  ");
    say_number(whole, 16);
    say("\n");
    return pushed == whole ? 0 : fail("pushed rows and the whole picture differ");
}
