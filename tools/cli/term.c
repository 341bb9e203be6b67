/* SPDX-License-Identifier: Apache-2.0
 * What goes to the terminal besides results. */
#include "term.h"

#include "table.h"
#include "util/cleanup.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Read in a signal handler. */
static volatile sig_atomic_t line_shown;

static bool wants_color(enum mnq_color color, int fd)
{
    if (color != MNQ_COLOR_AUTO) return color == MNQ_COLOR_ALWAYS;
    const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
    return isatty(fd) && (no == NULL || *no == '\0') && term != NULL && strcmp(term, "dumb") != 0;
}

void mnq_term_init(struct mnq_term *t, enum mnq_color color, bool progress, int verbose)
{
    t->verbose = verbose;
    t->color_out = wants_color(color, STDOUT_FILENO);
    t->color_err = wants_color(color, STDERR_FILENO);
    const char *term = getenv("TERM");
    t->line = progress && verbose >= 0 && isatty(STDERR_FILENO) && (term == NULL || strcmp(term, "dumb") != 0);
    t->decade = progress ? 0 : 11;
    struct winsize w;
    t->columns = isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 ? w.ws_col : 0;
}

const char *mnq_term_bold(bool color)
{
    return color ? "\033[1m" : "";
}

const char *mnq_term_plain(bool color)
{
    return color ? "\033[0m" : "";
}

void mnq_term_clear(struct mnq_term *t)
{
    if (!t->shown) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    t->shown = false;
    line_shown = 0;
}

static void prefix(struct mnq_term *t)
{
    mnq_term_clear(t);
    fputs("mnquant: ", stderr);
    if (t->command != NULL) fprintf(stderr, "%s: ", t->command);
}

void mnq_term_error(struct mnq_term *t, const char *message)
{
    fflush(stdout);
    prefix(t);
    if (t->color_err) fputs("\033[31m", stderr);
    mnq_text_put(stderr, message, false);
    fputs(t->color_err ? "\033[0m\n" : "\n", stderr);
}

void mnq_term_note(struct mnq_term *t, int level, const char *fmt, ...)
{
    if (t->verbose < level) return;
    char cut[2000], *whole; /* the whole text is long for a recipe with many rules */
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(cut, sizeof cut, fmt, ap);
    whole = n >= (int)sizeof cut ? malloc((size_t)n + 1) : NULL;
    if (whole == NULL && n >= (int)sizeof cut) t->starved = true;
    if (whole != NULL) vsnprintf(whole, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(ap);
    prefix(t);
    fputs("note: ", stderr);
    mnq_text_put(stderr, whole != NULL ? whole : cut, strchr(fmt, '\n') != NULL);
    fputc('\n', stderr);
    free(whole);
}

/* ---- progress ---- */

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + 1e-9 * (double)(now.tv_nsec - start->tv_nsec);
}

void mnq_term_plan(struct mnq_term *t, const struct mnq_term_step *plan, int n)
{
    t->plan = plan;
    t->n_steps = n;
    t->step = -1;
    t->share = 0;
    t->phase = NULL;
    t->drawn = -1;
    clock_gettime(CLOCK_MONOTONIC, &t->start);
}

/* What a phase counts: samples, or the layers of the network. */
static const char *unit(const char *phase)
{
    static const char *const samples[] = {"observe", "sensitivity", "views", "eval", "compare", "run", "probe"};
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        if (strcmp(samples[i], phase) == 0) return "img";
    return "layers";
}

/* Goes to the next step of that name, if the plan still has one. */
static void start_step(struct mnq_term *t, const char *phase)
{
    for (int i = t->step + 1; i < t->n_steps; i++)
        if (strcmp(t->plan[i].phase, phase) == 0) {
            t->step = i;
            return;
        }
}

/* Share of the command that is done. A phase the plan does not know leaves it where it is. */
static void advance(struct mnq_term *t, const char *phase, int done, int total)
{
    double all = 0, before = 0;
    if (t->phase == NULL || strcmp(t->phase, phase) != 0 || done < t->done) start_step(t, phase);
    t->phase = phase;
    t->done = done;
    for (int i = 0; i < t->n_steps; i++) {
        all += t->plan[i].weight;
        if (i < t->step) before += t->plan[i].weight;
    }
    if (t->step < 0 || strcmp(t->plan[t->step].phase, phase) != 0) return;
    double share = (before + t->plan[t->step].weight * done / total) / all;
    if (share > t->share) t->share = share;
}

void mnq_term_progress(void *term, const char *phase, int done, int total)
{
    struct mnq_term *t = term;
    if (total <= 0) return;
    if (t->plan == NULL) {
        t->only = (struct mnq_term_step){phase, 1};
        mnq_term_plan(t, &t->only, 1);
    }
    advance(t, phase, done, total);
    if (!t->line) {
        int decade = (int)(10 * t->share);
        if (t->verbose < 1 || decade <= t->decade) return;
        t->decade = decade;
        prefix(t);
        fprintf(stderr, "%d %%  %s\n", 10 * decade, phase);
        return;
    }
    if (t->share >= 1) {
        mnq_term_clear(t);
        return;
    }
    double s = seconds_since(&t->start);
    if (s - t->drawn < 0.1) return;
    t->drawn = s;
    fprintf(stderr, "\r\033[K%s  %.0f %%  %s %d/%d %s", t->command != NULL ? t->command : "", 100 * t->share, phase, done,
            total, unit(phase));
    if (t->share > 0.01 && s > 1) fprintf(stderr, "  eta %.0fs", s * (1 - t->share) / t->share);
    fflush(stderr);
    t->shown = true;
    line_shown = 1;
}

/* ---- signals ---- */

static void end_line(void)
{
    if (!line_shown) return;
    ssize_t n = write(STDERR_FILENO, "\n", 1);
    (void)n;
}

void mnq_term_catch_signals(void)
{
    mnq_cleanup_catch(end_line);
}
