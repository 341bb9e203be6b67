/* SPDX-License-Identifier: Apache-2.0
 * How logits differ, as decisions see it. */
#include "logits.h"

#include <stddef.h>

double mnq_centred_power(const float *a, const float *b, int n)
{
    double mean = 0, p = 0;
    for (int c = 0; c < n; c++) mean += ((double)a[c] - (b == NULL ? 0 : (double)b[c])) / n;
    if (n == 1) mean = 0;
    for (int c = 0; c < n; c++) {
        double d = (double)a[c] - (b == NULL ? 0 : (double)b[c]) - mean;
        p += d * d;
    }
    return p;
}
