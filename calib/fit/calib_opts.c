/* SPDX-License-Identifier: Apache-2.0
 * Defaults of a calibration. */
#include "calib_opts.h"

void mnq_calib_defaults(struct mnq_calib_opts *o)
{
    *o = (struct mnq_calib_opts){.observer = MNQ_OBS_AUTO,
                                 .percentile = 99.99,
                                 .act_scale = MNQ_SCALE_CHANNEL,
                                 .rounding = MNQ_ROUND_SECOND_ORDER,
                                 .wide = MNQ_WIDE_AUTO,
                                 .wide_budget = 0.10,
                                 .bias_correction = true,
                                 .refit = true,
                                 .weights = MNQ_WEIGHTS_INT8,
                                 .bases = 1,
                                 .small_layer = MNQ_SMALL_LAYER,
                                 .shrink = true,
                                 .samples = 0,
                                 .threads = 1};
}
