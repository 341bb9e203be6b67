/* SPDX-License-Identifier: Apache-2.0
 * Random compressed weights for tests. */
#include "wmake.h"

int mnq_wmake_field(struct mnq_rng *g, int wtype, int c)
{
    int block = 1 << mnq_rng_in(g, 0, 4);

    if (wtype == WP_BINARY) return mnq_rng_in(g, 1, 4);
    if (!mnq_wpack_sparse(wtype)) return 0;
    while (c % block) block /= 2;
    return block;
}

static int32_t styled(struct mnq_rng *g, int style, int i, int32_t top)
{
    if (style == 1) return top;
    if (style == 2) return -top;
    return style == 3 ? (i % 2 ? -top : top) : mnq_rng_in(g, -top, top);
}

static int32_t sign(struct mnq_rng *g, int style, int i)
{
    return styled(g, style, i, 1) ? styled(g, style, i, 1) : mnq_rng_chance(g, 50) ? 1 : -1;
}

/* A row of S4, SPARSE, SPARSE4 or TERNARY. */
static void make_row(struct mnq_rng *g, const struct mnq_wmake *m, int32_t *w)
{
    int32_t top = m->wtype == WP_SPARSE ? 127 : m->wtype == WP_TERNARY ? 1 : 7;
    int block = mnq_wpack_sparse(m->wtype) ? m->field : 1, kept = 1;
    int64_t reach = 0;

    for (int i = 0; i < m->c; i++) {
        if (i % block == 0) kept = !mnq_wpack_sparse(m->wtype) || !mnq_rng_chance(g, m->zeros);
        w[i] = kept ? styled(g, m->style, i, top) : 0;
        reach += m->a * (w[i] < 0 ? -w[i] : w[i]);
    }
    for (int i = 0; i < m->c && reach > INT32_MAX; i++) w[i] = (int32_t)(w[i] * (int64_t)INT32_MAX / reach);
}

static void make_binary(struct mnq_rng *g, const struct mnq_wmake *m, int32_t *v)
{
    int planes = m->oc * m->field;
    int64_t room = INT32_MAX / (m->a * m->c) / m->field, top = room > 32767 / m->field ? 32767 / m->field : room;

    for (int k = 0; k < planes; k++) {
        for (int i = 0; i < m->c; i++) *v++ = sign(g, m->style, i);
    }
    for (int k = 0; k < planes; k++) {
        int64_t a = m->style ? top : mnq_rng_in(g, 1, (int32_t)(mnq_rng_chance(g, 50) ? top : 1 + top / 100));
        *v++ = m->field > 1 ? (int32_t)a : 1;
    }
}

void mnq_wmake(struct mnq_rng *g, const struct mnq_wmake *m, int32_t *v)
{
    if (m->wtype == WP_BINARY) {
        make_binary(g, m, v);
        return;
    }
    for (int o = 0; o < m->oc; o++, v += m->c) {
        if (m->wtype != WP_XNOR) make_row(g, m, v);
        for (int i = 0; i < m->c && m->wtype == WP_XNOR; i++) v[i] = sign(g, m->style, i);
    }
    for (int i = 0; i < m->c && m->wtype == WP_XNOR; i++) {
        int kind = mnq_rng_in(g, 0, 19);
        v[i] = kind == 0 ? -32768 : kind == 1 ? 32767 : mnq_rng_in(g, m->lo, m->hi);
    }
}

struct mnq_wrow mnq_wmake_row(const struct mnq_wmake *m, const int32_t *v, int o)
{
    const int32_t *w = v + (int64_t)o * m->c, *coef = v + (int64_t)m->oc * m->field * m->c + (int64_t)o * m->field;
    struct mnq_wrow r = {0};

    if (m->wtype == WP_XNOR) return (struct mnq_wrow){256 * (int64_t)m->c, 0, 65536.0 * m->c};
    for (int k = 0; m->wtype == WP_BINARY && k < m->field; k++) {
        const int32_t *s = v + ((int64_t)o * m->field + k) * m->c;
        r.reach += m->a * m->c * coef[k];
        r.squares += (double)coef[k] * coef[k] * m->c;
        for (int i = 0; i < m->c; i++) r.sum += s[i] * coef[k];
    }
    for (int i = 0; i < m->c && m->wtype != WP_BINARY; i++) {
        r.reach += m->a * (w[i] < 0 ? -w[i] : w[i]);
        r.squares += (double)w[i] * w[i];
        r.sum += w[i];
    }
    return r;
}
