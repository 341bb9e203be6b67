/* SPDX-License-Identifier: Apache-2.0
 * A folder of small pictures for tests that calibrate. */
#ifndef MNQ_TEST_COLOURED_H
#define MNQ_TEST_COLOURED_H

/**
 * Makes the subfolder "pics" with n square RGB pictures of `side` pixels, 00.ppm and on: noise on a colour of each picture's
 * own, which weighs `share` times as much. Returns its path as mnq_temp_path() does.
 */
const char *mnq_temp_coloured(int n, int side, int share);

#endif
