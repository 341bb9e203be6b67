/* SPDX-License-Identifier: Apache-2.0
 * Accuracy of the integer softmax and logistic against double, up to 1000 classes, hostile distributions included.
 *
 * 32767 stands for 1, so a probability within half an LSB of 1 is off by up to 2^-15; everything else is within 3e-5. */
#include "oracle.h"
#include "rng.h"

#include <math.h>
#include <stdio.h>

enum { MOST = 1000, CASES = 3000 };

struct worst {
    double error, at_one;
    int n, kind;
};

static void split(double x, int32_t *m, int32_t *r)
{
    int e;
    double f = frexp(x, &e);

    *m = (int32_t)fmin(floor(f * 2147483648.0 + 0.5), 2147483647.0);
    *r = -1 - e;
}

/* Logits of a kind: uniform, narrow, one against equals, one against a distant crowd, bell, two levels. */
static void logits(struct mnq_rng *g, int kind, int32_t *q, int n)
{
    int32_t far = mnq_rng_in(g, 0, 32767), width = mnq_rng_in(g, 1, 300);

    for (int i = 0; i < n; i++) {
        switch (kind) {
        case 0:
            q[i] = mnq_rng_in(g, -32768, 32767);
            break;
        case 1:
            q[i] = -mnq_rng_in(g, 0, width);
            break;
        case 2:
            q[i] = i ? -far : 0;
            break;
        case 3:
            q[i] = i ? -32768 + mnq_rng_in(g, 0, 2000) : 32767;
            break;
        case 4:
            q[i] = (mnq_rng_in(g, -32768, 32767) + mnq_rng_in(g, -32768, 32767) + mnq_rng_in(g, -32768, 32767)) / 3;
            break;
        default:
            q[i] = i % 3 ? -far : 0;
        }
    }
}

static void note(struct worst *w, int32_t p, double real, int n, int kind)
{
    double e = fabs(p / 32768.0 - real);

    if (p == 32767) w->at_one = fmax(w->at_one, e);
    else if (e > w->error) *w = (struct worst){e, w->at_one, n, kind};
}

static int report(const char *name, const struct worst *w)
{
    printf("%s: largest error %.3g (%d values, kind %d), at the value that stands for 1 %.3g\n", name, w->error, w->n,
           w->kind, w->at_one);
    return w->error > 3e-5 || w->at_one > 1.0 / 32768.0;
}

int main(void)
{
    static int32_t q[MOST], p[MOST];
    static double e[MOST];
    struct mnq_rng g = mnq_rng_seed(8, 1);
    struct worst soft = {0}, logi = {0};
    const double log2_e = 1.4426950408889634;

    for (int k = 0; k < CASES; k++) {
        int n = mnq_rng_in(&g, 1, MOST), kind = k % 6;
        double scale = 1e-5 * exp(mnq_rng_in(&g, 0, 1000) / 1000.0 * log(1000.0)), sum = 0.0;
        int32_t m, r, max = -32768;

        logits(&g, kind, q, n);
        split(scale * log2_e * 65536.0, &m, &r);
        mnq_oracle_softmax(q, p, n, m, (int)r);
        for (int i = 0; i < n; i++) max = q[i] > max ? q[i] : max;
        for (int i = 0; i < n; i++) sum += e[i] = exp(scale * (q[i] - max));
        for (int i = 0; i < n; i++) note(&soft, p[i], e[i] / sum, n, kind);
        mnq_oracle_logistic(q, p, n, m, (int)r);
        for (int i = 0; i < n; i++) note(&logi, p[i], 1.0 / (1.0 + exp(-scale * q[i])), n, kind);
    }
    for (int i = 0; i <= 64; i++) {
        if (mnq_oracle_exp2_table(i) != (uint32_t)floor(exp2(30.0 - i / 64.0) + 0.5)) {
            printf("FAILED T[%d]\n", i);
            return 1;
        }
    }
    int bad = report("softmax ", &soft);
    return bad | report("logistic", &logi);
}
