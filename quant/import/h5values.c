/* SPDX-License-Identifier: Apache-2.0
 * The stored bytes of a data set, compared with what its shape claims before anything is read.
 *
 * The HDF5 library (1.10.8) copies as many bytes as a shape claims out of compact storage, whatever is there, and takes a
 * chunk that inflates short for a whole one: what follows in memory becomes data. So sizes are compared here, and chunks are
 * read as they are stored and decoded here, into buffers of the size that they must have. */
#include "import/h5values.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { CACHE_BYTES = 1 << 26, CACHE_CHUNKS = 512 };

static int fail(const struct mnq_h5values *v, const char *what, struct mnq_err *e)
{
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s", v->name, what);
}

/* ---- opening ---- */

static int read_shape(struct mnq_h5values *v, struct mnq_err *e)
{
    hsize_t dim[H5S_MAX_RANK];
    hid_t space = H5Dget_space(v->set);
    H5S_class_t class = space < 0 ? H5S_NO_CLASS : H5Sget_simple_extent_type(space);
    int rank = class == H5S_SIMPLE ? H5Sget_simple_extent_dims(space, dim, NULL) : class == H5S_SCALAR ? 0 : -1;
    if (space >= 0) H5Sclose(space);
    if (rank < 0 || rank > MNQ_H5_RANK) return fail(v, "the dataset's shape is not supported", e);
    uint64_t n = v->element;
    for (int i = 0; i < rank; i++) {
        v->dim[i] = dim[i];
        if (dim[i] != 0 && n > INT64_MAX / dim[i]) return fail(v, "the dataset is too large", e);
        n *= dim[i] != 0 ? dim[i] : 1;
    }
    v->rank = rank;
    return 0;
}

static int read_filters(struct mnq_h5values *v, hid_t plist, struct mnq_err *e)
{
    int n = H5Pget_nfilters(plist);
    if (n < 0 || n > MNQ_H5_FILTERS) return fail(v, "the dataset has too many filters", e);
    for (int i = 0; i < n; i++) {
        unsigned flags, config, value[8] = {0};
        size_t n_values = 8;
        char name[64] = "";
        H5Z_filter_t f = H5Pget_filter2(plist, (unsigned)i, &flags, &n_values, value, sizeof name, name, &config);
        if (f != H5Z_FILTER_DEFLATE && f != H5Z_FILTER_SHUFFLE && f != H5Z_FILTER_FLETCHER32)
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: filter %d%s%.63s is not supported; deflate, shuffle and checksums are",
                            v->name, (int)f, name[0] != '\0' ? " " : "", name);
        v->filter[i] = f;
        v->shuffle[i] = value[0];
    }
    v->n_filters = n;
    return 0;
}

static int read_chunking(struct mnq_h5values *v, hid_t plist, struct mnq_err *e)
{
    hsize_t dim[H5S_MAX_RANK];
    unsigned options = 0;
    if (v->rank < 1 || H5Pget_chunk(plist, MNQ_H5_RANK, dim) != v->rank) return fail(v, "the dataset is damaged", e);
    v->chunked = true;
    v->chunk_bytes = v->element;
    for (int i = 0; i < v->rank; i++) {
        if (dim[i] == 0) return fail(v, "the dataset is damaged", e);
        if (dim[i] > MNQ_H5_CHUNK / v->chunk_bytes)
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: chunks over %d bytes; rewrite it with smaller ones", v->name,
                            MNQ_H5_CHUNK);
        v->chunk_bytes *= dim[i];
        v->chunk[i] = dim[i];
        v->grid[i] = v->dim[i] / dim[i] + (v->dim[i] % dim[i] != 0);
    }
    v->edges_plain = H5Pget_chunk_opts(plist, &options) >= 0 && (options & H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS) != 0;
    return read_filters(v, plist, e);
}

/* Without filters the library takes a chunk for as long as it should be, and reads on in the file where fewer bytes are
 * stored: only the sum of all tells. */
static int check_unfiltered(const struct mnq_h5values *v, uint64_t chunks, struct mnq_err *e)
{
    if (v->n_filters > 0) return 0;
    uint64_t stored = H5Dget_storage_size(v->set);
    if (stored / v->chunk_bytes >= chunks) return 0;
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %" PRIu64 " chunks hold %" PRIu64 " bytes, %" PRIu64 " each are wanted",
                    v->name, chunks, stored, v->chunk_bytes);
}

/* As many chunks must be stored as the shape needs: one never written would read as zeros. */
static int count_chunks(const struct mnq_h5values *v, struct mnq_err *e)
{
    uint64_t wanted = 1;
    hsize_t stored = 0;
    for (int i = 0; i < v->rank; i++) {
        if (v->grid[i] != 0 && wanted > INT64_MAX / v->grid[i]) return fail(v, "the dataset is too large", e);
        wanted *= v->grid[i];
    }
    hid_t space = H5Dget_space(v->set);
    bool good = space >= 0 && H5Dget_num_chunks(v->set, space, &stored) >= 0;
    if (space >= 0) H5Sclose(space);
    if (!good) return fail(v, "the dataset's chunks are damaged", e);
    if (stored >= wanted) return check_unfiltered(v, stored, e);
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %" PRIu64 " of %" PRIu64 " chunks are stored", v->name, (uint64_t)stored,
                    wanted);
}

/* Bytes that shape and type claim. */
static uint64_t claimed(const struct mnq_h5values *v)
{
    uint64_t n = v->element;
    for (int i = 0; i < v->rank; i++) n *= v->dim[i];
    return n;
}

static int check_storage(struct mnq_h5values *v, hid_t plist, struct mnq_err *e)
{
    H5D_layout_t layout = H5Pget_layout(plist);
    if (layout == H5D_VIRTUAL) return fail(v, "the dataset is a view of others (virtual), which is not followed", e);
    if (H5Pget_external_count(plist) != 0) return fail(v, "the dataset lies in another file, which is not followed", e);
    if (layout == H5D_CHUNKED) return read_chunking(v, plist, e) != 0 ? -1 : count_chunks(v, e);
    if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS) return fail(v, "the dataset is damaged", e);
    uint64_t stored = H5Dget_storage_size(v->set), wanted = claimed(v);
    if (stored >= wanted) return 0;
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: the dataset holds %" PRIu64 " bytes, %" PRIu64 " wanted", v->name, stored,
                    wanted);
}

/* The fields of a number must lie in its bits: the library converts what a type describes, beyond the element too. */
static bool sound_number(hid_t type, H5T_class_t class)
{
    size_t bits = 8 * H5Tget_size(type), used = H5Tget_precision(type), sign, at, size, fraction_at, fraction;
    int offset = H5Tget_offset(type);
    if (offset < 0 || used == 0 || used > bits || (size_t)offset > bits - used) return false;
    if (class == H5T_INTEGER) return true;
    if (H5Tget_fields(type, &sign, &at, &size, &fraction_at, &fraction) < 0) return false;
    if (sign >= used || size == 0 || size > used || at > used - size) return false;
    if (fraction == 0 || fraction > used || fraction_at > used - fraction) return false;
    bool apart = at + size <= fraction_at || fraction_at + fraction <= at;
    return apart && (sign < at || sign >= at + size) && (sign < fraction_at || sign >= fraction_at + fraction);
}

static int settle(struct mnq_h5values *v, struct mnq_err *e)
{
    v->type = H5Dget_type(v->set);
    H5T_class_t class = v->type < 0 ? H5T_NO_CLASS : H5Tget_class(v->type);
    v->element = v->type < 0 ? 0 : H5Tget_size(v->type);
    if (v->element == 0 || class == H5T_VLEN || class == H5T_REFERENCE || class == H5T_NO_CLASS ||
        H5Tdetect_class(v->type, H5T_VLEN) != 0 || H5Tis_variable_str(v->type) > 0 || v->element > MNQ_H5_CHUNK)
        return fail(v, "the dataset does not hold plain values", e);
    if ((class == H5T_INTEGER || class == H5T_FLOAT) && !sound_number(v->type, class))
        return fail(v, "the dataset's type is damaged: fields beyond the bits of its numbers", e);
    if (read_shape(v, e) != 0) return -1;
    hid_t plist = H5Dget_create_plist(v->set);
    if (plist < 0) return fail(v, "the dataset is damaged", e);
    int rc = check_storage(v, plist, e);
    H5Pclose(plist);
    return rc;
}

int mnq_h5values_open(struct mnq_h5values *v, hid_t file, const char *path, const char *name, struct mnq_err *e)
{
    *v = (struct mnq_h5values){.name = name, .set = H5Dopen2(file, path, H5P_DEFAULT), .type = -1};
    if (v->set < 0) return fail(v, "the dataset is damaged", e);
    if (settle(v, e) == 0) return 0;
    mnq_h5values_close(v);
    return -1;
}

void mnq_h5values_close(struct mnq_h5values *v)
{
    for (int i = 0; i < v->n_cache; i++) free(v->cache[i].p);
    free(v->cache);
    free(v->packed);
    free(v->spare);
    if (v->type >= 0) H5Tclose(v->type);
    if (v->set >= 0) H5Dclose(v->set);
    *v = (struct mnq_h5values){.set = -1, .type = -1};
}

uint64_t mnq_h5values_row(const struct mnq_h5values *v)
{
    uint64_t n = 1;
    for (int i = 1; i < v->rank; i++) n *= v->dim[i];
    return n;
}

/* ---- filters ---- */

/* As the library computes it: sums of big-endian 16-bit words. */
static uint32_t fletcher32(const uint8_t *p, size_t n)
{
    uint64_t a = 0, b = 0;
    for (size_t i = 0; i < n; i += 2) {
        a = (a + ((uint32_t)p[i] << 8) + (i + 1 < n ? p[i + 1] : 0u)) % 65535;
        b = (b + a) % 65535;
    }
    return (uint32_t)(b << 16 | a);
}

/* Whether a sum of ones' complement words is the same: there 0 and 65535 are one number. */
static bool same_sum(uint32_t stored, uint32_t computed)
{
    return (stored >> 16) % 65535 == computed >> 16 && (stored & 0xffff) % 65535 == (computed & 0xffff);
}

static bool check_sum(const uint8_t *p, size_t n)
{
    const uint8_t *s = p + n;
    uint32_t stored = s[0] | (uint32_t)s[1] << 8 | (uint32_t)s[2] << 16 | (uint32_t)s[3] << 24, sum = fletcher32(p, n);
    uint32_t swapped = (sum & 0xff00ff) << 8 | (sum >> 8 & 0xff00ff); /* before 1.6.3 on little-endian machines */
    return same_sum(stored, sum) || stored == swapped;
}

static bool inflate_exactly(const uint8_t *from, size_t n, uint8_t *to, size_t wanted)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)from, .avail_in = (uInt)n, .next_out = to, .avail_out = (uInt)wanted};
    if (inflateInit(&z) != Z_OK) return false;
    int rc = inflate(&z, Z_FINISH);
    bool good = rc == Z_STREAM_END && z.total_out == wanted;
    inflateEnd(&z);
    return good;
}

static void unshuffle(const uint8_t *from, uint8_t *to, size_t n, size_t element)
{
    size_t count = n / element;
    for (size_t b = 0; b < element; b++)
        for (size_t i = 0; i < count; i++) to[i * element + b] = from[b * count + i];
    memcpy(to + count * element, from + count * element, n - count * element);
}

/* Undoes the filters on v->packed; what remains is in v->packed again, of chunk_bytes. */
static int undo_filters(struct mnq_h5values *v, size_t n, unsigned mask, struct mnq_err *e)
{
    for (int i = v->n_filters - 1; i >= 0; i--) {
        if (mask >> i & 1) continue;
        size_t wanted = (size_t)v->chunk_bytes; /* behind this step: a checksum made earlier is still there */
        bool packed = false;                    /* what was deflated earlier has any size */
        for (int k = 0; k < i; k++) {
            if (mask >> k & 1) continue;
            wanted += v->filter[k] == H5Z_FILTER_FLETCHER32 ? 4 : 0;
            packed = packed || v->filter[k] == H5Z_FILTER_DEFLATE;
        }
        if (packed && v->filter[i] != H5Z_FILTER_DEFLATE)
            wanted = v->filter[i] != H5Z_FILTER_FLETCHER32 ? n : n > 4 ? n - 4 : 0;
        if (v->filter[i] == H5Z_FILTER_FLETCHER32) {
            if (n != wanted + 4 || !check_sum(v->packed, wanted)) return fail(v, "a chunk's checksum is wrong", e);
            n = wanted;
            continue;
        }
        if (v->filter[i] == H5Z_FILTER_DEFLATE) {
            if (!inflate_exactly(v->packed, n, v->spare, wanted))
                return fail(v, "a chunk is damaged: it does not inflate to its size", e);
        } else {
            if (n != wanted || v->shuffle[i] == 0 || v->shuffle[i] > n) return fail(v, "a chunk is damaged", e);
            unshuffle(v->packed, v->spare, n, v->shuffle[i]);
        }
        n = wanted;
        uint8_t *other = v->packed;
        v->packed = v->spare;
        v->spare = other;
    }
    if (n == v->chunk_bytes) return 0;
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: a chunk holds %zu bytes, %" PRIu64 " wanted", v->name, n, v->chunk_bytes);
}

/* ---- chunks ---- */

static int start_chunks(struct mnq_h5values *v, struct mnq_err *e)
{
    if (v->cache != NULL) return 0;
    uint64_t n = CACHE_BYTES / v->chunk_bytes;
    v->n_cache = n < 1 ? 1 : n > CACHE_CHUNKS ? CACHE_CHUNKS : (int)n;
    size_t room = (size_t)(v->chunk_bytes + v->chunk_bytes / 8) + 4096; /* deflate never adds more; checksums */
    free(v->packed);
    free(v->spare);
    v->packed = malloc(room);
    v->spare = malloc(room);
    if (v->packed != NULL && v->spare != NULL) v->cache = calloc((size_t)v->n_cache, sizeof *v->cache);
    if (v->cache != NULL) return 0;
    v->n_cache = 0;
    return mnq_fail_nomem(e);
}

static int decode(struct mnq_h5values *v, const hsize_t *at, struct mnq_err *e)
{
    hsize_t n = 0;
    uint32_t mask = 0;
    size_t room = (size_t)(v->chunk_bytes + v->chunk_bytes / 8) + 4096;
    if (H5Dget_chunk_storage_size(v->set, at, &n) < 0 || n == 0)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: a chunk (from row %" PRIu64 ") is not stored", v->name, (uint64_t)at[0]);
    if (n > room)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: a chunk holds %" PRIu64 " bytes, at most %zu wanted", v->name, (uint64_t)n,
                        room);
    if (H5Dread_chunk(v->set, H5P_DEFAULT, at, &mask, v->packed) < 0)
        return fail(v, "a chunk cannot be read (damaged or truncated file)", e);
    for (int i = 0; v->edges_plain && i < v->rank; i++)
        if (at[i] + v->chunk[i] > v->dim[i]) mask = UINT32_MAX;
    return undo_filters(v, (size_t)n, mask, e);
}

/* The decoded chunk at a place of the grid. */
static const uint8_t *get_chunk(struct mnq_h5values *v, const uint64_t *place, struct mnq_err *e)
{
    uint64_t index = 0;
    hsize_t at[MNQ_H5_RANK];

    for (int i = 0; i < v->rank; i++) {
        index = index * v->grid[i] + place[i];
        at[i] = place[i] * v->chunk[i];
    }
    if (start_chunks(v, e) != 0) return NULL;
    struct mnq_h5chunk *oldest = &v->cache[0];
    v->clock++;
    for (int i = 0; i < v->n_cache; i++) {
        struct mnq_h5chunk *c = &v->cache[i];
        if (c->p != NULL && c->used != 0 && c->index == index) {
            c->used = v->clock;
            return c->p;
        }
        if (c->used < oldest->used) oldest = c;
    }
    oldest->used = 0;
    if (decode(v, at, e) != 0) return NULL;
    if (oldest->p == NULL && (oldest->p = malloc((size_t)v->chunk_bytes)) == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    memcpy(oldest->p, v->packed, (size_t)v->chunk_bytes);
    oldest->index = index;
    oldest->used = v->clock;
    return oldest->p;
}

/* What of a chunk lies in the rows wanted, and where it goes. */
struct part {
    uint64_t in[MNQ_H5_RANK], out[MNQ_H5_RANK], n[MNQ_H5_RANK]; /* start in the chunk, in the rows, length */
};

static void copy_part(const struct mnq_h5values *v, const struct part *p, uint64_t rows, const uint8_t *from, uint8_t *to)
{
    uint64_t place[MNQ_H5_RANK] = {0};
    int inner = v->rank - 1; /* dimensions from here on are one run of bytes */
    while (inner > 0 && p->n[inner] == v->chunk[inner] && p->n[inner] == v->dim[inner]) inner--;
    uint64_t run = p->n[inner] * v->element;
    for (int i = inner + 1; i < v->rank; i++) run *= p->n[i];
    for (;;) {
        uint64_t a = 0, b = 0;
        for (int i = 0; i < v->rank; i++) {
            a = a * v->chunk[i] + p->in[i] + place[i];
            b = b * (i == 0 ? rows : v->dim[i]) + p->out[i] + place[i];
        }
        memcpy(to + b * v->element, from + a * v->element, (size_t)run);
        int i = inner - 1;
        while (i >= 0 && ++place[i] == p->n[i]) place[i--] = 0;
        if (i < 0) return;
    }
}

static int read_chunks(struct mnq_h5values *v, uint64_t first, uint64_t n, uint8_t *to, struct mnq_err *e)
{
    uint64_t place[MNQ_H5_RANK] = {0}, last = (first + n - 1) / v->chunk[0];
    struct part p;
    place[0] = first / v->chunk[0];
    for (;;) {
        const uint8_t *c = get_chunk(v, place, e);
        if (c == NULL) return -1;
        for (int i = 0; i < v->rank; i++) {
            uint64_t start = place[i] * v->chunk[i], end = start + v->chunk[i];
            uint64_t low = i == 0 ? first : 0, high = i == 0 ? first + n : v->dim[i];
            uint64_t from = start > low ? start : low, until = end < high ? end : high;
            p.in[i] = from - start;
            p.out[i] = from - low;
            p.n[i] = until - from;
        }
        copy_part(v, &p, n, c, to);
        int i = v->rank - 1;
        while (i > 0 && ++place[i] == v->grid[i]) place[i--] = 0;
        if (i == 0 && ++place[0] > last) return 0;
    }
}

/* ---- reading ---- */

static int read_plain(struct mnq_h5values *v, uint64_t first, uint64_t n, void *to, struct mnq_err *e)
{
    hsize_t at[MNQ_H5_RANK] = {first}, size[MNQ_H5_RANK] = {n};
    for (int i = 1; i < v->rank; i++) size[i] = v->dim[i];
    hid_t in_file = v->rank == 0 ? H5S_ALL : H5Dget_space(v->set);
    hid_t in_memory = v->rank == 0 ? H5S_ALL : H5Screate_simple(v->rank, size, NULL);
    bool good = in_file >= 0 && in_memory >= 0 &&
                (v->rank == 0 || H5Sselect_hyperslab(in_file, H5S_SELECT_SET, at, NULL, size, NULL) >= 0) &&
                H5Dread(v->set, v->type, in_memory, in_file, H5P_DEFAULT, to) >= 0;
    if (v->rank > 0 && in_file >= 0) H5Sclose(in_file);
    if (v->rank > 0 && in_memory >= 0) H5Sclose(in_memory);
    return good ? 0 : fail(v, "the dataset cannot be read (damaged or truncated file)", e);
}

int mnq_h5values_read(struct mnq_h5values *v, uint64_t first, uint64_t n, void *to, struct mnq_err *e)
{
    uint64_t rows = v->rank == 0 ? 1 : v->dim[0];
    if (first > rows || n > rows - first) return fail(v, "has no such rows", e);
    if (n == 0 || mnq_h5values_row(v) == 0) return 0;
    return v->chunked ? read_chunks(v, first, n, to, e) : read_plain(v, first, n, to, e);
}
