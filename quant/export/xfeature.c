/* SPDX-License-Identifier: Apache-2.0
 * What a kernel's instructions are counted in. */
#include "export/xfeature.h"

#include "aarch64/pack_neon.h"
#include "generic/pixels.h"
#include "cortexm/dwconv5x5_dsp.h"
#include "cortexm/dwconv_dsp.h"
#include "cortexm3/dwconv_m3.h"
#include "helium/dw3x3_mve.h"
#include "helium/layout_mve.h"
#include "hexagon/layout_hvx.h"
#include "packed.h"

#include <string.h>

static double up(double n, double by)
{
    return (double)(((long)n + (long)by - 1) / (long)by);
}

/* Blocks of 4 pixels x 2 channels: steps, records, inputs unpacked, blocks; outputs that are computed one by one. */
static void blocks(const struct mnq_layer *l, double n, int rows, double f[MNQ_XFEATURES])
{
    const double pairs = mnq_dsp_pairs(l), records = up(l->oc, 2), wide = l->wtype == MNQ_W_S16;
    const double b = l->op == MNQ_L_PW ? up((double)rows * l->w, 4) : rows * up(l->ow, 4);
    const double inputs = mnq_dsp_runs(l) * (double)mnq_dsp_run(l);

    f[0] = n * b * records * pairs * (1 - wide);
    f[1] = n * b * records * pairs * wide;
    f[2] = n * b * records;
    f[3] = n * b * inputs * !l->in16;
    f[4] = n * b * inputs * l->in16;
    f[5] = n * b;
    if (l->wtype == MNQ_W_S4) { /* decoded in parts, for each of which the inputs are unpacked */
        const double record = 20 + 4 * pairs, parts = up(records, record > 1024 ? 1 : (double)(int)(2048 / record));
        f[3] *= parts;
        f[4] *= parts;
        f[5] = n * records * pairs;
    }
    f[6] = mnq_dsp_block_clamp_of(&l->q) == MNQ_DSP_SUMS ? n * rows * l->ow * (double)l->oc : 0;
    f[7] = l->op == MNQ_L_CONV ? n * b * l->kh : n;
}

/* The same on a Cortex-M3, steps and inputs as lanes and as words. */
static void blocks_m3(const struct mnq_layer *l, double n, int rows, double f[MNQ_XFEATURES])
{
    const int lanes = mnq_m3_lanes(l);

    blocks(l, n, rows, f);
    const double steps = f[0] + f[1], inputs = f[3] + f[4];
    f[0] = lanes ? steps : 0;
    f[1] = lanes ? 0 : steps;
    f[3] = lanes ? inputs : 0;
    f[4] = lanes ? 0 : inputs;
}

/* Entries of all rows, and rows, for blocks of 8 pixels; inputs taken, by width; blocks; outputs that are computed one by
 * one. */
static void sparse_dsp(const struct mnq_layer *l, double n, int rows, double f[MNQ_XFEATURES])
{
    const double pixels = (double)rows * l->w, b = up(pixels, 8), wanted = pixels < 8 ? pixels : 8;
    const uint8_t *p = (const uint8_t *)l->packed + MNQ_DSP_HEADER;
    const int all = pixels < 8 || mnq_dsp_block_clamp_of(&l->q) == MNQ_DSP_SUMS;
    double entries = 0, alone = 0;

    for (int o = 0; o < l->oc; o++) {
        const size_t k = p[10] | (size_t)p[11] << 8;
        entries += (double)k;
        alone += all || p[8] == MNQ_DSP_PLAIN;
        p += MNQ_DSP_SPARSE_BEFORE + (k * 3 / 4 + 1) * 4;
    }
    f[0] = n * b * entries;
    f[1] = n * b * l->oc;
    f[2] = n * b * 8 * l->c * !l->in16;
    f[3] = n * b * 8 * l->c * l->in16;
    f[5] = n * b;
    f[6] = n * b * wanted * alone;
    f[7] = n;
}

static void dw_dsp(const struct mnq_layer *l, double n, int rows, double f[MNQ_XFEATURES])
{
    const double groups = up(l->ow, 4), taken = (rows - 1) * l->sh + 3.0, c = l->c;

    f[0] = n * rows * c * groups * (l->sw == 1);
    f[1] = n * rows * c * groups * (l->sw == 2);
    f[2] = n * taken * c * l->w * !l->in16;
    f[3] = n * taken * c * l->w * l->in16;
    f[4] = n * taken * c;
    f[5] = n * c;
    f[6] = mnq_dsp_clamp_of(&l->q) == MNQ_DSP_SUMS ? n * rows * l->ow * c : 0;
    f[7] = n * rows * c;
}

/* Groups of four outputs: lanes, words, words of stride 2; values taken apart, in instructions; rows of them, channels; outputs
 * that are computed one by one; rows of outputs. */
static void dw_m3(const struct mnq_layer *l, double n, int rows, double f[MNQ_XFEATURES])
{
    const double taken = (rows - 1) * l->sh + 3.0, c = up(l->c, MNQ_M3_CHANNELS) * MNQ_M3_CHANNELS;
    const int lanes = mnq_m3_dw_lanes(l);

    f[lanes ? 0 : l->sw] = n * rows * c * up(l->ow, 4);
    f[3] = n * taken * c * l->w * (lanes ? 4 : 3);
    f[4] = n * taken * c;
    f[5] = n * c;
    f[6] = mnq_dsp_clamp_of(&l->q) == MNQ_DSP_SUMS ? n * rows * l->ow * c : 0;
    f[7] = n * rows * c;
}

/* Rows that are taken apart for `rows` rows of outputs, `kept` at a time of a window of k. */
static double taken_in_strips(const struct mnq_layer *l, int rows, int kept, double *strips)
{
    int n = 1;
    while (n < rows && n * l->sh + l->kh <= kept) n++;
    *strips = up(rows, n);
    if (n == 1) return (rows - 1) * l->sh + l->kh; /* rows take turns */
    return rows * l->sh + *strips * (l->kh - l->sh);
}

static void dw5_dsp(const struct mnq_layer *l, double n, int rows, double f[MNQ_XFEATURES])
{
    const size_t channels = l->in16 ? 2 : 4, row = channels * mnq_dsp_dw5_pitch(l) * 2;
    const int kept = (int)((mnq_dsp_dw5_scratch(l) - 80 - (size_t)mnq_dsp_dw5_groups(l) * 16) / row);
    const double groups = mnq_dsp_dw5_groups(l), c = up(l->c, (double)channels) * (double)channels;
    double strips, taken = taken_in_strips(l, rows, kept, &strips);

    if (strips == rows) taken = 5.0 * rows;
    f[0] = n * rows * c * groups * (l->sw == 1);
    f[1] = n * rows * c * groups * (l->sw == 2);
    f[2] = n * taken * c * l->w * !l->in16;
    f[3] = n * taken * c * l->w * l->in16;
    f[4] = n * rows * c;
    f[5] = n * strips * c;
    f[6] = n * rows * l->ow * c * (l->q.act == MNQ_A_CLAMP);
    f[7] = n * rows * l->ow * c * (l->q.act != MNQ_A_CLAMP);
}

/* Groups of four by stride, pixels taken apart, calls, channels, rows of channels; outputs that are computed one by one. */
static void dw3_mve(const struct mnq_layer *l, double n, int rows, double f[MNQ_XFEATURES])
{
    const size_t row = MNQ_MVE_CHANNELS * mnq_mve_dw_pitch(l) * 2;
    const size_t head = MNQ_MVE_CHANNELS * sizeof(struct mnq_mve_channel) + (size_t)(l->ow < 4 ? 4 : l->ow) * 4;
    const int kept = (int)((mnq_mve_dw3x3_scratch(l) - head) / row);
    const double groups = up(l->ow, 4), blocks = up(l->c, 8), channels = mnq_mve_dw_channels(l);
    double strips, taken = taken_in_strips(l, rows, kept, &strips);

    f[0] = n * rows * channels * groups * (l->sw == 1);
    f[1] = n * rows * channels * groups * (l->sw == 2);
    f[2] = n * taken * blocks * l->w;
    f[3] = n * strips * channels;
    f[4] = n * taken * blocks;
    f[5] = n * channels;
    f[6] = l->q.act != MNQ_A_CLAMP ? n * rows * l->ow * channels : 0;
    f[7] = n * rows * channels;
}

/* Steps of a record of block_mve.S, of 16 instructions: two more for 4 bits and for every second turn; one step alone. */
static double steps_mve(const struct mnq_layer *l)
{
    const double vectors = mnq_mve_vectors(l);
    const int sums = ((const uint8_t *)l->packed)[0];

    if (vectors == 1 && l->wtype != MNQ_W_S4 && !sums && !mnq_mve_image(l)) return 5. / 16;
    return vectors * (l->wtype == MNQ_W_S4 ? 18 : 16) / 16 + (int)((vectors - 1) / 2) / 8.;
}

/* Outputs of a pixel that records_mve.c finishes, those that are only clamped for 0.73. */
static double finished_mve(const struct mnq_layer *l)
{
    if (((const uint8_t *)l->packed)[0] == 0) return 0;
    return l->q.act == MNQ_A_CLAMP ? 0.73 * l->oc : l->oc;
}

/* Helium, few inputs: steps, records, rows of windows, blocks, rows, finished outputs. */
static void image_mve(const struct mnq_layer *l, double n, int rows, double f[MNQ_XFEATURES])
{
    const double records = up(l->oc, 2), b = rows * up(l->ow, 4);

    f[0] = n * b * records * steps_mve(l);
    f[1] = n * b * records;
    f[2] = n * b * l->kh;
    f[3] = n * b;
    f[4] = n * rows;
    f[5] = finished_mve(l) * n * rows * l->ow;
    f[7] = n;
}

/* Helium: steps, records, vectors unpacked, runs, blocks; outputs that are computed one by one. */
static void dot_mve(const struct mnq_layer *l, double n, int rows, double f[MNQ_XFEATURES])
{
    const double records = up(l->oc, 2), vectors = mnq_mve_vectors(l);
    const double b = l->op == MNQ_L_PW ? up((double)rows * l->w, 4) : rows * up(l->ow, 4);

    f[0] = n * b * records * steps_mve(l);
    f[1] = n * b * records;
    f[2] = n * b * 4 * vectors;
    f[3] = n * b * 4 * mnq_mve_runs(l);
    f[6] = mnq_mve_ragged(l) ? n * b * mnq_mve_runs(l) * mnq_mve_run_vectors(l) : 0;
    f[4] = n * b;
    f[5] = finished_mve(l) * n * rows * l->ow;
    f[7] = n;
}

/* Helium: vectors of four outputs that have a fast loop, others; inputs of windows, rows of windows; channels by fours. */
static void each_mve(const struct mnq_layer *l, double n, int rows, double f[MNQ_XFEATURES])
{
    const double pixels = n * rows * l->ow, fours = up(l->c, 4), window = l->op == MNQ_L_AVGPOOL ? l->kh : 0;
    const int both = l->op == MNQ_L_MUL && !l->point1;
    const int slow = both || l->q.act != MNQ_A_CLAMP || l->in16 != l->q.out16 || (l->op == MNQ_L_ADD && l->in16b != l->in16);

    f[slow] = pixels * fours;
    f[2] = pixels * fours * window * l->kw;
    f[3] = pixels * fours * window;
    f[4] = n * fours;
    f[7] = n;
}

static void dw_mve(const struct mnq_layer *l, double n, int rows, double f[MNQ_XFEATURES])
{
    const double pixels = n * rows * l->ow, vectors = up(l->c, 8), taps = (double)l->kh * l->kw;

    f[0] = pixels * vectors * taps;
    f[1] = pixels * vectors;
    f[2] = pixels * taps;
    f[3] = pixels;
    f[4] = n * l->c;
    f[7] = n;
}

/* RISC-V vectors of 128 bits, blocks of up to 32 channels. */
enum { RVV_LANES = 32 };

/* Inputs by threes and by sixes of pixels, these threes and sixes, blocks of outputs; h-swish's; values unpacked, calls. */
static void dense_rvv(const struct mnq_layer *l, double n, int rows, double f[MNQ_XFEATURES])
{
    const double pixels = l->op == MNQ_L_PW ? (double)rows * l->w : l->ow, runs = n * (l->op == MNQ_L_PW ? 1 : rows);
    const double blocks = up(l->oc, RVV_LANES), inputs = (double)l->kh * l->kw * l->c;
    const int six = l->oc <= RVV_LANES / 2;

    f[six] = runs * up(pixels, six ? 6 : 3) * blocks * inputs;
    f[2 + six] = runs * up(pixels, six ? 6 : 3) * blocks;
    f[4] = runs * pixels * blocks;
    f[5] = l->q.act != MNQ_A_CLAMP ? f[4] : 0;
    f[6] = l->op == MNQ_L_CONV ? n * ((rows - 1) * l->sh + l->kh) : 0;
    f[7] = runs * blocks;
}

/* Taps of pairs, by stride, and of pixels at borders, rows of windows; blocks of outputs; h-swish's; rows. */
static void dw_rvv(const struct mnq_layer *l, double n, int rows, double f[MNQ_XFEATURES])
{
    const double blocks = n * rows * up(l->c, RVV_LANES), taps = (double)l->kh * l->kw;
    int edges = 0, inside;

    for (int x = 0; x < l->ow; x++) edges += x * l->sw < l->pl || x * l->sw - l->pl + l->kw > l->w;
    inside = l->ow - edges;
    edges += inside % 2;
    f[l->kw == 3 && l->sw == 1 ? 0 : 1] = blocks * (inside / 2) * taps;
    f[2] = blocks * edges * taps;
    f[3] = blocks * (inside / 2 + edges);
    f[4] = blocks * l->ow;
    f[5] = l->q.act != MNQ_A_CLAMP ? f[4] : 0;
    f[6] = l->in16 ? n * up(l->c, RVV_LANES) : 0;
    f[7] = blocks;
}

/* Blocks of channels of windows and of outputs; h-swish's; calls. */
static void each_rvv(const struct mnq_layer *l, double n, int rows, double f[MNQ_XFEATURES])
{
    const double blocks = n * rows * l->ow * up(l->c, RVV_LANES);

    f[0] = blocks * l->kh * l->kw;
    f[1] = blocks;
    f[5] = l->q.act != MNQ_A_CLAMP ? blocks : 0;
    f[7] = n;
}

/* Tiles of n outputs: of 8, 2 and 1, and of 4 too unless products are wide. */
static double tiles_of(int n, int wide)
{
    return n / 8 + (n & 1) + (wide ? n % 8 / 2 : (n >> 2 & 1) + (n >> 1 & 1));
}

/* AArch64: units of weights (or taps) that tiles of outputs meet, and single outputs; tiles; outputs that are not stored at
 * once; inputs taken, by width; rows of blocks; calls. */
static void neon(const struct mnq_layer *l, double n, int rows, double f[MNQ_XFEATURES])
{
    const struct mnq_neon_head *h = (const struct mnq_neon_head *)l->packed;
    const int dense = l->op == MNQ_L_PW || l->op == MNQ_L_CONV, wide = dense && h->kind == MNQ_NEON_WIDE;
    const int fast = l->q.act == MNQ_A_CLAMP && !h->general && (!l->q.out16 || l->q.zp == 0);
    const double blocks = up(l->oc, 8), outputs = (double)rows * l->ow;
    const double tiles = l->op == MNQ_L_PW ? tiles_of(rows * l->ow, wide) : rows * tiles_of(l->ow, wide);
    double units = (double)l->kh * l->kw, taken = ((rows - 1) * l->sh + l->kh) * (double)l->w * l->c;

    if (dense) {
        units = (double)mnq_neon_rows(l, h->kind) * mnq_neon_units(mnq_neon_inputs(l, h->kind), h->kind) *
                (h->split == 0 ? 1 : 2);
        taken = outputs * l->kh * l->kw * l->c;
    }
    if (l->op == MNQ_L_DWCONV && h->kind == MNQ_NEON_QUADS) { /* columns; rows for one or two rows of outputs side by side */
        units = l->kw;
        taken = up(rows, l->sh == 1 ? 2 : 1) * l->w * l->c;
    }
    f[0] = n * tiles * blocks * units;
    f[1] = n * outputs * blocks * units;
    f[2] = n * tiles * blocks;
    f[3] = n * outputs * (fast && l->oc >= 8 ? 0 : blocks * 8);
    f[4] = n * taken * !l->in16;
    f[5] = n * taken * l->in16;
    f[6] = n * rows * blocks;
    f[7] = n * (l->op == MNQ_L_DWCONV || l->op == MNQ_L_CONV ? rows * l->kh : 1);
}

/* HVX, dense: words of weights that four pixels meet, by width; records of four pixels; inputs taken apart, vectors of rows
 * taken; outputs that take more; vectors of outputs copied; calls. */
static void dot_hvx(const struct mnq_layer *l, double n, int rows, double f[MNQ_XFEATURES])
{
    const int wide = mnq_hvx_wide(l), conv = l->op == MNQ_L_CONV, pixels = rows * l->ow;
    const double blocks = (double)up(pixels, 4) - (pixels % 4 == 1 ? 0.5 : 0), groups = mnq_hvx_groups(l);
    const int straight = !conv && !l->in_flip && wide == l->in16 && (l->c << l->in16) % 4 == 0;

    f[wide] = n * blocks * groups * mnq_hvx_words(l);
    f[2] = n * blocks * groups;
    f[3] = straight ? 0 : n * pixels * (conv ? l->kh : 1);
    f[4] = straight ? 0 : n * (conv ? ((rows - 1) * l->sh + l->kh) * up(l->w * l->c << wide, 128) : mnq_hvx_words(l));
    f[5] = *(const uint8_t *)l->packed ? f[2] : 0;
    f[6] = groups > 1 && pixels > 1 ? n * pixels * up(l->oc << l->q.out16, 128) : 0;
    f[7] = n;
}

/* HVX, lanes of channels: vectors multiplied, vectors of outputs, those that take more; vectors of rows taken, pixels of
 * them that are taken one by one; rows; values of gates; calls. */
static void lanes_hvx(const struct mnq_layer *l, double n, int rows, double f[MNQ_XFEATURES])
{
    const double line = up(l->ow * l->c, mnq_hvx_step(l)) * mnq_hvx_lanes_records(l);
    const double taken = (rows - 1) * l->sh + l->kh, pixel = l->c << l->in16;
    const int dealt = l->sw == 1 || (l->sw == 2 && pixel <= 64 && ((int)pixel & ((int)pixel - 1)) == 0);

    f[0] = n * rows * line * l->kh * l->kw;
    f[1] = n * rows * line;
    f[2] = *(const uint8_t *)l->packed ? f[1] : 0;
    if (l->op == MNQ_L_DWCONV) {
        f[3] = n * taken * (dealt ? up(l->w * l->c * 2, 128) : l->w * up(l->c * 2, 128));
        f[4] = n * taken * (l->pl + (dealt ? 0 : l->w));
        f[5] = n * rows;
    }
    f[6] = l->op == MNQ_L_MUL ? n * up(mnq_hvx_step(l), 64) : 0;
    f[7] = n;
}

/* Non-zero weights of a bitmap. */
static double stored(const struct mnq_layer *l)
{
    const uint8_t *map = (const uint8_t *)l->weights;
    const size_t bytes = (size_t)l->oc * mnq_bitmap_bytes(l->c, l->mult);
    double n = 0;

    for (size_t i = 0; i < bytes; i++)
        for (int b = 0; b < 8; b++) n += map[i] >> b & 1;
    return n * l->mult;
}

/* Products of one output pixel row set, by what the kernel multiplies. */
static double products(const struct mnq_layer *l, double pixels)
{
    const double window = (double)l->kh * l->kw;

    switch (l->op) {
    case MNQ_L_CONV:
        return pixels * l->oc * window * (l->c / (l->mult > 1 ? l->mult : 1));
    case MNQ_L_DWCONV:
    case MNQ_L_MAXPOOL:
    case MNQ_L_AVGPOOL:
        return pixels * l->oc * window;
    case MNQ_L_PW:
        if (mnq_is_sparse(l)) return pixels * stored(l);
        return pixels * l->oc * (double)l->c * (l->wtype == MNQ_W_BINARY ? l->mult : 1);
    default:
        return 0;
    }
}

static void plain(const struct mnq_layer *l, double n, int rows, double f[MNQ_XFEATURES])
{
    const double pixels = (double)rows * l->ow, outputs = pixels * l->oc, macs = products(l, pixels);

    f[0] = n * macs * !l->in16;
    f[1] = n * macs * l->in16;
    f[2] = n * outputs;
    f[3] = n * outputs * (l->q.act != MNQ_A_CLAMP);
    f[4] = n * pixels;
    f[5] = l->op == MNQ_L_CONV ? n * outputs * l->kh : n * pixels * l->kh * l->kw * up(l->oc, 24);
    f[6] = mnq_is_sparse(l) || l->wtype == MNQ_W_BINARY ? n * pixels * (double)l->c : 0;
    f[7] = n;
    if (l->wtype == MNQ_W_BINARY) { /* maps are read for a block of pixels, of which the last few go one by one */
        const double maps = (double)l->oc * l->c * l->mult;
        f[3] = n * maps * ((int)pixels % MNQ_LANES);
        f[5] = n * maps * up(pixels, MNQ_PIXELS);
    }
    if (mnq_is_sparse(l)) {
        f[3] = n * stored(l) * ((int)pixels % MNQ_LANES);
        f[5] = n * (double)l->oc * (double)mnq_bitmap_bytes(l->c, l->mult) * up(pixels, MNQ_PIXELS);
    }
}

void mnq_xfeature_of(const struct mnq_xlayer *k, int calls, int rows, double f[MNQ_XFEATURES])
{
    memset(f, 0, MNQ_XFEATURES * sizeof *f);
    if (strstr(k->kernel->sources, "cortexm3/") != NULL) {
        if (k->l.op == MNQ_L_DWCONV) dw_m3(&k->l, calls, rows, f);
        else blocks_m3(&k->l, calls, rows, f);
    } else if (strcmp(k->kernel->symbol, "mnq_dot_mve") == 0) dot_mve(&k->l, calls, rows, f);
    else if (strcmp(k->kernel->symbol, "mnq_image_mve") == 0) image_mve(&k->l, calls, rows, f);
    else if (strcmp(k->kernel->symbol, "mnq_dwconv_mve") == 0) dw_mve(&k->l, calls, rows, f);
    else if (strcmp(k->kernel->header, "helium/mve.h") == 0 && k->l.op != MNQ_L_DWCONV) each_mve(&k->l, calls, rows, f);
    else if (strcmp(k->kernel->symbol, "mnq_dwconv3x3_mve") == 0) dw3_mve(&k->l, calls, rows, f);
    else if (strcmp(k->kernel->symbol, "mnq_dwconv5x5_dsp") == 0) dw5_dsp(&k->l, calls, rows, f);
    else if (strcmp(k->kernel->header, "aarch64/neon.h") == 0) neon(&k->l, calls, rows, f);
    else if (strcmp(k->kernel->symbol, "mnq_dot_hvx") == 0) dot_hvx(&k->l, calls, rows, f);
    else if (strcmp(k->kernel->header, "hexagon/hvx.h") == 0) lanes_hvx(&k->l, calls, rows, f);
    else if (strstr(k->kernel->symbol, "_rvv") != NULL) {
        if (k->l.packed != NULL) dense_rvv(&k->l, calls, rows, f);
        else if (k->l.op == MNQ_L_DWCONV) dw_rvv(&k->l, calls, rows, f);
        else each_rvv(&k->l, calls, rows, f);
    } else if (strcmp(k->kernel->symbol, "mnq_pw_sparse_dsp") == 0) sparse_dsp(&k->l, calls, rows, f);
    else if (k->l.packed != NULL) blocks(&k->l, calls, rows, f);
    else if (strcmp(k->kernel->symbol, "mnq_dwconv3x3_dsp") == 0) dw_dsp(&k->l, calls, rows, f);
    else plain(&k->l, calls, rows, f);
}
