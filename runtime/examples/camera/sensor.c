/* SPDX-License-Identifier: Apache-2.0
 * The synthetic sensor: a bright disc before a sloping background, another place and other colours in each frame, and noise.
 *
 * On a board this is the driver: a row arrives by DMA while the row before it is pushed. */
#include "sensor.h"

static struct {
    unsigned number, height, width, row;
    uint32_t noise;
} sensor;

void sensor_start(unsigned number, unsigned height, unsigned width)
{
    sensor.number = number;
    sensor.height = height;
    sensor.width = width;
    sensor.row = 0;
    sensor.noise = number * 2654435761u + 1;
}

/* x of `of` in 0 .. 31. */
static unsigned slope(unsigned x, unsigned of)
{
    return x * 31 / (of > 1 ? of - 1 : 1);
}

int sensor_row(uint16_t *line)
{
    const int32_t h = (int32_t)sensor.height, w = (int32_t)sensor.width, y = (int32_t)sensor.row;
    const int32_t cy = h / 4 + (int32_t)(sensor.number * 7 % 16) * h / 32,
                  cx = w * 3 / 4 - (int32_t)(sensor.number * 5 % 16) * w / 32;
    const int32_t radius = h / 5;
    int32_t x;

    if (y == h) return 0;
    for (x = 0; x < w; x++) {
        const int inside = (x - cx) * (x - cx) + (y - cy) * (y - cy) < radius * radius;
        const unsigned r = inside ? 28 : slope((unsigned)x, sensor.width) / 2;
        const unsigned g = inside ? 50 - sensor.number * 3 % 32 : slope((unsigned)y, sensor.height);
        const unsigned b = inside ? 4 : 31 - slope((unsigned)y, sensor.height);
        sensor.noise = sensor.noise * 1664525u + 1013904223u;
        line[x] = (uint16_t)((r << 11 | g << 5 | b) ^ (sensor.noise >> 31 | (sensor.noise >> 30 & 1) << 5));
    }
    sensor.row++;
    return 1;
}
