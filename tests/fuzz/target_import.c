/* SPDX-License-Identifier: Apache-2.0
 * The Keras importer on arbitrary bytes of a file: HDF5 or a .keras archive. What it accepts must be a checked graph. */
#include "child.h"
#include "fuzz.h"
#include "h5text.h"
#include "import/import.h"
#include "keras_text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mnq_arena arena = {0};
    struct mnq_graph g;
    struct mnq_err e = {0};
    mnq_fuzz_child_watch();
    mnq_fuzz_import_seed(mnq_fuzz_seed);
    uint8_t *bytes = mnq_fuzz_copy(data, size);
    mnq_fuzz_import(bytes, size, NULL, &g, &arena, &e);
    free(bytes);
    mnq_arena_free(&arena);
    mnq_fuzz_child_check();
    return 0;
}

uint8_t *mnq_fuzz_seed(int i, size_t *n)
{
    size_t length;
    int bad = 0;
    const char *text = mnq_keras_text(i, &length);
    if (text == NULL) return NULL;
    uint8_t *bytes = mnq_h5text(text, length, n, &bad);
    MNQ_FUZZ_MUST(bytes != NULL && bad == 0);
    return bytes;
}
