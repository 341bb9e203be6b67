/* SPDX-License-Identifier: Apache-2.0
 * What the HDF5 library says of its errors: kept from the terminal, told where asked for, searched for want of memory. */
#include "util/h5noise.h"

#include <hdf5.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 8000, LEAST_SECONDS = 3, BYTES_PER_SECOND = 1 << 22 };
#define MEMORY ((size_t)1 << 30)
#define LARGE  ((uint64_t)1 << 30)

static bool noise, starved;
static char said[ROOM];
static size_t n_said;

static herr_t entry(unsigned i, const H5E_error2_t *x, void *ctx)
{
    (void)ctx;
    if (x->min_num == H5E_NOSPACE || x->min_num == H5E_CANTALLOC) starved = true;
    if (!noise || n_said >= ROOM - 1) return 0;
    int w = snprintf(said + n_said, ROOM - n_said, "  #%u: %s line %u in %s(): %s\n", i, x->file_name, x->line, x->func_name,
                     x->desc == NULL ? "" : x->desc);
    if (w > 0) n_said += (size_t)w < ROOM - n_said ? (size_t)w : ROOM - n_said - 1;
    return 0;
}

/* Called wherever the library would print. */
static herr_t listen(hid_t stack, void *ctx)
{
    if (noise && n_said < ROOM / 2) n_said += (size_t)snprintf(said + n_said, ROOM - n_said, "HDF5-DIAG: error stack\n");
    return H5Ewalk2(stack, H5E_WALK_DOWNWARD, entry, ctx);
}

void mnq_h5_set_noise(bool on)
{
    noise = on;
}

int mnq_h5_init(void)
{
    H5dont_atexit();
    return H5open() >= 0 && H5Eset_auto2(H5E_DEFAULT, listen, NULL) >= 0 ? 0 : -1;
}

void mnq_h5_noise_begin(void)
{
    starved = false;
    n_said = 0;
    errno = 0;
}

bool mnq_h5_noise_end(bool failed, struct mnq_reply *r)
{
    if (errno == ENOMEM) starved = true; /* the library may say nothing, and that a thing is not there */
    if (starved && !failed) {            /* whatever it found; behind an error comes what the library said, nothing else */
        free(r->p);
        *r = (struct mnq_reply){NULL, 0};
    }
    if (failed && n_said > 0 && (r->p = malloc(n_said + 1)) != NULL) {
        memcpy(r->p, said, n_said + 1);
        r->n = n_said;
    }
    return starved;
}

void mnq_h5_starved(void)
{
    starved = true;
}

void mnq_h5_noise_print(const char *text)
{
    if (!noise) return;
    for (; *text != '\0'; text++)
        fputc(((unsigned char)*text < ' ' && *text != '\n') || (unsigned char)*text >= 0x7f ? '?' : *text, stderr);
}

struct mnq_worker_job mnq_h5_job(const char *name, uint64_t size)
{
    uint64_t counted = size < LARGE ? size : LARGE;
    return (struct mnq_worker_job){.name = name,
                                   .crash = "the HDF5 library fails on it: damaged, or out of memory",
                                   .starved = "out of memory for the HDF5 library (or the file is damaged)",
                                   .seconds = LEAST_SECONDS + (unsigned)(counted / BYTES_PER_SECOND),
                                   .memory = MEMORY + 4 * (size_t)counted,
                                   .fd = -1,
                                   .note = mnq_h5_noise_print};
}
