/* SPDX-License-Identifier: Apache-2.0
 * Small Keras files out of text, imported and run: what tests of single layers share. */
#ifndef MNQ_TEST_IMPORTING_H
#define MNQ_TEST_IMPORTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "graph/exec.h"
#include "h5text.h"
#include "import/import.h"
#include "passes/passes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mnq_arena arena;
static struct mnq_graph g;
static struct mnq_err err;

static inline int import_text(const char *text)
{
    size_t size;
    int bad;
    uint8_t *file = mnq_h5text(text, strlen(text), &size, &bad);
    assert_non_null(file);
    if (bad != 0) print_error("line %d of the file\n", bad);
    assert_int_equal(bad, 0);
    memset(&err, 0, sizeof err);
    mnq_arena_free(&arena);
    int rc = mnq_import_bytes("m.h5", file, size, NULL, &g, &arena, &err);
    free(file);
    return rc;
}

/* A Sequential of layers on an h x w x c input; `rest` are the weights. */
static inline int import_on(const char *shape, const char *version, const char *layers, const char *rest)
{
    static char text[1 << 16];
    snprintf(text, sizeof text,
             "s / keras_version %s\ns / backend tensorflow\n"
             "s / model_config {\"class_name\": \"Sequential\", \"config\": {\"name\": \"s\", \"layers\": [{\"class_name\": "
             "\"InputLayer\", \"config\": {\"batch_input_shape\": [null, %s], \"name\": \"in\"}}, %s]}}\n%s",
             version, shape, layers, rest);
    return import_text(text);
}

#define LAYER(class_name, config) "{\"class_name\": \"" class_name "\", \"config\": {\"name\": \"x\"" config "}}"
#define NONE                      "g /model_weights/x\nl /model_weights layer_names x\nl /model_weights/x weight_names\n"

static inline void taken(int rc)
{
    if (rc != 0) print_error("%s\n", err.msg);
    assert_int_equal(rc, 0);
}

static inline void refused(int rc, const char *message)
{
    assert_int_equal(rc, -1);
    if (strstr(err.msg, message) == NULL) print_error("%s\n", err.msg);
    assert_non_null(strstr(err.msg, message));
    assert_null(strchr(err.msg, '\n'));
}

/* Runs the raw graph and the legal one on `in`; both give `want`. */
static inline void computes(const float *in, const double *want, size_t n)
{
    struct mnq_graph legal;
    taken(mnq_graph_legalize(&g, &legal, &arena, &err));
    const struct mnq_graph *each[] = {&g, &legal};
    for (int k = 0; k < 2; k++) {
        struct mnq_exec *x = mnq_exec_new(each[k], false, &err);
        if (x == NULL) print_error("%s\n", err.msg);
        assert_non_null(x);
        const float *out = mnq_exec_run(x, in, NULL, NULL);
        for (size_t i = 0; i < n; i++) {
            double d = fabs((double)out[i] - want[i]);
            if (!(d <= 1e-5 * (1 + fabs(want[i]))))
                print_error("%s: [%zu] is %g, %g wanted\n", k == 0 ? "raw" : "legal", i, (double)out[i], want[i]);
            assert_true(d <= 1e-5 * (1 + fabs(want[i])));
        }
        mnq_exec_free(x);
    }
}

#endif
