/* SPDX-License-Identifier: Apache-2.0
 * Measured values as text. */
#include "figures.h"

#include "evaluate.h"
#include "table.h"

#include <math.h>
#include <stdio.h>

static struct mnq_fig none(void)
{
    return (struct mnq_fig){"-"};
}

static struct mnq_fig number(const char *fmt, double v)
{
    struct mnq_fig f;
    snprintf(f.s, sizeof f.s, fmt, v);
    return f;
}

struct mnq_fig mnq_fig_percent(int64_t k, int64_t n)
{
    return k < 0 || n <= 0 ? none() : number("%.2f", 100.0 * (double)k / (double)n);
}

struct mnq_fig mnq_fig_interval(int64_t k, int64_t n)
{
    if (k < 0 || n <= 0) return none();
    struct mnq_share s = mnq_wilson(k, n);
    struct mnq_fig f;
    snprintf(f.s, sizeof f.s, "[%.1f, %.1f]", s.lo, s.hi);
    return f;
}

struct mnq_fig mnq_fig_points(double points)
{
    return isnan(points) ? none() : number("%+.2f", points);
}

struct mnq_fig mnq_fig_points_interval(double low, double high)
{
    struct mnq_fig f;
    snprintf(f.s, sizeof f.s, "[%+.1f, %+.1f]", low, high);
    return f;
}

struct mnq_fig mnq_fig_p(double p)
{
    return isnan(p) ? none() : number(p < 0.001 ? "%.1e" : "%.3f", p);
}

struct mnq_fig mnq_fig_ratio(int64_t a, int64_t b)
{
    return a < 0 || b <= 0 ? none() : number("%.3f", (double)a / (double)b);
}

struct mnq_fig mnq_fig_bytes(int64_t bytes)
{
    struct mnq_fig f;
    char text[32];
    if (bytes < 0) return none();
    snprintf(f.s, sizeof f.s, "%s", mnq_text_bytes(text, bytes));
    return f;
}

struct mnq_fig mnq_fig_round_bytes(double bytes)
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    struct mnq_fig f;
    int u = 0;
    for (; u < 4 && bytes >= 1000; u++) bytes /= 1024;
    snprintf(f.s, sizeof f.s, "%g %s", bytes, unit[u]);
    return f;
}

struct mnq_fig mnq_fig_count(int64_t n)
{
    struct mnq_fig f;
    char text[32];
    snprintf(f.s, sizeof f.s, "%s", mnq_text_count(text, n));
    return f;
}

struct mnq_fig mnq_fig_bits(int64_t bytes, int64_t weights)
{
    double bits = mnq_stored_bits(bytes, weights);
    return isnan(bits) ? none() : number("%.2f", bits);
}

struct mnq_fig mnq_fig_part(int64_t part, int64_t whole)
{
    return whole <= 0 ? none() : number("%.1f", 100.0 * (double)part / (double)whole);
}

struct mnq_fig mnq_fig_db(double db)
{
    if (isnan(db)) return none();
    return isinf(db) && db > 0 ? (struct mnq_fig){"exact"} : number("%.2f", db);
}

struct mnq_fig mnq_fig_score(double score)
{
    return isnan(score) ? none() : number("%.3f", score);
}

struct mnq_fig mnq_fig_format(const struct mnq_stored_layer *l)
{
    struct mnq_fig f;
    if (l->format == MNQ_STORED_NONE) return none();
    if (l->format == MNQ_STORED_BINARY) snprintf(f.s, sizeof f.s, "%s x%d", mnq_stored_name(l->format), l->bases);
    else snprintf(f.s, sizeof f.s, "%s", mnq_stored_name(l->format));
    return f;
}

void mnq_fig_kind(const struct mnq_stored *s, enum mnq_subject_kind kind, char *text, size_t n)
{
    bool done[MNQ_STORED_FORMATS] = {true}; /* NONE is no format */
    size_t at = 0;
    snprintf(text, n, "%s", mnq_subject_kind_name(kind));
    if (kind == MNQ_SUBJECT_FLOAT) return;
    for (;;) {
        int most = 0;
        for (int f = 1; f < MNQ_STORED_FORMATS; f++)
            if (!done[f] && s->weights_as[f] > (most == 0 ? 0 : s->weights_as[most])) most = f;
        if (most == 0 || at >= n) return;
        done[most] = true;
        int put = snprintf(text + at, n - at, "%s%s", at > 0 ? "+" : "", mnq_stored_name((enum mnq_stored_format)most));
        at += put > 0 ? (size_t)put : 0;
    }
}

void mnq_fig_formats(const struct mnq_stored *s, char *text, size_t n)
{
    bool done[MNQ_STORED_FORMATS] = {true}; /* NONE is no format */
    size_t at = 0;
    text[0] = '\0';
    for (;;) {
        int most = 0;
        for (int f = 1; f < MNQ_STORED_FORMATS; f++)
            if (!done[f] && s->weights_as[f] > (most == 0 ? 0 : s->weights_as[most])) most = f;
        if (most == 0 || at >= n) return;
        done[most] = true;
        const char *name = mnq_stored_name((enum mnq_stored_format)most);
        int put = s->weights_as[most] == s->weights ? snprintf(text + at, n - at, "%s", name)
                                                    : snprintf(text + at, n - at, "%s%s %s %%", at > 0 ? ", " : "", name,
                                                               mnq_fig_part(s->weights_as[most], s->weights).s);
        at += put > 0 ? (size_t)put : 0;
    }
}

const char *mnq_layer_op_name(int op)
{
    static const char *const name[] = {"?",       "conv",     "dwconv",  "pw",     "avgpool",  "add",   "mul",
                                       "softmax", "logistic", "maxpool", "select", "upsample", "spread"};
    return op >= 1 && op < (int)(sizeof name / sizeof *name) ? name[op] : name[0];
}
