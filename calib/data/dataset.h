/* SPDX-License-Identifier: Apache-2.0
 * Sample data: a folder, a CSV of path,label, an HDF5 file with images (and labels), or single pictures. */
#ifndef MNQ_DATASET_H
#define MNQ_DATASET_H

#include "graph/preprocess.h"
#include "util/err.h"

#include <stdint.h>

/** Opaque; samples are in a defined order (folders and files sorted bytewise). */
struct mnq_dataset;

/**
 * Opens data for inputs of h x w x c. Only names and labels are kept; pixels are read by mnq_dataset_load().
 * paths   n paths, mixed as one likes; several sources that name their classes must mean the same ones:
 *   folder    its subfolders are the classes in bytewise order (empty ones too), or it is flat and unlabelled;
 *             pictures are files named .jpg .jpeg .png .pnm .pgm .ppm; names that start with a dot are skipped
 *   .csv      path,label with RFC 4180 quotes, either line end, a header line if its first word is a usual one; paths
 *             relative to the CSV; labels are class numbers, or names, which are numbered in bytewise order, or absent
 *   HDF5      images u8 (N, H, W, C) or (N, H, W), chunked and deflated if one likes; labels (N) of any integer type and
 *             the attribute class_names (strings) are optional. FILE:GROUP means those of a group (class_names there or at
 *             the root), unless there is a file of that whole name
 *   picture   JPEG, PNG, PNM, unlabelled
 * Refuses, naming file and line: no samples, a folder without pictures, labels that are no class numbers or names, HDF5
 * images that are not u8 or have another channel count, anything else. HDF5 images of the right size pass unchanged, others
 * are resized like pictures. HDF5 files are read by a child process (util/worker.h): call this before starting
 * threads.
 */
struct mnq_dataset *mnq_dataset_open(char *const *paths, int n, int h, int w, int c, struct mnq_err *e);
void mnq_dataset_close(struct mnq_dataset *d);

int mnq_dataset_count(const struct mnq_dataset *d);
/** Number of classes (largest label + 1, or number of class folders); 0 = unlabelled. */
int mnq_dataset_classes(const struct mnq_dataset *d);
/** Name of class i (folder name), or NULL. */
const char *mnq_dataset_class(const struct mnq_dataset *d, int i);
/** Label of sample i, -1 = none. */
int mnq_dataset_label(const struct mnq_dataset *d, int i);
/** "path" or "file.h5[3]": for reports. Valid until close. */
const char *mnq_dataset_name(const struct mnq_dataset *d, int i);

/** Decodes and resizes sample i into out (h*w*c bytes, picture channel order RGB). Thread-safe. */
int mnq_dataset_load(const struct mnq_dataset *d, int i, const struct mnq_preprocess *p, uint8_t *out, struct mnq_err *e);

#endif
