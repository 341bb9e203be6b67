/* SPDX-License-Identifier: Apache-2.0
 * `prune --channels`: the part of the command that makes a network narrower. */
#ifndef MNQ_PRUNE_NARROW_H
#define MNQ_PRUNE_NARROW_H

#include "channels.h"
#include "command.h"

/** What the command settled. */
struct mnq_narrow_job {
    const struct mnq_subject *subject;
    const struct mnq_dataset *data; /* NULL: none */
    bool by_magnitude;              /* data chooses nothing, though the result may learn from it */
    struct mnq_channel_opts o;
    bool tunes, labels; /* learns, from the data's labels too */
    const char *output;
    int resolution; /* of the model, 0: its own */
};

/** Prunes, tunes if asked, writes a full Keras model as `import` does, reports. 0, or -1 with cli->err. */
int mnq_prune_narrow(struct mnq_cli *cli, const struct mnq_narrow_job *job);

#endif
