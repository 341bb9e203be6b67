/* SPDX-License-Identifier: Apache-2.0
 * A command's outputs: settled before any work, they appear together once it has succeeded. */
#ifndef MNQ_OUTPUTS_H
#define MNQ_OUTPUTS_H

#include "command.h"

struct mnq_dataset;

/**
 * Settles where an output goes, before any work (util/outfile.h). If that is standard output, what would have been printed
 * there goes to standard error instead.
 * name    what an option said
 * binary  not to be written to a terminal
 * return  its number, counted from 0; -1 with cli->err
 */
int mnq_cli_output(struct mnq_cli *cli, const char *name, bool force, bool binary);

/** What an output will hold; the bytes must live until the command has ended: cli->owned may hold them. */
struct mnq_cli_bytes {
    const void *data;
    size_t n;
};

/** Takes what the first n outputs will hold, in their order: all or none appear once the command has succeeded. */
int mnq_cli_write_all(struct mnq_cli *cli, const struct mnq_cli_bytes *b, int n);

/** The same for one. */
int mnq_cli_write(struct mnq_cli *cli, const void *data, size_t n);

/** Takes a folder of files (export/xfolder.h), which are no longer the caller's: it appears with the outputs. */
void mnq_cli_folder(struct mnq_cli *cli, const char *dir, bool force, struct mnq_xfiles *files);

/** After the command returned `code`: its outputs appear, all or none, unless it failed or memory ran out somewhere. The new
 *  code. */
int mnq_cli_appear(struct mnq_cli *cli, int code);

/** 0, or -1 with cli->err: an output would replace one of these pictures. Outputs are settled before. */
int mnq_cli_spare(struct mnq_cli *cli, const struct mnq_dataset *d);

#endif
