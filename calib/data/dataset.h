/* SPDX-License-Identifier: Apache-2.0
 * Sample data: a folder, a CSV of path,label, an HDF5 file with images (and labels), or single pictures. */
#ifndef MNQ_DATASET_H
#define MNQ_DATASET_H

#include "data.h"

#include "graph/preprocess.h"
#include "graph/task.h"
#include "util/err.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Opaque; samples are in a defined order (folders and files sorted bytewise). */
struct mnq_dataset;

/**
 * Opens data for inputs of h x w x c. Only names and labels are kept; pixels are read by mnq_dataset_load().
 * paths   n paths, mixed as one likes; several sources that name their classes must mean the same ones:
 *   folder    its subfolders are the classes in bytewise order (empty ones too), walked with all below them as Keras does,
 *             or it is flat and unlabelled; pictures are files named .jpg .jpeg .png .bmp .gif .pnm .pgm .ppm; others, and
 *             names that start with a dot, are left out and counted
 *   .csv      path,label with RFC 4180 quotes, either line end, or other columns (csv_columns.h); paths relative to the
 *             CSV; labels are class numbers, or names, which are numbered in bytewise order, or absent
 *   HDF5      images u8 (N, H, W, C) or (N, H, W), chunked and deflated if one likes; labels (N) of any integer type and
 *             the attribute class_names (strings) are optional. FILE:GROUP means those of a group (class_names there or at
 *             the root), unless there is a file of that whole name
 *   .npy      u8 (N, H, W, C) or (N, H, W), unlabelled; .npz the same with labels, numpy.h; FILE.npz:NAME one array of it
 *   picture   JPEG, PNG, BMP, GIF (its first frame), PNM, unlabelled
 * Refuses, naming file and line: no samples, a folder without pictures, labels that are no class numbers or names, HDF5
 * images that are not u8 or have another channel count, anything else. HDF5 images of the right size pass unchanged, others
 * are resized like pictures. HDF5 files are read by a child process (util/worker.h): call this before starting
 * threads.
 */
struct mnq_dataset *mnq_dataset_open(char *const *paths, int n, int h, int w, int c, struct mnq_err *e);

/**
 * The same with everything that the user says of the data, which must stay.
 * task  what labels are for, or NULL: class numbers. Tasks that mnq_task_label_values() are for have them in
 * mnq_dataset_values()
 */
struct mnq_dataset *mnq_dataset_open_as(const struct mnq_data *data, const struct mnq_task *task, int h, int w, int c,
                                        struct mnq_err *e);
void mnq_dataset_close(struct mnq_dataset *d);

/** Height and width of the data's pictures, if all are arrays (HDF5, NumPy) of one size; false if not, or if it cannot be
 * read. */
bool mnq_dataset_size(const struct mnq_data *data, int c, int *h, int *w);

/**
 * Keeps the at-th of every `every` samples, or all others: one part to fit to, one to judge by. Before anything else is
 * asked of d; classes stay.
 */
void mnq_dataset_keep(struct mnq_dataset *d, int every, int at, bool others);

int mnq_dataset_count(const struct mnq_dataset *d);
/** Number of classes (largest label + 1, or number of class folders); 0 = unlabelled. */
int mnq_dataset_classes(const struct mnq_dataset *d);
/** Name of class i (folder name), or NULL. */
const char *mnq_dataset_class(const struct mnq_dataset *d, int i);
/** Label of sample i, -1 = none. */
int mnq_dataset_label(const struct mnq_dataset *d, int i);
/** The numbers that are sample i's label, mnq_task_label_values() of them, NaN where unknown; NULL = none. */
const float *mnq_dataset_values(const struct mnq_dataset *d, int i);
/** What was left out, as one line; false if nothing was. */
bool mnq_dataset_left_out(const struct mnq_dataset *d, char *text, size_t n);
/** Pictures left out because they cannot be read (struct mnq_data, skip), and the message of one. */
int mnq_dataset_damaged(const struct mnq_dataset *d);
const char *mnq_dataset_damaged_as(const struct mnq_dataset *d, int i);
/** "path" or "file.h5[3]": for reports. Valid until close. NULL: out of memory. */
const char *mnq_dataset_name(const struct mnq_dataset *d, int i);

/** Decodes and resizes sample i into out (h*w*c bytes, picture channel order RGB). Thread-safe. */
int mnq_dataset_load(const struct mnq_dataset *d, int i, const struct mnq_preprocess *p, uint8_t *out, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
