/* SPDX-License-Identifier: Apache-2.0
 * An 8-bit picture in memory: taking it, giving it back. */
#include "bitmap.h"

#include <pthread.h>
#include <stdlib.h>

/* Pictures below this do not count: threads times it is little. A pixel costs its samples and, in a progressive JPEG, three
 * coefficients of two bytes. */
enum { SMALL = 1 << 22, DECODER = 6 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t less = PTHREAD_COND_INITIALIZER;
static size_t charged; /* by all threads */

static void charge(struct mnq_image *im)
{
    size_t bytes = (size_t)im->w * (size_t)im->h * (size_t)(im->c + DECODER);
    im->charge = 0;
    if (bytes < SMALL) return;
    pthread_mutex_lock(&lock);
    while (charged > 0 && bytes > MNQ_IMAGE_BUDGET - charged) pthread_cond_wait(&less, &lock);
    charged += bytes;
    pthread_mutex_unlock(&lock);
    im->charge = bytes;
}

static void discharge(struct mnq_image *im)
{
    if (im->charge == 0) return;
    pthread_mutex_lock(&lock);
    charged -= im->charge;
    pthread_cond_broadcast(&less);
    pthread_mutex_unlock(&lock);
    im->charge = 0;
}

int mnq_image_new(const char *name, uint32_t w, uint32_t h, int c, struct mnq_image *im, struct mnq_err *e)
{
    if (w < 1 || h < 1 || w > MNQ_IMAGE_SIDE || h > MNQ_IMAGE_SIDE)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %u x %u pixels, wanted 1 to %d a side", name, w, h, MNQ_IMAGE_SIDE);
    if (w * h > MNQ_IMAGE_PIXELS)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %u x %u pixels, wanted at most %d in all", name, w, h, MNQ_IMAGE_PIXELS);
    im->w = (int)w;
    im->h = (int)h;
    im->c = c;
    charge(im);
    im->data = malloc((size_t)w * h * (size_t)c);
    if (im->data == NULL) discharge(im);
    return im->data != NULL ? 0 : mnq_fail_nomem(e);
}

void mnq_image_free(struct mnq_image *im)
{
    free(im->data);
    discharge(im);
    *im = (struct mnq_image){0};
}
