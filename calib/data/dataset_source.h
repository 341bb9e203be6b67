/* SPDX-License-Identifier: Apache-2.0
 * Between dataset.c and the readers of the single sources. */
#ifndef MNQ_DATASET_SOURCE_H
#define MNQ_DATASET_SOURCE_H

#include "data.h"
#include "numpy.h"

#include "graph/task.h"
#include "util/arena.h"
#include "util/err.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_MAX_SAMPLES = 10000000, MNQ_MAX_CLASSES = 65536 };

struct mnq_h5_images;

/** Pictures of a NumPy file. */
struct mnq_array_images {
    const char *path;
    struct mnq_array images;
    int h, w;
};

/** One sample: a picture file, or a row of an HDF5 or NumPy file. */
struct mnq_sample {
    const char *path;                     /* picture, or NULL */
    struct mnq_h5_images *h5;             /* or this and row */
    const struct mnq_array_images *array; /* or this and row */
    int row, label;
    const float *value; /* [mnq_task_label_values()] of a task that wants them, or NULL */
};

/** What was in the folders and is no sample. */
struct mnq_left_out {
    int hidden, others;      /* files with a dot in front; that are no pictures */
    const char *example;     /* one of the others */
    bool unfit_labels;       /* labels are class numbers, the task wants more */
    bool unlike_numbers;     /* class folders are numbers, whose bytewise order is another */
    int damaged;             /* pictures that cannot be read */
    const char **damaged_as; /* [damaged] the message of each */
};

/** What a dataset holds while it is being filled. Strings live in arena. */
struct mnq_source {
    struct mnq_arena arena;
    struct mnq_sample *sample;
    int n, cap;
    const char **class_name; /* NULL until a source names its classes */
    int n_class_names;
    const char *class_from;      /* the source that did */
    int channels;                /* wanted by the model */
    const struct mnq_data *data; /* what the user says, or NULL */
    const struct mnq_task *task; /* that labels are for; NULL: classes */
    struct mnq_left_out left_out;
};

/** Appends a sample; path is copied. */
int mnq_source_add(struct mnq_source *s, struct mnq_sample sample, struct mnq_err *e);

/**
 * Makes n class names of one source the dataset's, or, if an earlier source named its classes, looks them up there.
 * from    the source, for messages
 * map     [n] the dataset's class of each name
 * return  0, or -1 with e (a name the earlier source does not have, too many, out of memory)
 */
int mnq_source_classes(struct mnq_source *s, const char *from, const char *const *name, int n, int *map, struct mnq_err *e);

/** Index of a class name, -1 if there is none. */
int mnq_source_class(const struct mnq_source *s, const char *name);

/** "dir/name" in an arena; a name that starts with / stays as it is. NULL when out of memory. */
char *mnq_source_join(struct mnq_arena *arena, const char *dir, const char *name);

/** Whether what follows the last dot of a path, the dot included, is one of n endings, in any case. */
bool mnq_source_ends_with(const char *path, const char *const *end, int n);

/** Whether a file name ends as a picture's does (.jpg, .jpeg, .png, .bmp, .gif, .pnm, .pgm, .ppm, any case). */
bool mnq_source_is_picture(const char *path);

/** Each adds the samples of one kind of source. */
int mnq_source_folder(struct mnq_source *s, const char *path, struct mnq_err *e);
int mnq_source_csv(struct mnq_source *s, const char *path, struct mnq_err *e);
int mnq_source_h5(struct mnq_source *s, struct mnq_h5_images *h5, struct mnq_err *e);
int mnq_source_numpy(struct mnq_source *s, const char *path, const char *file, const char *member, struct mnq_err *e);

/** Where images are: in `group` of `file`, or at its root if group is NULL; `path` is what messages call it. */
struct mnq_h5_place {
    const char *path, *file, *group;
};

/** Opens the images of an HDF5 file. The strings are kept, not copied. NULL with e on failure. */
struct mnq_h5_images *mnq_h5_images_open(const struct mnq_h5_place *at, int channels, struct mnq_err *e);
void mnq_h5_images_close(struct mnq_h5_images *f);

/** Path and picture size. */
const char *mnq_h5_images_path(const struct mnq_h5_images *f);
void mnq_h5_images_size(const struct mnq_h5_images *f, int *h, int *w);

/** Reads one row: h*w*c bytes. Thread-safe: HDF5 is not, so all datasets share one lock. */
int mnq_h5_images_read(struct mnq_h5_images *f, int row, uint8_t *out, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
