/* SPDX-License-Identifier: Apache-2.0
 * Text tables with aligned columns. */
#ifndef MNQ_TABLE_H
#define MNQ_TABLE_H

#include "util/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { MNQ_TABLE_COLUMNS = 16 };

/** Rows of cells in an arena. Where that starved nothing is printed; the command ends with an error. */
struct mnq_table {
    struct mnq_arena *arena;
    int columns;
    const char *align; /* one letter a column: 'l' or 'r' */
    char **cell;       /* [rows][columns]; NULL starts a rule line (first column) or is empty */
    int n, cap;        /* cells */
    int fit;           /* columns of the terminal: the first column gives up its left part if need be; 0: never */
};

/** align has one letter per column, at most MNQ_TABLE_COLUMNS of them. */
void mnq_table_init(struct mnq_table *t, struct mnq_arena *arena, const char *align);

/** Appends the next cell, row after row (printf). */
void mnq_table_cell(struct mnq_table *t, const char *fmt, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/** Appends a whole row of plain texts, one per column. */
void mnq_table_row(struct mnq_table *t, ...);

/** Prints it: columns two spaces apart, no trailing blanks. `head` and `plain` surround the first row (colour), or are "".
 */
void mnq_table_print(const struct mnq_table *t, FILE *f, const char *head, const char *plain);

/** Prints s as util/plain.h shows it: names come from files, and a file must not drive the terminal.
 *  lines: newlines may pass. */
void mnq_text_put(FILE *f, const char *s, bool lines);

/** Bytes with a binary unit and three digits: "217 B", "293 KiB", "1.51 MiB". */
const char *mnq_text_bytes(char text[32], int64_t bytes);

/** Thousands separated by commas: "7,489,664". */
const char *mnq_text_count(char text[32], int64_t n);

#endif
