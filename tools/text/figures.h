/* SPDX-License-Identifier: Apache-2.0
 * Measured values as text, the same in tables and on the page. */
#ifndef MNQ_FIGURES_H
#define MNQ_FIGURES_H

#include "stored.h"

/** A short text, returned by value: mnq_fig_bits(8).s. */
struct mnq_fig {
    char s[48];
};

struct mnq_fig mnq_fig_percent(int64_t k, int64_t n);            /* "95.90"; "-" if k < 0 or n <= 0 */
struct mnq_fig mnq_fig_interval(int64_t k, int64_t n);           /* "[94.5, 97.0]", mnq_wilson(); "-" likewise */
struct mnq_fig mnq_fig_points(double points);                    /* "+0.27" */
struct mnq_fig mnq_fig_points_interval(double low, double high); /* "[-0.3, +0.8]" */
struct mnq_fig mnq_fig_p(double p);                              /* "0.031", below 0.001 "2.1e-05" */
struct mnq_fig mnq_fig_ratio(int64_t a, int64_t b);              /* a over b, "0.329"; "-" if unknown */
struct mnq_fig mnq_fig_bytes(int64_t bytes);                     /* mnq_text_bytes(); "-" below 0 */
struct mnq_fig mnq_fig_round_bytes(double bytes);                /* "50 KiB": of an axis, without decimals that are zero */
struct mnq_fig mnq_fig_count(int64_t n);                         /* mnq_text_count() */
struct mnq_fig mnq_fig_bits(int64_t bytes, int64_t weights);     /* "8.42" bits per weight; "-" without weights */
struct mnq_fig mnq_fig_part(int64_t part, int64_t whole);        /* "12.5" percent; "-" if whole is 0 */
struct mnq_fig mnq_fig_db(double db);                            /* "31.42"; infinite "exact" */
struct mnq_fig mnq_fig_score(double score);                      /* "0.931" */

/** "conv" ... of an integer layer's op. */
const char *mnq_layer_op_name(int op);

/** "int8", "sparse", "binary x2". */
struct mnq_fig mnq_fig_format(const struct mnq_stored_layer *l);

/** What a model is, in a word: "float", or the formats of its weights by falling share, "int8+int16". */
void mnq_fig_kind(const struct mnq_stored *s, enum mnq_subject_kind kind, char *text, size_t n);

/** Weight formats of a model with their shares of the weights, largest first: "int8 92.1 %, int16 7.9 %"; one alone: its
 *  name. */
void mnq_fig_formats(const struct mnq_stored *s, char *text, size_t n);

#endif
