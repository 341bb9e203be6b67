/* SPDX-License-Identifier: Apache-2.0
 * A camera that needs no hardware: what a driver of a real one offers to camera.c, rows of RGB565. */
#ifndef SENSOR_H
#define SENSOR_H

#include <stdint.h>

/** Starts frame `number` of height x width pixels. */
void sensor_start(unsigned number, unsigned height, unsigned width);

/**
 * Waits for the next row, top down.
 * line    `width` pixels RGB565
 * return  1, or 0 behind the frame's last row
 */
int sensor_row(uint16_t *line);

#endif
