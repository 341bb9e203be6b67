/* SPDX-License-Identifier: Apache-2.0
 * An HDF5 file that is written in memory. */
#include "pack/h5image.h"

#include <stdlib.h>
#include <string.h>

enum { INCREMENT = 1 << 20 }; /* bytes by which a new file grows; another grows by what it needs */

/* The image of a closed file. H5Fget_file_image() of an open one leaves a wrong checksum in superblocks of version 3
 * (1.10.8), so the memory that the library would free at closing is kept instead. */

static void *image_malloc(size_t n, H5FD_file_image_op_t op, void *ctx)
{
    if (op == H5FD_FILE_IMAGE_OP_FILE_OPEN) ((struct mnq_h5image *)ctx)->room = n;
    void *p = malloc(n);
    if (p == NULL) ((struct mnq_h5image *)ctx)->starved = true;
    return p;
}

static void *image_memcpy(void *to, const void *from, size_t n, H5FD_file_image_op_t op, void *ctx)
{
    (void)op;
    (void)ctx;
    return memcpy(to, from, n);
}

static void *image_realloc(void *p, size_t n, H5FD_file_image_op_t op, void *ctx)
{
    void *more = realloc(p, n);
    if (more == NULL) ((struct mnq_h5image *)ctx)->starved = true;
    if (more != NULL && op == H5FD_FILE_IMAGE_OP_FILE_RESIZE) ((struct mnq_h5image *)ctx)->room = n;
    return more;
}

static herr_t image_free(void *p, H5FD_file_image_op_t op, void *ctx)
{
    if (op == H5FD_FILE_IMAGE_OP_FILE_CLOSE) ((struct mnq_h5image *)ctx)->bytes = p;
    else free(p);
    return 0;
}

static void *keeper_copy(void *ctx)
{
    return ctx;
}

static herr_t keeper_free(void *ctx)
{
    (void)ctx;
    return 0;
}

static hid_t use_image(struct mnq_h5image *k, const uint8_t *bytes, size_t n)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), file = -1;
    H5FD_file_image_callbacks_t callbacks = {
        image_malloc, image_memcpy, image_realloc, image_free, keeper_copy, keeper_free, k};
    union { /* copied by the library; not const for historical reasons */
        const void *c;
        void *v;
    } image = {bytes};
    if (access < 0) return -1;
    H5PLset_loading_state(0); /* a file must not choose code to load */
    if (H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) < 0 || H5Pset_fapl_core(access, k->made ? INCREMENT : 1, 0) < 0 ||
        H5Pset_file_image_callbacks(access, &callbacks) < 0)
        file = -1;
    else if (bytes == NULL) file = H5Fcreate("model", H5F_ACC_TRUNC, H5P_DEFAULT, access);
    else if (H5Pset_file_image(access, image.v, n) >= 0) file = H5Fopen("image.h5", H5F_ACC_RDWR, access);
    H5Pclose(access);
    return file;
}

hid_t mnq_h5image_create(struct mnq_h5image *k)
{
    k->made = true;
    return use_image(k, NULL, 0);
}

hid_t mnq_h5image_open(struct mnq_h5image *k, const uint8_t *bytes, size_t n)
{
    return use_image(k, bytes, n);
}

int mnq_h5image_close(struct mnq_h5image *k, hid_t file, bool wanted, uint8_t **out, size_t *n)
{
    hsize_t size = 0;
    bool good = wanted && file >= 0 && H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0 && H5Fget_filesize(file, &size) >= 0;
    ssize_t used = good && k->made ? H5Fget_file_image(file, NULL, 0) : 0; /* without the rest of the last increment */
    if (used > 0) size = (hsize_t)used;
    else if (k->made) good = false;
    if (file >= 0 && H5Fclose(file) < 0) good = false;
    if (good && k->bytes != NULL && size <= k->room) {
        *out = k->bytes;
        *n = (size_t)size;
        return 0;
    }
    free(k->bytes);
    k->bytes = NULL;
    return -1;
}
