/* SPDX-License-Identifier: Apache-2.0
 * The Keras importer on well-formed HDF5 files of arbitrary content, described as text (tests/support/h5text.h). */
#include "fuzz.h"
#include "h5text.h"
#include "keras_text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct mnq_import_opts opts[] = {{NULL, 0}, {"v1", 32}, {"v2", 0}};
    size_t n;
    int bad;
    uint8_t *file = mnq_h5text((const char *)data, size, &n, &bad);
    if (file == NULL) return 0;
    for (int i = 0; i < 3; i++) {
        struct mnq_arena arena = {0};
        struct mnq_graph g;
        struct mnq_err e = {0};
        mnq_fuzz_import(file, n, &opts[i], &g, &arena, &e);
        mnq_arena_free(&arena);
    }
    free(file);
    return 0;
}

uint8_t *mnq_fuzz_seed(int i, size_t *n)
{
    const char *text = mnq_keras_text(i, n);
    return text == NULL ? NULL : mnq_fuzz_copy((const uint8_t *)text, *n);
}
