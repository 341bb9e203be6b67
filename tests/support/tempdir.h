/* SPDX-License-Identifier: Apache-2.0
 * A folder of files for one test, removed behind it. */
#ifndef MNQ_TEST_TEMPDIR_H
#define MNQ_TEST_TEMPDIR_H

#include <stddef.h>

/** Makes the folder and returns its path; mnq_temp_remove() ends it. One at a time. Aborts if that fails, as all here do. */
const char *mnq_temp_make(void);
void mnq_temp_remove(void);

/** Path of a name below the folder; one of a few buffers used in turn, so that it lives for some further calls. */
const char *mnq_temp_path(const char *name);

/** Makes a subfolder; returns its path as mnq_temp_path() does. */
const char *mnq_temp_dir(const char *name);

/** Writes n bytes; returns the file's path as mnq_temp_path() does. */
const char *mnq_temp_write(const char *name, const void *bytes, size_t n);
const char *mnq_temp_text(const char *name, const char *text);

/** Reads a file; the caller frees. */
unsigned char *mnq_temp_read(const char *path, size_t *n);

#endif
