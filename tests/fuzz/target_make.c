/* SPDX-License-Identifier: Apache-2.0
 * Whole graphs through everything that a float model goes through: a recipe, a line "---" and a small Keras file (h5text.h),
 * all of it arbitrary. Made by the recipe (cut, pruned, calibrated, tuned, packed), compared with the float network and
 * judged beside it on samples; pruned and written back into its own file; written as a file of its own. */
#include "compare.h"
#include "evaluate.h"
#include "fuzz.h"
#include "graph/cost.h"
#include "graph/exec.h"
#include "h5text.h"
#include "keras_text.h"
#include "model_maker.h"
#include "pack/h5patch.h"
#include "pack/keras_write.h"
#include "pack/restore.h"
#include "passes/passes.h"
#include "prune.h"
#include "recipe_read.h"
#include "tempdir.h"
#include "util/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_WORK = 1 << 17,  /* multiplications of one picture, and values of its maps */
    MAX_LEARN = 1 << 13, /* the same where steps of training follow */
    MAX_NODES = 100,
    MAX_PLANNED = 16, /* for a core: its bands are planned */
    MAX_FILE = 1 << 22,
    ORDINARY = 1000,
    DATA = 4
};

/* ---- files ---- */

static char *model_path, *data_path[2][DATA]; /* of grey pictures, of coloured ones */

static void end_files(void)
{
    free(model_path);
    for (int i = 0; i < 2 * DATA; i++) free(data_path[i / DATA][i % DATA]);
    mnq_temp_remove();
}

static void make_files(void)
{
    /* Labelled; more, of another size; all the same; too few. */
    static const char *const text[DATA] = {"d /images u8 12,6,6,%d\nd /labels i32 12 0 1 1 0 2\n",
                                           "z /images u8 20,9,7,%d\n", "d /images u8 10,6,6,%d 7\n",
                                           "d /images u8 2,5,5,%d\n"};
    if (model_path != NULL) return;
    mnq_temp_make();
    model_path = strdup(mnq_temp_path("m.h5"));
    for (int i = 0; i < 2 * DATA; i++) {
        char all[100], name[8];
        size_t n;
        int bad;
        snprintf(all, sizeof all, text[i % DATA], i / DATA == 0 ? 1 : 3);
        snprintf(name, sizeof name, "%d.h5", i);
        uint8_t *file = mnq_h5text(all, strlen(all), &n, &bad);
        MNQ_FUZZ_MUST(file != NULL && bad == 0);
        data_path[i / DATA][i % DATA] = strdup(mnq_temp_write(name, file, n));
        free(file);
    }
    atexit(end_files);
}

/* ---- what is made ---- */

struct made {
    struct mnq_arena arena;
    struct mnq_recipe recipe;
    char *recipe_text;
    struct mnq_subject subject[2]; /* float and packed */
    struct mnq_data data;
    struct mnq_dataset *samples;
    struct mnq_err e;
};

/* Whatever did not work is explained, and once. */
static bool well(struct made *m, int rc)
{
    MNQ_FUZZ_MUST((rc == 0) == (m->e.code == 0));
    if (rc != 0) mnq_fuzz_explained(&m->e);
    MNQ_FUZZ_MUST(strstr(m->e.msg, "does not load") == NULL);
    m->e = (struct mnq_err){0};
    return rc == 0;
}

/* Whether all of it is a matter of milliseconds. */
static bool small(const struct mnq_graph *g, const struct mnq_recipe *r)
{
    const struct mnq_cost c = mnq_cost_total(g);
    const int64_t most = r->tune || r->tune_weights ? MAX_LEARN : MAX_WORK;
    if (g->n > (r->target != NULL ? MAX_PLANNED : MAX_NODES)) return false;
    return c.macs <= most && c.activation <= most && c.params <= most;
}

static void compare(struct made *m)
{
    struct mnq_comparison c;
    struct mnq_evaluation ev;
    const struct mnq_subject *s = m->subject;
    if (well(m, mnq_compare(&s[0], &s[1], &m->data, 1, &c, &m->arena, NULL, NULL, &m->e))) {
        MNQ_FUZZ_MUST(c.n_layers > 0 && c.n_layers <= mnq_compare_matches(&s[0], &s[1]) && c.samples > 0);
        for (int i = 0; i < c.n_layers; i++) MNQ_FUZZ_MUST(c.layer[i].values > 0 && c.layer[i].node < s[0].legal.n);
        well(m, mnq_compare_alone(&s[0], &s[1], &m->data, 1, &c, NULL, NULL, &m->e));
    }
    if (well(m, mnq_evaluate(s, 2, &m->data, 1, &ev, &m->arena, NULL, NULL, &m->e)))
        for (int i = 0; i < ev.n_models; i++) MNQ_FUZZ_MUST(ev.model[i].agree <= ev.n && ev.model[i].hits1 <= ev.labelled);
}

static void make(struct made *m, bool cheap)
{
    struct mnq_making how = {.data = &m->data, .threads = 1};
    struct mnq_made first, again;
    if (!well(m, mnq_making_check(&m->recipe, "recipe", &m->e)) ||
        !well(m, mnq_model_make(model_path, &m->recipe, &how, cheap, &first, &m->arena, &m->e)))
        return;
    how.threads = 2;
    if (first.n % 8 == 0) { /* the same for any number of threads; now and then, for they take their time to start */
        MNQ_FUZZ_MUST(mnq_model_make(model_path, &m->recipe, &how, cheap, &again, &m->arena, &m->e) == 0);
        MNQ_FUZZ_MUST(again.n == first.n && memcmp(again.bytes, first.bytes, first.n) == 0);
    }
    /* What was written can be read. */
    MNQ_FUZZ_MUST(mnq_subject_of_bytes("m.mnq", first.bytes, first.n, &m->subject[1], &m->arena, &m->e) == 0);
    compare(m);
}

static void import_again(struct made *m, const uint8_t *bytes, size_t n, const struct mnq_graph *legal)
{
    struct mnq_graph g, again;
    const struct mnq_import_opts o = {.arch = m->recipe.arch, .resolution = m->recipe.resolution};
    MNQ_FUZZ_MUST(mnq_import_bytes("m.h5", bytes, n, &o, &g, &m->arena, &m->e) == 0);
    MNQ_FUZZ_MUST(mnq_graph_legalize(&g, &again, &m->arena, &m->e) == 0);
    MNQ_FUZZ_MUST(legal == NULL || again.n == legal->n);
}

/* As the command does, into the file that the model is from. */
static void prune(struct made *m)
{
    const struct mnq_subject *s = &m->subject[0];
    struct mnq_prune_opts o = {.ratio = m->recipe.ratio > 0 ? m->recipe.ratio : 0.5,
                               .scope = (enum mnq_prune_scope)m->recipe.scope,
                               .method = m->recipe.method == MNQ_PRUNE_MAGNITUDE ? MNQ_PRUNE_MAGNITUDE : MNQ_PRUNE_OBS,
                               .threads = 1};
    struct mnq_prune_report report;
    struct mnq_restored restored;
    struct mnq_graph out;
    uint8_t *source, *bytes;
    size_t n, n_out;
    if (m->recipe.pattern != NULL && !well(m, mnq_prune_pattern(m->recipe.pattern, "pattern", &o.pattern, &m->e))) return;
    if (!well(m, mnq_prune(&s->legal, o.method == MNQ_PRUNE_OBS ? m->samples : NULL, &s->preprocess, &o, &out, &report,
                           &m->arena, NULL, NULL, &m->e)) ||
        !well(m, mnq_restore(&s->raw, &s->legal, &out, &restored, &m->arena, &m->e)) ||
        !well(m, mnq_file_read(model_path, MAX_FILE, &m->arena, &source, &n, &m->e)) ||
        !well(m, mnq_h5_patch("m.h5", source, n, restored.patch, restored.n_patches, &bytes, &n_out, &m->e)))
        return;
    for (int i = 0; i < report.n_layers; i++)
        MNQ_FUZZ_MUST(report.layer[i].zeros >= 0 && report.layer[i].zeros <= report.layer[i].weights);
    import_again(m, bytes, n_out, &s->legal);
    free(bytes);
}

static void write_back(struct made *m)
{
    uint8_t *bytes;
    size_t n;
    if (!well(m, mnq_keras_make(&m->subject[0].raw, &bytes, &n, &m->e))) return;
    import_again(m, bytes, n, NULL);
    free(bytes);
}

/* Output k of a graph that takes the pixels; a copy in the arena, NULL when there is none. */
static const float *answer(struct made *m, const struct mnq_graph *g, const float *pixels, int k)
{
    struct mnq_exec *x = mnq_exec_new(g, false, &m->e);
    if (!well(m, x == NULL ? -1 : 0)) return NULL;
    mnq_exec_run(x, pixels, NULL, NULL);
    const int out = mnq_graph_output(g, k);
    const size_t n = mnq_elements(g->node[out].out);
    float *copy = mnq_arena_array(&m->arena, n, sizeof *copy);
    MNQ_FUZZ_MUST(copy != NULL);
    memcpy(copy, mnq_exec_tensor(x, out), n * sizeof *copy);
    mnq_exec_free(x);
    return copy;
}

/* The legal graph computes what the layers compute, if that is a matter of ordinary numbers. */
static void same_function(struct made *m)
{
    const struct mnq_graph *raw = &m->subject[0].raw, *legal = &m->subject[0].legal;
    const size_t n_in = mnq_elements(raw->node[0].out);
    float *pixels = mnq_arena_array(&m->arena, n_in, sizeof *pixels);
    MNQ_FUZZ_MUST(pixels != NULL && mnq_elements(legal->node[0].out) == n_in);
    for (size_t i = 0; i < n_in; i++) pixels[i] = (float)((i * 37 + 11) % 64) / 64.0F;
    for (int k = 0; k < mnq_graph_outputs(raw); k++) {
        const size_t n = mnq_elements(raw->node[mnq_graph_output(raw, k)].out);
        const float *want = answer(m, raw, pixels, k), *got = answer(m, legal, pixels, k);
        float top = 0;
        if (want == NULL || got == NULL) return;
        for (size_t i = 0; i < n; i++) top = fmaxf(top, fabsf(want[i]));
        for (size_t i = 0; i < n; i++)
            if (isfinite(want[i]) && top < ORDINARY && !(fabsf(got[i] - want[i]) <= 0.01F * top + 1e-4F)) {
                fprintf(stderr, "output %d[%zu]: %g, %g wanted, %g at most\n", k, i, (double)got[i], (double)want[i],
                        (double)top);
                mnq_fuzz_broken("the legal graph computes what the layers do", __FILE__, __LINE__);
            }
    }
}

static void all(struct made *m, size_t which)
{
    struct mnq_subject *s = &m->subject[0];
    const struct mnq_recipe *r = &m->recipe;
    const struct mnq_subject_opts so = {.preprocess = r->preprocess,
                                        .resize = (enum mnq_resize)r->resize,
                                        .filter = (enum mnq_filter)r->filter,
                                        .task = r->task,
                                        .threshold = r->threshold,
                                        .import = {.arch = r->arch, .resolution = r->resolution}};
    if (!well(m, mnq_subject_open(model_path, &so, s, &m->arena, &m->e)) || s->legal.n == 0 || !small(&s->legal, r)) return;
    same_function(m);
    m->data = (struct mnq_data){.path = &data_path[s->input.c == 1 ? 0 : 1][which % DATA], .n = 1, .threads = 1};
    m->samples = mnq_dataset_open_as(&m->data, &s->task, s->input.h, s->input.w, s->input.c, &m->e);
    if (!well(m, m->samples == NULL ? -1 : 0)) return;
    make(m, which / DATA % 4 == 3);
    prune(m);
    write_back(m);
    mnq_dataset_close(m->samples);
}

/* ---- inputs ---- */

static const char line[] = "---\n";
enum { LINE = sizeof line - 1 };

/* Length of the recipe, which ends at the line; none: there is no recipe. */
static size_t recipe_length(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + LINE <= size; i++)
        if (memcmp(data + i, line, LINE) == 0 && (i == 0 || data[i - 1] == '\n')) return i + LINE;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t n = recipe_length(data, size), n_file;
    int bad;
    make_files();
    uint8_t *file = mnq_h5text((const char *)data + n, size - n, &n_file, &bad);
    if (file == NULL) return 0;
    struct made m = {.data = {0}};
    mnq_recipe_defaults(&m.recipe);
    if (n_file <= MAX_FILE &&
        (n == 0 || well(&m, mnq_recipe_parse("recipe", (const char *)data, n - LINE, &m.recipe, &m.arena, &m.e)))) {
        mnq_temp_write("m.h5", file, n_file);
        all(&m, size);
    }
    free(file);
    mnq_arena_free(&m.arena);
    return 0;
}

uint8_t *mnq_fuzz_seed(int i, size_t *n)
{
    static const char *const recipe[] = {
        "",
        "weights: auto\nmax-drop: 5\nsmall-layer: 0\n",
        "weights: binary\nbases: 2\nsmall-layer: 0\nratio: 0.5\n",
        "weights: int4\nsmall-layer: 10\npattern: 2:4\nobserver: kl\n",
        "channels: 0.3\nobserver: percentile\npercentile: 99\n",
        "weights: ternary\nsmall-layer: 0\ntune-weights: on\n",
        "ratio: 0.5\ntune: on\nwide: all\nwide-activations: all\n",
        "target: cortex-m4\nram: 65536\nlayers: [{match: \"*\", observer: mse}, {kind: [dense], weights: int16}]\n",
    };
    enum { RECIPES = sizeof recipe / sizeof *recipe };
    size_t length;
    const char *text = mnq_keras_text(i / RECIPES, &length);
    if (text == NULL) return NULL;
    const char *first = recipe[i % RECIPES];
    *n = strlen(first) + LINE + length;
    uint8_t *p = malloc(*n);
    MNQ_FUZZ_MUST(p != NULL);
    memcpy(p, first, strlen(first));
    memcpy(p + strlen(first), line, LINE);
    memcpy(p + strlen(first) + LINE, text, length);
    return p;
}
