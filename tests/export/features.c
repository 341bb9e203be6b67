/* SPDX-License-Identifier: Apache-2.0
 * Prints what the cost model counts of every layer of a model: kernel, then the features. fit.py makes the model's numbers of
 * these and of instructions counted under emulation.
 *
 * usage: features MODEL.mnq CORE */
#include "export/xfeature.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_package p;
    struct mnq_ximage x;
    const struct mnq_xtarget *t = argc == 3 ? mnq_xtarget_find(argv[2]) : NULL;

    if (t == NULL) {
        fprintf(stderr, "usage: features MODEL.mnq CORE\n");
        return 2;
    }
    int rc = mnq_package_open(argv[1], &p, &arena, &e);
    if (rc == 0) rc = mnq_ximage_make(&p, t->set, NULL, &x, &arena, &e);
    for (int i = 0; rc == 0 && i < x.n_layers; i++) {
        double f[MNQ_XFEATURES];
        mnq_xfeature_of(&x.layer[i], 1, x.layer[i].l.oh, f);
        printf("%s", x.layer[i].kernel->symbol);
        for (int k = 0; k < MNQ_XFEATURES; k++) printf(" %.0f", f[k]);
        printf("\n");
    }
    if (rc != 0) fprintf(stderr, "features: %s\n", e.msg);
    mnq_arena_free(&arena);
    return rc != 0;
}
