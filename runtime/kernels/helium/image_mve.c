/* SPDX-License-Identifier: Apache-2.0
 * CONV of few inputs on Helium, the first layer of a network of pictures: windows of 32 bytes at most.
 *
 * The windows of four neighbouring outputs stand side by side as int8, whose 32 bytes block_mve.S reaches without another
 * pointer. Where a window sticks out of the input, the columns of all four are put together with their padding first. The
 * last four outputs of a row may overlap those before them. */
#include "helium/mve.h"

#include "mnq_port.h"
#include "records_mve.h"

/* One call. */
struct job {
    const struct mnq_layer *l;
    const uint8_t **row, **own; /* [kh]: rows of the input, NULL outside; rows of columns */
    int8_t *x;                  /* [4][32] */
    uint8_t *columns;           /* [kh][columns of four windows] */
    struct mnq_mve_taking t;
    struct mnq_mve_records r;
};

static uint8_t *fill(const struct mnq_layer *l, uint8_t *to, int32_t pixels)
{
    int32_t i;

    for (; pixels > 0; pixels--)
        for (i = 0; i < l->c; i++) *to++ = (uint8_t)((uint8_t)l->pad[i] ^ l->in_flip);
    return to;
}

/* The columns from `left` on that four windows reach over, with padding. */
static MNQ_APART void mend(const struct job *job, int32_t left)
{
    const struct mnq_layer *const l = job->l;
    const int32_t columns = mnq_mve_columns(l), before = left < 0 ? -left : 0;
    const int32_t over = left + columns - l->w, after = over > 0 ? over : 0, inside = columns - before - after;
    uint8_t *to = job->columns;
    int32_t ky;

    for (ky = 0; ky < l->kh; ky++) {
        const uint8_t *const row = job->row[ky];
        job->own[ky] = to;
        if (row == NULL || inside <= 0) {
            to = fill(l, to, columns);
            continue;
        }
        to = fill(l, to, before);
        memcpy(to, row + (size_t)((left + before) * l->c), (size_t)(inside * l->c));
        to = fill(l, to + (size_t)(inside * l->c), after);
    }
}

static void start(struct job *job, const struct mnq_layer *l, const struct mnq_band *band)
{
    job->l = l;
    job->row = (const uint8_t **)band->scratch;
    job->own = job->row + mnq_mve_rows_kept(l);
    job->x = (int8_t *)(void *)(job->own + mnq_mve_rows_kept(l));
    job->columns = (uint8_t *)job->x + 4 * MNQ_MVE_WINDOW;
    job->t.step = l->sw * l->c;
    job->t.run = mnq_mve_run(l);
    job->t.kh = l->kh;
    job->t.flip = l->in_flip;
    mnq_mve_records_begin(&job->r, l, 4, job->x + 3 * MNQ_MVE_WINDOW);
}

/* The rows of the input that outputs of row y read. return 1 if none is outside */
static int find_rows(const struct job *job, const struct mnq_band *band, int32_t y)
{
    const struct mnq_layer *const l = job->l;
    int32_t ky, iy = y * l->sh - l->pt, all = 1;

    for (ky = 0; ky < l->kh; ky++, iy++) {
        const int in = iy >= 0 && iy < l->h;
        job->row[ky] = in ? (const uint8_t *)mnq_view_row(&band->in0, iy) : NULL;
        all &= in;
    }
    return all;
}

void mnq_image_mve(const struct mnq_layer *l, const struct mnq_band *band)
{
    const size_t out_bytes = (size_t)l->oc << l->q.out16;
    const int32_t columns = mnq_mve_columns(l);
    struct job job;
    int32_t y, ox;

    start(&job, l, band);
    for (y = 0; y < band->n; y++) {
        const int all = find_rows(&job, band, band->y + y);
        for (ox = 0; ox < l->ow; ox += 4) {
            const uint8_t *const *rows = job.row;
            int32_t left;
            if (ox + 4 > l->ow) ox = l->ow - 4;
            left = ox * l->sw - l->pl;
            job.t.first = left * l->c;
            if (!all || left < 0 || left + columns > l->w) {
                mend(&job, left);
                rows = job.own;
                job.t.first = 0;
            }
            mnq_mve_take_image(job.x, rows, &job.t);
            mnq_mve_records_run(&job.r, (uint8_t *)band->out + (size_t)(y * l->ow + ox) * out_bytes);
        }
    }
}
