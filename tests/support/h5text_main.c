/* SPDX-License-Identifier: Apache-2.0
 * h5text FILE.txt OUT.h5: writes the HDF5 file that a text describes. */
#include "h5text.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    enum { MAX = 1 << 20 };
    size_t size;
    int bad = 0;
    if (argc != 3) return 2;
    FILE *in = fopen(argv[1], "rb"), *out = NULL;
    char *text = malloc(MAX);
    if (in == NULL || text == NULL) return 1;
    size_t n = fread(text, 1, MAX, in);
    fclose(in);
    uint8_t *bytes = mnq_h5text(text, n, &size, &bad);
    if (bad != 0) fprintf(stderr, "h5text: %s:%d: cannot do this line\n", argv[1], bad);
    int rc = bytes == NULL || bad != 0 || (out = fopen(argv[2], "wb")) == NULL || fwrite(bytes, 1, size, out) != size;
    if (out != NULL && fclose(out) != 0) rc = 1;
    free(text);
    free(bytes);
    return rc;
}
