/* SPDX-License-Identifier: Apache-2.0
 * How far a mean loss may lie from the one seen, when most pictures lose nothing. */
#ifndef MNQ_BOUND_H
#define MNQ_BOUND_H

#ifdef __cplusplus
extern "C" {
#endif

/** Of every "expected drop": two-sided; and of a promise: one-sided. */
#define MNQ_DROP_CONFIDENCE    0.95
#define MNQ_PROMISE_CONFIDENCE 0.90

/** A mean loss of pictures, in points. */
struct mnq_bound {
    double points;
    double low, high; /* MNQ_DROP_CONFIDENCE, two-sided */
    double upper;     /* MNQ_PROMISE_CONFIDENCE, one-sided */
    int pictures;     /* that were asked */
};

/**
 * Gamma interval of a weighted sum of rare events (Fay and Feuer 1997, doi:10.1002/(SICI)1097-0258(19970415)16:7<791::AID-
 * SIM500>3.0.CO;2-#): every picture that loses is an event, its loss the weight. Wider than normal theory where few pictures
 * lose, and above zero where none does.
 * loss  [n] points, 0 .. 100 each, n > 0
 */
struct mnq_bound mnq_bound_of(const double *loss, int n);

/**
 * What is to be told of a loss that was priced by the float network's own probabilities, points of the bound that these say.
 * They price a changed decision as if it told nothing of the truth; it does, the less of them change the more: on 1200
 * photographs that were no samples, 33 models of three networks lost half of what was told where little was lost, more where
 * much was, and all of 100 is 100: t (1/2 + t / 200); of the network that lost least 0.29 of it. So points are that, `low` a
 * quarter likewise; `high` and `upper` stay, which none of them exceeded (quant/DESIGN.md).
 */
struct mnq_bound mnq_bound_told(struct mnq_bound b);

/**
 * Pictures that would show the same losses to be at most `most` points at MNQ_PROMISE_CONFIDENCE: n if these do already, -1
 * if none would, since their mean is not below it.
 */
long mnq_bound_pictures(const double *loss, int n, double most);

/** Quantile p of the gamma distribution with this shape and scale 1; shape > 0, 0 < p < 1. */
double mnq_gamma_quantile(double shape, double p);

#ifdef __cplusplus
}
#endif
#endif
