/* SPDX-License-Identifier: Apache-2.0
 * Completions for bash, zsh and fish, made from the option tables: commands, their options, words of choices, files. */
#include "completion.h"

#include "globals.h"

#include <string.h>

static bool takes_value(const struct mnq_option *o)
{
    return o->arg != NULL;
}

/* Whether the value of an option is a name of a file. */
static bool takes_file(const struct mnq_option *o)
{
    return o->arg != NULL && (strstr(o->arg, "FILE") != NULL || strstr(o->arg, "PATH") != NULL);
}

static void print_words(FILE *f, const struct mnq_option *o, const char *between)
{
    for (int i = 0; o->word[i] != NULL; i++) fprintf(f, "%s%s", i > 0 ? between : "", o->word[i]);
}

/* Text up to the first colon or period that ends a clause, without what the quotes and brackets of shells would take amiss.
 */
static void print_clause(FILE *f, const char *text)
{
    for (; *text != '\0'; text++) {
        if ((*text == ':' || *text == ';' || *text == '.') && (text[1] == ' ' || text[1] == '\0')) return;
        if (strchr("'\"`$\\[]:", *text) == NULL) fputc(*text, f);
    }
}

/* ---- bash ---- */

static void bash_values(FILE *f, const struct mnq_option *o, int n)
{
    for (int i = 0; i < n; i++) {
        if (!takes_value(&o[i])) continue;
        fprintf(f, "        --%s", o[i].name);
        if (o[i].letter != 0) fprintf(f, " | -%c", o[i].letter);
        fputs(") ", f);
        if (o[i].type == MNQ_OPT_CHOICE) {
            fputs("COMPREPLY=($(compgen -W \"", f);
            print_words(f, &o[i], " ");
            fputs("\" -- \"$word\"))", f);
        } else if (takes_file(&o[i])) {
            fputs("COMPREPLY=($(compgen -f -- \"$word\"))", f);
        } else {
            fputs("COMPREPLY=()", f);
        }
        fputs("; return ;;\n", f);
    }
}

static void bash_names(FILE *f, const struct mnq_option *o, int n)
{
    for (int i = 0; i < n; i++) fprintf(f, " --%s", o[i].name);
}

static void bash(FILE *f, const struct mnq_program *p)
{
    fputs("# bash completion for mnquant\n_mnquant() {\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command= i\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n        case ${COMP_WORDS[i]} in\n        ",
          f);
    for (int i = 0; i < p->n; i++) fprintf(f, "%s | ", p->command[i]->name);
    fputs("help | version) command=${COMP_WORDS[i]}; break ;;\n        esac\n    done\n"
          "    compopt -o filenames 2>/dev/null\n    case $command in\n",
          f);
    for (int i = 0; i < p->n; i++) {
        fprintf(f, "    %s)\n        case $before in\n", p->command[i]->name);
        bash_values(f, p->command[i]->option, p->command[i]->n_options);
        fputs("        esac ;;\n", f);
    }
    fputs("    esac\n    case $before in\n", f);
    bash_values(f, mnq_global_options, mnq_n_global_options);
    fputs("    esac\n    local options=\"", f);
    bash_names(f, mnq_global_options, mnq_n_global_options);
    fputs("\"\n    case $command in\n    '' | help)\n        COMPREPLY=($(compgen -W \"", f);
    for (int i = 0; i < p->n; i++) fprintf(f, "%s ", p->command[i]->name);
    fputs("help version $options\" -- \"$word\"))\n        return ;;\n", f);
    for (int i = 0; i < p->n; i++) {
        fprintf(f, "    %s) options+=\"", p->command[i]->name);
        bash_names(f, p->command[i]->option, p->command[i]->n_options);
        fputs("\" ;;\n", f);
    }
    fputs("    esac\n    case $word in\n    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
          "    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n    esac\n}\ncomplete -F _mnquant mnquant\n",
          f);
}

/* ---- zsh ---- */

static void zsh_options(FILE *f, const struct mnq_option *o, int n)
{
    for (int i = 0; i < n; i++) {
        const bool many = o[i].type == MNQ_OPT_LIST || o[i].type == MNQ_OPT_COUNT;
        fprintf(f, "        '%s--%s%s[", many ? "*" : "", o[i].name, takes_value(&o[i]) ? "=" : "");
        print_clause(f, o[i].help);
        fputs("]", f);
        if (o[i].type == MNQ_OPT_CHOICE) {
            fprintf(f, ":%s:(", o[i].arg);
            print_words(f, &o[i], " ");
            fputs(")", f);
        } else if (takes_value(&o[i])) {
            fprintf(f, ":%s:%s", o[i].arg, takes_file(&o[i]) ? "_files" : " ");
        }
        fputs("'\n", f);
    }
}

static void zsh(FILE *f, const struct mnq_program *p)
{
    fputs("#compdef mnquant\n_mnquant() {\n    local -a global commands\n    global=(\n", f);
    zsh_options(f, mnq_global_options, mnq_n_global_options);
    fputs("    )\n    commands=(\n", f);
    for (int i = 0; i < p->n; i++) {
        fprintf(f, "        '%s:", p->command[i]->name);
        print_clause(f, p->command[i]->summary);
        fputs("'\n", f);
    }
    fputs("        'help:help of a command'\n        'version:print the version'\n    )\n"
          "    local curcontext=$curcontext state line\n"
          "    _arguments -C $global '1: :->command' '*:: :->rest' && return\n"
          "    case $state in\n    command) _describe command commands ;;\n    rest)\n        case $line[1] in\n",
          f);
    for (int i = 0; i < p->n; i++) {
        fprintf(f, "        %s)\n            local -a own=(\n", p->command[i]->name);
        zsh_options(f, p->command[i]->option, p->command[i]->n_options);
        fputs("            )\n            _arguments $global $own '*:input:_files' ;;\n", f);
    }
    fputs("        help) _describe command commands ;;\n        esac ;;\n    esac\n}\n_mnquant \"$@\"\n", f);
}

/* ---- fish ---- */

static void fish_options(FILE *f, const char *command, const struct mnq_option *o, int n)
{
    for (int i = 0; i < n; i++) {
        fputs("complete -c mnquant", f);
        if (command != NULL) fprintf(f, " -n '__fish_seen_subcommand_from %s'", command);
        fprintf(f, " -l %s", o[i].name);
        if (o[i].letter != 0) fprintf(f, " -s %c", o[i].letter);
        if (takes_file(&o[i])) fputs(" -r -F", f);
        else if (takes_value(&o[i])) fputs(" -x", f);
        if (o[i].type == MNQ_OPT_CHOICE) {
            fputs(" -a '", f);
            print_words(f, &o[i], " ");
            fputs("'", f);
        }
        fputs(" -d '", f);
        print_clause(f, o[i].help);
        fputs("'\n", f);
    }
}

static void fish(FILE *f, const struct mnq_program *p)
{
    fputs("# fish completion for mnquant\n", f);
    fish_options(f, NULL, mnq_global_options, mnq_n_global_options);
    for (int i = 0; i < p->n; i++) {
        fprintf(f, "complete -c mnquant -n __fish_use_subcommand -f -a %s -d '", p->command[i]->name);
        print_clause(f, p->command[i]->summary);
        fputs("'\n", f);
    }
    for (int i = 0; i < p->n; i++) fish_options(f, p->command[i]->name, p->command[i]->option, p->command[i]->n_options);
}

int mnq_completion(FILE *f, const struct mnq_program *p, const char *shell)
{
    if (strcmp(shell, "bash") == 0) bash(f, p);
    else if (strcmp(shell, "zsh") == 0) zsh(f, p);
    else if (strcmp(shell, "fish") == 0) fish(f, p);
    else return -1;
    return 0;
}
