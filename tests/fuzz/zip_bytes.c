/* SPDX-License-Identifier: Apache-2.0
 * Zip archives for seeds, and checksums that fit whatever became of them. */
#include "zip_bytes.h"

#include "crc32.h"
#include "fuzz.h"

#include <zip.h>

#include <stdlib.h>
#include <string.h>

uint8_t *mnq_zip_make(const struct mnq_zip_member *m, int n, int packed, size_t *size)
{
    zip_error_t e;
    zip_stat_t st;
    zip_source_t *out = zip_source_buffer_create(NULL, 0, 0, &e);
    MNQ_FUZZ_MUST(out != NULL);
    zip_source_keep(out);
    zip_t *z = zip_open_from_source(out, ZIP_TRUNCATE, &e);
    MNQ_FUZZ_MUST(z != NULL);
    for (int i = 0; i < n; i++) {
        zip_source_t *s = zip_source_buffer(z, m[i].bytes, m[i].n, 0);
        zip_int64_t at = s == NULL ? -1 : zip_file_add(z, m[i].name, s, 0);
        MNQ_FUZZ_MUST(at >= 0 &&
                      zip_set_file_compression(z, (zip_uint64_t)at, packed ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 1) == 0);
        MNQ_FUZZ_MUST(zip_file_set_mtime(z, (zip_uint64_t)at, 0, 0) == 0);
    }
    MNQ_FUZZ_MUST(zip_close(z) == 0 && zip_source_stat(out, &st) == 0 && zip_source_open(out) == 0);
    uint8_t *bytes = malloc(st.size);
    MNQ_FUZZ_MUST(bytes != NULL && zip_source_read(out, bytes, st.size) == (zip_int64_t)st.size);
    zip_source_close(out);
    zip_source_free(out);
    *size = st.size;
    return bytes;
}

static uint32_t get(const uint8_t *p, int bytes)
{
    uint32_t v = 0;
    for (int i = 0; i < bytes; i++) v |= (uint32_t)p[i] << 8 * i;
    return v;
}

/* Offsets of the format: APPNOTE.TXT 4.3.7 and 4.3.12. */
void mnq_zip_seal(uint8_t *p, size_t n)
{
    for (size_t at = 0; at + 46 <= n; at++) { /* entries of the directory */
        if (memcmp(p + at, "PK\1\2", 4) != 0 || get(p + at + 10, 2) != 0) continue;
        size_t size = get(p + at + 20, 4), local = get(p + at + 42, 4);
        if (local > n || n - local < 30 || memcmp(p + local, "PK\3\4", 4) != 0) continue;
        size_t data = local + 30 + get(p + local + 26, 2) + get(p + local + 28, 2);
        if (data > n || size > n - data) continue;
        uint32_t crc = mnq_crc32(p + data, size);
        for (int i = 0; i < 4; i++) p[at + 16 + (size_t)i] = p[local + 14 + (size_t)i] = (uint8_t)(crc >> 8 * i);
    }
}
