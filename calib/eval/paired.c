/* SPDX-License-Identifier: Apache-2.0
 * Two models on the same samples. */
#include "paired.h"

#include <limits.h>
#include <math.h>

/* A positive number with an exponent of its own: 2^-n and C(n, k) leave the range of a double. */
struct wide {
    double m;
    int exp;
};

static struct wide times(struct wide a, double f)
{
    int e;
    a.m = frexp(a.m * f, &e);
    a.exp += e;
    return a;
}

double mnq_mcnemar(int lost, int won)
{
    int n = lost + won, few = lost < won ? lost : won;
    if (lost == won) return 1;
    struct wide term = {1, -n}; /* C(n, few) / 2^n */
    for (int k = 1; k <= few; k++) term = times(term, (double)(n - few + k) / k);
    double sum = 0, t = 1; /* in units of that term, which is the largest */
    for (int k = few; k >= 0; k--) {
        sum += t;
        t *= (double)k / (n - k + 1);
    }
    term = times(term, 2 * sum);
    double p = ldexp(term.m, term.exp);
    return p < 1 ? p : 1;
}

void mnq_paired_interval(int both, int lost, int won, int n, double *low, double *high)
{
    double neither = n - both - lost - won, a = both, b = lost, c = won;
    double p1 = (a + b) / n, p2 = (a + c) / n, phi = 0;
    struct mnq_share first = mnq_wilson(both + lost, n), second = mnq_wilson(both + won, n);
    double l1 = first.lo / 100, u1 = first.hi / 100, l2 = second.lo / 100, u2 = second.hi / 100;
    double spread = (a + b) * (c + neither) * (a + c) * (b + neither), product = a * neither - b * c;
    if (product > 0) product = fmax(product - n / 2.0, 0); /* continuity */
    if (spread > 0) phi = product / sqrt(spread);
    double down = (p2 - l2) * (p2 - l2) - 2 * phi * (p2 - l2) * (u1 - p1) + (u1 - p1) * (u1 - p1);
    double up = (u2 - p2) * (u2 - p2) - 2 * phi * (u2 - p2) * (p1 - l1) + (p1 - l1) * (p1 - l1);
    *low = p2 - p1 - sqrt(fmax(down, 0));
    *high = p2 - p1 + sqrt(fmax(up, 0));
}

struct mnq_pairing mnq_pair(const struct mnq_evaluation *ev, int a, int b)
{
    const struct mnq_eval_model *x = &ev->model[a], *y = &ev->model[b];
    struct mnq_pairing pair = {0};
    int both = 0;
    for (int i = 0; i < ev->n; i++) {
        if (ev->label[i] < 0) continue;
        bool first = x->top1[i] == ev->label[i], second = y->top1[i] == ev->label[i];
        pair.lost += first && !second;
        pair.won += second && !first;
        both += first && second;
    }
    pair.points = 100.0 * (y->hits1 - x->hits1) / ev->labelled;
    pair.p = mnq_mcnemar(pair.lost, pair.won);
    mnq_paired_interval(both, pair.lost, pair.won, ev->labelled, &pair.low, &pair.high);
    pair.low *= 100;
    pair.high *= 100;
    return pair;
}

static double certainty(const struct mnq_evaluation *ev, int a, int b, int i)
{
    double s = (double)ev->model[a].score[i] + (double)ev->model[b].score[i];
    return isnan(s) ? (double)-INFINITY : s;
}

/* Restores the heap below i: the least certain sample on top, of equals the later one. */
static void sift(const struct mnq_evaluation *ev, int a, int b, int *index, int i, int n)
{
    for (;;) {
        int least = i;
        for (int child = 2 * i + 1; child <= 2 * i + 2 && child < n; child++) {
            double c = certainty(ev, a, b, index[child]), l = certainty(ev, a, b, index[least]);
            if (c < l || (!(c > l) && index[child] > index[least])) least = child;
        }
        if (least == i) return;
        int t = index[i];
        index[i] = index[least];
        index[least] = t;
        i = least;
    }
}

int mnq_changed(const struct mnq_evaluation *ev, int a, int b, int *index)
{
    int n = 0;
    for (int i = 0; i < ev->n; i++)
        if (ev->model[a].top1[i] != ev->model[b].top1[i]) index[n++] = i;
    for (int i = n / 2 - 1; i >= 0; i--) sift(ev, a, b, index, i, n);
    for (int k = n - 1; k > 0; k--) {
        int t = index[0];
        index[0] = index[k];
        index[k] = t;
        sift(ev, a, b, index, 0, k);
    }
    return n;
}
