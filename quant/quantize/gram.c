/* SPDX-License-Identifier: Apache-2.0
 * Gram matrices of integer activations, summed exactly. */
#include "quantize/gram.h"

#include "graph/fkernel/fkernel.h"
#include "quantize/linalg.h"
#include "util/pool.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 2048 }; /* rows at a time */

enum { TILE = 16, COLUMNS = 4 }; /* columns that meet while they are in the cache */

struct job {
    const int16_t *x; /* [len][n] rows */
    int16_t *t;       /* [n][BLOCK] the same less zero, transposed */
    int64_t *g;       /* [n][n], upper triangle */
    int64_t *sum;     /* [n] */
    int *most;        /* [tiles] of all |values| */
    int n, len, zero, all;
};

static int end_of(const struct job *j, int tile)
{
    return j->n - tile * TILE < TILE ? j->n : (tile + 1) * TILE;
}

/* TILE columns of a block of rows. */
static int turn(void *ctx, int tile, int w, struct mnq_err *e)
{
    (void)w;
    (void)e;
    struct job *j = ctx;
    int most = 0;
    for (int p = 0; p < j->len; p++)
        for (int k = tile * TILE; k < end_of(j, tile); k++) {
            int v = (int16_t)(j->x[(size_t)p * (size_t)j->n + (size_t)k] - j->zero), size = v < 0 ? -v : v;
            j->t[(size_t)k * BLOCK + (size_t)p] = (int16_t)v;
            j->sum[k] += v;
            if (size > most) most = size;
        }
    j->most[tile] = most;
    return 0;
}

/* TILE rows of the matrix. */
static int multiply(void *ctx, int tile, int w, struct mnq_err *e)
{
    (void)w;
    (void)e;
    struct job *j = ctx;
    for (int k = tile * TILE; k < j->n; k += COLUMNS)
        for (int i = tile * TILE; i < end_of(j, tile) && i < k + COLUMNS; i++) {
            int from = i > k ? i : k, end = j->n - k < COLUMNS ? j->n : k + COLUMNS;
            if (from < end)
                mnq_fkernels_best()->products(j->t + (size_t)i * BLOCK, j->t + (size_t)from * BLOCK, BLOCK, end - from,
                                              j->len, j->all, j->g + (size_t)i * (size_t)j->n + (size_t)from);
        }
    return 0;
}

struct column {
    double power;
    int index;
};

static int by_power(const void *a, const void *b)
{
    const struct column *x = a, *y = b;
    if (x->power != y->power) return x->power < y->power ? 1 : -1;
    return x->index - y->index;
}

/* Sums of the products of all pairs of columns, upper triangle, and of the columns themselves. */
static int sum_products(const int16_t *x, size_t rows, int n, int zero, int threads, int64_t *g, int64_t *sum,
                        struct mnq_arena *arena, struct mnq_err *e)
{
    int tiles = (n + TILE - 1) / TILE;
    struct job j = {.g = g, .sum = sum, .n = n, .zero = zero};
    j.t = mnq_arena_array(arena, (size_t)n * BLOCK, sizeof *j.t);
    j.most = mnq_arena_array(arena, (size_t)tiles, sizeof *j.most);
    if (j.t == NULL || j.most == NULL) return mnq_fail_nomem(e);
    for (size_t at = 0; at < rows; at += BLOCK) {
        j.x = x + at * (size_t)n;
        j.len = (int)(rows - at < BLOCK ? rows - at : BLOCK);
        if (mnq_pool_for(tiles, threads, turn, &j, e) != 0) return -1;
        j.all = 0;
        for (int k = 0; k < tiles; k++) j.all = j.most[k] > j.all ? j.most[k] : j.all;
        if (mnq_pool_for(tiles, threads, multiply, &j, e) != 0) return -1;
    }
    return 0;
}

static int factorize(const int64_t *g, const double *mean, size_t rows, bool centred, struct mnq_gram *out,
                     struct mnq_arena *arena, struct mnq_err *e)
{
    size_t n = (size_t)out->n;
    double trace = 0, damp = MNQ_GRAM_DAMPING;
    out->u = mnq_arena_array(arena, n * n, sizeof *out->u);
    out->h = mnq_arena_array(arena, n * n, sizeof *out->h);
    if (out->u == NULL || out->h == NULL) return mnq_fail_nomem(e);
    for (size_t k = 0; k < n; k++) trace += (double)g[k * n + k] / (double)rows - (centred ? mean[k] * mean[k] : 0);
    trace = trace > 0 ? trace / (double)n : 1;
    for (int attempt = 0; attempt < 8; attempt++, damp *= 10) { /* more damping until it is positive definite */
        for (size_t a = 0; a < n; a++)
            for (size_t b = a; b < n; b++) {
                size_t i = (size_t)out->order[a], j = (size_t)out->order[b], lo = i < j ? i : j, hi = i < j ? j : i;
                double v = (double)g[lo * n + hi] / (double)rows - (centred ? mean[i] * mean[j] : 0);
                out->h[a * n + b] = out->h[b * n + a] = v + (a == b ? damp * trace : 0);
            }
        out->damp = damp * trace;
        memcpy(out->u, out->h, n * n * sizeof *out->u);
        if (mnq_inverse_cholesky(out->u, out->n) == 0) return 0;
    }
    out->u = NULL; /* rounds to nearest */
    return 0;
}

int mnq_gram_make(const int16_t *x, size_t rows, int n, int zero, bool centred, bool factor, int threads,
                  struct mnq_gram *out, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    size_t nn = (size_t)n;
    int rc = -1;
    *out = (struct mnq_gram){.n = n};
    out->diag = mnq_arena_array(arena, nn, sizeof *out->diag);
    out->order = mnq_arena_array(arena, nn, sizeof *out->order);
    int64_t *g = mnq_arena_array(&scratch, nn * nn, sizeof *g), *sum = mnq_arena_array(&scratch, nn, sizeof *sum);
    double *mean = mnq_arena_array(&scratch, nn, sizeof *mean);
    struct column *col = mnq_arena_array(&scratch, nn, sizeof *col);
    if (out->diag == NULL || out->order == NULL || g == NULL || sum == NULL || mean == NULL || col == NULL) {
        mnq_fail_nomem(e);
        goto done;
    }
    if (sum_products(x, rows, n, zero, threads, g, sum, &scratch, e) != 0) goto done;
    double count = rows > 0 ? (double)rows : 1;
    for (size_t k = 0; k < nn; k++) {
        mean[k] = (double)sum[k] / count;
        out->diag[k] = (double)g[k * nn + k] / count;
        col[k] = (struct column){out->diag[k], (int)k};
    }
    qsort(col, nn, sizeof *col, by_power);
    for (size_t k = 0; k < nn; k++) out->order[k] = col[k].index;
    rc = factor ? factorize(g, mean, rows > 0 ? rows : 1, centred, out, arena, e) : 0;
done:
    mnq_arena_free(&scratch);
    return rc;
}

/* ---- targets ---- */

struct cross {
    const float *x, *y;  /* [n][BLOCK], [outputs][BLOCK]: one block of rows, transposed */
    double *sum;         /* [outputs][n] */
    int n, outputs, len; /* len: a multiple of LANES, padded with zeros */
};

enum { LANES = MNQ_FLANES, OUTPUTS = 16, INPUTS = 4 }; /* that meet while they are in the cache */

/* OUTPUTS outputs against all inputs. */
static int some_outputs(void *ctx, int tile, int w, struct mnq_err *e)
{
    (void)w;
    (void)e;
    struct cross *j = ctx;
    int first = tile * OUTPUTS, end = j->outputs - first < OUTPUTS ? j->outputs : first + OUTPUTS;
    for (int k = 0; k < j->n; k += INPUTS)
        for (int o = first; o < end; o++)
            mnq_fkernels_best()->dots(j->y + (size_t)o * BLOCK, j->x + (size_t)k * BLOCK, BLOCK,
                                      j->n - k < INPUTS ? j->n - k : INPUTS, j->len,
                                      j->sum + (size_t)o * (size_t)j->n + (size_t)k);
    return 0;
}

/* dst[c][p] = src[p][c] - mean[c] for one block, padded with zeros. */
static void transpose_targets(const float *src, int len, int padded, int channels, const double *mean, float *dst)
{
    for (int c = 0; c < channels; c++) {
        for (int p = 0; p < len; p++)
            dst[(size_t)c * BLOCK + (size_t)p] = src[(size_t)p * (size_t)channels + (size_t)c] - (float)mean[c];
        for (int p = len; p < padded; p++) dst[(size_t)c * BLOCK + (size_t)p] = 0;
    }
}

int mnq_gram_targets(const int16_t *x, const float *y, size_t rows, int zero, int outputs, int threads,
                     struct mnq_gram *gram, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    size_t n = (size_t)gram->n, m = (size_t)outputs;
    int rc = -1;
    double *cross = mnq_arena_array(arena, n * m, sizeof *cross), *mean = mnq_arena_array(&scratch, m, sizeof *mean);
    double *input_mean = mnq_arena_array(&scratch, n, sizeof *input_mean);
    float *tx = mnq_arena_array(&scratch, n * BLOCK, sizeof *tx), *ty = mnq_arena_array(&scratch, m * BLOCK, sizeof *ty);
    if (cross == NULL || mean == NULL || input_mean == NULL || tx == NULL || ty == NULL) {
        mnq_fail_nomem(e);
        goto done;
    }
    /* Centring the targets is enough: the mean of the inputs then falls out. Subtracting it keeps the floats short. */
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < m; c++) mean[c] += (double)y[r * m + c] / (double)rows;
        for (size_t k = 0; k < n; k++) input_mean[k] += (x[r * n + k] - zero) / (double)rows;
    }
    struct cross j = {.x = tx, .y = ty, .sum = cross, .n = gram->n, .outputs = outputs};
    for (size_t at = 0; at < rows; at += BLOCK) {
        int len = (int)(rows - at < BLOCK ? rows - at : BLOCK);
        j.len = (len + LANES - 1) / LANES * LANES;
        transpose_targets(y + at * m, len, j.len, outputs, mean, ty);
        for (size_t k = 0; k < n; k++) { /* in the matrix's order */
            const size_t from = (size_t)gram->order[k];
            for (int p = 0; p < j.len; p++)
                tx[k * BLOCK + (size_t)p] =
                    p < len ? (float)(x[(at + (size_t)p) * n + from] - zero) - (float)input_mean[from] : 0;
        }
        if (mnq_pool_for((outputs + OUTPUTS - 1) / OUTPUTS, threads, some_outputs, &j, e) != 0) goto done;
    }
    for (size_t i = 0; i < n * m; i++) cross[i] /= (double)rows;
    gram->cross = cross;
    rc = 0;
done:
    mnq_arena_free(&scratch);
    return rc;
}
