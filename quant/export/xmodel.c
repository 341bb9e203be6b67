/* SPDX-License-Identifier: Apache-2.0
 * The C source of an exported model: its header, its data, its kernel table. */
#include "export/embedded.h"
#include "export/export.h"
#include "export/xvariants.h"

#include "util/file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SUM "mnq_avgpool_sum_c"

static const char *const dtype_name[] = {"uint8_t", "int8_t", "int16_t"};

/* ---- header ---- */

static void contract(struct mnq_export *x, struct mnq_xtext *t)
{
    const struct mnq_qmodel *q = &x->p->q;
    const struct mnq_qtensor *in = &q->tensor[q->input];
    const char *order = in->shape.c == 3   ? "red, green, blue"
                        : in->shape.c == 1 ? "grey"
                                           : "in the order of the training data";

    mnq_xtext_add(t,
                  " * Input    %d rows of %d pixels of %d channels (%s), the first row on top, without gaps: %zu bytes.\n"
                  "%s"
                  " *          The picture is %s; resizing as in training is bilinear%s.\n",
                  in->shape.h, in->shape.w, in->shape.c, order, mnq_elements(in->shape) << (in->dtype == MNQ_S16),
                  in->dtype == MNQ_U8
                      ? " *          Bytes 0..255 as a camera or decoder gives them: normalization is part of the weights.\n"
                      : " *          Values as the network's first layer stores them.\n",
                  q->preprocess.resize == MNQ_RESIZE_CROP ? "the centre square" : "stretched to these sides",
                  q->preprocess.filter == MNQ_FILTER_PIL ? " with a filter that grows as it shrinks (PIL)" : "");
}

/* The operator of the layer that writes a tensor. */
static uint8_t writer_op(const struct mnq_qmodel *q, int tensor)
{
    for (int i = q->n_layers - 1; i >= 0; i--)
        if (q->layer[i].out == tensor) return q->layer[i].op;
    return 0;
}

static void output_meaning(struct mnq_export *x, struct mnq_xtext *t, int k)
{
    const struct mnq_qmodel *q = &x->p->q;
    const int tensor = mnq_qmodel_output(q, k);
    const struct mnq_qtensor *out = &q->tensor[tensor];
    const uint8_t last = writer_op(q, tensor);

    if (q->n_more == 0) mnq_xtext_add(t, " * Output   ");
    else {
        mnq_xtext_add(t, " * Output %d  ", k);
        mnq_xtext_plain(t, q->name_of[k]);
        mnq_xtext_add(t, ", %dx%dx%d: ", out->shape.h, out->shape.w, out->shape.c);
    }
    mnq_xtext_add(t, "%zu values of %s", mnq_elements(out->shape), dtype_name[out->dtype]);
    if (last == 7 || last == 8) mnq_xtext_add(t, ", probabilities: value / 32768.\n");
    else
        mnq_xtext_add(t, ": real value = (value - %d) * %.9g%s.\n", (int)out->zp, (double)out->scale[0],
                      out->shape.c > 1 ? " in channel 0, scales of all channels below" : "");
}

static void classes_of(struct mnq_export *x, struct mnq_xtext *t)
{
    const struct mnq_qmodel *q = &x->p->q;

    if (q->classes == NULL) return;
    mnq_xtext_add(t, "\n/** Names of the outputs, as the model brought them. */\n#define %s_CLASSES %d\n", x->upper,
                  q->n_classes);
    mnq_xtext_add(t, "extern const char *const %s_class[%s_CLASSES];\n", x->name, x->upper);
}

/* Number of outputs, and values and type of those behind the first. */
static void further_outputs(struct mnq_export *x, struct mnq_xtext *t)
{
    const struct mnq_qmodel *q = &x->p->q;

    if (q->n_more == 0) return;
    mnq_xtext_add(
        t,
        "\n/** Several outputs: mnq_output_at(&m, arena, k) and mnq_done_at(&m, arena, k), 0 <= k < %s_OUTPUT_COUNT. */\n"
        "#define %s_OUTPUT_COUNT %d\n",
        x->upper, x->upper, mnq_qmodel_outputs(q));
    for (int k = 1; k < mnq_qmodel_outputs(q); k++) {
        const struct mnq_qtensor *out = &q->tensor[mnq_qmodel_output(q, k)];
        mnq_xtext_add(t, "#define %s_OUTPUTS_%d %zu\ntypedef %s %s_value_%d;\n", x->upper, k, mnq_elements(out->shape),
                      dtype_name[out->dtype], x->name, k);
    }
}

static void header(struct mnq_export *x, struct mnq_xtext *t)
{
    const struct mnq_qmodel *q = &x->p->q;
    const struct mnq_qtensor *in = &q->tensor[q->input], *out = &q->tensor[q->output];
    const char *n = x->name, *u = x->upper;
    const struct mnq_xcosts *c = &x->costs;

    mnq_xtext_add(t,
                  "/* A neural network as a C library, written by mnquant %d.%d.%d for %s.\n"
                  " *\n"
                  " * Model    CRC-32 %08x (%zu bytes), made from ",
                  MNQ_VERSION_MAJOR, MNQ_VERSION_MINOR, MNQ_VERSION_PATCH, x->o->target->name,
                  (unsigned)mnq_bytes_crc32(0, x->p->bytes, x->p->n_bytes), x->p->n_bytes);
    mnq_xtext_plain(t, q->source_name == NULL ? "a file without a name" : q->source_name);
    mnq_xtext_add(t, ", CRC-32 %08x\n", (unsigned)q->source_crc);
    contract(x, t);
    for (int k = 0; k < mnq_qmodel_outputs(q); k++) output_meaning(x, t, k);
    mnq_xtext_add(
        t,
        "%s%s%s"
        " * Needs    about %zu bytes of flash (code %zu, weights %zu, tables %zu), %zu of arena, %zu of stack,\n"
        " *          about %llu instructions a picture (-O2)\n"
        " *\n"
        " * No heap, no float, no writable data, no C library but memcpy, memmove and memset. Little-endian cores only. */\n"
        "#ifndef %s_MODEL_H\n#define %s_MODEL_H\n\n#include \"mnq/mnq.h\"\n\n"
        "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n",
        x->o->measured != NULL ? " * Measured " : "", x->o->measured != NULL ? x->o->measured : "",
        x->o->measured != NULL ? "\n" : "", c->flash_code + c->flash_weights + c->flash_tables, c->flash_code,
        c->flash_weights, c->flash_tables, c->arena, c->stack, (unsigned long long)c->instructions, u, u);
    mnq_xtext_add(t, "#define %s_MODEL_CRC 0x%08xu\n", u, (unsigned)mnq_bytes_crc32(0, x->p->bytes, x->p->n_bytes));
    mnq_xtext_add(t, "#define %s_INPUT_HEIGHT %d\n#define %s_INPUT_WIDTH %d\n#define %s_INPUT_CHANNELS %d\n", u, in->shape.h,
                  u, in->shape.w, u, in->shape.c);
    mnq_xtext_add(t, "#define %s_INPUT_BYTES %zu\n", u, mnq_elements(in->shape) << (in->dtype == MNQ_S16));
    mnq_xtext_add(t, "#define %s_OUTPUTS %zu\ntypedef %s %s_value;\n", u, mnq_elements(out->shape), dtype_name[out->dtype],
                  n);
    further_outputs(x, t);
    mnq_xtext_add(t,
                  "\n/** Bytes of arena: for a whole picture; for one that is pushed row by row; for the self-test's layer "
                  "by layer. */\n"
                  "#define %s_ARENA_BYTES %zu\n#define %s_ARENA_ROWS_BYTES %zu\n#define %s_ARENA_LAYERS_BYTES %zu\n",
                  u, c->arena, u, c->arena_rows, u, c->arena_layers);
    mnq_xtext_add(
        t,
        "\n/* Where things go; define these for the compiler. FLASH: weights and tables, e.g. section(\".qspi\"). ALIGN: of "
        "weights\n"
        " * and of %s_arena(), at least 16; a core with a data cache wants its line. Kernels: the linker finds them in\n"
        " * .text.mnq_* (-ffunction-sections), for instruction memory without wait states. */\n"
        "#ifndef %s_FLASH\n#define %s_FLASH\n#endif\n"
        "#ifndef %s_ALIGN\n#if defined(__GNUC__) || defined(__clang__)\n#define %s_ALIGN __attribute__((aligned(32)))\n"
        "#elif defined(__cplusplus) && __cplusplus >= 201103L\n#define %s_ALIGN alignas(32)\n"
        "#else\n#define %s_ALIGN\n#endif\n#endif\n",
        n, u, u, u, u, u, u);
    mnq_xtext_add(t,
                  "\n/** Defines an aligned arena `name` of `bytes` bytes; does not compile if that is too small for a "
                  "whole picture. */\n"
                  "#define %s_ARENA(name, bytes) \\\n"
                  "    typedef char name##_is_large_enough[(bytes) >= %s_ARENA_BYTES ? 1 : -1]; \\\n"
                  "    static unsigned char name[bytes] %s_ALIGN\n",
                  u, u, u);
    classes_of(x, t);
    mnq_xtext_add(t,
                  "\n/**\n * Opens the model. %s\n * return  MNQ_OK, or MNQ_E_CRC if flash is damaged\n */\n"
                  "enum mnq_status %s_open(struct mnq_model *m);\n",
                  x->o->full ? "Everything that was proved on the host is proved again."
                             : "Everything was proved on the host; here the checksums are computed.",
                  n);
    mnq_xtext_add(t,
                  "\n/* Then, from mnq/mnq.h:  mnq_input(&m, arena)  <- the picture;  mnq_run(&m, arena, %s_ARENA_BYTES);\n"
                  " *                       mnq_output(&m, arena) -> const %s_value[%s_OUTPUTS] */\n",
                  u, n, u);
    if (x->image.push.bytes != NULL)
        mnq_xtext_add(
            t,
            "\n/* Row by row:  mnq_begin(&m, arena, %s_ARENA_ROWS_BYTES);  mnq_push_rows(&m, arena, size, rows, n) ...;\n"
            " *              mnq_done(&m, arena) -> the same. Between two calls feed the watchdog, run other tasks. */\n",
            u);
    mnq_xtext_add(
        t,
        "\n/** Called after every step of %s_run_hooked(): a layer, counted from 0. return 0 to go on, else to stop */\n"
        "typedef int %s_hook(void *context, unsigned layer);\n\n"
        "/**\n * mnq_run() layer by layer, with a hook between layers for watchdogs and schedulers.\n"
        " * arena   %s_ARENA_LAYERS_BYTES bytes, with the picture at mnq_input()\n"
        " * return  MNQ_OK, an error, or what the hook returned if that was not 0\n */\n"
        "int %s_run_hooked(const struct mnq_model *m, void *arena, size_t size, %s_hook *hook, void *context);\n",
        n, n, u, n, n);
    mnq_xtext_add(t, "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
}

/* ---- source ---- */

/* Whether a layer before layer i has its kernel. */
static int before(const struct mnq_export *x, int i)
{
    for (int k = 0; k < i; k++)
        if (x->image.layer[k].kernel == x->image.layer[i].kernel) return 1;
    return 0;
}

/* Whether the export calls kernel k. */
static int called(const struct mnq_export *x, const struct mnq_xkernel *k)
{
    if (strcmp(k->symbol, SUM) == 0) return mnq_ximage_sums(&x->image);
    for (int i = 0; i < x->image.n_layers; i++)
        if (x->image.layer[i].kernel == k) return 1;
    return 0;
}

static void includes(const struct mnq_export *x, struct mnq_xtext *t)
{
    const char *seen[8];
    int n = 0;
    for (int i = 0; i < x->image.n_layers; i++) {
        const char *h = x->image.layer[i].kernel->header;
        int known = before(x, i);
        for (int k = 0; k < n; k++) known |= strcmp(seen[k], h) == 0;
        if (known) continue;
        if (n < 8) seen[n++] = h;
        mnq_xtext_add(t, "#include \"%s\"\n", h);
    }
    if (x->o->target->set == MNQ_XSET_DSP)
        mnq_xtext_add(t, "#include \"cortexm/dwconv_dsp.h\"\n#include \"cortexm/dwconv5x5_dsp.h\"\n");
    if (x->o->target->set == MNQ_XSET_M3) mnq_xtext_add(t, "#include \"cortexm3/dwconv_m3.h\"\n");
    if (x->o->target->set == MNQ_XSET_MVE) mnq_xtext_add(t, "#include \"helium/mve.h\"\n");
    if (x->o->target->set == MNQ_XSET_RVV) mnq_xtext_add(t, "#include \"riscv/rvv.h\"\n");
    if (mnq_xset_neon(x->o->target->set)) mnq_xtext_add(t, "#include \"aarch64/pack_neon.h\"\n");
    if (x->o->target->set == MNQ_XSET_HVX) mnq_xtext_add(t, "#include \"hexagon/hvx.h\"\n");
}

/* find(): which kernel serves a layer. Tables of flash.h number them. */
static void finder(const struct mnq_export *x, struct mnq_xtext *t)
{
    const struct mnq_xkernel *last = NULL;
    const int sums = mnq_ximage_sums(&x->image);

    mnq_xtext_add(t, "static mnq_kernel *find(const struct mnq_layer *l)\n{\n");
    if (x->image.flash) {
        const char *between = "";
        mnq_xtext_add(t, "    static mnq_kernel *const kernel[] = {");
        for (int i = 0; i < mnq_n_xkernels; i++) {
            if (!called(x, &mnq_xkernels[i]) || strcmp(mnq_xkernels[i].symbol, SUM) == 0) continue;
            mnq_xtext_add(t, "%s%s", between, mnq_xkernels[i].symbol);
            between = ", ";
        }
        mnq_xtext_add(t, "};\n\n%s    return kernel[l->kernel];\n}\n\n",
                      sums ? "    if (l->op == MNQ_L_AVGPOOL_SUM) return " SUM ";\n" : "");
        return;
    }
    for (int i = 0; i < mnq_n_xkernels; i++) {
        if (!called(x, &mnq_xkernels[i])) continue;
        if (last != NULL) mnq_xtext_add(t, "    if (%s) return %s;\n", last->when, last->symbol);
        last = &mnq_xkernels[i];
    }
    int only = 1;
    for (int i = 0; i < mnq_n_xkernels; i++) only &= !called(x, &mnq_xkernels[i]) || &mnq_xkernels[i] == last;
    if (only) mnq_xtext_add(t, "    (void)l;\n");
    mnq_xtext_add(t, "    return %s;\n}\n\n", last == NULL ? "0" : last->symbol);
}

static void table(const struct mnq_export *x, struct mnq_xtext *t)
{
    static const char *const scratch[] = {NULL, "mnq_dsp_scratch", "mnq_m3_scratch", "mnq_mve_scratch", "mnq_rvv_scratch"};

    finder(x, t);
    if (x->image.flash) /* sizes are known */
        mnq_xtext_add(t, "static const struct mnq_kernels kernels = {\"%s\", find, 0, 0, 0};\n\n", x->o->target->name);
    else if (mnq_xset_neon(x->o->target->set) || x->o->target->set == MNQ_XSET_HVX)
        mnq_xtext_add(t,
                      "static size_t scratch(const struct mnq_layer *l)\n{\n"
                      "    const size_t n = mnq_layer_plain(l) ? %sl) : 0;\n"
                      "    return l->op == MNQ_L_AVGPOOL_SUM ? (size_t)l->c * sizeof(int32_t) : n;\n}\n\n"
                      "static const struct mnq_kernels kernels = {\"%s\", find, scratch, 0, 0};\n\n",
                      x->o->target->set == MNQ_XSET_HVX       ? "mnq_hvx_scratch("
                      : x->o->target->set == MNQ_XSET_NEON    ? "mnq_neon_scratch(MNQ_NEON_BASE, "
                      : x->o->target->set == MNQ_XSET_DOTPROD ? "mnq_neon_scratch(MNQ_NEON_DOTPROD, "
                                                              : "mnq_neon_scratch(MNQ_NEON_I8MM, ",
                      x->o->target->name);
    else if (x->o->target->set != MNQ_XSET_GENERIC)
        mnq_xtext_add(t, "static const struct mnq_kernels kernels = {\"%s\", find, %s, 0, 0};\n\n", x->o->target->name,
                      scratch[x->o->target->set]);
    else
        mnq_xtext_add(t,
                      "static size_t scratch(const struct mnq_layer *l)\n{\n"
                      "    return l->op == MNQ_L_AVGPOOL_SUM ? (size_t)l->c * sizeof(int32_t) : 0;\n}\n\n"
                      "static const struct mnq_kernels kernels = {\"%s\", find, scratch, 0, 0};\n\n",
                      x->o->target->name);
}

/* NAME_open() of a file in flash. */
static void open_file(const struct mnq_export *x, struct mnq_xtext *t)
{
    const struct mnq_ximage *m = &x->image;

    mnq_xtext_add(t, "enum mnq_status %s_open(struct mnq_model *m)\n{\n", x->name);
    if (m->packed != NULL)
        mnq_xtext_add(t,
                      "    enum mnq_status s = mnq_model_open(m, image, sizeof image);\n\n%s    if (s != MNQ_OK) return s;\n"
                      "    if (mnq_crc32(packed, sizeof packed) != 0x%08xu) return MNQ_E_CRC;\n"
                      "    m->packed = packed;\n    m->kernels = &kernels;\n    return MNQ_OK;\n}\n",
                      x->o->full ? "    if (s == MNQ_OK) s = mnq_model_prove(m);\n" : "",
                      (unsigned)mnq_bytes_crc32(0, m->packed, m->n_packed));
    else
        mnq_xtext_add(t,
                      "    enum mnq_status s = mnq_model_open(m, image, sizeof image);\n\n%s    if (s == MNQ_OK) m->kernels "
                      "= &kernels;\n"
                      "    return s;\n}\n",
                      x->o->full ? "    if (s == MNQ_OK) s = mnq_model_prove(m);\n" : "");
}

/* An initializer of struct mnq_plan. */
static void plan_of(const struct mnq_xsection *s, const struct mnq_xplan_at *at, struct mnq_xtext *t)
{
    struct mnq_plan p;

    mnq_xsection_plan(s, 0, &p);
    if (p.places == NULL) mnq_xtext_add(t, "    {0, 0, 0, 0, 0, 0, 0},\n");
    else
        mnq_xtext_add(t, "    {image + %zu, image + %zu, image + %zu, %u, %u, %u, %u},\n", at->places, at->stages, at->steps,
                      (unsigned)p.bytes, (unsigned)p.state, (unsigned)p.n_steps, (unsigned)p.n_stages);
}

/* NAME_open() of tables. */
static void open_flash(const struct mnq_export *x, struct mnq_xtext *t)
{
    const struct mnq_ximage *m = &x->image;
    const struct mnq_model *p = &x->p->model;

    mnq_xtext_add(t, "static const struct mnq_model model = {\n    image + %zu, image + %zu, image, ", m->at.tensors,
                  m->at.layers);
    if (p->n_outs > 0) mnq_xtext_add(t, "image + %zu,\n", m->at.outs);
    else mnq_xtext_add(t, "0,\n");
    plan_of(&m->plan, &m->at.plan, t);
    plan_of(&m->push, &m->at.push, t);
    mnq_xtext_add(t, "    &kernels, %s, %zu, %u, %u, %u, %u, %u, %u, 0,\n};\n\n", m->packed != NULL ? "packed" : "0",
                  m->data, (unsigned)p->arena_size, p->n_tensors, p->n_layers, p->input, p->output, p->n_outs);
    mnq_xtext_add(t,
                  "enum mnq_status %s_open(struct mnq_model *m)\n{\n    if (m == 0) return MNQ_E_ARG;\n"
                  "    if (mnq_crc32(image, sizeof image) != 0x%08xu) return MNQ_E_CRC;\n",
                  x->name, (unsigned)mnq_bytes_crc32(0, m->bytes, m->n));
    if (m->packed != NULL)
        mnq_xtext_add(t, "    if (mnq_crc32(packed, sizeof packed) != 0x%08xu) return MNQ_E_CRC;\n",
                      (unsigned)mnq_bytes_crc32(0, m->packed, m->n_packed));
    mnq_xtext_add(t, "    *m = model;\n    return MNQ_OK;\n}\n");
}

static void source(struct mnq_export *x, struct mnq_xtext *t)
{
    const struct mnq_qmodel *q = &x->p->q;
    const char *n = x->name, *u = x->upper;
    const struct mnq_ximage *m = &x->image;

    mnq_xtext_add(
        t, "/* Data and kernel table of %s.h. Written by mnquant, not meant to be edited. */\n#include \"%s.h\"\n\n", n, n);
    if (m->packed != NULL || m->flash) mnq_xtext_add(t, "#include \"crc32.h\"\n");
    includes(x, t);
    mnq_xtext_add(
        t,
        "#include \"kernels.h\"\n\n/* The model's tables%s. */\n%s_FLASH static const unsigned char image[%zu] %s_ALIGN = {",
        m->packed != NULL ? ", and the weights that are used as they are" : " and weights", u, m->n, u);
    mnq_xtext_array(t, m->bytes, m->n);
    mnq_xtext_add(t, "\n};\n\n");
    if (m->packed != NULL) {
        mnq_xtext_add(t,
                      "/* Weights in the order of the core's kernels, with bias and scales. */\n"
                      "%s_FLASH static const unsigned char packed[%zu] %s_ALIGN = {",
                      u, m->n_packed, u);
        mnq_xtext_array(t, m->packed, m->n_packed);
        mnq_xtext_add(t, "\n};\n\n");
    }
    table(x, t);
    if (q->classes != NULL) {
        mnq_xtext_add(t, "const char *const %s_class[%s_CLASSES] = {\n", n, u);
        for (int i = 0; i < q->n_classes; i++) {
            mnq_xtext_add(t, "    ");
            mnq_xtext_literal(t, q->classes[i]);
            mnq_xtext_add(t, ",\n");
        }
        mnq_xtext_add(t, "};\n\n");
    }
    if (m->flash) {
        open_flash(x, t);
    } else {
        open_file(x, t);
    }
    mnq_xtext_add(t,
                  "\n"
                  "int %s_run_hooked(const struct mnq_model *m, void *arena, size_t size, %s_hook *hook, void *context)\n{\n"
                  "    unsigned i;\n\n    for (i = 0; i < m->n_layers; i++) {\n"
                  "        int s = mnq_run_layer(m, arena, size, i);\n        if (s != MNQ_OK) return s;\n"
                  "        if (hook != 0 && (s = hook(context, i)) != 0) return s;\n    }\n    return MNQ_OK;\n}\n",
                  n, n);
}

/* ---- self-test ---- */

/* Checksums of the outputs; of several in a function that compares them. */
static void output_sums(struct mnq_export *x, struct mnq_xtext *t)
{
    const struct mnq_qmodel *q = &x->p->q;

    if (q->n_more == 0) {
        mnq_xtext_add(t, "static const uint32_t output_crc[%d] = {0x%08xu, 0x%08xu};\n\n", MNQ_XGOLDEN_INPUTS,
                      (unsigned)x->golden.output[0][0], (unsigned)x->golden.output[1][0]);
        return;
    }
    mnq_xtext_add(t, "static const uint32_t output_crc[%d][%d] = {", MNQ_XGOLDEN_INPUTS, mnq_qmodel_outputs(q));
    for (int k = 0; k < MNQ_XGOLDEN_INPUTS; k++) {
        mnq_xtext_add(t, "\n    {");
        for (int o = 0; o < mnq_qmodel_outputs(q); o++)
            mnq_xtext_add(t, "%s0x%08xu", o > 0 ? ", " : "", (unsigned)x->golden.output[k][o]);
        mnq_xtext_add(t, "},");
    }
    mnq_xtext_add(
        t, "\n};\n\nstatic int outputs_differ(const struct mnq_model *m, const void *arena, unsigned k)\n{\n"
           "    struct mnq_tensor t;\n    unsigned o;\n\n    for (o = 0; o < mnq_output_count(m); o++) {\n"
           "        mnq_tensor_read(m, mnq_output_tensor(m, o), &t);\n"
           "        if (mnq_crc32((const uint8_t *)mnq_output_at(m, arena, o), t.size) != output_crc[k][o]) return 1;\n"
           "    }\n    return 0;\n}\n\n");
}

static void selftest(struct mnq_export *x, struct mnq_xtext *h, struct mnq_xtext *t)
{
    const char *n = x->name, *u = x->upper;
    const struct mnq_qmodel *q = &x->p->q;
    char differs[300];

    snprintf(differs, sizeof differs,
             q->n_more > 0
                 ? "outputs_differ(&m, arena, k)"
                 : "mnq_crc32((const uint8_t *)mnq_output(&m, arena), %s_OUTPUTS * sizeof(%s_value)) != output_crc[k]",
             u, n);
    mnq_xtext_add(h,
                  "/* Self-test of %s.h: inputs that both sides make, checksums of what becomes of them on the host. */\n"
                  "#ifndef %s_SELFTEST_H\n#define %s_SELFTEST_H\n\n#include \"%s.h\"\n\n"
                  "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
                  "/**\n * Runs %d inputs; with an arena of %s_ARENA_LAYERS_BYTES also every layer by itself.\n"
                  " * return  0; a status below 0; or 1 + the number of the first layer that differs, 1000 + the number of "
                  "an input whose\n"
                  " *         output differs\n */\n"
                  "int %s_selftest(void *arena, size_t size);\n\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n",
                  n, u, u, n, MNQ_XGOLDEN_INPUTS, u, n);
    mnq_xtext_add(t,
                  "/* Self-test of %s.h. */\n#include \"%s_selftest.h\"\n\n#include \"crc32.h\"\n#include \"record.h\"\n\n"
                  "static const uint32_t layer_crc[%d] = {",
                  n, n, q->n_layers);
    for (int i = 0; i < q->n_layers; i++)
        mnq_xtext_add(t, "%s0x%08xu,", i % 8 == 0 ? "\n    " : " ", (unsigned)x->golden.layer[i]);
    mnq_xtext_add(t, "\n};\n");
    output_sums(x, t);
    mnq_xtext_add(t,
                  "static void make_input(unsigned k, unsigned char *p)\n{\n    uint32_t x = 1;\n    size_t i;\n\n"
                  "    for (i = 0; i < %s_INPUT_BYTES; i++) {\n        x = x * 1664525u + 1013904223u;\n"
                  "        p[i] = (unsigned char)(k == 0 ? x >> 24 : (i >> 5) + (x >> 29));\n    }\n}\n\n",
                  u);
    mnq_xtext_add(t, "/* Checksum of tensor i in the arena, layer by layer. */\n"
                     "static uint32_t tensor_crc(const struct mnq_model *m, const unsigned char *arena, unsigned i)\n{\n"
                     "    struct mnq_tensor t;\n\n    mnq_tensor_read(m, i, &t);\n    return mnq_crc32(arena + t.offset, "
                     "t.size);\n}\n\n");
    mnq_xtext_add(
        t, "static int layers(const struct mnq_model *m, unsigned char *arena, size_t size)\n{\n    struct mnq_links r;\n"
           "    unsigned i;\n\n    make_input(0, (unsigned char *)mnq_input(m, arena));\n"
           "    for (i = 0; i < m->n_layers; i++) {\n        int s = mnq_run_layer(m, arena, size, i);\n"
           "        if (s != MNQ_OK) return s;\n        mnq_links_read(m, i, &r);\n"
           "        if (tensor_crc(m, arena, r.out) != layer_crc[i]) return 1 + (int)i;\n    }\n    return 0;\n}\n\n");
    mnq_xtext_add(
        t,
        "int %s_selftest(void *arena, size_t size)\n{\n    struct mnq_model m;\n    int s = %s_open(&m);\n    unsigned "
        "k;\n\n"
        "    if (s != MNQ_OK) return s;\n"
        "    for (k = 0; k < %d; k++) {\n        make_input(k, (unsigned char *)mnq_input(&m, arena));\n"
        "        s = mnq_run(&m, arena, size);\n        if (s != MNQ_OK) return s;\n"
        "        if (%s)\n"
        "            return 1000 + (int)k;\n    }\n"
        "    if (size < %s_ARENA_LAYERS_BYTES) return 0;\n%s"
        "    return layers(&m, (unsigned char *)arena, size);\n}\n",
        n, n, MNQ_XGOLDEN_INPUTS, differs, u, x->image.plan.bytes != NULL ? "    mnq_layer_by_layer(&m);\n" : "");
}

void mnq_xmodel_write(struct mnq_export *x, const char *dir)
{
    struct mnq_xtext h = {0}, t = {0};
    struct mnq_xtext *f = mnq_xfiles_add(&x->files, "%s%s.h", dir, x->name);
    if (f != NULL) header(x, f);
    f = mnq_xfiles_add(&x->files, "%s%s.c", dir, x->name);
    if (f != NULL) source(x, f);
    selftest(x, &h, &t);
    f = mnq_xfiles_add(&x->files, "%s%s_selftest.h", dir, x->name);
    if (f != NULL) *f = h;
    f = mnq_xfiles_add(&x->files, "%s%s_selftest.c", dir, x->name);
    if (f != NULL) *f = t;
    for (int i = 0; i < x->sources.n; i++) {
        const struct mnq_embedded *s = &mnq_embedded[x->sources.index[i]];
        f = mnq_xfiles_add(&x->files, "%s%s", dir, s->path);
        if (f == NULL) continue;
        if (strcmp(s->path, "variants.h") == 0 && x->image.flash) {
            mnq_xvariants_write(x, f);
            continue;
        }
        if (mnq_xvariants_small(x, s->path))
            mnq_xtext_add(
                f,
                "#if defined(__GNUC__) && !defined(__clang__)\n#pragma GCC optimize(\"Os\") /* seldom at work */\n#endif\n");
        mnq_xtext_bytes(f, s->text, s->n);
    }
}
