/* SPDX-License-Identifier: Apache-2.0
 * Which columns of a CSV hold the path and the label: by option, by the names that people use, by place. */
#ifndef MNQ_CSV_COLUMNS_H
#define MNQ_CSV_COLUMNS_H

#include "data.h"

#include "graph/task.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_CSV_FIELDS = 4096 };

struct mnq_csv_columns {
    bool header;        /* the first line names them */
    int path;           /* counted from 0 */
    int *label, labels; /* [labels], malloc'd */
    int most;           /* fields that a line may have */
};

/**
 * Looks at the first line.
 *
 * A header is a line that the options name a column of, or one that has a word for paths and begins with such a word, a word
 * for labels or for an index, or nothing (pandas' index). With a header the path is the named column or the first one called
 * so, the label likewise, or the only other column. Without, a line is path, path,label or what the options number from 1.
 * Tasks that want several numbers for each sample take all other columns if there are so many.
 * task     NULL: class numbers or names
 * c        freed by the caller: c->label
 * return   0, or -1 with e: no such column, more than one that could be meant
 */
int mnq_csv_find_columns(const struct mnq_data *data, const struct mnq_task *task, const char *name, int line,
                         char *const *f, int n, struct mnq_csv_columns *c, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
