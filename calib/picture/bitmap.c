/* SPDX-License-Identifier: Apache-2.0
 * An 8-bit picture in memory: taking it, giving it back. */
#include "bitmap.h"

#include <stdlib.h>

int mnq_image_new(const char *name, uint32_t w, uint32_t h, int c, struct mnq_image *im, struct mnq_err *e)
{
    if (w < 1 || h < 1 || w > MNQ_IMAGE_SIDE || h > MNQ_IMAGE_SIDE)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %u x %u pixels, wanted 1 to %d a side", name, w, h, MNQ_IMAGE_SIDE);
    if (w * h > MNQ_IMAGE_PIXELS)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %u x %u pixels, wanted at most %d in all", name, w, h, MNQ_IMAGE_PIXELS);
    im->w = (int)w;
    im->h = (int)h;
    im->c = c;
    im->data = malloc((size_t)w * h * (size_t)c);
    return im->data != NULL ? 0 : mnq_fail_nomem(e);
}

void mnq_image_free(struct mnq_image *im)
{
    free(im->data);
    *im = (struct mnq_image){0};
}
