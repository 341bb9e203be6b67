/* SPDX-License-Identifier: Apache-2.0
 * What the user says of sample data. */
#ifndef MNQ_DATA_H
#define MNQ_DATA_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mnq_data {
    char *const *path; /* [n] */
    int n;
    const char *path_column, *label_column; /* of CSV files: names, or numbers from 1; labels may be several, with commas */
    const char *labels;                     /* a file with labels for all samples in order; NULL: the sources' own */
    const char *class_names;                /* a file with the names of the classes, in order; NULL: the sources' own */
    bool exif;                              /* turn pictures as their Exif orientation says */
    bool skip;                              /* leave out pictures that cannot be read */
    int threads;                            /* to look for them; 0 counts as 1 */
};

#ifdef __cplusplus
}
#endif
#endif
