/* SPDX-License-Identifier: Apache-2.0
 * Whether samples can tell what a change of the network costs. */
#include "telling.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* FNV-1a, 64 bits. */
static uint64_t hash(const uint8_t *p, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++) h = (h ^ p[i]) * 0x100000001b3u;
    return h;
}

/* Every pixel the same, as far as one picture's channels go. */
static bool is_plain(const uint8_t *p, size_t n, int channels)
{
    for (size_t i = (size_t)channels; i < n; i++)
        if (p[i] != p[i % (size_t)channels]) return false;
    return true;
}

/* Samples whose logits differ from those of the first by more than rounding does. */
static bool outputs_differ(const struct mnq_stats *stats)
{
    static const double SAME = 1e-10; /* of the power: 100 dB */
    const float *first = stats->logits;
    double power = 0, apart = 0;
    for (int s = 0; s < stats->held; s++) {
        const float *v = stats->logits + (size_t)s * stats->judge.n;
        for (size_t i = 0; i < stats->judge.n; i++) {
            double d = (double)v[i] - (double)first[i];
            power += (double)v[i] * (double)v[i];
            apart += d * d;
        }
    }
    return apart > SAME * power;
}

int mnq_pictures_telling(const uint8_t *input, size_t bytes, int channels, int n, const char **why, struct mnq_arena *arena)
{
    int plain = 0, different = 0;
    char text[160] = "";
    uint64_t *seen = mnq_arena_array(arena, (size_t)n, sizeof *seen);
    *why = NULL;
    if (seen == NULL) return -1;
    for (int s = 0; s < n; s++) {
        const uint8_t *p = input + (size_t)s * bytes;
        bool known = false;
        if (is_plain(p, bytes, channels)) {
            plain++;
            continue;
        }
        seen[different] = hash(p, bytes);
        for (int k = 0; k < different; k++) known = known || seen[k] == seen[different];
        different += !known;
    }
    if (n < MNQ_TELLING_LEAST)
        snprintf(text, sizeof text, "%d sample%s, at least %d are wanted", n, n == 1 ? "" : "s", MNQ_TELLING_LEAST);
    else if (different < MNQ_TELLING_LEAST && plain > n / 2)
        snprintf(text, sizeof text, "%d of %d samples are of one colour", plain, n);
    else if (different < MNQ_TELLING_LEAST)
        snprintf(text, sizeof text, "only %d of %d samples differ from each other", different, n);
    if (text[0] == '\0') return 0;
    *why = mnq_arena_strdup(arena, text);
    return *why == NULL ? -1 : 0;
}

int mnq_samples_telling(const struct mnq_stats *stats, const char **why, struct mnq_arena *arena)
{
    if (mnq_pictures_telling(stats->input, stats->input_bytes, stats->channels, stats->held, why, arena) != 0) return -1;
    if (*why == NULL && !outputs_differ(stats)) *why = "the network answers the same to all samples";
    return 0;
}
