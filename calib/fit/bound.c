/* SPDX-License-Identifier: Apache-2.0
 * How far a mean loss may lie from the one seen, when most pictures lose nothing. */
#include "bound.h"

#include <math.h>

/* What one more picture would lose, which none was seen to do: this at least, or as much as the worst of those seen. */
static const double UNSEEN = 20;

/* Regularized lower incomplete gamma function: its series for small x, its continued fraction (Lentz) for large. */
static double gamma_p(double a, double x)
{
    enum { TERMS = 2000 };
    if (x <= 0) return 0;
    double front = exp(a * log(x) - x - lgamma(a));
    if (x < a + 1) {
        double term = 1 / a, sum = term;
        for (int k = 1; k < TERMS && term > sum * 1e-15; k++) sum += term *= x / (a + k);
        return fmin(1, front * sum);
    }
    const double tiny = 1e-300;
    double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
    for (int k = 1; k < TERMS; k++) {
        double an = -k * (k - a);
        b += 2;
        d = an * d + b;
        if (fabs(d) < tiny) d = tiny;
        c = b + an / c;
        if (fabs(c) < tiny) c = tiny;
        d = 1 / d;
        h *= d * c;
        if (fabs(d * c - 1) < 1e-15) break;
    }
    return fmax(0, 1 - front * h);
}

double mnq_gamma_quantile(double shape, double p)
{
    enum { HALVINGS = 100 };
    double lo = 0, hi = shape + 1;
    while (gamma_p(shape, hi) < p) hi *= 2;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = (lo + hi) / 2;
        if (gamma_p(shape, middle) < p) lo = middle;
        else hi = middle;
    }
    return (lo + hi) / 2;
}

/* Weights of events: their sum, sum of squares, and that of one more. */
struct events {
    double y, v, next;
};

static struct events count(const double *loss, double n_seen, double n)
{
    struct events s = {0};
    for (int i = 0; i < (int)n_seen; i++) {
        if (!(loss[i] > 0)) continue;
        double w = loss[i] / n;
        s.y += w;
        s.v += w * w;
        s.next = fmax(s.next, w);
    }
    s.next = fmax(s.next, UNSEEN / n);
    return s;
}

static double upper(const struct events *s, double confidence)
{
    double y = s->y + s->next, v = s->v + s->next * s->next;
    return fmin(100, v / y * mnq_gamma_quantile(y * y / v, confidence));
}

static double lower(const struct events *s, double confidence)
{
    return s->y > 0 ? s->v / s->y * mnq_gamma_quantile(s->y * s->y / s->v, 1 - confidence) : 0;
}

struct mnq_bound mnq_bound_of(const double *loss, int n)
{
    const double side = 1 - (1 - MNQ_DROP_CONFIDENCE) / 2;
    struct events s = count(loss, n, n);
    return (struct mnq_bound){.points = s.y,
                              .low = lower(&s, side),
                              .high = upper(&s, side),
                              .upper = upper(&s, MNQ_PROMISE_CONFIDENCE),
                              .pictures = n};
}

/* The share `least` of small losses, all of 100 points. */
static double share_of(double points, double least)
{
    return points * (least + (1 - least) * points / 100);
}

struct mnq_bound mnq_bound_told(struct mnq_bound b)
{
    b.points = share_of(b.points, 0.5);
    b.low = share_of(b.low, 0.25);
    return b;
}

long mnq_bound_pictures(const double *loss, int n, double most)
{
    enum { MOST_TIMES = 1000 };
    struct events s = count(loss, n, n);
    if (s.y >= most) return -1;
    for (double times = 1; times <= MOST_TIMES;
         times *= 1.05) { /* as many times the pictures, with as many times the events */
        struct events more = {s.y, s.v / times, s.next / times};
        if (upper(&more, MNQ_PROMISE_CONFIDENCE) <= most) return (long)ceil(n * times);
    }
    return -1;
}
