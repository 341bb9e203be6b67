/* SPDX-License-Identifier: Apache-2.0
 * The tests' random numbers: SplitMix64 (Steele, Lea, Flood 2014), the same on every target for a seed. */
#ifndef MNQ_RNG_H
#define MNQ_RNG_H

#include <stdint.h>

struct mnq_rng {
    uint64_t state;
};

static inline uint64_t mnq_rng_u64(struct mnq_rng *g)
{
    uint64_t z = g->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/** Uniform in lo..hi, both included. */
static inline int32_t mnq_rng_in(struct mnq_rng *g, int32_t lo, int32_t hi)
{
    uint64_t span = (uint64_t)((int64_t)hi - lo) + 1;
    return (int32_t)(lo + (int64_t)((mnq_rng_u64(g) >> 32) * span >> 32));
}

/** 1 with a chance of `percent` in 100. */
static inline int mnq_rng_chance(struct mnq_rng *g, int percent)
{
    return mnq_rng_in(g, 0, 99) < percent;
}

/** A generator for (stream, seed); neighbouring seeds are unrelated. */
static inline struct mnq_rng mnq_rng_seed(uint64_t stream, uint64_t seed)
{
    struct mnq_rng g = {seed * 0xd1342543de82ef95u + stream};
    (void)mnq_rng_u64(&g);
    return g;
}

#endif
