/* SPDX-License-Identifier: Apache-2.0
 * Opens a packed model with every proof. */
#include "bytes.h"
#include "kernels.h"
#include "mnq/mnq.h"

enum mnq_status mnq_model_load(struct mnq_model *m, const void *bytes, size_t n)
{
    enum mnq_status s = mnq_model_open(m, bytes, n);

    if (s == MNQ_OK) s = mnq_model_prove(m);
    if (s == MNQ_E_FORMAT && mnq_read_u16((const uint8_t *)bytes + 6) > MNQ_FORMAT_MINOR) return MNQ_E_VERSION;
    if (s == MNQ_OK) m->kernels = &mnq_kernels_generic;
    return s;
}
