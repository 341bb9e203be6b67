/* SPDX-License-Identifier: Apache-2.0
 * `prune --channels`: the part of the command that makes a network narrower. */
#include "prune_narrow.h"

#include "channels_print.h"
#include "graph/cost.h"
#include "outputs.h"
#include "pack/keras_write.h"
#include "passes/passes.h"
#include "prune_learn.h"

/* Reads back what will be written: it must be the network that was judged. */
static int read_back(struct mnq_cli *cli, const struct mnq_narrow_job *job, const struct mnq_channel_report *r,
                     const uint8_t *bytes, size_t n)
{
    struct mnq_import_opts io = {.resolution = job->resolution};
    struct mnq_graph raw, legal;
    if (mnq_import_bytes(job->output, bytes, n, &io, &raw, &cli->arena, &cli->err) != 0 ||
        mnq_graph_legalize(&raw, &legal, &cli->arena, &cli->err) != 0)
        return -1;
    int64_t macs = mnq_cost_total(&legal).macs;
    if (macs == r->macs_after) return 0;
    return mnq_fail(&cli->err, MNQ_EXIT_FAILED, "%s: would have %lld multiplications instead of %lld", job->output,
                    (long long)macs, (long long)r->macs_after);
}

int mnq_prune_narrow(struct mnq_cli *cli, const struct mnq_narrow_job *job)
{
    const struct mnq_subject *s = job->subject;
    struct mnq_err *e = &cli->err;
    struct mnq_channels cut;
    struct mnq_channel_report r;
    struct mnq_tune_report tuned;
    struct mnq_graph out, narrow;
    mnq_prune_plan(cli, job->tunes);
    if (mnq_prune_channels(&s->raw, &s->legal, job->by_magnitude ? NULL : job->data, &s->preprocess, &job->o, &out, &cut, &r,
                           &cli->arena, mnq_term_progress, &cli->term, e) != 0)
        return -1;
    if (job->tunes && mnq_prune_learn(cli, s, job->data, true, job->o.samples, job->labels, job->o.task, &out, &tuned, &r.drop) != 0)
        return -1;
    mnq_term_clear(&cli->term);
    if (mnq_channels_cut(&s->raw, &s->legal, &out, &cut, &narrow, &cli->arena, e) != 0) return mnq_fail_in(e, s->file);
    uint8_t *bytes = NULL;
    size_t n = 0;
    if (mnq_keras_make(&narrow, &bytes, &n, e) != 0) return mnq_fail_in(e, job->output);
    cli->owned = bytes;
    if (read_back(cli, job, &r, bytes, n) != 0 || mnq_cli_write(cli, bytes, n) != 0) return -1;
    if (s->raw.preprocess != NULL)
        mnq_term_note(&cli->term, 0, "a Keras file cannot say how pixels become inputs; this model wants --preprocess %s",
                      s->raw.preprocess);
    struct mnq_channels_result x = {.subject = s,
                                    .report = &r,
                                    .tuned = job->tunes ? &tuned : NULL,
                                    .output = job->output,
                                    .ratio = job->o.ratio,
                                    .params_before = s->params,
                                    .params_after = mnq_cost_total(&narrow).params};
    if (cli->global.json) return mnq_channels_json(&x, cli);
    if (!cli->global.quiet) mnq_channels_print(&x, cli);
    return 0;
}
