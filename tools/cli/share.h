/* SPDX-License-Identifier: Apache-2.0
 * What commands share: opening models and data. */
#ifndef MNQ_SHARE_H
#define MNQ_SHARE_H

#include "command.h"
#include "data.h"

/** Opens a model with the command's options. */
int mnq_cli_open(struct mnq_cli *cli, const struct mnq_model_opts *o, const char *path, struct mnq_subject *s);

/** As mnq_cli_open for several; float models without stated preprocessing take that of an .mnq made from them. */
int mnq_cli_open_all(struct mnq_cli *cli, const struct mnq_model_opts *o, const char *const *path, int n,
                     struct mnq_subject *s);

/** Says on stderr how float models are preprocessed, if that was assumed. Called once nothing is likely to fail any more,
 *  so that an error stays one line. */
void mnq_cli_say(struct mnq_cli *cli, const struct mnq_subject *s, int n);

/** What the options say of sample data. */
struct mnq_data mnq_cli_data(const struct mnq_cli *cli, const struct mnq_opt_list *paths, const struct mnq_data_opts *o);

struct mnq_dataset;

/**
 * Before any work on d: mnq_cli_spare(). Settles how a float model's pixels are scaled, if nothing states it, by what fits
 * the data (pixelfit.h), and says on stderr if the data contradicts what does. 0, or -1 with cli->err: it is not clear.
 */
int mnq_cli_settle(struct mnq_cli *cli, struct mnq_subject *s, const struct mnq_dataset *d);

/** mnq_cli_settle() for several, which open the data for their inputs. */
int mnq_cli_settle_all(struct mnq_cli *cli, struct mnq_subject *s, int n, const struct mnq_data *data);

/** Says on stderr what was left out of the data, and of what could not be read each picture at -v. */
void mnq_cli_say_left_out(struct mnq_cli *cli, const struct mnq_dataset *d);

struct mnq_json;

/** Prints a finished document on standard output and frees it. */
int mnq_cli_print_json(struct mnq_json *j, struct mnq_err *e);

#endif
