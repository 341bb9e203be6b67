/* SPDX-License-Identifier: Apache-2.0
 * What goes to the terminal besides results: notes, progress, colour, and tidying up when interrupted. */
#ifndef MNQ_TERM_H
#define MNQ_TERM_H

#include <stdbool.h>
#include <time.h>

enum mnq_color { MNQ_COLOR_AUTO, MNQ_COLOR_ALWAYS, MNQ_COLOR_NEVER };

/** A step of a command: its phase as mnq_progress names it, and the part of the time that it usually takes, in any unit. */
struct mnq_term_step {
    const char *phase;
    double weight;
};

struct mnq_term {
    const char *command; /* in front of every message; NULL before it is known */
    int verbose;         /* -v count; -1 with -q */
    bool color_out, color_err;
    bool starved;                     /* a note was cut for want of memory */
    bool line;                        /* a rewritten progress line (stderr is a terminal) */
    bool shown;                       /* that line is on the screen */
    int columns;                      /* width of stdout if it is a terminal, else 0 */
    const struct mnq_term_step *plan; /* what the command will do, mnq_term_plan() */
    int n_steps, step;
    struct mnq_term_step only; /* the plan of a command that made none */
    const char *phase;         /* of the running progress, and how far it was */
    int done;
    double share; /* of the whole command, never falls */
    struct timespec start;
    double drawn; /* seconds after start */
    int decade;   /* last tenth reported when there is no line */
};

/**
 * color     by the rule: AUTO means a terminal, NO_COLOR unset and TERM not "dumb", for stdout and stderr apart
 * progress  false: neither line nor tenths
 */
void mnq_term_init(struct mnq_term *t, enum mnq_color color, bool progress, int verbose);

/** "mnquant: COMMAND: message" on stderr. */
void mnq_term_error(struct mnq_term *t, const char *message);

/** "mnquant: COMMAND: note: ..." on stderr when verbose >= level (0: unless -q). */
void mnq_term_note(struct mnq_term *t, int level, const char *fmt, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/** The steps that are to come, in their order; a phase may return. The array is kept. Starts the clock. */
void mnq_term_plan(struct mnq_term *t, const struct mnq_term_step *plan, int n);

/** An mnq_progress for struct mnq_term: one line for the whole command like `calibrate  42 %  re-fit 12/27 layers  eta 32s`,
 *  cleared at the end. A phase that no plan names is taken for the only step. */
void mnq_term_progress(void *term, const char *phase, int done, int total);

/** Clears the progress line before other output. */
void mnq_term_clear(struct mnq_term *t);

/** Escape sequences, "" without colour. */
const char *mnq_term_bold(bool color);
const char *mnq_term_plain(bool color);

/** Catches signals (util/cleanup.h): unfinished outputs are removed, the progress line is ended. */
void mnq_term_catch_signals(void);

#endif
