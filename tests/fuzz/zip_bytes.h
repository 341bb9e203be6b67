/* SPDX-License-Identifier: Apache-2.0
 * Zip archives for seeds, and checksums that fit whatever became of them. */
#ifndef MNQ_FUZZ_ZIP_BYTES_H
#define MNQ_FUZZ_ZIP_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct mnq_zip_member {
    const char *name;
    const void *bytes;
    size_t n;
};

/** An archive of n members, stored, or deflated if packed; malloc'd. */
uint8_t *mnq_zip_make(const struct mnq_zip_member *m, int n, int packed, size_t *size);

/** Sets the checksum of every stored member that lies in the archive, where its entry and the directory have it. */
void mnq_zip_seal(uint8_t *p, size_t n);

#endif
