/* SPDX-License-Identifier: Apache-2.0
 * One line of English per status; apart from the rest, so that a linker can drop it. */
#include "mnq/mnq.h"

const char *mnq_status_str(enum mnq_status s)
{
    switch (s) {
    case MNQ_OK:
        return "success";
    case MNQ_E_ARG:
        return "null pointer, misaligned address or index out of range";
    case MNQ_E_TRUNCATED:
        return "the model is shorter than its header says";
    case MNQ_E_MAGIC:
        return "not an .mnq model";
    case MNQ_E_VERSION:
        return "a version of the .mnq format that this runtime does not read";
    case MNQ_E_CRC:
        return "the model's checksum does not match: damaged bytes";
    case MNQ_E_FORMAT:
        return "a field of the model breaks the .mnq format";
    case MNQ_E_OVERFLOW:
        return "a layer's accumulator could leave 32 bits";
    case MNQ_E_ARENA:
        return "the arena is too small for the model";
    case MNQ_E_ENDIAN:
        return "big-endian targets are not supported";
    }
    return "unknown status";
}
