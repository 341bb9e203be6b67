/* SPDX-License-Identifier: Apache-2.0
 * A data set of coloured pictures, opened, for tests that calibrate. */
#ifndef MNQ_TEST_COLOURED_SET_H
#define MNQ_TEST_COLOURED_SET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "coloured.h"
#include "dataset.h"
#include "tempdir.h"

#include <stdio.h>

/** n pictures as mnq_temp_coloured() makes them, in a temporary folder that is made, too. */
static inline struct mnq_dataset *mnq_coloured_open(int n, int side, int share)
{
    struct mnq_err e = {0};
    char path[500];
    char *paths[] = {path};
    mnq_temp_make();
    snprintf(path, sizeof path, "%s", mnq_temp_coloured(n, side, share));
    struct mnq_dataset *d = mnq_dataset_open(paths, 1, side, side, 3, &e);
    if (d == NULL) fail_msg("%s", e.msg);
    return d;
}

static inline void mnq_coloured_close(struct mnq_dataset *d)
{
    mnq_dataset_close(d);
    mnq_temp_remove();
}

#endif
