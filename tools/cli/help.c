/* SPDX-License-Identifier: Apache-2.0
 * Help text, made from the option tables. */
#include "help.h"

#include "globals.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_AT = 26, TEXT_WIDTH = 54 };

/* Words of `text` in lines of TEXT_WIDTH from column TEXT_AT; the first line starts at column `at`. */
static void wrap(FILE *f, const char *text, int at)
{
    if (at > TEXT_AT - 2) {
        fputc('\n', f);
        at = 0;
    }
    fprintf(f, "%*s", TEXT_AT - at, "");
    int used = 0;
    while (*text != '\0') {
        int n = (int)strcspn(text, " ");
        if (used > 0 && used + 1 + n > TEXT_WIDTH) {
            fprintf(f, "\n%*s", TEXT_AT, "");
            used = 0;
        }
        used += fprintf(f, "%s%.*s", used > 0 ? " " : "", n, text);
        text += n;
        while (*text == ' ') text++;
    }
    fputc('\n', f);
}

static void print_options(FILE *f, const struct mnq_option *o, int n, const void *defaults)
{
    for (int i = 0; i < n; i++) {
        char head[80], value[80], text[512];
        if (o[i].letter != 0)
            snprintf(head, sizeof head, "  -%c, --%s%s%s", o[i].letter, o[i].name, o[i].arg ? " " : "",
                     o[i].arg ? o[i].arg : "");
        else snprintf(head, sizeof head, "      --%s%s%s", o[i].name, o[i].arg ? " " : "", o[i].arg ? o[i].arg : "");
        mnq_option_default(&o[i], defaults, value, sizeof value);
        if (value[0] != '\0') snprintf(text, sizeof text, "%s (default: %s)", o[i].help, value);
        else snprintf(text, sizeof text, "%s", o[i].help);
        fputs(head, f);
        wrap(f, text, (int)strlen(head));
    }
}

static void print_global(FILE *f)
{
    struct mnq_globals g;
    mnq_globals_init(&g);
    fputs("\nGlobal options:\n", f);
    print_options(f, mnq_global_options, mnq_n_global_options, &g);
}

void mnq_help(FILE *f, const struct mnq_program *p)
{
    fputs("Usage: mnquant [global options] COMMAND [options] [inputs]\n\n"
          "Turns a float MobileNet (Keras HDF5) into an integer model (.mnq) and measures the price.\n\nCommands:\n",
          f);
    for (int i = 0; i < p->n; i++) fprintf(f, "  %-12s %s\n", p->command[i]->name, p->command[i]->summary);
    fputs("  help         help of a command: mnquant help COMMAND\n", f);
    fputs("  version      print the version\n", f);
    print_global(f);
    fputs("\nExit status: 0 success, 1 failed, 2 wrong usage or configuration, 3 a requested\n"
          "gate failed, 130 interrupted.\n",
          f);
}

void mnq_help_command(FILE *f, const struct mnq_command *c)
{
    void *defaults = calloc(1, c->opts_size);
    if (defaults == NULL) return;
    c->init(defaults);
    fprintf(f, "Usage: mnquant %s [options] %s\n\n%s\n\nOptions:\n", c->name, c->usage, c->about);
    print_options(f, c->option, c->n_options, defaults);
    print_global(f);
    if (c->examples != NULL) fprintf(f, "\nExamples:\n%s", c->examples);
    free(defaults);
}
