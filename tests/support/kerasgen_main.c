/* SPDX-License-Identifier: Apache-2.0
 * kerasgen FAMILY GENERATION OUT.h5: a small MobileNet with random weights as a full Keras model.
 * FAMILY: v1 v2 v3-small v3-large; GENERATION: slashes (names as in keras-applications) plain (Keras 3) or
 * weights (tf.keras, weights only). */
#include "kerasgen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    static const char *const family[] = {"v1", "v2", "v3-small", "v3-large"};
    struct kg_options o = {.width = 0.25, .resolution = 32, .classes = 5, .generation = KG_GEN_APPS, .seed = 1};
    int f = 0;
    if (argc != 4) return 2;
    while (f < 4 && strcmp(argv[1], family[f]) != 0) f++;
    if (f == 4) return 2;
    o.family = (enum kg_family)f;
    if (f == KG_V2) o.width = 0.35;
    if (strcmp(argv[2], "plain") == 0) {
        o.generation = KG_GEN_K3;
        o.dialect = KG_DIALECT_ACT3;
    } else if (strcmp(argv[2], "weights") == 0) {
        o.generation = KG_GEN_TF;
        o.container = KG_WEIGHTS;
    } else if (strcmp(argv[2], "slashes") != 0) {
        return 2;
    }
    struct kg_net *n = kg_new(&o);
    size_t size;
    uint8_t *bytes = kg_file(n, &size);
    FILE *out = fopen(argv[3], "wb");
    int rc = out == NULL || fwrite(bytes, 1, size, out) != size;
    if (out != NULL && fclose(out) != 0) rc = 1;
    free(bytes);
    kg_free(n);
    return rc;
}
