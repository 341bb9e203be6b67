/* SPDX-License-Identifier: Apache-2.0
 * Random shapes of the kernel check: sides, windows and channels around the lengths of vectors and their multiples. */
#include "kshape.h"

#include "wmake.h"

#define PICK(g, a) ((a)[mnq_rng_in(g, 0, (int)(sizeof(a) / sizeof *(a)) - 1)])

/* Edges of small vectors, tails of long ones (k blocks of 4 to 64 and a few more or less), or anything. */
static int pick_channels(struct mnq_rng *g)
{
    static const int edges[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 40, 48, 63, 64, 65};
    int kind = mnq_rng_in(g, 0, 9), block = 4 << mnq_rng_in(g, 0, 4), c;

    if (kind < 5) return PICK(g, edges);
    c = block * mnq_rng_in(g, 1, 256 / block) + mnq_rng_in(g, -3, 3);
    return kind < 8 ? (c < 1 ? 1 : c) : mnq_rng_in(g, 1, 130);
}

static int pick_side(struct mnq_rng *g)
{
    static const int edges[] = {1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 33};
    return mnq_rng_chance(g, 60) ? PICK(g, edges) : mnq_rng_in(g, 1, 13);
}

static void pick_window(struct mnq_rng *g, struct mnq_layer *l)
{
    static const uint8_t sizes[] = {1, 3, 3, 3, 5};
    int odd = mnq_rng_chance(g, 15);

    l->kh = odd ? (uint8_t)mnq_rng_in(g, 1, 7) : PICK(g, sizes);
    l->kw = odd ? (uint8_t)mnq_rng_in(g, 1, 7) : l->kh;
    l->sh = (uint8_t)mnq_rng_in(g, 1, 3);
    l->sw = mnq_rng_chance(g, 80) ? l->sh : (uint8_t)mnq_rng_in(g, 1, 3);
}

/* Padding on four sides, each less than the kernel, and the output size that follows. */
static void pick_padding(struct mnq_rng *g, struct mnq_layer *l)
{
    int pb, pr;
    int same = mnq_rng_chance(g, 40); /* TensorFlow's SAME: the odd one is at the end */

    l->pt = (uint8_t)(same ? (l->kh - 1) / 2 : mnq_rng_in(g, 0, l->kh - 1));
    l->pl = (uint8_t)(same ? (l->kw - 1) / 2 : mnq_rng_in(g, 0, l->kw - 1));
    pb = same ? l->kh - 1 - l->pt : mnq_rng_in(g, 0, l->kh - 1);
    pr = same ? l->kw - 1 - l->pl : mnq_rng_in(g, 0, l->kw - 1);
    if (l->h + l->pt + pb < l->kh) l->h = l->kh;
    if (l->w + l->pl + pr < l->kw) l->w = l->kw;
    l->oh = (l->h + l->pt + pb - l->kh) / l->sh + 1;
    l->ow = (l->w + l->pl + pr - l->kw) / l->sw + 1;
}

int64_t mnq_kshape_work(const struct mnq_layer *l)
{
    int64_t out = (int64_t)l->oh * l->ow * l->oc, window = (int64_t)l->kh * l->kw;
    switch (l->op) {
    case MNQ_L_CONV:
        return out * window * (l->mult > 1 ? l->c / l->mult : l->c);
    case MNQ_L_MAXPOOL:
        return out * window;
    case MNQ_L_UPSAMPLE:
        return l->mult ? 4 * out : out;
    case MNQ_L_PW:
        return out * l->c;
    case MNQ_L_DWCONV:
    case MNQ_L_AVGPOOL:
        return out * window;
    case MNQ_L_ADD:
        return 2 * out;
    default:
        return out;
    }
}

/* A compressed weight type; blocks of inputs are made to fit half of the time. */
static void pick_packed(struct mnq_rng *g, struct mnq_layer *l)
{
    l->wtype = (uint8_t)mnq_rng_in(g, MNQ_W_S4, MNQ_W_XNOR + 2);
    if (l->wtype > MNQ_W_XNOR) l->wtype++; /* no maps */
    if (mnq_wpack_sparse(l->wtype) && l->c > 16 && mnq_rng_chance(g, 50)) l->c = l->c / 16 * 16;
    if (l->wtype == MNQ_W_XNOR && l->c > MNQ_XNOR_MAX) l->c = MNQ_XNOR_MAX;
    l->mult = (uint16_t)mnq_wmake_field(g, l->wtype, l->c);
}

/* Groups of a convolution: channels on both sides become multiples. */
static void pick_groups(struct mnq_rng *g, struct mnq_layer *l)
{
    const int n = mnq_rng_in(g, 2, 4);

    l->mult = (uint16_t)n;
    l->c = n * (1 + l->c / n);
    l->oc = n * (1 + l->oc / n);
}

void mnq_kshape_pick(struct mnq_rng *g, struct mnq_layer *l)
{
    static const int classes[] = {1, 2, 3, 4, 7, 8, 9, 10, 15, 16, 17, 33, 100, 999, 1000, 1001, 2000};

    l->h = pick_side(g), l->w = pick_side(g), l->c = pick_channels(g);
    l->kh = l->kw = l->sh = l->sw = 1;
    l->pt = l->pl = l->point1 = l->counted = 0;
    l->mult = 0, l->c1 = 0;
    l->wtype = MNQ_W_NONE;
    switch (l->op) {
    case MNQ_L_CONV:
        if (mnq_rng_chance(g, 40)) l->c = mnq_rng_in(g, 1, 4);
        l->oc = pick_channels(g);
        if (mnq_rng_chance(g, 15)) pick_groups(g, l);
        pick_window(g, l);
        pick_padding(g, l);
        break;
    case MNQ_L_DWCONV:
        l->mult = mnq_rng_chance(g, 75) ? 1 : (uint16_t)mnq_rng_in(g, 2, 5);
        l->oc = l->c * l->mult;
        pick_window(g, l);
        pick_padding(g, l);
        break;
    case MNQ_L_PW:
        l->oc = pick_channels(g);
        if (mnq_rng_chance(g, 15)) { /* a dense layer */
            l->h = l->w = 1;
            l->c = mnq_rng_in(g, 1, 1100);
        }
        l->oh = l->h, l->ow = l->w;
        break;
    case MNQ_L_MAXPOOL:
        pick_window(g, l);
        pick_padding(g, l);
        l->oc = l->c;
        break;
    case MNQ_L_SELECT:
        l->c1 = mnq_rng_chance(g, 60) ? pick_channels(g) : 0;
        l->wtype = mnq_rng_chance(g, 50) ? MNQ_W_MAP : MNQ_W_NONE;
        l->oh = l->h, l->ow = l->w, l->oc = l->wtype ? pick_channels(g) : l->c + l->c1;
        break;
    case MNQ_L_UPSAMPLE:
        l->kh = (uint8_t)mnq_rng_in(g, 1, 4), l->kw = (uint8_t)mnq_rng_in(g, 1, 4);
        l->mult = (uint16_t)mnq_rng_chance(g, 50);
        l->oh = l->h * l->kh, l->ow = l->w * l->kw, l->oc = l->c;
        break;
    case MNQ_L_SPREAD:
        l->kh = (uint8_t)mnq_rng_in(g, 1, 3), l->kw = (uint8_t)mnq_rng_in(g, 1, 3);
        l->oc = mnq_rng_in(g, 1, 40);
        l->c = l->oc * l->kh * l->kw;
        l->oh = mnq_rng_chance(g, 50) ? l->h * l->kh : mnq_rng_in(g, 1, l->h * l->kh);
        l->ow = mnq_rng_chance(g, 50) ? l->w * l->kw : mnq_rng_in(g, 1, l->w * l->kw);
        break;
    case MNQ_L_AVGPOOL:
        pick_window(g, l);
        if (mnq_rng_chance(g, 30)) { /* windows that reach over the border */
            pick_padding(g, l);
            l->oc = l->c;
            l->counted = l->kh > 1 || l->kw > 1;
            break;
        }
        if (mnq_rng_chance(g, 50)) l->kh = (uint8_t)l->h, l->kw = (uint8_t)l->w;
        if (l->h < l->kh) l->h = l->kh;
        if (l->w < l->kw) l->w = l->kw;
        l->oh = (l->h - l->kh) / l->sh + 1, l->ow = (l->w - l->kw) / l->sw + 1, l->oc = l->c;
        break;
    case MNQ_L_LOGISTIC:
    case MNQ_L_SOFTMAX:
        l->h = l->w = 1;
        if (mnq_rng_chance(g, 30)) l->h = mnq_rng_in(g, 1, 4), l->w = mnq_rng_in(g, 1, 4);
        l->c = mnq_rng_chance(g, 60) ? PICK(g, classes) : mnq_rng_in(g, 1, 300);
        l->oh = l->h, l->ow = l->w, l->oc = l->c;
        break;
    default:
        l->oh = l->h, l->ow = l->w, l->oc = l->c;
        l->point1 = (uint8_t)mnq_rng_chance(g, l->op == MNQ_L_MUL ? 70 : 10);
        if (l->h == 1 && l->w == 1) l->point1 = 0;
        l->c1 = mnq_rng_chance(g, 15) ? 1 : l->c;
    }
    if (l->op == MNQ_L_ADD) l->wtype = MNQ_W_S16;
    if (l->op <= MNQ_L_PW) l->wtype = mnq_rng_chance(g, 50) ? MNQ_W_S8 : MNQ_W_S16;
    if (l->op == MNQ_L_PW && mnq_rng_chance(g, 70)) pick_packed(g, l);
}
