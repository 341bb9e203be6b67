/* SPDX-License-Identifier: Apache-2.0
 * Recipes: defaults, round trip, every fault with its place. */
#include "recipe_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void defaults(void **state)
{
    (void)state;
    struct mnq_recipe r;
    struct mnq_calib_opts want, got;
    memset(&want, 0, sizeof want);
    mnq_calib_defaults(&want);
    mnq_recipe_defaults(&r);
    got = mnq_recipe_calib(&r, want.threads);
    assert_int_equal(got.observer, want.observer);
    assert_int_equal(got.act_scale, want.act_scale);
    assert_int_equal(got.rounding, want.rounding);
    assert_int_equal(got.wide, want.wide);
    assert_int_equal(got.wide_activations, want.wide_activations);
    assert_int_equal(got.bias_correction, want.bias_correction);
    assert_int_equal(got.shrink, want.shrink);
    assert_int_equal(got.samples, want.samples);
    assert_memory_equal(&got.percentile, &want.percentile, sizeof want.percentile);
    assert_memory_equal(&got.wide_budget, &want.wide_budget, sizeof want.wide_budget);
}

static void round_trip(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_recipe a, b;
    mnq_recipe_defaults(&a);
    a.preprocess = "0.1,0.2,0.3:-1 \"\\ \x01";
    a.observer = MNQ_OBS_KL;
    a.act_scale = MNQ_SCALE_TENSOR;
    a.rounding = MNQ_ROUND_NEAREST;
    a.wide = MNQ_WIDE_ALL;
    a.wide_activations = MNQ_WIDE_NONE;
    a.bias_correction = !a.bias_correction;
    a.shrink = !a.shrink;
    a.percentile = 99.123456789012345;
    a.wide_budget = 1.0 / 3;
    a.samples = 17;
    a.resize = MNQ_RESIZE_CROP;
    a.filter = MNQ_FILTER_TF;
    a.resolution = 160;
    char *text = mnq_recipe_text(&a, &arena);
    assert_non_null(text);
    mnq_recipe_defaults(&b);
    if (mnq_recipe_parse("r.yaml", text, strlen(text), &b, &arena, &e) != 0) fail_msg("%s\n%s", e.msg, text);
    assert_string_equal(a.preprocess, b.preprocess);
    char *again = mnq_recipe_text(&b, &arena);
    assert_string_equal(text, again);
    assert_memory_equal(&a.wide_budget, &b.wide_budget, sizeof a.wide_budget);
    mnq_arena_free(&arena);
}

/* ---- memory that runs out as the text is made smaller to its length ---- */

static char **stream_text;
static bool starved;

FILE *__real_open_memstream(char **text, size_t *n);
FILE *__wrap_open_memstream(char **text, size_t *n);
int __real_fclose(FILE *f);
int __wrap_fclose(FILE *f);

FILE *__wrap_open_memstream(char **text, size_t *n)
{
    stream_text = text;
    return __real_open_memstream(text, n);
}

int __wrap_fclose(FILE *f)
{
    int rc = __real_fclose(f);
    if (!starved) return rc;
    free(*stream_text);
    *stream_text = NULL; /* and success, as the C library has it */
    return rc;
}

static void no_memory_at_the_end(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_recipe r;
    mnq_recipe_defaults(&r);
    starved = true;
    assert_null(mnq_recipe_text(&r, &arena));
    starved = false;
    assert_non_null(mnq_recipe_text(&r, &arena));
    mnq_arena_free(&arena);
}

/* ---- random recipes ---- */

static uint32_t next(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % n;
}

static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) return (size_t)snprintf(out, 5, "%c", (int)c);
    if (c < 0x800) return (size_t)snprintf(out, 5, "%c%c", 0xc0 | c >> 6, 0x80 | (c & 63));
    if (c < 0x10000) return (size_t)snprintf(out, 5, "%c%c%c", 0xe0 | c >> 12, 0x80 | (c >> 6 & 63), 0x80 | (c & 63));
    return (size_t)snprintf(out, 5, "%c%c%c%c", 0xf0 | c >> 18, 0x80 | (c >> 12 & 63), 0x80 | (c >> 6 & 63),
                            0x80 | (c & 63));
}

/* Letters, what YAML gives a meaning, control characters and line breaks, and anything else of Unicode. */
static const char *random_string(uint32_t *seed, struct mnq_arena *arena)
{
    static const char special[] = "\"'\\#:-*&!%@`|>[]{},? \t\n\r~";
    static const uint32_t rare[] = {0x7f,   0x80,   0x85,   0x9f,   0xa0,   0xad,   0x7ff,  0x800,   0x2028,
                                    0x2029, 0xd7ff, 0xe000, 0xfeff, 0xfffd, 0xfffe, 0xffff, 0x10000, 0x10ffff};
    char text[200];
    size_t n = 0;
    for (uint32_t left = 1 + next(seed, 30); left > 0; left--) {
        uint32_t c = 'a' + next(seed, 26);
        uint32_t how = next(seed, 6);
        if (how == 1) c = (uint32_t)special[next(seed, sizeof special - 1)];
        if (how == 2) c = 1 + next(seed, 0x9f);
        if (how == 3) c = rare[next(seed, sizeof rare / sizeof *rare)];
        if (how == 4) c = 1 + next(seed, 0x10ffff);
        if (c >= 0xd800 && c < 0xe000) c = '_';
        n += put_utf8(text + n, c);
    }
    text[n] = '\0';
    return mnq_arena_strdup(arena, text);
}

static double random_double(uint32_t *seed, double lo, double hi)
{
    uint32_t how = next(seed, 4);
    double x = ((double)next(seed, 1u << 24) + (double)next(seed, 1u << 24) / (1 << 24)) / (1 << 24);
    return how == 0 ? lo : how == 1 ? hi : how == 2 ? lo + (hi - lo) * x : lo + (hi - lo) * (double)next(seed, 100) / 100;
}

static struct mnq_pattern random_pattern(uint32_t *seed)
{
    struct mnq_pattern p = {(enum mnq_pattern_kind)next(seed, 3), 0, 0};
    if (p.kind != MNQ_PATTERN_NONE) p.m = 2 + (int)next(seed, MNQ_PATTERN_MAX - 1);
    if (p.kind == MNQ_PATTERN_N_M) p.n = 1 + (int)next(seed, (uint32_t)p.m - 1);
    return p;
}

static void random_rule(uint32_t *seed, struct mnq_arena *arena, struct mnq_rule *r)
{
    mnq_rule_init(r);
    r->n_match = (int)next(seed, 4);
    const char **name = mnq_arena_array(arena, 4, sizeof *name);
    for (int i = 0; i < r->n_match; i++) name[i] = random_string(seed, arena);
    r->match = r->n_match > 0 ? name : NULL;
    if (r->n_match == 0 || next(seed, 2) == 0) r->kinds = 1 + next(seed, (1u << MNQ_KIND_COUNT) - 1);
    static const int weights[] = {MNQ_WEIGHTS_INT8, MNQ_WEIGHTS_INT4, MNQ_WEIGHTS_TERNARY, MNQ_WEIGHTS_BINARY,
                                  MNQ_WEIGHTS_INT16, -1};
    r->set.weights = weights[next(seed, 6)];
    if (r->set.weights < 0 || r->set.weights == MNQ_WEIGHTS_BINARY) {
        r->set.inputs = (int)next(seed, 3);
        if (r->set.inputs == 2) r->set.inputs = 8;
        r->set.bases = r->set.inputs == 1 ? (int)next(seed, 2) : (int)next(seed, 5);
    }
    if (next(seed, 2) == 0) r->set.ratio = random_double(seed, 0, MNQ_RATIO_MAX);
    if (next(seed, 2) == 0) r->set.pattern = random_pattern(seed);
    r->set.observer = (int)next(seed, 6) - 1;
    const struct mnq_layer_choice *c = &r->set;
    if (c->weights < 0 && c->bases == 0 && c->inputs == 0 && c->ratio < 0 && c->pattern.m < 0 && c->observer < 0)
        r->set.observer = 0; /* a rule says something */
}

static void random_recipe(uint32_t *seed, struct mnq_arena *arena, struct mnq_recipe *r)
{
    char text[12];
    *r = (struct mnq_recipe){
        .resize = (int)next(seed, 2),
        .filter = (int)next(seed, 2),
        .observer = (int)next(seed, 5),
        .act_scale = (int)next(seed, 2),
        .rounding = (int)next(seed, 2),
        .wide = (int)next(seed, 3),
        .wide_activations = (int)next(seed, 3),
        .bias_correction = (int)next(seed, 2),
        .shrink = (int)next(seed, 2),
        .percentile = random_double(seed, MNQ_PERCENTILE_MIN, MNQ_PERCENTILE_MAX),
        .wide_budget = random_double(seed, 0, MNQ_WIDE_BUDGET_MAX),
        .samples = (int)next(seed, 3) * 500000000,
        .resolution = (int)next(seed, 2) * (int)next(seed, MNQ_RESOLUTION_MAX + 1),
        .weights = (int)next(seed, 4),
        .bases = 1 + (int)next(seed, 4),
        .small_layer = (int)next(seed, 2) * (int)next(seed, 1u << 24),
        .max_drop = next(seed, 4) == 0 ? 0 : random_double(seed, MNQ_MAX_DROP_MIN, MNQ_MAX_DROP_MAX),
        .flash = next(seed, 2) == 0 ? 0 : (int64_t)MNQ_FLASH_MAX - (int64_t)next(seed, 1000),
        .re_fit = (int)next(seed, 2),
        .storage = (int)next(seed, 3),
        .ratio = random_double(seed, 0, MNQ_RATIO_MAX),
        .scope = (int)next(seed, 2),
        .method = (int)next(seed, 3),
    };
    if (next(seed, 2) == 0) r->preprocess = random_string(seed, arena);
    if (next(seed, 2) == 0) r->arch = random_string(seed, arena);
    if (next(seed, 2) == 0) {
        struct mnq_pattern p = random_pattern(seed);
        mnq_pattern_text(&p, text, sizeof text);
        r->pattern = mnq_arena_strdup(arena, text);
    }
    r->n_rules = next(seed, 4) == 0 ? 200 : (int)next(seed, 4);
    struct mnq_rule *rule = mnq_arena_array(arena, (size_t)r->n_rules, sizeof *rule);
    for (int i = 0; i < r->n_rules; i++) random_rule(seed, arena, &rule[i]);
    r->rule = rule;
}

static void same_text(const char *a, const char *b)
{
    assert_int_equal(a == NULL, b == NULL);
    if (a != NULL) assert_string_equal(a, b);
}

#define SAME(member) assert_memory_equal(&a->member, &b->member, sizeof a->member)

static void same_rule(const struct mnq_rule *a, const struct mnq_rule *b)
{
    assert_int_equal(a->n_match, b->n_match);
    for (int i = 0; i < a->n_match; i++) same_text(a->match[i], b->match[i]);
    assert_int_equal(a->kinds, b->kinds);
    SAME(set.weights);
    SAME(set.bases);
    SAME(set.inputs);
    SAME(set.ratio);
    SAME(set.pattern.m);
    SAME(set.observer);
    if (a->set.pattern.m >= 0) {
        SAME(set.pattern.kind);
        SAME(set.pattern.n);
    }
}

static void same_recipe(const struct mnq_recipe *a, const struct mnq_recipe *b)
{
    same_text(a->preprocess, b->preprocess);
    same_text(a->arch, b->arch);
    same_text(a->pattern, b->pattern);
    SAME(resolution);
    SAME(resize);
    SAME(filter);
    SAME(observer);
    SAME(act_scale);
    SAME(rounding);
    SAME(wide);
    SAME(wide_activations);
    SAME(bias_correction);
    SAME(shrink);
    SAME(percentile);
    SAME(wide_budget);
    SAME(samples);
    SAME(weights);
    SAME(bases);
    SAME(small_layer);
    SAME(max_drop);
    SAME(flash);
    SAME(re_fit);
    SAME(storage);
    SAME(ratio);
    SAME(scope);
    SAME(method);
    assert_int_equal(a->n_rules, b->n_rules);
    for (int i = 0; i < a->n_rules; i++) same_rule(&a->rule[i], &b->rule[i]);
}

/* parse(text(r)) is r: a recipe made in memory, as the choice of formats is, reproduces itself. */
static void random_round_trip(void **state)
{
    (void)state;
    enum { RECIPES = 300 };
    for (uint32_t s = 0; s < RECIPES; s++) {
        struct mnq_arena arena = {0};
        struct mnq_err e = {0};
        struct mnq_recipe a, b;
        uint32_t seed = s;
        random_recipe(&seed, &arena, &a);
        const char *text = mnq_recipe_text(&a, &arena);
        assert_non_null(text);
        mnq_recipe_defaults(&b);
        if (mnq_recipe_parse("r.yaml", text, strlen(text), &b, &arena, &e) != 0) fail_msg("seed %u: %s\n%s", s, e.msg, text);
        same_recipe(&a, &b);
        assert_string_equal(text, mnq_recipe_text(&b, &arena));
        mnq_arena_free(&arena);
    }
}

/* Bytes that are no UTF-8 (a file name may hold them) do not survive, but what is written is YAML. */
static void not_utf8(void **state)
{
    (void)state;
    static const char *const list[] = {"\xff",
                                       "a\xc3",
                                       "\xc0\x80",
                                       "\xed\xa0\x80",
                                       "\xf5\x80\x80\x80",
                                       "\xe2\x82",
                                       "\x80\"",
                                       "\xf4\x90\x80\x80",
                                       "\xfe\xbf\xbf\xbf\xbf\xbf\xbf"};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        struct mnq_arena arena = {0};
        struct mnq_err e = {0};
        struct mnq_recipe a, b;
        mnq_recipe_defaults(&a);
        mnq_recipe_defaults(&b);
        a.arch = list[i];
        const char *text = mnq_recipe_text(&a, &arena);
        assert_non_null(text);
        if (mnq_recipe_parse("r.yaml", text, strlen(text), &b, &arena, &e) != 0) fail_msg("%s\n%s", e.msg, text);
        assert_non_null(b.arch);
        mnq_arena_free(&arena);
    }
}

static void rules(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_recipe r;
    static const char text[] = "weights: auto\nflash: 200KiB\nmax-drop: 1.5\npattern: 2:4\nre-fit: off\n"
                               "layers:\n"
                               "  - match: \"block_*_expand\"\n"
                               "    kind: [pointwise, dense]\n"
                               "    weights: binary\n"
                               "    bases: 2\n"
                               "    inputs: 8\n"
                               "    pattern: block4\n"
                               "  - {match: [a, \"b?\"], weights: int16, ratio: 0, observer: kl}\n";
    mnq_recipe_defaults(&r);
    if (mnq_recipe_parse("r.yaml", text, strlen(text), &r, &arena, &e) != 0) fail_msg("%s", e.msg);
    assert_int_equal(r.weights, MNQ_WEIGHTS_AUTO);
    assert_int_equal(r.flash, 204800);
    assert_string_equal(r.pattern, "2:4");
    assert_int_equal(r.re_fit, 0);
    assert_int_equal(r.n_rules, 2);
    assert_int_equal(r.rule[0].n_match, 1);
    assert_string_equal(r.rule[0].match[0], "block_*_expand");
    assert_int_equal(r.rule[0].kinds, 1u << MNQ_KIND_POINTWISE | 1u << MNQ_KIND_DENSE);
    assert_int_equal(r.rule[0].set.weights, MNQ_WEIGHTS_BINARY);
    assert_int_equal(r.rule[0].set.bases, 2);
    assert_int_equal(r.rule[0].set.inputs, 8);
    assert_true(r.rule[0].set.ratio < 0);
    assert_int_equal(r.rule[0].set.pattern.kind, MNQ_PATTERN_BLOCK);
    assert_int_equal(r.rule[0].set.pattern.m, 4);
    assert_int_equal(r.rule[0].set.observer, -1);
    assert_int_equal(r.rule[1].n_match, 2);
    assert_string_equal(r.rule[1].match[1], "b?");
    assert_int_equal(r.rule[1].kinds, 0);
    assert_int_equal(r.rule[1].set.weights, MNQ_WEIGHTS_INT16);
    assert_false(r.rule[1].set.ratio < 0);
    assert_int_equal(r.rule[1].set.observer, MNQ_OBS_KL);
    /* A later list replaces the rules, an empty one removes them; without one they stay. */
    assert_int_equal(mnq_recipe_parse("s.yaml", "weights: int4", 13, &r, &arena, &e), 0);
    assert_int_equal(r.n_rules, 2);
    assert_int_equal(mnq_recipe_parse("s.yaml", "layers:\n", 8, &r, &arena, &e), 0);
    assert_int_equal(r.n_rules, 0);
    mnq_arena_free(&arena);
}

static void partial(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_recipe r, d;
    static const char text[] = "# a comment\nobserver: minmax\nbias-correction: false\n";
    mnq_recipe_defaults(&r);
    mnq_recipe_defaults(&d);
    assert_int_equal(mnq_recipe_parse("r.yaml", text, strlen(text), &r, &arena, &e), 0);
    assert_int_equal(r.observer, MNQ_OBS_MINMAX);
    assert_int_equal(r.bias_correction, 0);
    assert_int_equal(r.rounding, d.rounding);
    assert_int_equal(mnq_recipe_parse("r.yaml", "", 0, &r, &arena, &e), 0); /* empty: nothing changes */
    assert_int_equal(r.observer, MNQ_OBS_MINMAX);
    mnq_arena_free(&arena);
}

static void fails(const char *text, const char *start)
{
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_recipe r;
    mnq_recipe_defaults(&r);
    assert_int_equal(mnq_recipe_parse("r.yaml", text, strlen(text), &r, &arena, &e), -1);
    assert_int_equal(e.code, MNQ_EXIT_USAGE);
    if (strncmp(e.msg, start, strlen(start)) != 0) fail_msg("'%s' does not start with '%s'", e.msg, start);
    mnq_arena_free(&arena);
}

static void faults(void **state)
{
    (void)state;
    fails("observer: minmax\nobservr: kl\n", "r.yaml:2:1: ");
    fails("observer: best\n", "r.yaml:1:11: observer: ");
    fails("percentile: 101\n", "r.yaml:1:13: percentile: ");
    fails("percentile: [1]\n", "r.yaml:1:13: percentile: ");
    fails("\n\nsamples: 0\n", "r.yaml:3:10: samples: ");
    fails("samples: 1.5\n", "r.yaml:1:10: samples: ");
    fails("- observer\n", "r.yaml:1:1: ");
    fails("observer: mse\nobserver: kl\n", "r.yaml:2:1: ");
    fails("observer: [mse\n", "r.yaml:");
    fails("weights: int16\n", "r.yaml:1:10: weights: expected one of int8, int4, ternary, binary, auto, got int16");
    fails("bases: 5\n", "r.yaml:1:8: bases: expected an integer in 1..4, got 5");
    fails("small-layer: -1\n", "r.yaml:1:14: small-layer: ");
    fails("max-drop: 101\n", "r.yaml:1:11: max-drop: expected a number in 0.01..100, got 101");
    fails("max-drop: 0\n", "r.yaml:1:11: max-drop: expected a number in 0.01..100, got 0");
    fails("flash: 0\n", "r.yaml:1:8: flash: expected bytes in 1..2147483648, as 204800, 200k or 200KiB, got 0");
    fails("flash: 3GiB\n", "r.yaml:1:8: flash: ");
    fails("flash: 200 k\n", "r.yaml:1:8: flash: ");
    fails("flash: [1]\n", "r.yaml:1:8: flash: expected a text, got a list of 1");
    fails("re-fit: yes\n", "r.yaml:1:9: re-fit: expected one of off, on, got yes");
    fails("storage: byte\n", "r.yaml:1:10: storage: expected one of bytes, speed, dense, got byte; did you mean 'bytes'?");
    fails("ratio: 1\n", "r.yaml:1:8: ratio: expected a number in 0..0.99, got 1");
    fails("scope: model\n", "r.yaml:1:8: scope: ");
    fails("method: obc\n", "r.yaml:1:9: method: expected one of magnitude, obs, auto, got obc; did you mean 'obs'?");
    fails("pattern: 4:2\n", "r.yaml:1:10: pattern: expected none, N:M (1 <= N < M <= 64) or blockN (2..64), got 4:2");
    fails("refit: on\n", "r.yaml:1:1: unknown key 'refit'; did you mean 're-fit'?");
}

static void rule_faults(void **state)
{
    (void)state;
    fails("layers: 3\n", "r.yaml:1:9: layers: expected a list, got 3");
    fails("layers: {match: x}\n", "r.yaml:1:9: layers: expected a list, got a map");
    fails("layers:\n  - x\n", "r.yaml:2:5: layers: expected a map, got x");
    fails("layers:\n  - match: x\n    observr: kl\n", "r.yaml:3:5: unknown key 'observr'; did you mean 'observer'?");
    fails("layers:\n  - match: x\n    match: y\n", "r.yaml:3:5: key 'match' appears twice");
    fails("layers: []\nlayers: []\n", "r.yaml:2:1: key 'layers' appears twice");
    fails("layers:\n  - match: x\n", "r.yaml:2:5: layers: sets nothing; expected weights, ");
    fails("layers:\n  - weights: int8\n", "r.yaml:2:5: layers: expected match, kind or both; this rule has neither");
    fails("layers:\n  - match: []\n    weights: int8\n",
          "r.yaml:2:12: layers.match: expected names or globs, got an empty list");
    fails("layers:\n  - match: {a: b}\n    weights: int8\n", "r.yaml:2:12: layers.match: expected a text, got a map");
    fails("layers:\n  - match: [a, [b]]\n    weights: int8\n",
          "r.yaml:2:16: layers.match: expected a text, got a list of 1");
    fails("layers:\n  - match: [a, \"\"]\n", "r.yaml:2:16: layers.match: expected a name or a glob, got an empty text");
    fails("layers:\n  - match: *a\n    weights: int8\n",
          "r.yaml:2:12: aliases (*name) are not supported; a text that starts "
          "with * belongs in quotes");
    fails("layers:\n  - match: *_a*\n    weights: int8\n", "r.yaml:2:15: a text that starts with * belongs in quotes");
    fails("layers:\n  - kind: pointwize\n", "r.yaml:2:11: layers.kind: expected one of conv, depthwise, pointwise, ");
    fails("layers:\n  - kind: [conv, depth]\n", "r.yaml:2:18: layers.kind: ");
    fails("layers:\n  - match: x\n    weights: auto\n",
          "r.yaml:3:14: layers.weights: expected one of int8, int4, ternary, binary, int16, got auto");
    fails("layers:\n  - match: x\n    weights: int4\n    bases: 2\n",
          "r.yaml:4:12: layers.bases: goes with weights: binary, not int4");
    fails("layers:\n  - match: x\n    inputs: 1\n    weights: int8\n",
          "r.yaml:3:13: layers.inputs: goes with weights: binary, not int8");
    fails("layers:\n  - match: x\n    inputs: 4\n",
          "r.yaml:3:13: layers.inputs: expected 8, or 1 for binarized activations, "
          "got 4");
    fails("layers:\n  - match: x\n    inputs: 9\n", "r.yaml:3:13: layers.inputs: ");
    fails("layers:\n  - match: x\n    inputs: 1\n    bases: 3\n",
          "r.yaml:4:12: layers.bases: binarized inputs (inputs: 1) go with one base, got 3");
    fails("layers:\n  - match: x\n    ratio: 1.5\n", "r.yaml:3:12: layers.ratio: expected a number in 0..0.99, got 1.5");
    fails("layers:\n  - match: x\n    pattern: block1\n", "r.yaml:3:14: layers.pattern: ");
    fails("layers:\n  - match: x\n    observer: mes\n", "r.yaml:3:15: layers.observer: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(defaults),
                                       cmocka_unit_test(round_trip),
                                       cmocka_unit_test(partial),
                                       cmocka_unit_test(random_round_trip),
                                       cmocka_unit_test(not_utf8),
                                       cmocka_unit_test(rules),
                                       cmocka_unit_test(faults),
                                       cmocka_unit_test(rule_faults),
                                       cmocka_unit_test(no_memory_at_the_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
