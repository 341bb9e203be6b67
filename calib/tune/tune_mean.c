/* SPDX-License-Identifier: Apache-2.0
 * The running mean of what is trained: steady where single steps are not (Polyak and Juditsky 1992). */
#include "tune_mean.h"

#include <string.h>

static int add_part(struct mnq_tune_mean *m, float *live, size_t n, struct mnq_arena *arena)
{
    float *mean = mnq_arena_array(arena, n, sizeof *mean);
    if (mean == NULL) return -1;
    memcpy(mean, live, n * sizeof *mean);
    m->part[m->n++] = (struct mnq_tune_mean_part){live, mean, n};
    return 0;
}

int mnq_tune_mean_init(struct mnq_tune_mean *m, const struct mnq_training *t, struct mnq_train_grid *const *grid, int window,
                       struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_graph *g = t->g;
    int rc = 0;
    *m = (struct mnq_tune_mean){.t = t, .grid = grid, .window = window > 1 ? window : 1};
    m->part = mnq_arena_array(arena, 3 * (size_t)g->n, sizeof *m->part);
    if (m->part == NULL) return mnq_fail_nomem(e);
    for (int i = t->from; i <= t->last && rc == 0; i++) {
        const struct mnq_train_grid *on = grid != NULL && t->trains_w[i] ? grid[i] : NULL;
        if (on != NULL) {
            rc = add_part(m, on->value, on->of_value.n, arena);
            if (rc == 0) rc = add_part(m, on->level, on->of_level.n, arena);
        } else if (t->trains_w[i]) {
            rc = add_part(m, g->node[i].w, mnq_node_weights(g, &g->node[i]), arena);
        }
        if (rc == 0 && t->trains_b[i]) rc = add_part(m, g->node[i].b, (size_t)g->node[i].out.c, arena);
    }
    return rc == 0 ? 0 : mnq_fail_nomem(e);
}

void mnq_tune_mean_restart(struct mnq_tune_mean *m)
{
    m->steps = 0;
    for (int k = 0; k < m->n; k++) memcpy(m->part[k].mean, m->part[k].live, m->part[k].n * sizeof(float));
}

void mnq_tune_mean_add(struct mnq_tune_mean *m)
{
    int over = m->steps + 2 < m->window ? m->steps + 2 : m->window;
    const float share = 1.0f / (float)over;
    m->steps++;
    for (int k = 0; k < m->n; k++) {
        const struct mnq_tune_mean_part *p = &m->part[k];
        if (over == 1) memcpy(p->mean, p->live, p->n * sizeof *p->mean);
        else
            for (size_t i = 0; i < p->n; i++) p->mean[i] += share * (p->live[i] - p->mean[i]);
    }
}

void mnq_tune_mean_swap(struct mnq_tune_mean *m)
{
    for (int k = 0; k < m->n; k++) {
        const struct mnq_tune_mean_part *p = &m->part[k];
        for (size_t i = 0; i < p->n; i++) {
            const float v = p->live[i];
            p->live[i] = p->mean[i];
            p->mean[i] = v;
        }
    }
    for (int i = m->t->from; m->grid != NULL && i <= m->t->last; i++)
        if (m->grid[i] != NULL && m->t->trains_w[i]) mnq_train_grid_apply(m->grid[i], m->t->g->node[i].w);
}
