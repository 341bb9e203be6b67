/* SPDX-License-Identifier: Apache-2.0
 * What a command of the program is: a name, an option table, a function. */
#ifndef MNQ_COMMAND_H
#define MNQ_COMMAND_H

#include "options.h"
#include "recipe.h"
#include "subject.h"
#include "table.h"
#include "term.h"
#include "util/outfile.h"

/** Global options. */
struct mnq_globals {
    bool help, version, quiet, json, no_progress;
    int verbose, color, threads;
    const char *kernels;
};

/** Options of every command that takes a float model. */
struct mnq_model_opts {
    const char *preprocess, *arch;
    int resize, filter, resolution;
};

/** What a running command has in hand. */
struct mnq_cli {
    const struct mnq_command *command;
    struct mnq_globals global;
    struct mnq_term term;
    struct mnq_arena arena; /* freed after the command */
    void *opts;             /* the command's own struct */
    uint64_t given;         /* which of its options were given */
    const char **input;
    int n_inputs;
    struct mnq_output *output[2]; /* settled by mnq_cli_output() */
    int n_outputs;
    struct mnq_err err;
};

struct mnq_command {
    const char *name, *summary; /* summary: one line, lower case, no period */
    const char *usage;          /* what stands behind the options */
    const char *about;          /* a paragraph or two, lines of at most 78 letters */
    const char *examples;       /* lines starting with "mnquant"; explained by lines starting with "#" */
    const struct mnq_option *option;
    int n_options;
    size_t opts_size;
    void (*init)(void *opts);        /* fills in the defaults */
    int min_inputs, max_inputs;      /* max -1: any number */
    int (*run)(struct mnq_cli *cli); /* an exit code, or -1 with cli->err */
};

/** A program: its commands in the order of help. */
struct mnq_program {
    const struct mnq_command *const *command;
    int n;
};

/** The five lines of an option table for struct mnq_model_opts, a member `model` of the command's struct S. */
#define MNQ_MODEL_OPTIONS(S)                                                                                                \
    {"preprocess",                                                                                                          \
     'p',                                                                                                                   \
     MNQ_OPT_STRING,                                                                                                        \
     offsetof(S, model.preprocess),                                                                                         \
     "NAME",                                                                                                                \
     "float models: how pixels become inputs: tf, torch, caffe, unit, none, or SCALE:OFFSET with one number or one per "    \
     "channel on each side",                                                                                                \
     0,                                                                                                                     \
     0,                                                                                                                     \
     NULL},                                                                                                                 \
        {"resize",                                                                                                          \
         0,                                                                                                                 \
         MNQ_OPT_CHOICE,                                                                                                    \
         offsetof(S, model.resize),                                                                                         \
         "HOW",                                                                                                             \
         "float models: stretch the picture, or crop its centre square",                                                    \
         0,                                                                                                                 \
         0,                                                                                                                 \
         mnq_resize_words},                                                                                                 \
        {"filter",                                                                                                          \
         0,                                                                                                                 \
         MNQ_OPT_CHOICE,                                                                                                    \
         offsetof(S, model.filter),                                                                                         \
         "NAME",                                                                                                            \
         "float models: bilinear resizing as PIL (antialiased) or as TensorFlow does it",                                   \
         0,                                                                                                                 \
         0,                                                                                                                 \
         mnq_filter_words},                                                                                                 \
        {"arch",                                                                                                            \
         0,                                                                                                                 \
         MNQ_OPT_STRING,                                                                                                    \
         offsetof(S, model.arch),                                                                                           \
         "NAME|FILE",                                                                                                       \
         "weights-only files: the architecture, by name or as a YAML file",                                                 \
         0,                                                                                                                 \
         0,                                                                                                                 \
         NULL},                                                                                                             \
    {                                                                                                                       \
        "resolution", 0, MNQ_OPT_INT, offsetof(S, model.resolution), "N",                                                   \
            "float models: input height and width, if not the file's own", 1, 4096, NULL                                    \
    }

#endif
