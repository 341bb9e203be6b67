/* SPDX-License-Identifier: Apache-2.0
 * The folder that fit and sweep write: paths in it, and what its journal belongs to. */
#ifndef MNQ_SEARCH_FOLDER_H
#define MNQ_SEARCH_FOLDER_H

#include "command.h"

/** DIR/NAME in cli->arena; NULL: out of memory. */
const char *mnq_folder_path(struct mnq_cli *cli, const char *dir, const char *name);

/** Makes DIR, or finds it as the folder of a search, with JOURNAL in it, or empty: what is in any other stays as it is.
 * made: it was not there, and has an empty journal now; began: there was no journal. On failure -1, cli->err says why. */
int mnq_folder_make(struct mnq_cli *cli, const char *dir, const char *journal, bool *made, bool *began);

/** Takes back what mnq_folder_make() made, as long as nothing else is in it. */
void mnq_folder_unmake(const char *dir, const char *journal);

/** Settles DIR/NAME as an output of the command, with force (outputs.h): its number, or -1 with cli->err. */
int mnq_folder_output(struct mnq_cli *cli, const char *dir, const char *name);

/** What trials depend on beside their recipes. */
struct mnq_folder_inputs {
    const struct mnq_subject *subject; /* [n] */
    int n;
    const struct mnq_opt_list *data, *val;
    const struct mnq_data_opts *from;
    const struct mnq_model_opts *seen; /* how the jury sees models; NULL: as every recipe says */
};

/** The same as JSON in cli->arena, with the program. NULL: out of memory. */
const char *mnq_folder_about(struct mnq_cli *cli, const struct mnq_folder_inputs *in);

#endif
