/* SPDX-License-Identifier: Apache-2.0
 * Declarative command-line options: one table gives parsing, checks, help and the man page's list. */
#ifndef MNQ_OPTIONS_H
#define MNQ_OPTIONS_H

#include "util/arena.h"
#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What an option stores at its offset. */
enum mnq_opt_type {
    MNQ_OPT_FLAG,   /* bool: set to true, takes no value */
    MNQ_OPT_COUNT,  /* int: counts how often it is given, takes no value */
    MNQ_OPT_INT,    /* int in [lo, hi] */
    MNQ_OPT_SIZE,   /* int64_t in [lo, hi]: bytes, suffixes as in util/size.h; 0 stands for "not given" */
    MNQ_OPT_DOUBLE, /* double in [lo, hi]; NaN stands for "not given" */
    MNQ_OPT_CHOICE, /* int: index of a word; -1 stands for "not given" */
    MNQ_OPT_STRING, /* const char * */
    MNQ_OPT_LIST    /* struct mnq_opt_list: may be given several times */
};

struct mnq_opt_list {
    const char **item;
    int n;
};

/** One option. At most 64 in a table. */
struct mnq_option {
    const char *name; /* long name without dashes */
    char letter;      /* short name, 0 = none */
    enum mnq_opt_type type;
    size_t offset;   /* of its value in the struct that the table describes */
    const char *arg; /* what help calls the value; NULL for FLAG and COUNT */
    const char *help;
    double lo, hi;           /* INT, DOUBLE */
    const char *const *word; /* CHOICE, NULL-terminated */
};

/** A table, the struct it fills, and which options were given (bit i = table entry i). */
struct mnq_option_set {
    const struct mnq_option *option;
    int n;
    void *out; /* holds the defaults before parsing */
    uint64_t given;
};

/**
 * Parses argv[0..n) against several tables: --x=1, --x 1, -x1, -x 1, bundled short flags, "--" ends options, and options
 * may follow inputs. Unknown names suggest the nearest known one.
 * stop       true: stop at the first input (for what stands before the command's name)
 * input      room for n pointers, filled with the inputs in order
 * return     number of arguments consumed, or -1 with e (code MNQ_EXIT_USAGE)
 */
int mnq_options_parse(struct mnq_option_set *set, int n_sets, char *const *argv, int n, bool stop, const char **input,
                      int *n_inputs, struct mnq_arena *arena, struct mnq_err *e);

/** Size in bytes of the value of an option type. */
size_t mnq_option_size(enum mnq_opt_type type);

/** The default of an option as help shows it, from the struct that holds the defaults; "" if there is none. */
void mnq_option_default(const struct mnq_option *o, const void *defaults, char *text, size_t n);

#endif
