/* SPDX-License-Identifier: Apache-2.0
 * Writes frames of the camera example's sensor to standard output, as a model's rows: red, green, blue, or grey.
 *
 * usage: sensor_frames FRAMES HEIGHT WIDTH CHANNELS */
#include "sensor.h"

#include "mnq/camera.h"

#include <stdio.h>
#include <stdlib.h>

enum { WIDTH_MOST = 512 };

int main(int argc, char **argv)
{
    uint16_t line[WIDTH_MOST];
    uint8_t row[3 * WIDTH_MOST];
    unsigned n[4] = {0};

    for (int i = 0; argc == 5 && i < 4; i++) n[i] = (unsigned)strtoul(argv[i + 1], NULL, 10);
    if (n[0] < 1 || n[1] < 1 || n[2] < 1 || n[2] > WIDTH_MOST || (n[3] != 1 && n[3] != 3)) {
        fprintf(stderr, "usage: sensor_frames FRAMES HEIGHT WIDTH CHANNELS\n");
        return 2;
    }
    for (unsigned i = 0; i < n[0]; i++) {
        sensor_start(i, n[1], n[2]);
        while (sensor_row(line)) {
            mnq_camera_rgb565(line, n[2], row);
            if (n[3] == 1) mnq_camera_grey(row, n[2], row);
            if (fwrite(row, n[3], n[2], stdout) != n[2]) return 1;
        }
    }
    return fflush(stdout) != 0;
}
