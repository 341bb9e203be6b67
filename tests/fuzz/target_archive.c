/* SPDX-License-Identifier: Apache-2.0
 * Hostile .keras archives: any bytes, as they are and with checksums that fit, so that what lies behind them is reached. The
 * weights' own format is read in a process of its own (target_import.c has those bytes). */
#include "child.h"
#include "fuzz.h"
#include "h5text.h"
#include "keras_text.h"
#include "zip_bytes.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mnq_fuzz_child_watch();
    mnq_fuzz_import_seed(mnq_fuzz_seed);
    for (int sealed = 0; sealed < 2; sealed++) {
        struct mnq_arena arena = {0};
        struct mnq_graph g;
        struct mnq_err e = {0};
        uint8_t *bytes = mnq_fuzz_copy(data, size);
        if (sealed) mnq_zip_seal(bytes, size);
        mnq_fuzz_import(bytes, size, NULL, &g, &arena, &e);
        free(bytes);
        mnq_arena_free(&arena);
        mnq_fuzz_child_check();
    }
    return 0;
}

static const char metadata[] = "{\"keras_version\": \"3.4.1\", \"date_saved\": \"2024-06-01@00:00:00\"}";
static const char config[] =
    "{\"module\": \"keras\", \"class_name\": \"Sequential\", \"config\": {\"name\": \"s\", \"layers\": ["
    "{\"class_name\": \"InputLayer\", \"config\": {\"batch_shape\": [null, 4, 4, 3], \"name\": \"in\"}},"
    "{\"class_name\": \"Conv2D\", \"config\": {\"name\": \"c\", \"filters\": 2, \"kernel_size\": [1, 1], \"strides\": [1, "
    "1],"
    "\"padding\": \"same\", \"data_format\": \"channels_last\", \"dilation_rate\": [1, 1], \"groups\": 1,"
    "\"activation\": \"relu\", \"use_bias\": true}},"
    "{\"class_name\": \"GlobalAveragePooling2D\", \"config\": {\"name\": \"p\", \"data_format\": \"channels_last\","
    "\"keepdims\": false}},"
    "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 3, \"activation\": \"softmax\", \"use_bias\": "
    "true}}"
    "]}}";
static const char weights[] = "d /layers/conv2d/vars/0 f32 1,1,3,2\nd /layers/conv2d/vars/1 f32 2\n"
                              "d /layers/dense/vars/0 f32 2,3\nd /layers/dense/vars/1 f32 3\n";

uint8_t *mnq_fuzz_seed(int i, size_t *n)
{
    size_t size;
    int bad = 0;
    if (i > 3) return NULL;
    uint8_t *h5 = mnq_h5text(weights, sizeof weights - 1, &size, &bad);
    MNQ_FUZZ_MUST(h5 != NULL && bad == 0);
    const struct mnq_zip_member member[] = {{"metadata.json", metadata, sizeof metadata - 1},
                                            {"config.json", config, sizeof config - 1},
                                            {"model.weights.h5", h5, size},
                                            {"assets/classes.txt", "a\nb\nc\n", 6}};
    uint8_t *bytes = mnq_zip_make(member, i == 2 ? 2 : i == 3 ? 4 : 3, i == 1, n);
    free(h5);
    return bytes;
}
