/* SPDX-License-Identifier: Apache-2.0
 * Slices inside a network, as tf.keras and Keras 3 write them, beside Python's rules written down once more. */
#include "importing.h"

#include <limits.h>

enum { H = 5, W = 6, C = 4, OPEN = INT_MIN };

struct slice {
    int start, stop, step;
};

/* Python's slice(...).indices(n) (the language's reference, 3.2, "Slice objects"), one by one. return how many */
static int indices(struct slice s, int n, int *at)
{
    int step = s.step == OPEN ? 1 : s.step, lower = step > 0 ? 0 : -1, upper = step > 0 ? n : n - 1, count = 0, end[2];
    for (int k = 0; k < 2; k++) {
        int v = k == 0 ? s.start : s.stop;
        if (v == OPEN) end[k] = (k == 0) == (step > 0) ? lower : upper;
        else if (v < 0) end[k] = v + n > lower ? v + n : lower;
        else end[k] = v < upper ? v : upper;
    }
    for (int i = end[0]; step > 0 ? i < end[1] : i > end[1]; i += step) at[count++] = i;
    return count;
}

static void put(char *to, size_t n, const char *key, int v, const char *end)
{
    size_t at = strlen(to);
    if (v == OPEN) snprintf(to + at, n - at, "\"%s\": null%s", key, end);
    else snprintf(to + at, n - at, "\"%s\": %d%s", key, v, end);
}

static const char *one(struct slice s, bool ops3, char *to, size_t n)
{
    snprintf(to, n, "%s", ops3 ? "{\"class_name\": \"__slice__\", \"config\": {" : "{");
    put(to, n, "start", s.start, ", ");
    put(to, n, "stop", s.stop, ", ");
    put(to, n, "step", s.step, ops3 ? "}}" : "}");
    return to;
}

/* relu(input)[spec] */
static int import_spec(const char *spec, bool ops3)
{
    char text[4000];
    snprintf(
        text, sizeof text,
        "s / keras_version %s\ns / backend tensorflow\n"
        "s / model_config {\"class_name\": \"Functional\", \"config\": {\"name\": \"m\", \"layers\": [{\"class_name\": "
        "\"InputLayer\", \"name\": \"in\", \"config\": {\"name\": \"in\", \"batch_input_shape\": [null, %d, %d, %d]}, "
        "\"inbound_nodes\": []}, {\"class_name\": \"ReLU\", \"name\": \"r\", \"config\": {\"name\": \"r\"}, "
        "\"inbound_nodes\": [[[\"in\", 0, 0, {}]]]}, %s%s%s], \"input_layers\": [[\"in\", 0, 0]], \"output_layers\": "
        "[[\"x\", 0, 0]]}}\n" NONE,
        ops3 ? "3.3.3" : "2.9.0", H, W, C,
        ops3 ? "{\"module\": \"keras.src.ops.numpy\", \"class_name\": \"GetItem\", \"name\": \"x\", \"config\": {\"name\": "
               "\"x\"}, \"inbound_nodes\": [{\"args\": [{\"class_name\": \"__keras_tensor__\", \"config\": "
               "{\"keras_history\": [\"r\", 0, 0]}}, ["
             : "{\"class_name\": \"SlicingOpLambda\", \"name\": \"x\", \"config\": {\"name\": \"x\", \"function\": "
               "\"__operators__.getitem\"}, \"inbound_nodes\": [[\"r\", 0, 0, {\"slice_spec\": [",
        spec, ops3 ? "]], \"kwargs\": {}}]}" : "]}]]}");
    return import_text(text);
}

static void gives(struct slice rows, struct slice columns, struct slice channels)
{
    static float in[H * W * C];
    double want[H * W * C];
    int y[H], x[W], c[C], ny = indices(rows, H, y), nx = indices(columns, W, x), nc = indices(channels, C, c);
    size_t n = 0;
    for (int i = 0; i < H * W * C; i++) in[i] = (float)i;
    for (int i = 0; i < ny; i++)
        for (int k = 0; k < nx; k++)
            for (int l = 0; l < nc; l++) want[n++] = (y[i] * W + x[k]) * C + c[l];
    for (int ops3 = 0; ops3 < 2; ops3++) {
        char spec[600], part[4][120];
        snprintf(spec, sizeof spec, "%s, %s, %s, %s", one((struct slice){OPEN, OPEN, OPEN}, ops3, part[0], sizeof *part),
                 one(rows, ops3, part[1], sizeof *part), one(columns, ops3, part[2], sizeof *part),
                 one(channels, ops3, part[3], sizeof *part));
        if (n == 0) {
            refused(import_spec(spec, ops3), "a slice of nothing");
            continue;
        }
        taken(import_spec(spec, ops3));
        const struct mnq_shape s = g.node[g.output].out;
        assert_true(s.h == ny && s.w == nx && s.c == nc);
        computes(in, want, n);
    }
}

static void ranges(void **state)
{
    (void)state;
    const struct slice all = {OPEN, OPEN, OPEN};
    static const int end[] = {OPEN, -9, -4, -1, 0, 1, 3, 9};
    enum { ENDS = sizeof end / sizeof *end };
    for (int i = 0; i < ENDS; i++)
        for (int k = 0; k < ENDS; k++) {
            gives(all, all, (struct slice){end[i], end[k], OPEN});
            gives(all, all, (struct slice){end[i], end[k], 2});
            gives(all, all, (struct slice){end[i], end[k], -1});
            gives((struct slice){end[i], end[k], 1}, (struct slice){end[k], OPEN, 2}, all);
            gives((struct slice){OPEN, end[k], 3}, (struct slice){end[i], end[k], OPEN}, all);
        }
    gives((struct slice){1, -1, OPEN}, (struct slice){OPEN, OPEN, 2}, (struct slice){1, 3, OPEN});
}

static void shorthand(void **state)
{
    static float in[H * W * C];
    double want[H * W * 2];
    (void)state;
    for (int i = 0; i < H * W * C; i++) in[i] = (float)i;
    for (int i = 0; i < H * W; i++) want[2 * i] = C * i + 2, want[2 * i + 1] = C * i + 3;
    taken(import_spec("{\"class_name\": \"__ellipsis__\"}, {\"start\": 2, \"stop\": null, \"step\": null}", false));
    computes(in, want, H * W * 2);
    taken(import_spec(
        "{\"class_name\": \"__ellipsis__\", \"config\": {}}, {\"class_name\": \"__slice__\", \"config\": {\"start\": 2, "
        "\"stop\": null, \"step\": null}}",
        true));
    computes(in, want, H * W * 2);
    taken(import_spec("{\"start\": null, \"stop\": null, \"step\": null}", false));
    assert_true(g.node[g.output].out.c == C);
}

static void refusals(void **state)
{
#define ALL "{\"start\": null, \"stop\": null, \"step\": null}, "
    (void)state;
    refused(import_spec(ALL "{\"start\": null, \"stop\": null, \"step\": -1}", false), "mirrors a picture");
    refused(import_spec(ALL "{\"start\": 0, \"stop\": 3, \"step\": 0}", false), "a slice of step 0");
    refused(import_spec(ALL "2", false), "an axis is indexed, only slices are supported");
    refused(import_spec(ALL ALL ALL ALL "{\"start\": 1, \"stop\": 2, \"step\": 1}", false), "5 slices of 4 axes");
    refused(import_spec(ALL "{\"start\": 1e9, \"stop\": 2, \"step\": 1}", false), "expected");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ranges), cmocka_unit_test(shorthand), cmocka_unit_test(refusals)};
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    mnq_arena_free(&arena);
    return rc;
}
