/* SPDX-License-Identifier: Apache-2.0
 * Where the HDF5 library gets bytes from: a driver over an open descriptor or memory.
 *
 * The library's own drivers open files by name, and a file can make them open others (external links, virtual data sets).
 * This one has the one source it was given. Bytes behind its end are an error, not zeros. */
#define _GNU_SOURCE
#include "import/h5source.h"

#include "util/h5noise.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reader {
    H5FD_t base; /* the library's; first */
    struct mnq_h5source *s;
    haddr_t eoa;
};

struct choice {
    struct mnq_h5source *s;
};

static H5FD_t *open_source(const char *name, unsigned flags, hid_t access, haddr_t most)
{
    const struct choice *c = H5Pget_driver_info(access);
    (void)name;
    (void)most;
    if (c == NULL || c->s->opened || (flags & H5F_ACC_RDWR) != 0) return NULL;
    struct reader *r = calloc(1, sizeof *r);
    if (r == NULL) {
        mnq_h5_starved();
        return NULL;
    }
    r->s = c->s;
    return &r->base;
}

static herr_t close_source(H5FD_t *f)
{
    free(f);
    return 0;
}

static herr_t query(const H5FD_t *f, unsigned long *flags)
{
    (void)f;
    *flags = H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE;
    return 0;
}

static haddr_t get_eoa(const H5FD_t *f, H5FD_mem_t type)
{
    (void)type;
    return ((const struct reader *)f)->eoa;
}

static herr_t set_eoa(H5FD_t *f, H5FD_mem_t type, haddr_t at)
{
    (void)type;
    ((struct reader *)f)->eoa = at;
    return 0;
}

static haddr_t get_eof(const H5FD_t *f, H5FD_mem_t type)
{
    (void)type;
    return ((const struct reader *)f)->s->size;
}

static herr_t read_source(H5FD_t *f, H5FD_mem_t type, hid_t transfer, haddr_t at, size_t n, void *to)
{
    const struct mnq_h5source *s = ((const struct reader *)f)->s;
    (void)type;
    (void)transfer;
    if (at > s->size || n > s->size - at) return -1;
    if (s->fd < 0) {
        memcpy(to, s->bytes + at, n);
        return 0;
    }
    for (size_t done = 0; done < n;) {
        ssize_t got = pread(s->fd, (uint8_t *)to + done, n - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return -1;
        done += (size_t)got;
    }
    return 0;
}

static herr_t write_source(H5FD_t *f, H5FD_mem_t type, hid_t transfer, haddr_t at, size_t n, const void *from)
{
    (void)f;
    (void)type;
    (void)transfer;
    (void)at;
    (void)n;
    (void)from;
    return -1;
}

hid_t mnq_h5source_open(struct mnq_h5source *s)
{
    static const H5FD_class_t driver = {.name = "mnq",
                                        .maxaddr = INT64_MAX,
                                        .fc_degree = H5F_CLOSE_STRONG,
                                        .fapl_size = sizeof(struct choice),
                                        .open = open_source,
                                        .close = close_source,
                                        .query = query,
                                        .get_eoa = get_eoa,
                                        .set_eoa = set_eoa,
                                        .get_eof = get_eof,
                                        .read = read_source,
                                        .write = write_source,
                                        .fl_map = H5FD_FLMAP_SINGLE};
    struct choice c = {s};
    H5PLset_loading_state(0); /* a file must not choose code to load */
    hid_t id = H5FDregister(&driver), access = H5Pcreate(H5P_FILE_ACCESS), file = -1;
    if (id >= 0 && access >= 0 && H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0 && H5Pset_driver(access, id, &c) >= 0)
        file = H5Fopen("/source", H5F_ACC_RDONLY, access);
    s->opened = true;
    if (access >= 0) H5Pclose(access);
    if (file < 0 && id >= 0) H5FDunregister(id);
    s->driver = id;
    return file;
}

void mnq_h5source_close(struct mnq_h5source *s, hid_t file)
{
    if (file < 0) return;
    H5Fclose(file);
    H5FDunregister(s->driver);
}
