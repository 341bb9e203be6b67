/* SPDX-License-Identifier: Apache-2.0
 * Float graphs out: a Keras 2 full-model HDF5 file. */
#include "pack/keras_write.h"

#include "pack/h5image.h"
#include "pack/keras_emit.h"
#include "util/h5noise.h"
#include "util/outfile.h"

#include <errno.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LAYERS = 4000, MAX_PATH = 2048 }; /* lists of names must fit an HDF5 object header (64 KiB) */

/* All functions return 0 or -1; HDF5 says no more than that something failed. */

static int write_text(hid_t at, const char *name, const char *text)
{
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR), attr = -1;
    int rc = -1;
    if (type >= 0 && space >= 0 && H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0 &&
        (attr = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT)) >= 0 && H5Awrite(attr, type, &text) >= 0)
        rc = 0;
    if (attr >= 0 && H5Aclose(attr) < 0) rc = -1;
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    return rc;
}

/* A list of names; Keras writes an empty one as an empty array of doubles. */
static int write_texts(hid_t at, const char *name, const char *const *text, int n)
{
    hsize_t dim = (hsize_t)n;
    hid_t type = n > 0 ? H5Tcopy(H5T_C_S1) : H5Tcopy(H5T_IEEE_F64LE), space = H5Screate_simple(1, &dim, NULL), attr = -1;
    int rc = -1;
    bool typed = type >= 0 && (n == 0 || (H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0));
    if (typed && space >= 0 && (attr = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT)) >= 0 &&
        (n == 0 || H5Awrite(attr, type, text) >= 0))
        rc = 0;
    if (attr >= 0 && H5Aclose(attr) < 0) rc = -1;
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    return rc;
}

static int write_weight(hid_t group, const char *path, const struct mnq_kweight *w)
{
    hsize_t dim[4];
    for (int i = 0; i < w->rank; i++) dim[i] = (hsize_t)w->dim[i];
    hid_t space = H5Screate_simple(w->rank, dim, NULL), link = H5Pcreate(H5P_LINK_CREATE);
    hid_t create = H5Pcreate(H5P_DATASET_CREATE), set = -1;
    int rc = -1;
    if (space >= 0 && link >= 0 && create >= 0 && H5Pset_create_intermediate_group(link, 1) >= 0 &&
        H5Pset_obj_track_times(create, false) >= 0 && /* identical inputs give identical bytes */
        (set = H5Dcreate2(group, path, H5T_IEEE_F32LE, space, link, create, H5P_DEFAULT)) >= 0 &&
        H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, w->v) >= 0)
        rc = 0;
    if (set >= 0 && H5Dclose(set) < 0) rc = -1;
    if (create >= 0) H5Pclose(create);
    if (link >= 0) H5Pclose(link);
    if (space >= 0) H5Sclose(space);
    return rc;
}

/* /model_weights/LAYER with weight_names, and the weights at LAYER/NAME inside it. */
static int write_layer(hid_t weights, const struct mnq_kout *l, struct mnq_arena *arena)
{
    const char *name[4] = {NULL};
    hid_t link = H5Pcreate(H5P_LINK_CREATE), group = -1;
    int rc = -1;
    for (int i = 0; i < l->n_weights; i++) {
        char path[MAX_PATH];
        if (snprintf(path, sizeof path, "%s/%s", l->name, l->weight[i].name) >= MAX_PATH) goto done;
        name[i] = mnq_arena_strdup(arena, path);
        if (name[i] == NULL) goto done;
    }
    if (link < 0 || H5Pset_create_intermediate_group(link, 1) < 0) goto done;
    group = H5Lexists(weights, l->name, H5P_DEFAULT) > 0 ? H5Gopen2(weights, l->name, H5P_DEFAULT)
                                                         : H5Gcreate2(weights, l->name, link, H5P_DEFAULT, H5P_DEFAULT);
    if (group < 0 || write_texts(group, "weight_names", name, l->n_weights) != 0) goto done;
    for (int i = 0; i < l->n_weights; i++)
        if (write_weight(group, name[i], &l->weight[i]) != 0) goto done;
    rc = 0;
done:
    if (group >= 0 && H5Gclose(group) < 0) rc = -1;
    if (link >= 0) H5Pclose(link);
    return rc;
}

static int write_versions(hid_t at)
{
    return write_text(at, "keras_version", "2.9.0") != 0 || write_text(at, "backend", "tensorflow") != 0 ? -1 : 0;
}

static int write_model(hid_t file, const struct mnq_kmodel_text *t, struct mnq_arena *arena)
{
    const char **name = mnq_arena_array(arena, (size_t)t->n_layers, sizeof *name);
    if (name == NULL) return -1;
    for (int i = 0; i < t->n_layers; i++) name[i] = t->layer[i].name;
    if (write_versions(file) != 0 || write_text(file, "model_config", t->config) != 0) return -1;
    hid_t weights = H5Gcreate2(file, "model_weights", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (weights < 0) return -1;
    int rc = write_versions(weights) != 0 || write_texts(weights, "layer_names", name, t->n_layers) != 0 ? -1 : 0;
    for (int i = 0; i < t->n_layers && rc == 0; i++) rc = write_layer(weights, &t->layer[i], arena);
    if (H5Gclose(weights) < 0) rc = -1;
    return rc;
}

/* The file in memory. */
static uint8_t *make_image(const struct mnq_kmodel_text *text, struct mnq_arena *arena, size_t *n)
{
    uint8_t *bytes = NULL;
    struct mnq_h5image k = {0};
    hid_t file = mnq_h5image_create(&k);
    bool good = file >= 0 && write_model(file, text, arena) == 0;
    return mnq_h5image_close(&k, file, good, &bytes, n) == 0 ? bytes : NULL;
}

struct job {
    const struct mnq_kmodel_text *text;
    struct mnq_arena *arena;
};

static int prepare(void *ctx, int fd)
{
    (void)ctx;
    (void)fd;
    return mnq_h5_init();
}

static int answer(void *ctx, const uint8_t *question, size_t n, struct mnq_reply *r, struct mnq_err *e)
{
    const struct job *j = ctx;
    (void)question;
    (void)n;
    mnq_h5_noise_begin();
    r->p = make_image(j->text, j->arena, &r->n);
    int rc =
        r->p != NULL ? 0 : mnq_fail(e, MNQ_EXIT_FAILED, "cannot make the HDF5 file: out of memory, or the library fails");
    if (!mnq_h5_noise_end(rc != 0, r)) return rc;
    errno = ENOMEM;
    return -1;
}

int mnq_keras_make(const struct mnq_graph *g, uint8_t **bytes, size_t *n, struct mnq_err *e)
{
    struct mnq_arena arena = {0};
    struct mnq_kmodel_text text;
    int rc = mnq_keras_emit(g, &text, &arena, e);
    if (rc == 0 && text.n_layers > MAX_LAYERS)
        rc = mnq_fail(e, MNQ_EXIT_FAILED, "%d layers; a Keras 2 file holds at most %d", text.n_layers, MAX_LAYERS);
    if (rc == 0) {
        struct job j = {&text, &arena};
        struct mnq_worker_job work = mnq_h5_job(g->file != NULL ? g->file : "model", arena.used);
        work.crash = "out of memory, or the HDF5 library fails to make the new file";
        work.starved = "out of memory for the HDF5 library";
        work.seconds += 60;
        work.ctx = &j;
        work.prepare = prepare;
        work.answer = answer;
        rc = mnq_worker_once(&work, bytes, n, e);
    }
    mnq_arena_free(&arena);
    return rc;
}

int mnq_keras_write(const struct mnq_graph *g, const char *path, struct mnq_err *e)
{
    uint8_t *bytes;
    size_t n;
    if (mnq_keras_make(g, &bytes, &n, e) != 0) return -1;
    int rc = mnq_output_write(path, bytes, n, true, e);
    free(bytes);
    return rc;
}
