/* SPDX-License-Identifier: Apache-2.0
 * Gradients of every operator and activation that training knows, against finite differences; the same bits from all
 * kernels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "builder.h"
#include "graph/fkernel/fkernel.h"
#include "train/trainer.h"

#include <math.h>

enum { SIDE = 9, CHANNELS = 4 };

struct world {
    struct mnq_arena arena;
    struct builder b;
    struct mnq_training t;
    struct mnq_gradients sum;
    struct mnq_backward *space;
    float *input, *pull; /* the loss is sum of pull * output */
    int from;
    struct mnq_err e;
};

static int checked, skipped;
static double worst;

static void setup(struct world *w, unsigned seed)
{
    *w = (struct world){0};
    builder_init(&w->b, &w->arena, seed);
    input(&w->b, SIDE, SIDE, CHANNELS);
}

static void ready(struct world *w, int from, const struct mnq_fkernels *kernels)
{
    const struct mnq_graph *g = &w->b.g;
    w->from = from;
    if (mnq_training_init(&w->t, g, from, g->output, NULL, NULL, &w->arena, &w->e) != 0) fail_msg("%s", w->e.msg);
    if (kernels != NULL) w->t.kernels = kernels;
    if (mnq_gradients_init(&w->t, &w->sum, &w->arena, &w->e) != 0) fail_msg("%s", w->e.msg);
    w->space = mnq_backward_new(&w->t, &w->e);
    assert_non_null(w->space);
    w->input = random_array(&w->b, mnq_elements(g->node[from - 1].out), -2, 2);
    w->pull = random_array(&w->b, mnq_elements(g->node[g->output].out), -1, 1);
    memcpy(mnq_backward_tensor(w->space, from - 1), w->input, mnq_elements(g->node[from - 1].out) * sizeof(float));
}

static void done(struct world *w)
{
    mnq_backward_free(w->space);
    mnq_arena_free(&w->arena);
}

static double loss(struct world *w)
{
    const float *y = mnq_backward_forward(w->space);
    double sum = 0;
    for (size_t i = 0; i < mnq_elements(w->b.g.node[w->b.g.output].out); i++) sum += (double)w->pull[i] * (double)y[i];
    return sum;
}

static void backward(struct world *w)
{
    if (mnq_training_settle(&w->t, 2, &w->e) != 0) fail_msg("%s", w->e.msg);
    loss(w);
    size_t n = mnq_elements(w->b.g.node[w->b.g.output].out);
    memcpy(mnq_backward_of(w->space, w->b.g.output), w->pull, n * sizeof(float));
    mnq_backward_run(w->space, &w->sum);
}

/* Difference quotient of the loss by one parameter. */
static double slope(struct world *w, float *v, float step)
{
    float kept = *v;
    *v = kept + step;
    double up = loss(w), moved = (double)*v;
    *v = kept - step;
    double down = loss(w);
    moved -= (double)*v;
    *v = kept;
    return (up - down) / moved;
}

/* A corner of an activation within the step shows by the quotients of two steps: such parameters are left out. */
static void check_array(struct world *w, float *v, const float *gradient, size_t n, double scale)
{
    for (size_t i = 0; i < n; i++) {
        double a = slope(w, &v[i], 4e-3f), b = slope(w, &v[i], 1e-3f);
        if (fabs(a - b) > 4e-3 * (fabs(a) + scale)) {
            skipped++;
            continue;
        }
        double error = fabs((double)gradient[i] - a) / (fabs(a) + scale);
        if (error > worst) worst = error;
        checked++;
        if (error > 1e-2)
            fail_msg("%s: gradient %g, by differences %g", w->b.g.node[w->b.g.output].name, (double)gradient[i], a);
    }
}

static void check(struct world *w)
{
    const struct mnq_graph *g = &w->b.g;
    backward(w);
    int before = checked;
    for (int i = w->from; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        double scale = 0;
        if (w->sum.w[i] == NULL) continue;
        size_t n = mnq_node_weights(g, nd);
        for (size_t k = 0; k < n; k++) scale += fabs((double)w->sum.w[i][k]) / (double)n;
        check_array(w, nd->w, w->sum.w[i], n, scale + 5e-3);
        if (w->sum.b[i] != NULL) check_array(w, nd->b, w->sum.b[i], (size_t)nd->out.c, scale + 5e-3);
    }
    assert_true(checked > before);
    done(w);
}

/* Every activation behind every kind of layer, and through all that lies behind. */
static void activations(void **state)
{
    (void)state;
    static const enum mnq_act acts[] = {MNQ_ACT_NONE,     MNQ_ACT_RELU,    MNQ_ACT_RELU_MAX,        MNQ_ACT_HSWISH,
                                        MNQ_ACT_HSIGMOID, MNQ_ACT_SIGMOID, MNQ_ACT_HARD_SIGMOID_02, MNQ_ACT_LEAKY};
    for (size_t k = 0; k < sizeof acts / sizeof *acts; k++) {
        struct world w;
        setup(&w, 10 + (unsigned)k);
        int x = conv(&w.b, 0, 5, 3, 2, 1, true);
        for (int layer = 0; layer < 3; layer++) {
            node(&w.b, x)->act = acts[k];
            node(&w.b, x)->act_max = acts[k] == MNQ_ACT_LEAKY ? INFINITY : 2.5f;
            node(&w.b, x)->act_alpha = 0.2f;
            if (layer == 0) x = dwconv(&w.b, x, 1, 3, 1, 1, true);
            if (layer == 1) x = conv(&w.b, x, 6, 1, 1, 0, true);
        }
        dense(&w.b, global_pool(&w.b, x), 3, true);
        ready(&w, 1, NULL);
        check(&w);
    }
}

/* Windows, strides and paddings of all kinds, with and without biases. */
static void windows(void **state)
{
    (void)state;
    static const int kernel[] = {1, 3, 5, 2}, stride[] = {1, 2};
    for (int k = 0; k < 4; k++)
        for (int s = 0; s < 2; s++) {
            struct world w;
            setup(&w, 100 + (unsigned)(2 * k + s));
            int x = conv(&w.b, 0, 6, kernel[k], stride[s], kernel[k] / 2, k % 2 == 0);
            node(&w.b, x)->pt = kernel[k] / 3; /* other above than below */
            if (mnq_node_infer(&w.b.g, node(&w.b, x), &w.e) != 0) fail_msg("%s", w.e.msg);
            x = dwconv(&w.b, x, 1, kernel[k], stride[s], kernel[k] / 2, k % 2 == 1);
            x = conv(&w.b, x, 3, kernel[k], 1, kernel[k] / 2, true);
            ready(&w, 1, NULL);
            check(&w);
        }
}

/* A residual block with factors and squeeze-excite, padding of its own, an activation alone, windowed means. */
static void blocks(void **state)
{
    (void)state;
    struct world w;
    setup(&w, 7);
    int x = conv(&w.b, 0, 6, 1, 1, 0, true), skip = x;
    x = dwconv(&w.b, x, 1, 3, 1, 1, true);
    node(&w.b, x)->act = MNQ_ACT_HSWISH;
    int s = conv(&w.b, global_pool(&w.b, x), 3, 1, 1, 0, true);
    node(&w.b, s)->act = MNQ_ACT_RELU;
    s = conv(&w.b, s, 6, 1, 1, 0, true);
    node(&w.b, s)->act = MNQ_ACT_HSIGMOID;
    append(&w.b, MNQ_OP_MUL, 2, x, s);
    x = finish(&w.b);
    x = conv(&w.b, x, 6, 1, 1, 0, true);
    struct mnq_node *add = append(&w.b, MNQ_OP_ADD, 2, x, skip);
    add->coef[0] = 1;
    add->coef[1] = 0.5f;
    x = finish(&w.b);
    struct mnq_node *pad = append(&w.b, MNQ_OP_PAD, 1, x, 0);
    pad->pt = 1;
    pad->pl = 2;
    pad->pb = pad->pr = 1;
    x = finish(&w.b);
    struct mnq_node *act = append(&w.b, MNQ_OP_ACT, 1, x, 0);
    act->act = MNQ_ACT_RELU_MAX;
    act->act_max = 3;
    x = finish(&w.b);
    struct mnq_node *pool = append(&w.b, MNQ_OP_AVGPOOL, 1, x, 0);
    pool->kh = pool->kw = 3;
    pool->sh = pool->sw = 2;
    x = finish(&w.b);
    append(&w.b, MNQ_OP_MUL, 2, x, x);
    finish(&w.b);
    ready(&w, 1, NULL);
    check(&w);
    print_message("%d gradients checked, largest error %.1e of the layer's mean; %d at corners left out\n", checked, worst,
                  skipped);
    assert_true(skipped < checked / 10);
}

static void all_kernels_agree(void **state)
{
    (void)state;
    float *first = NULL;
    size_t n = 0;
    for (int k = 0; mnq_fkernels_at(k) != NULL; k++) {
        struct world w;
        setup(&w, 3);
        int x = conv(&w.b, 0, 37, 3, 1, 1, true);
        node(&w.b, x)->act = MNQ_ACT_HSWISH;
        x = dwconv(&w.b, x, 1, 3, 2, 1, true);
        x = conv(&w.b, x, 19, 1, 1, 0, true);
        dense(&w.b, global_pool(&w.b, x), 5, true);
        ready(&w, 1, mnq_fkernels_at(k));
        backward(&w);
        n = mnq_node_weights(&w.b.g, node(&w.b, 1));
        if (first == NULL) first = malloc(n * sizeof *first);
        assert_non_null(first);
        if (k == 0) memcpy(first, w.sum.w[1], n * sizeof *first);
        assert_memory_equal(first, w.sum.w[1], n * sizeof *first);
        done(&w);
    }
    free(first);
}

static void unknown_operators_are_named(void **state)
{
    (void)state;
    struct world w;
    setup(&w, 5);
    int x = conv(&w.b, 0, 4, 1, 1, 0, true);
    node(&w.b, x)->act = MNQ_ACT_MISH;
    dense(&w.b, global_pool(&w.b, x), 3, true);
    assert_int_equal(mnq_training_init(&w.t, &w.b.g, 1, w.b.g.output, NULL, NULL, &w.arena, &w.e), -1);
    assert_string_equal(w.e.msg, "layer 'conv_1': no gradient of mish is known; training covers what MobileNets use");
    mnq_arena_free(&w.arena);
}

/* ---- steps ---- */

/* Follows the output (1, 0, 0) for any input. */
static double toward(void *ctx, int item, struct mnq_backward *b)
{
    struct world *w = ctx;
    size_t n = mnq_elements(w->b.g.node[0].out);
    float *x = mnq_backward_tensor(b, 0);
    for (size_t i = 0; i < n; i++) x[i] = w->input[(i + (size_t)item) % n];
    const float *y = mnq_backward_forward(b);
    float *d = mnq_backward_of(b, w->b.g.output);
    double sum = 0;
    for (int c = 0; c < 3; c++) {
        float away = y[c] - (c == 0 ? 1.0f : 0.0f);
        d[c] += 2 * away;
        sum += (double)away * (double)away;
    }
    return sum;
}

static void net(struct world *w)
{
    setup(w, 21);
    int x = conv(&w->b, 0, 8, 3, 2, 1, true);
    node(&w->b, x)->act = MNQ_ACT_RELU;
    for (size_t k = 0; k < 40; k++) node(&w->b, x)->w[3 * k] = 0;
    x = conv(&w->b, x, 6, 1, 1, 0, true);
    dense(&w->b, global_pool(&w->b, x), 3, true);
    ready(w, 1, NULL);
}

/* The loss falls, zeros stay, and threads change no bit. */
static void steps_learn(void **state)
{
    (void)state;
    enum { STEPS = 60, BATCH = 10 };
    float result[3] = {0};
    for (int threads = 1; threads <= 4; threads++) {
        struct world w;
        net(&w);
        float *unit[8], ones[64];
        for (int i = 0; i < 64; i++) ones[i] = 0.3f;
        for (int i = 0; i < 8; i++) unit[i] = ones;
        struct mnq_trainer *t = mnq_trainer_new(&w.t, unit, unit, NULL, threads, &w.e);
        assert_non_null(t);
        double first = 0, last = 0;
        for (int s = 0; s < STEPS; s++) {
            if (mnq_trainer_step(t, BATCH, toward, &w, 0.02f, &last, &w.e) != 0) fail_msg("%s", w.e.msg);
            if (s == 0) first = last;
        }
        assert_true(last < 0.2 * first);
        for (size_t k = 0; k < 40; k++) assert_true(node(&w.b, 1)->w[3 * k] == 0);
        if (threads == 1) memcpy(result, node(&w.b, w.b.g.output)->w, sizeof result);
        assert_memory_equal(result, node(&w.b, w.b.g.output)->w, sizeof result);
        mnq_trainer_free(t);
        done(&w);
    }
}

static double no_number(void *ctx, int item, struct mnq_backward *b)
{
    return toward(ctx, item, b) + (item == 3 ? (double)NAN : 0);
}

static void what_diverges_stops(void **state)
{
    (void)state;
    struct world w;
    net(&w);
    float *unit[8], ones[64];
    double last;
    for (int i = 0; i < 64; i++) ones[i] = 0.3f;
    for (int i = 0; i < 8; i++) unit[i] = ones;
    struct mnq_trainer *t = mnq_trainer_new(&w.t, unit, unit, NULL, 2, &w.e);
    assert_non_null(t);
    assert_int_equal(mnq_trainer_step(t, 8, no_number, &w, 0.02f, &last, &w.e), -1);
    assert_string_equal(w.e.msg, "training diverged: the loss is not finite");
    mnq_trainer_free(t);
    done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(activations),
                                       cmocka_unit_test(windows),
                                       cmocka_unit_test(blocks),
                                       cmocka_unit_test(all_kernels_agree),
                                       cmocka_unit_test(unknown_operators_are_named),
                                       cmocka_unit_test(steps_learn),
                                       cmocka_unit_test(what_diverges_stops)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
