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
    if (whole != NULL) vsnprintf(whole, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(ap);
    prefix(t);
    fputs("note: ", stderr);
    mnq_text_put(stderr, whole != NULL ? whole : cut, true);
    fputc('\n', stderr);
    free(whole);
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + 1e-9 * (double)(now.tv_nsec - start->tv_nsec);
}

/* What a phase counts: samples, or the layers of the network. */
static const char *unit(const char *phase)
{
    static const char *const samples[] = {"observe", "sensitivity", "eval", "compare", "run"};
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        if (strcmp(samples[i], phase) == 0) return "img";
    return "layers";
}

void mnq_term_progress(void *term, const char *phase, int done, int total)
{
    struct mnq_term *t = term;
    if (t->phase == NULL || strcmp(t->phase, phase) != 0) {
        t->phase = phase;
        clock_gettime(CLOCK_MONOTONIC, &t->start);
        t->drawn = -1;
        if (t->decade <= 10) t->decade = 0;
    }
    if (total <= 0) return;
    double s = seconds_since(&t->start), rate = s > 0 ? done / s : 0;
    if (!t->line) {
        int decade = (int)(10.0 * done / total);
        if (t->verbose < 1 || decade <= t->decade) return;
        t->decade = decade;
        prefix(t);
        fprintf(stderr, "%s  %d/%d\n", phase, done, total);
        return;
    }
    if (done >= total) {
        mnq_term_clear(t);
        return;
    }
    if (s - t->drawn < 0.1) return;
    t->drawn = s;
    fprintf(stderr, "\r\033[K%s  %d/%d", phase, done, total);
    if (done > 0 && s > 0.2) fprintf(stderr, "  %.1f %s/s  eta %.0fs", rate, unit(phase), (total - done) / rate);
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
