/* SPDX-License-Identifier: Apache-2.0
 * FORMAT.md, LAYR: what each operator allows or demands. */
#include "check.h"

unsigned mnq_rules_of(uint8_t op)
{
    switch (op) {
    case MNQ_L_CONV:
        return MNQ_R_WEIGHTS_S8 | MNQ_R_WEIGHTS_S16 | MNQ_R_WINDOW | MNQ_R_PADDING | MNQ_R_INPUT_U8 | MNQ_R_PER_CHANNEL;
    case MNQ_L_DWCONV:
        return MNQ_R_WEIGHTS_S8 | MNQ_R_WEIGHTS_S16 | MNQ_R_WINDOW | MNQ_R_PADDING | MNQ_R_MULTIPLIER | MNQ_R_INPUT_U8 |
               MNQ_R_PER_CHANNEL;
    case MNQ_L_PW:
        return MNQ_R_WEIGHTS_S8 | MNQ_R_WEIGHTS_S16 | MNQ_R_COMPRESSED | MNQ_R_INPUT_U8 | MNQ_R_PER_CHANNEL;
    case MNQ_L_AVGPOOL:
        return MNQ_R_WINDOW | MNQ_R_MARGIN | MNQ_R_INPUT_U8 | MNQ_R_PER_CHANNEL;
    case MNQ_L_MAXPOOL:
        return MNQ_R_WINDOW | MNQ_R_MARGIN | MNQ_R_PER_CHANNEL;
    case MNQ_L_SELECT:
        return MNQ_R_SELECT | MNQ_R_PER_CHANNEL;
    case MNQ_L_UPSAMPLE:
    case MNQ_L_SPREAD:
        return MNQ_R_BLOCKS | MNQ_R_PER_CHANNEL;
    case MNQ_L_ADD:
        return MNQ_R_WEIGHTS_S16 | MNQ_R_TWO_INPUTS | MNQ_R_PER_CHANNEL;
    case MNQ_L_MUL:
        return MNQ_R_TWO_INPUTS | MNQ_R_PER_CHANNEL;
    default:
        return MNQ_R_ONLY_S16; /* SOFTMAX, LOGISTIC */
    }
}
