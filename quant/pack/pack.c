/* SPDX-License-Identifier: Apache-2.0
 * The .mnq writer: an integer model as FORMAT.md bytes. */
#include "kernels.h"
#include "pack/meta.h"
#include "pack/qmodel.h"
#include "pack/stage_write.h"
#include "pack/weights.h"
#include "pack/qrun.h"
#include "util/file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 48, ENTRY = 16, TENS = 32, LAYR = 64 };
/* Sections in their order. */
enum { S_TENS, S_LAYR, S_DATA, S_PLAN, S_PUSH, S_OUTS, S_SCAL, S_META, SECTIONS };
static const uint32_t NONE = UINT32_MAX;

/* ---- growing byte buffer ---- */

struct bytes {
    uint8_t *p;
    size_t n, cap;
    bool failed;
};

static uint8_t *grow(struct bytes *b, size_t n)
{
    if (!b->failed && (b->p == NULL || b->cap - b->n < n)) {
        size_t cap = (b->cap + n) * 2 + 64;
        uint8_t *p = realloc(b->p, cap);
        if (p == NULL) {
            b->failed = true;
        } else {
            memset(p + b->cap, 0, cap - b->cap);
            b->p = p;
            b->cap = cap;
        }
    }
    if (b->failed) return NULL;
    b->n += n;
    return b->p + b->n - n;
}

static void align(struct bytes *b)
{
    grow(b, (MNQ_ALIGN - b->n % MNQ_ALIGN) % MNQ_ALIGN);
}

static void le16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void le32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(v >> (8 * i));
}

/* ---- DATA ---- */

/* Appends n elements of 1, 2 or 4 bytes, aligned; returns their offset. */
static uint32_t put_array(struct bytes *b, const void *src, size_t n, int size)
{
    if (src == NULL) return NONE;
    align(b);
    uint32_t at = (uint32_t)b->n;
    uint8_t *p = grow(b, n * (size_t)size);
    if (p == NULL) return NONE;
    for (size_t i = 0; i < n; i++, p += size) {
        if (size == 1) *p = ((const uint8_t *)src)[i];
        else if (size == 2) le16(p, ((const uint16_t *)src)[i]);
        else le32(p, ((const uint32_t *)src)[i]);
    }
    return at;
}

/* Appends the layer's weights; *at and *n are their place and size. */
static int put_weights(struct bytes *b, const struct mnq_qmodel *q, const struct mnq_qlayer *l, uint32_t *at, uint32_t *n,
                       struct mnq_err *e)
{
    int cin = q->tensor[l->in0].shape.c, cout = q->tensor[l->out].shape.c;
    *at = NONE;
    *n = 0;
    if (l->w == NULL) return 0;
    size_t size = mnq_qlayer_weight_bytes(l, cin, cout);
    align(b);
    *at = (uint32_t)b->n;
    *n = (uint32_t)size;
    uint8_t *p = grow(b, size);
    return p == NULL ? 0 : mnq_weights_encode(l, cin, cout, p, e);
}

static int put_layer(struct bytes *records, struct bytes *data, const struct mnq_qmodel *q, const struct mnq_qlayer *l,
                     struct mnq_err *e)
{
    uint32_t weights, weights_size;
    uint8_t *r = grow(records, LAYR);
    if (put_weights(data, q, l, &weights, &weights_size, e) != 0) return -1;
    if (r == NULL) return 0;
    if (l->map != NULL) {
        weights = put_array(data, l->map, (size_t)q->tensor[l->out].shape.c, 2);
        weights_size = 2 * (uint32_t)q->tensor[l->out].shape.c;
    }
    bool scalar = l->op == MNQ_L_SOFTMAX || l->op == MNQ_L_LOGISTIC;
    size_t oc = scalar ? 1 : (size_t)q->tensor[l->out].shape.c;
    r[0] = l->op;
    r[1] = l->map != NULL ? MNQ_W_MAP : l->wtype;
    r[2] = l->act;
    r[3] = l->frac;
    le16(r + 4, (unsigned)l->in0);
    le16(r + 6, l->in1 < 0 ? 0xffff : (unsigned)l->in1);
    le16(r + 8, (unsigned)l->out);
    r[10] = (uint8_t)l->kh, r[11] = (uint8_t)l->kw, r[12] = (uint8_t)l->sh, r[13] = (uint8_t)l->sw;
    r[14] = (uint8_t)l->pt, r[15] = (uint8_t)l->pl, r[16] = (uint8_t)l->pb, r[17] = (uint8_t)l->pr;
    le16(r + 18, (unsigned)(l->block > 0 ? l->block : l->wtype == MNQ_W_BINARY ? l->bases : l->mult));
    le32(r + 20, (uint32_t)l->lo);
    le32(r + 24, (uint32_t)l->hi);
    le32(r + 28, weights);
    le32(r + 32, weights_size);
    le32(r + 36, put_array(data, l->bias, oc, 4));
    le32(r + 40, put_array(data, l->m, oc, 4));
    le32(r + 44, put_array(data, l->r, oc, 1));
    le32(r + 48, put_array(data, l->m2, oc, 4));
    le32(r + 52, put_array(data, l->r2, oc, 1));
    le32(r + 56, put_array(data, l->pad, (size_t)q->tensor[l->in0].shape.c, 1));
    le32(r + 60, l->table != NULL ? put_array(data, l->table, MNQ_TABLE_KNOTS, 2) : 0);
    return 0;
}

/* ---- TENS and SCAL ---- */

/* One scale as mantissa * 2^exponent with a 24-bit mantissa, exact for a float. */
static void put_scale(uint8_t *mantissa, uint8_t *exponent, float scale)
{
    int e;
    float f = frexpf(scale, &e);
    le32(mantissa, (uint32_t)(int32_t)ldexpf(f, 24));
    le32(exponent, (uint32_t)(e - 24));
}

static bool one_scale(const struct mnq_qtensor *t)
{
    for (int c = 1; c < t->shape.c; c++)
        if (t->scale[c] != t->scale[0]) return false;
    return t->scale[0] != 0;
}

static void put_tensor(struct bytes *records, struct bytes *scales, const struct mnq_qtensor *t)
{
    uint8_t *r = grow(records, TENS);
    if (r == NULL) return;
    le16(r, (unsigned)t->shape.h);
    le16(r + 2, (unsigned)t->shape.w);
    le16(r + 4, (unsigned)t->shape.c);
    r[6] = (uint8_t)t->dtype;
    le32(r + 8, (uint32_t)t->zp);
    le32(r + 12, t->offset);
    if (one_scale(t)) {
        put_scale(r + 16, r + 20, t->scale[0]);
        return;
    }
    le32(r + 24, (uint32_t)(scales->n / 4));
    for (int c = 0; c < t->shape.c; c++) {
        uint32_t bits;
        memcpy(&bits, &t->scale[c], 4);
        uint8_t *p = grow(scales, 4);
        if (p != NULL) le32(p, bits);
    }
}

/* ---- PLAN and PUSH ---- */

static void put_stages(struct bytes *b, const struct mnq_qmodel *q, const struct mnq_stages *p)
{
    uint8_t *to = p == NULL ? NULL : grow(b, mnq_stages_size(p, q->n_tensors));
    if (to != NULL) mnq_stages_write(p, q->n_tensors, q->n_layers, to);
}

/* ---- the file ---- */

static int check_window(const char *name, int kh, int kw, int sh, int sw, struct mnq_err *e)
{
    if (kh <= 255 && kw <= 255 && sh <= 255 && sw <= 255) return 0;
    return mnq_fail(e, MNQ_EXIT_FAILED, "layer %s: window %dx%d, strides %dx%d; the format holds 255", name, kh, kw, sh, sw);
}

static int check_limits(const struct mnq_qmodel *q, struct mnq_err *e)
{
    if (q->n_tensors > 4096 || q->n_layers > 4096)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%d layers; the format holds 4096", q->n_layers);
    for (int i = 0; i < q->n_tensors; i++) {
        struct mnq_shape s = q->tensor[i].shape;
        if (s.h > 65535 || s.w > 65535 || s.c > 65535)
            return mnq_fail(e, MNQ_EXIT_FAILED, "tensor %d is %dx%dx%d; the format holds 65535 a side", i, s.h, s.w, s.c);
    }
    for (int i = 0; i < q->n_layers; i++) {
        const struct mnq_qlayer *l = &q->layer[i];
        if (check_window(l->name, l->kh, l->kw, l->sh, l->sw, e) != 0) return -1;
    }
    return 0;
}

int mnq_qmodel_holds(const struct mnq_graph *g, struct mnq_err *e)
{
    for (int i = 0; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        if (check_window(nd->name, nd->kh, nd->kw, nd->sh, nd->sw, e) != 0) return -1;
    }
    return 0;
}

static bool is_there(const struct mnq_qmodel *q, int s)
{
    return s == S_PLAN ? q->plan != NULL : s == S_PUSH ? q->push != NULL : s == S_OUTS ? q->n_more > 0 : true;
}

/* The first minor version of the format that has such a layer. */
static unsigned minor_version(const struct mnq_qmodel *q, const struct mnq_qlayer *l)
{
    return l->wtype == MNQ_W_TERNARY ? 6 : l->wtype == MNQ_W_SPARSE4 ? 5 : !mnq_qlayer_plain(q, l) ? 3 : l->wtype > MNQ_W_S16 ? 1 : 0;
}

/* Joins header, table and sections into file. */
static void join(const struct mnq_qmodel *q, struct bytes *section, const char (*tag)[5], struct bytes *file)
{
    int n = 0;
    for (int s = 0; s < SECTIONS; s++) n += is_there(q, s);
    grow(file, HEADER + (size_t)(ENTRY * n));
    for (int s = 0, i = 0; s < SECTIONS; s++) {
        if (!is_there(q, s)) continue;
        align(file);
        size_t at = file->n;
        uint8_t *body = grow(file, section[s].n);
        if (body == NULL) return;
        if (section[s].n > 0) memcpy(body, section[s].p, section[s].n);
        uint8_t *entry = file->p + HEADER + ENTRY * i++;
        memcpy(entry, tag[s], 4);
        le32(entry + 4, (uint32_t)at);
        le32(entry + 8, (uint32_t)section[s].n);
    }
    align(file);
    if (file->failed) return;
    uint8_t *h = file->p;
    static const uint8_t magic[4] = {'M', 'N', 'Q', 0x1a};
    memcpy(h, magic, 4);
    le16(h + 4, 1);
    for (int i = 0; i < q->n_layers; i++)
        if (minor_version(q, &q->layer[i]) > h[6]) h[6] = (uint8_t)minor_version(q, &q->layer[i]);
    if ((q->plan != NULL || q->push != NULL) && h[6] < 2) h[6] = 2;
    if (q->n_more > 0 && h[6] < 4) h[6] = 4;
    le32(h + 8, (uint32_t)file->n);
    le32(h + 16, (uint32_t)n);
    le32(h + 20, q->arena_bytes);
    le16(h + 24, (unsigned)q->n_tensors);
    le16(h + 26, (unsigned)q->n_layers);
    le16(h + 28, (unsigned)q->input);
    le16(h + 30, (unsigned)q->output);
    le32(h + 12, mnq_bytes_crc32(0, h + 16, file->n - 16));
}

int mnq_qmodel_pack(const struct mnq_qmodel *q, uint8_t **bytes, size_t *n, struct mnq_err *e)
{
    static const char tag[SECTIONS][5] = {"TENS", "LAYR", "DATA", "PLAN", "PUSH", "OUTS", "SCAL", "META"};
    struct bytes section[SECTIONS] = {0}, file = {0};
    struct mnq_json meta = {0};
    int rc = -1;
    if (check_limits(q, e) != 0) return -1;
    for (int i = 0; i < q->n_tensors; i++) put_tensor(&section[S_TENS], &section[S_SCAL], &q->tensor[i]);
    for (int i = 0; i < q->n_layers; i++)
        if (put_layer(&section[S_LAYR], &section[S_DATA], q, &q->layer[i], e) != 0) goto done;
    put_stages(&section[S_PLAN], q, q->plan);
    put_stages(&section[S_PUSH], q, q->push);
    for (int k = 0; k < q->n_more; k++) {
        uint8_t *r = grow(&section[S_OUTS], 2);
        if (r != NULL) le16(r, (unsigned)q->more[k]);
    }
    mnq_meta_write(&meta, q);
    uint8_t *text = meta.failed ? NULL : grow(&section[S_META], meta.n);
    if (text == NULL) goto nomem;
    memcpy(text, meta.text, meta.n);
    for (int s = 0; s < SECTIONS; s++) {
        if (section[s].failed) goto nomem;
        if (section[s].n > UINT32_MAX / 8) {
            mnq_fail(e, MNQ_EXIT_FAILED, "section %s has %zu bytes; the format holds 4 GiB in all", tag[s], section[s].n);
            goto done;
        }
    }
    join(q, section, tag, &file);
    if (file.failed) goto nomem;
    *bytes = mnq_arena_alloc(q->arena, file.n);
    if (*bytes == NULL) goto nomem;
    memcpy(*bytes, file.p, file.n);
    *n = file.n;

    struct mnq_model m;
    enum mnq_status st = mnq_model_load(&m, *bytes, *n);
    if (st != MNQ_OK)
        mnq_fail(e, MNQ_EXIT_FAILED, "the packed model does not load: %s (item %u)", mnq_status_str(st), (unsigned)m.bad);
    else rc = 0;
    goto done;
nomem:
    mnq_fail_nomem(e);
done:
    for (int s = 0; s < SECTIONS; s++) free(section[s].p);
    free(file.p);
    mnq_json_free(&meta);
    return rc;
}
