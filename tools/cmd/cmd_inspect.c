/* SPDX-License-Identifier: Apache-2.0
 * mnquant inspect: layers, shapes, costs of any file we read, and of whole families without one. */
#include "command.h"
#include "commands.h"
#include "cost_table.h"
#include "export/xplan.h"
#include "inspect.h"

struct inspect_opts {
    struct mnq_model_opts model;
    int family;
    const char *target;
};

static const struct mnq_option options[] = {
    {"family", 0, MNQ_OPT_CHOICE, offsetof(struct inspect_opts, family), "NAME",
     "no file: costs of a family at every width and input size: v1, v2, v3-small, v3-large, v3-small-minimalistic, "
     "v3-large-minimalistic, nasnet-mobile, xception, efficientnet-b0, efficientnet-lite0",
     0, 0, mnq_cost_families},
    {"target", 0, MNQ_OPT_STRING, offsetof(struct inspect_opts, target), "CORE",
     "integer models: what RAM costs in instructions on a core of `export`, from layers at once down to the least", 0, 0,
     NULL},
    MNQ_MODEL_OPTIONS(struct inspect_opts),
};

static void init(void *opts)
{
    *(struct inspect_opts *)opts = (struct inspect_opts){.family = -1};
}

/* Either a file, or a family and nothing that concerns files. */
static int check_use(const struct mnq_cli *cli, struct mnq_err *e)
{
    const struct inspect_opts *o = cli->opts;
    if (o->family < 0) {
        if (cli->n_inputs > 0) return 0;
        return mnq_fail(e, MNQ_EXIT_USAGE, "an input is missing; usage: mnquant %s [options] %s", cli->command->name,
                        cli->command->usage);
    }
    if (cli->n_inputs > 0)
        return mnq_fail(e, MNQ_EXIT_USAGE, "unexpected input '%s': --family takes no file", cli->input[0]);
    for (int i = 0; i < cli->command->n_options; i++) {
        const struct mnq_option *x = &cli->command->option[i];
        if ((cli->given >> i & 1) != 0 && x->offset != offsetof(struct inspect_opts, family))
            return mnq_fail(e, MNQ_EXIT_USAGE, "--%s concerns files, --family takes none", x->name);
    }
    return 0;
}

static int run(struct mnq_cli *cli)
{
    const struct inspect_opts *o = cli->opts;
    if (check_use(cli, &cli->err) != 0) return -1;
    if (o->family >= 0) return mnq_inspect_family(o->family, cli);
    struct mnq_subject *s = mnq_arena_alloc(&cli->arena, sizeof *s);
    struct mnq_subject_opts so = {.preprocess = o->model.preprocess,
                                  .resize = (enum mnq_resize)o->model.resize,
                                  .filter = (enum mnq_filter)o->model.filter,
                                  .import = {.arch = o->model.arch, .resolution = o->model.resolution}};
    if (s == NULL) return mnq_fail_nomem(&cli->err);
    if (mnq_subject_open(cli->input[0], &so, s, &cli->arena, &cli->err) != 0) return -1;
    if (o->target != NULL && s->kind == MNQ_SUBJECT_FLOAT)
        return mnq_fail(&cli->err, MNQ_EXIT_USAGE, "--target: %s is a float model; plans are of integer ones", s->file);
    if (s->kind == MNQ_SUBJECT_FLOAT) return mnq_inspect_float(s, &so, cli);
    struct mnq_xcurve curve = {0};
    if (o->target != NULL) {
        const struct mnq_xtarget *t = mnq_xtarget_named(o->target, &cli->err);
        if (t == NULL || mnq_xplan_curve(&s->package, t, &curve, &cli->arena, &cli->err) != 0) return -1;
    }
    return mnq_inspect_packed(s, o->target != NULL ? &curve : NULL, cli);
}

const struct mnq_command mnq_cmd_inspect = {
    .name = "inspect",
    .summary = "layers, shapes, multiply-accumulates, parameters and bytes of a model",
    .usage = "FILE | --family NAME",
    .about = "Lists the layers of FILE, a float model (Keras HDF5) or an integer one (.mnq), with\n"
             "output shape, multiply-accumulates, parameters and bytes, then the totals. For a\n"
             "float model, `pair x` is the cost of a depthwise layer and its 1x1 layer over the\n"
             "standard convolution they replace, and the last table what int8 will cost; with\n"
             "--resolution beside the file's own input size. For an .mnq, how the weights are\n"
             "stored (int8, int16, int4, sparse, sparse4, ternary, binary xM, xnor), zeros and\n"
             "accumulator bits. With --target, the curve of RAM against instructions that\n"
             "`export --plan` and `--ram` choose from. With --family, costs at every width and\n"
             "input size, without any file.",
    .examples = "  mnquant inspect model.h5\n"
                "  mnquant inspect model.h5 --resolution 160\n"
                "  mnquant inspect --family v2\n"
                "  mnquant inspect model.mnq --json\n"
                "  mnquant inspect model.mnq --target cortex-m4\n",
    .option = options,
    .n_options = sizeof options / sizeof *options,
    .opts_size = sizeof(struct inspect_opts),
    .init = init,
    .min_inputs = 0,
    .max_inputs = 1,
    .run = run,
};
