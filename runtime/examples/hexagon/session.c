/* SPDX-License-Identifier: Apache-2.0
 * A model on the HVX kernels. */
#include "session.h"

#include "mnq/kernels.h"

extern const struct mnq_kernels mnq_kernels_hvx;
void *memcpy(void *to, const void *from, size_t n);

int session_open(struct session *s, const uint8_t *model, size_t model_size, uint8_t *memory, size_t memory_size)
{
    enum mnq_status status = mnq_model_load(&s->model, model, model_size);
    size_t packed;

    if (status != MNQ_OK) return status;
    s->model.kernels = &mnq_kernels_hvx; /* before anything is asked about sizes */
    packed = (mnq_pack_bytes(&s->model) + 127) / 128 * 128;
    if (packed > memory_size) return MNQ_E_ARENA;
    status = mnq_pack(&s->model, memory, packed);
    if (status != MNQ_OK) return status;
    s->arena = memory + packed;
    s->arena_size = memory_size - packed;
    return mnq_arena_size(&s->model) > s->arena_size ? MNQ_E_ARENA : MNQ_OK;
}

int session_run(struct session *s, const uint8_t *input, size_t input_size, uint8_t *output, size_t output_size)
{
    struct mnq_tensor in, out;
    enum mnq_status status;

    mnq_tensor_get(&s->model, s->model.input, &in);
    mnq_tensor_get(&s->model, s->model.output, &out);
    if (input_size != in.size || output_size != out.size) return MNQ_E_ARG;
    memcpy(mnq_input(&s->model, s->arena), input, input_size);
    status = mnq_run(&s->model, s->arena, s->arena_size);
    if (status == MNQ_OK) memcpy(output, mnq_output(&s->model, s->arena), output_size);
    return status;
}
