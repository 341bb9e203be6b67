/* SPDX-License-Identifier: Apache-2.0
 * Files given by mistake are named, with advice; what is right, or unknown, is left to others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "util/filekind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sample {
    const char *name, *bytes;
    size_t n;
    const char *model, *data; /* what the messages begin with behind the name; NULL: nothing is said */
};

#define BYTES(s) s, sizeof(s) - 1

static const struct sample samples[] = {
    {"m.tflite", BYTES("\x1c\0\0\0TFL3...."), "a TensorFlow Lite model; give the Keras", "a TensorFlow Lite model; data is"},
    {"m", BYTES("\x08\x07\x12\x07pytorch\x1a"), "an ONNX model; give the Keras", "an ONNX model; data is"},
    {"m", BYTES("\x08\x07\x12\x07py\x01orch\x1a"), NULL, NULL}, /* no text: some other protocol buffer */
    {"m.pb", BYTES("\x0a\x05xxxxx"), "a TensorFlow graph (.pb); load its SavedModel", "a TensorFlow graph"},
    {"m.pth", BYTES("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j"), "a PyTorch file; build the network in Keras", "a PyTorch file"},
    {"m.pkl", BYTES("\x80\x04\x95xx"), "a Python pickle; a Keras model is saved", "a Python pickle"},
    {"m.h5", BYTES("version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 5\n"),
     "a Git LFS pointer, not the file itself; fetch it: git lfs pull", "a Git LFS pointer"},
    {"m.h5", BYTES("\n \xef\xbb\xbf<!doctype html>"), NULL, NULL}, /* a byte order mark stands first or nowhere */
    {"m.h5", BYTES("\xef\xbb\xbf\n<!DOCTYPE HTML><head>"), "an HTML page, not the file itself; download", "an HTML page"},
    {"m.h5", BYTES("<html lang=\"en\">"), "an HTML page", "an HTML page"},
    {"m.h5", BYTES("<?xml version=\"1.0\"?><Error>"), "an XML text", "an XML text"},
    {"model.json", BYTES("{\"format\": \"layers-model\", \"modelTopology\": {"), "a TensorFlow.js model; convert it back",
     "a TensorFlow.js model"},
    {"m.json", BYTES("{\"class_name\": \"Functional\", \"config\": {"), "a Keras architecture without weights",
     "a Keras architecture"},
    {"m.h5", BYTES("\x1f\x8b\x08"), "a gzip archive; unpack it", "a gzip archive; unpack it"},
    {"m.npy", BYTES("\x93NUMPY\x01"), "a NumPy array (.npy); load", NULL},
    {"m.jpg", BYTES("\xff\xd8\xff\xe0"), "a picture; name the model first", NULL},
    {"m.webp", BYTES("RIFF\x10\0\0\0WEBPVP8 "), "a WebP picture; name the model", "a WebP picture; convert it to JPEG"},
    {"m.tif", BYTES("II*\0\x08\0\0\0"), "a TIFF picture; name the model", "a TIFF picture; convert it to JPEG"},
    {"m.safetensors", BYTES("\x20\0\0\0\0\0\0\0{\"a\":"), "a safetensors file; copy", "a safetensors file"},
    {"m.h5", "", 0, "an empty file; copy", NULL},
    {"m.h5", BYTES("\x89HDF\r\n\x1a\n"), NULL, NULL},
    {"list.csv", BYTES("path,label\nsaved_model/a.jpg,0\n"), NULL, NULL},
    {"list.csv", BYTES("<path>,<label>\n"), NULL, NULL},
    {"m.h5", BYTES("anything"), NULL, NULL},
};

static void expect(int rc, const struct mnq_err *e, const char *name, const char *message)
{
    char want[300];
    if (message == NULL) {
        if (rc != 0) print_error("%s\n", e->msg);
        assert_int_equal(rc, 0);
        assert_int_equal(e->code, 0);
        return;
    }
    snprintf(want, sizeof want, "%s: %s", name, message);
    assert_int_equal(rc, -1);
    assert_int_equal(e->code, MNQ_EXIT_FAILED);
    if (strncmp(e->msg, want, strlen(want)) != 0) print_error("%s\n%s\n", e->msg, want);
    assert_memory_equal(e->msg, want, strlen(want));
}

static void bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        const struct sample *s = &samples[i];
        uint8_t *own = malloc(s->n + 1); /* nothing behind the end is read */
        assert_non_null(own);
        memcpy(own, s->bytes, s->n);
        for (int wanted = MNQ_WANTED_MODEL; wanted <= MNQ_WANTED_DATA; wanted++) {
            struct mnq_err e = {0};
            int rc = mnq_filekind_explain_bytes(s->name, own, s->n, (enum mnq_wanted)wanted, &e);
            expect(rc, &e, s->name, wanted == MNQ_WANTED_MODEL ? s->model : s->data);
        }
        free(own);
    }
}

/* Every beginning of every sample: no byte behind the end is read (the sanitizer build tells), nothing falls over. */
static void beginnings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        for (size_t n = 0; n < samples[i].n; n++) {
            uint8_t *own = malloc(n > 0 ? n : 1);
            struct mnq_err e = {0};
            assert_non_null(own);
            memcpy(own, samples[i].bytes, n);
            int rc = mnq_filekind_explain_bytes("x", own, n, MNQ_WANTED_MODEL, &e);
            assert_true(rc == 0 || (rc == -1 && e.code == MNQ_EXIT_FAILED));
            free(own);
        }
}

/* Where a picture was wanted, what is said stays about pictures. */
static void pictures(void **state)
{
    (void)state;
    static const struct sample wrong[] = {
        {"p.jpg", BYTES("version https://git-lfs.github.com/spec/v1\n"), NULL,
         "a Git LFS pointer, not the file itself; fetch it"},
        {"p.jpg", BYTES("<html>"), NULL, "an HTML page, not the file itself; download the raw file"},
        {"p.jpg", BYTES("RIFF\x10\0\0\0WEBPVP8 "), NULL, "a WebP picture; convert it to JPEG or PNG"},
        {"p.jpg", BYTES("%PDF-1.4"), NULL, "a PDF document; no picture"},
        {"p.jpg", BYTES("anything"), NULL, NULL},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct mnq_err e = {0};
        int rc =
            mnq_filekind_explain_bytes(wrong[i].name, (const uint8_t *)wrong[i].bytes, wrong[i].n, MNQ_WANTED_PICTURE, &e);
        expect(rc, &e, wrong[i].name, wrong[i].data);
    }
}

static void files(void **state)
{
    (void)state;
    char dir[] = "/tmp/mnq-filekind-XXXXXX", path[100], inner[120];
    struct mnq_err e = {0};
    assert_non_null(mkdtemp(dir));
    int rc = mnq_filekind_explain(dir, MNQ_WANTED_MODEL, &e);
    expect(rc, &e, dir, "a folder; a model is one file");
    memset(&e, 0, sizeof e);
    expect(mnq_filekind_explain(dir, MNQ_WANTED_DATA, &e), &e, dir, NULL);
    snprintf(path, sizeof path, "%s/saved_model.pb", dir);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs("\x08\x01\x12", f);
    fclose(f);
    for (int wanted = MNQ_WANTED_MODEL; wanted <= MNQ_WANTED_DATA; wanted++) {
        memset(&e, 0, sizeof e);
        rc = mnq_filekind_explain(dir, (enum mnq_wanted)wanted, &e);
        expect(rc, &e, dir, "a TensorFlow SavedModel folder; ");
        memset(&e, 0, sizeof e);
        rc = mnq_filekind_explain(path, (enum mnq_wanted)wanted, &e);
        expect(rc, &e, path, "a TensorFlow graph (.pb); ");
    }
    memset(&e, 0, sizeof e);
    snprintf(inner, sizeof inner, "%s/none", dir);
    expect(mnq_filekind_explain(inner, MNQ_WANTED_MODEL, &e), &e, inner, NULL);
    unlink(path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bytes), cmocka_unit_test(beginnings), cmocka_unit_test(pictures),
                                       cmocka_unit_test(files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
