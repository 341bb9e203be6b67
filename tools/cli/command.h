/* SPDX-License-Identifier: Apache-2.0
 * What a command of the program is: a name, an option table, a function. */
#ifndef MNQ_COMMAND_H
#define MNQ_COMMAND_H

#include "export/xtext.h"
#include "options.h"
#include "recipe.h"
#include "subject.h"
#include "table.h"
#include "term.h"
#include "util/outfile.h"

/** Global options. */
struct mnq_globals {
    bool help, version, quiet, json, no_progress;
    int verbose, color, threads, max_work; /* max_work: 10^9 operations, 0: not given */
    const char *kernels;
};

/** Options of every command that takes a float model. */
struct mnq_model_opts {
    const char *preprocess, *arch;
    int resize, filter, resolution;
    const char *task;                /* for mnq_task_choose(); NULL: what the model tells */
    double threshold;                /* 0: not given */
    const struct mnq_data *pictures; /* of the command, no option: a model that leaves its input size open takes theirs */
};

/** Options of every command that takes sample data, beside --data. */
struct mnq_data_opts {
    const char *path_column, *label_column, *labels, *class_names;
    int on_error; /* stop, skip */
    bool exif;
};

/** Outputs of a command at most. */
enum { MNQ_CLI_OUTPUTS = 3 };

/** A folder of files that a command writes; dir NULL: none. */
struct mnq_cli_folder {
    const char *dir;
    bool force; /* an export there is replaced */
    struct mnq_xfiles files;
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
    struct mnq_output *output[MNQ_CLI_OUTPUTS]; /* settled by mnq_cli_output() */
    int n_outputs, n_written;                   /* written: appear when the command has succeeded */
    struct mnq_cli_folder folder;               /* mnq_cli_folder(): appears with them */
    const char *spent;                          /* a journal of a tuning that is removed behind that; may be NULL */
    void *owned;                                /* malloc'd bytes of an output, freed after that */
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
    bool kernel_list;                /* --kernels may name several tables, separated by commas */
    int (*run)(struct mnq_cli *cli); /* an exit code, or -1 with cli->err */
};

/** A program: its commands in the order of help. */
struct mnq_program {
    const struct mnq_command *const *command;
    int n;
};

/** The seven lines of an option table for struct mnq_model_opts, a member `model` of the command's struct S. */
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
         "float models: resizing: bilinear as PIL (antialiased) or TensorFlow does it; nearest, bicubic as PIL",            \
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
        {"resolution",                                                                                                      \
         0,                                                                                                                 \
         MNQ_OPT_INT,                                                                                                       \
         offsetof(S, model.resolution),                                                                                     \
         "N",                                                                                                               \
         "float models: input height and width, if not the file's own",                                                     \
         1,                                                                                                                 \
         4096,                                                                                                              \
         NULL},                                                                                                             \
        MNQ_TASK_OPTIONS(offsetof(S, model.task), offsetof(S, model.threshold))

/** The two lines about what the output means. */
#define MNQ_TASK_OPTIONS(task, threshold)                                                                                   \
    {"task",                                                                                                                \
     0,                                                                                                                     \
     MNQ_OPT_STRING,                                                                                                        \
     task,                                                                                                                  \
     "KINDS",                                                                                                               \
     "what the output means, if the model does not tell: auto, classes, binary, multilabel, regression, features; of "      \
     "several outputs NAME=KIND,...",                                                                                       \
     0,                                                                                                                     \
     0,                                                                                                                     \
     NULL},                                                                                                                 \
    {                                                                                                                       \
        "threshold", 0, MNQ_OPT_DOUBLE, threshold, "P", "binary and multilabel: probability above which the answer is yes", \
            MNQ_THRESHOLD_MIN, MNQ_THRESHOLD_MAX, NULL                                                                      \
    }

/** The six lines of an option table for struct mnq_data_opts, a member `from` of the command's struct S. */
#define MNQ_DATA_OPTIONS(S)                                                                                                 \
    {"labels",                                                                                                              \
     0,                                                                                                                     \
     MNQ_OPT_STRING,                                                                                                        \
     offsetof(S, from.labels),                                                                                              \
     "FILE",                                                                                                                \
     "labels of all samples in their order: .npy, .npz, or text with a line for each",                                      \
     0,                                                                                                                     \
     0,                                                                                                                     \
     NULL},                                                                                                                 \
        {"class-names",                                                                                                     \
         0,                                                                                                                 \
         MNQ_OPT_STRING,                                                                                                    \
         offsetof(S, from.class_names),                                                                                     \
         "FILE",                                                                                                            \
         "names of the classes in the order of the outputs, text with a line for each",                                     \
         0,                                                                                                                 \
         0,                                                                                                                 \
         NULL},                                                                                                             \
        {"path-column",                                                                                                     \
         0,                                                                                                                 \
         MNQ_OPT_STRING,                                                                                                    \
         offsetof(S, from.path_column),                                                                                     \
         "NAME|N",                                                                                                          \
         "CSV: column of the path, by its heading or counted from 1",                                                       \
         0,                                                                                                                 \
         0,                                                                                                                 \
         NULL},                                                                                                             \
        {"label-column",                                                                                                    \
         0,                                                                                                                 \
         MNQ_OPT_STRING,                                                                                                    \
         offsetof(S, from.label_column),                                                                                    \
         "NAME|N[,...]",                                                                                                    \
         "CSV: column of the label, or columns of several numbers",                                                         \
         0,                                                                                                                 \
         0,                                                                                                                 \
         NULL},                                                                                                             \
        {"on-error",                                                                                                        \
         0,                                                                                                                 \
         MNQ_OPT_CHOICE,                                                                                                    \
         offsetof(S, from.on_error),                                                                                        \
         "WHAT",                                                                                                            \
         "at a picture that cannot be read: stop, or skip it and say so",                                                   \
         0,                                                                                                                 \
         0,                                                                                                                 \
         mnq_on_error_words},                                                                                               \
    {                                                                                                                       \
        "exif", 0, MNQ_OPT_FLAG, offsetof(S, from.exif), NULL, "turn JPEG pictures as their Exif orientation says", 0, 0,   \
            NULL                                                                                                            \
    }

/** stop, skip. */
extern const char *const mnq_on_error_words[];

#endif
