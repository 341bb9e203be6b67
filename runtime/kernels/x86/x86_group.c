/* SPDX-License-Identifier: Apache-2.0
 * Which weights of PW may meet bytes on AVX2. Plain C: compiled without instruction set flags.
 *
 * VPMADDUBSW multiplies unsigned bytes by signed ones, two products to a sum of 16 bits that saturates. Activations plus 128
 * are at most 255, so a sum cannot leave 16 bits if the positive weights behind it add up to at most 128 and the negative
 * ones too, 255 * 128 < 2^15; and then sums of several such products may be added in 16 bits before they are widened. Four
 * inputs of a block of output channels are what the instruction takes, a quad: quads are joined to groups whose weights keep
 * that bound in every channel. Quads that break it alone keep their int16 weights. */
#include "x86_group.h"

#include <string.h>

enum { HALVES = 2, SIGNS = 2, CHANNELS = 2 * 8, SUMS = CHANNELS * HALVES * SIGNS, TRIES = 48 };

/* Time of a quad of int16 weights in today's order (1/16 of it), of one that shares the register with bytes, and of groups.
 * Measured on Zen 3; Intel's cores gain more. */
static const int32_t cost_alone = 16, cost_wide = 20, cost_group[MNQ_X86_GROUP_MOST + 1] = {0, 14, 22, 30, 40};

/* One block of output channels, and where its quads go. */
struct block {
    const int16_t *pairs; /* [quads * 2][vectors * 8][2]; the last may be missing */
    int32_t steps;        /* of two inputs */
    int32_t quads;
    int lanes; /* vectors * 8 */
    int16_t *largest, *order, *sequence;
    uint8_t *size; /* of the group that starts here in `sequence`; WIDE: a quad that breaks the bound */
    uint8_t *used;
};

enum { WIDE = 255 };

/* Weight t of the quad. */
static int weight(const struct block *b, int32_t quad, int lane, int t)
{
    const int32_t step = 2 * quad + t / 2;
    return step < b->steps ? b->pairs[((size_t)step * (size_t)b->lanes + (size_t)lane) * 2 + (size_t)(t & 1)] : 0;
}

/* Adds the quad's sums: [lane][half][sign]. */
static void add_sums(const struct block *b, int32_t quad, int16_t *sum)
{
    int lane, t;

    for (lane = 0; lane < b->lanes; lane++)
        for (t = 0; t < 4; t++) {
            const int w = weight(b, quad, lane, t);
            int16_t *const to = sum + (lane * HALVES + t / 2) * SIGNS;
            if (w >= 0) to[0] = (int16_t)(to[0] + w);
            else to[1] = (int16_t)(to[1] - w);
        }
}

static int most_of(const int16_t *sum, int n)
{
    int most = 0, i;

    for (i = 0; i < n; i++)
        if (sum[i] > most) most = sum[i];
    return most;
}

/* Joins quads, the largest first, each with the largest that still fit. Returns the cost. */
static int32_t join(struct block *b)
{
    const int n = b->lanes * HALVES * SIGNS;
    int16_t sum[SUMS], with[SUMS];
    int32_t cost = 0, i, j, at = 0;

    for (i = 0; i < b->quads; i++) {
        memset(sum, 0, sizeof sum);
        add_sums(b, i, sum);
        b->largest[i] = (int16_t)most_of(sum, n);
        b->used[i] = b->size[i] = 0;
        for (j = i; j > 0 && b->largest[b->order[j - 1]] < b->largest[i]; j--) b->order[j] = b->order[j - 1];
        b->order[j] = (int16_t)i;
    }
    for (i = 0; i < b->quads; i++) {
        const int32_t first = at, quad = b->order[i];
        int tries = TRIES, most = b->largest[quad];
        if (b->used[quad]) continue;
        b->sequence[at++] = (int16_t)quad;
        if (most > MNQ_X86_GROUP_BOUND) {
            b->size[first] = WIDE;
            cost += cost_wide;
            continue;
        }
        memset(sum, 0, sizeof sum);
        add_sums(b, quad, sum);
        for (j = i + 1; j < b->quads && tries > 0 && at - first < MNQ_X86_GROUP_MOST; j++) {
            const int32_t next = b->order[j];
            if (b->used[next]) continue;
            tries--;
            memcpy(with, sum, sizeof sum);
            add_sums(b, next, with);
            if (most_of(with, n) > MNQ_X86_GROUP_BOUND) continue;
            memcpy(sum, with, sizeof sum);
            b->used[next] = 1;
            b->sequence[at++] = (int16_t)next;
        }
        b->size[first] = (uint8_t)(at - first);
        cost += cost_group[at - first];
    }
    return cost;
}

/* Writes the quads of `size`; returns what lies behind their weights. */
static uint8_t *put_size(const struct block *b, int size, int32_t *count, uint32_t **offset, uint8_t *to)
{
    const int members = size == WIDE ? 1 : size;
    int32_t i, m;
    int lane, t;

    for (i = 0; i < b->quads; i++) {
        if (b->size[i] != size) continue;
        ++*count;
        for (m = i; m < i + members; m++) {
            const int32_t quad = b->sequence[m];
            *(*offset)++ = (uint32_t)quad * 4;
            for (t = 0; t < 4; t++)
                for (lane = 0; lane < b->lanes; lane++) {
                    const int w = weight(b, quad, lane, t);
                    if (size != WIDE) to[lane * 4 + t] = (uint8_t)w;
                    else ((int16_t *)(void *)to)[(t & 1) * b->lanes * 2 + lane * 2 + t / 2] = (int16_t)w;
                }
            to += (size_t)b->lanes * (size == WIDE ? 8 : 4);
        }
    }
    return to;
}

static uint8_t *put_block(const struct block *b, uint8_t *to)
{
    struct mnq_x86_groups *const g = (struct mnq_x86_groups *)(void *)to;
    uint32_t *offset = (uint32_t *)(void *)(g + 1);
    int size;

    memset(to, 0, sizeof *g + mnq_x86_group_offsets(b->quads));
    to += sizeof *g + mnq_x86_group_offsets(b->quads);
    to = put_size(b, WIDE, &g->n[0], &offset, to);
    for (size = 1; size <= MNQ_X86_GROUP_MOST; size++) to = put_size(b, size, &g->n[size], &offset, to);
    g->bytes = (uint32_t)(to - (uint8_t *)g);
    return to;
}

/* The activations are more by 128. */
static void move_bias(const struct block *b, int32_t *bias)
{
    int32_t i;
    int lane, t;

    for (i = 0; i < b->quads; i++)
        for (lane = 0; lane < b->lanes; lane++)
            for (t = 0; t < 4; t++) bias[lane] = (int32_t)((uint32_t)bias[lane] - (uint32_t)weight(b, i, lane, t) * 128u);
}

static size_t block_bytes(const struct block *b)
{
    return (size_t)b->steps * (size_t)b->lanes * 4;
}

size_t mnq_x86_group_room(int32_t c)
{
    const size_t quads = ((size_t)c + 3) / 4;
    return quads * 2 * CHANNELS * 4 + quads * 8 + 64;
}

int mnq_x86_group(int32_t c, int32_t oc, const uint8_t *pairs, uint8_t *to, int32_t *bias, void *room)
{
    struct block b;
    int32_t o, cost = 0, blocks = 0;
    const uint8_t *from = pairs;

    memset(&b, 0, sizeof b);
    b.steps = (c + 1) / 2;
    b.quads = (c + 3) / 4;
    b.largest = (int16_t *)room;
    b.order = b.largest + b.quads;
    b.sequence = b.order + b.quads;
    b.size = (uint8_t *)(b.sequence + b.quads);
    b.used = b.size + b.quads;
    for (o = 0; o < oc; o += b.lanes) { /* whether it pays; the first blocks tell where it surely does not */
        b.lanes = oc - o > 8 ? 16 : 8;
        b.pairs = (const int16_t *)(const void *)from;
        cost += join(&b);
        blocks++;
        if (blocks >= 4 && cost > blocks * b.quads * cost_alone) return 0;
        from += block_bytes(&b);
    }
    if (cost > blocks * b.quads * cost_alone / 10 * 9) return 0;
    for (o = 0; o < oc; o += b.lanes) {
        uint8_t *const copy = (uint8_t *)room + (((size_t)b.quads * 8 + 63) / 64 * 64);
        b.lanes = oc - o > 8 ? 16 : 8;
        memcpy(copy, pairs, block_bytes(&b));
        pairs += block_bytes(&b);
        b.pairs = (const int16_t *)(const void *)copy;
        (void)join(&b);
        move_bias(&b, bias + o);
        to = put_block(&b, to);
    }
    return 1;
}
