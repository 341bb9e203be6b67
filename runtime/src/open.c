/* SPDX-License-Identifier: Apache-2.0
 * Opens a packed model in place: integrity, header, sections. */
#include "bytes.h"
#include "crc32.h"
#include "mnq_port.h"
#include "stage_plan.h"
#include "record.h"

static int aligned(const void *p)
{
    return p != NULL && (uintptr_t)p % MNQ_ALIGN == 0;
}

/* Weights are used in place, so the target must be little-endian as the file is; folded at compile time. */
static int little_endian(void)
{
    const uint16_t one = 1;
    uint8_t first;

    memcpy(&first, &one, 1);
    return first == 1;
}

/* ---- header ---- */

/* Integrity first: after this, [p, p + *size) is what the writer wrote. */
static enum mnq_status check_bytes(const uint8_t *p, size_t n, uint32_t *size)
{
    static const uint8_t magic[4] = {0x4d, 0x4e, 0x51, 0x1a};
    unsigned i;

    for (i = 0; i < 4 && i < n; i++)
        if (p[i] != magic[i]) return MNQ_E_MAGIC;
    if (n < MNQ_HEADER_BYTES) return MNQ_E_TRUNCATED;
    if (mnq_read_u16(p + 4) != 1) return MNQ_E_VERSION;
    *size = mnq_read_u32(p + 8);
    if (*size < MNQ_HEADER_BYTES || *size % MNQ_ALIGN != 0) return MNQ_E_FORMAT;
    if (*size > n) return MNQ_E_TRUNCATED;
    return mnq_crc32(p + 16, *size - 16) == mnq_read_u32(p + 12) ? MNQ_OK : MNQ_E_CRC;
}

static enum mnq_status read_header(struct mnq_model *m, const uint8_t *p)
{
    unsigned i;

    m->arena_size = mnq_read_u32(p + 20);
    m->n_tensors = mnq_read_u16(p + 24);
    m->n_layers = mnq_read_u16(p + 26);
    m->input = mnq_read_u16(p + 28);
    m->output = mnq_read_u16(p + 30);
    for (i = 32; i < MNQ_HEADER_BYTES; i++)
        if (p[i] != 0) return MNQ_E_FORMAT;
    if (m->arena_size % MNQ_ALIGN != 0) return MNQ_E_FORMAT;
    if (m->n_tensors < 1 || m->n_tensors > MNQ_MAX_RECORDS) return MNQ_E_FORMAT;
    if (m->n_layers < 1 || m->n_layers > MNQ_MAX_RECORDS) return MNQ_E_FORMAT;
    if (m->input >= m->n_tensors || m->output >= m->n_tensors || m->input == m->output) return MNQ_E_FORMAT;
    return MNQ_OK;
}

/* ---- sections ---- */

enum {
    TAG_TENS = 'T' | 'E' << 8 | 'N' << 16 | 'S' << 24,
    TAG_LAYR = 'L' | 'A' << 8 | 'Y' << 16 | 'R' << 24,
    TAG_OUTS = 'O' | 'U' << 8 | 'T' << 16 | 'S' << 24,
    TAG_DATA = 'D' | 'A' << 8 | 'T' << 16 | 'A' << 24,
    TAG_PLAN = 'P' | 'L' << 8 | 'A' << 16 | 'N' << 24,
    TAG_PUSH = 'P' | 'U' << 8 | 'S' << 16 | 'H' << 24
};

static int tag_repeated(const uint8_t *table, unsigned i)
{
    const uint32_t tag = mnq_read_u32(table + i * MNQ_SECTION_BYTES);
    unsigned k;

    for (k = 0; k < i; k++)
        if (mnq_read_u32(table + k * MNQ_SECTION_BYTES) == tag) return 1;
    return 0;
}

/* Further outputs. That each is written by a layer is proved with all tensors. */
static int read_outputs(struct mnq_model *m, const uint8_t *at, uint32_t bytes)
{
    unsigned i;

    if (bytes % 2 != 0 || bytes < 2 || bytes / 2 >= MNQ_MAX_OUTPUTS) return -1;
    for (i = 0; i < bytes / 2; i++) {
        const unsigned t = mnq_read_u16(at + 2 * i);
        if (t >= m->n_tensors || t == m->input) return -1;
    }
    m->outs = at;
    m->n_outs = (uint16_t)(bytes / 2);
    return 0;
}

static enum mnq_status read_sections(struct mnq_model *m, const uint8_t *p, uint32_t size)
{
    const uint32_t n = mnq_read_u32(p + 16);
    uint64_t end = MNQ_HEADER_BYTES + (uint64_t)n * MNQ_SECTION_BYTES;
    unsigned i;

    if (n < 3 || n > 16 || end > size) return MNQ_E_FORMAT;
    for (i = 0; i < n; i++) {
        const uint8_t *s = p + MNQ_HEADER_BYTES + i * MNQ_SECTION_BYTES;
        const uint32_t tag = mnq_read_u32(s), offset = mnq_read_u32(s + 4), bytes = mnq_read_u32(s + 8);

        if (mnq_read_u32(s + 12) != 0 || tag_repeated(p + MNQ_HEADER_BYTES, i)) return MNQ_E_FORMAT;
        if (offset % MNQ_ALIGN != 0 || offset < end) return MNQ_E_FORMAT;
        end = (uint64_t)offset + bytes;
        if (end > size) return MNQ_E_FORMAT;
        if (tag == TAG_TENS) {
            if (bytes != (uint32_t)m->n_tensors * MNQ_TENSOR_BYTES) return MNQ_E_FORMAT;
            m->tens = p + offset;
        } else if (tag == TAG_LAYR) {
            if (bytes != (uint32_t)m->n_layers * MNQ_LAYER_BYTES) return MNQ_E_FORMAT;
            m->layr = p + offset;
        } else if (tag == TAG_DATA) {
            m->data = p + offset;
            m->data_size = bytes;
        } else if (tag == TAG_OUTS) {
            if (read_outputs(m, p + offset, bytes) != 0) return MNQ_E_FORMAT;
        } else if (tag == TAG_PLAN || tag == TAG_PUSH) {
            if (mnq_plan_open(m, p + offset, bytes, tag == TAG_PLAN ? &m->plan : &m->push) != 0) return MNQ_E_FORMAT;
        }
    }
    return m->tens != NULL && m->layr != NULL && m->data != NULL ? MNQ_OK : MNQ_E_FORMAT;
}

/* ---- public ---- */

enum mnq_status mnq_model_open(struct mnq_model *m, const void *bytes, size_t n)
{
    const uint8_t *p = (const uint8_t *)bytes;
    enum mnq_status s;
    uint32_t size = 0;

    if (m == NULL || !aligned(bytes)) return MNQ_E_ARG;
    memset(m, 0, sizeof *m);
    if (!little_endian()) return MNQ_E_ENDIAN;
    if ((s = check_bytes(p, n, &size)) != MNQ_OK) return s;
    if ((s = read_header(m, p)) != MNQ_OK) return s;
    return read_sections(m, p, size);
}

enum mnq_status mnq_tensor_get(const struct mnq_model *m, unsigned i, struct mnq_tensor *t)
{
    if (m == NULL || t == NULL || i >= m->n_tensors) return MNQ_E_ARG;
    mnq_tensor_read(m, i, t);
    return MNQ_OK;
}
