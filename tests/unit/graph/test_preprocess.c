/* SPDX-License-Identifier: Apache-2.0
 * Preprocessing: Keras' names against its formulas, explicit forms, what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "graph/preprocess.h"

#include <math.h>
#include <string.h>

static struct mnq_err err;
static struct mnq_preprocess p;

static void expect_near(float found, double wanted)
{
    if (fabs((double)found - wanted) > 2e-6 * (1.0 + fabs(wanted))) fail_msg("%.9g, wanted %.9g", (double)found, wanted);
}

static void parse(const char *text, int channels)
{
    memset(&err, 0, sizeof err);
    if (mnq_preprocess_parse(&p, text, channels, &err) != 0) fail_msg("%s: %s", text, err.msg);
    assert_int_equal(p.channels, channels);
    assert_int_equal(p.resize, MNQ_RESIZE_STRETCH);
    assert_int_equal(p.filter, MNQ_FILTER_PIL);
}

static void expect_error(const char *text, int channels, const char *message)
{
    memset(&err, 0, sizeof err);
    assert_int_equal(mnq_preprocess_parse(&p, text, channels, &err), -1);
    assert_int_equal(err.code, MNQ_EXIT_USAGE);
    assert_string_equal(err.msg, message);
}

/* keras.applications.imagenet_utils.preprocess_input on one pixel. */
static void names(void **state)
{
    static const uint8_t pixel[6] = {10, 128, 255, 0, 1, 2};
    static const double mean[3] = {0.485, 0.456, 0.406}, std[3] = {0.229, 0.224, 0.225}, bgr[3] = {103.939, 116.779, 123.68};
    float real[6];
    (void)state;
    parse("tf", 3);
    mnq_preprocess_apply(&p, pixel, 2, real);
    for (int i = 0; i < 6; i++) expect_near(real[i], pixel[i] / 127.5 - 1.0);
    assert_string_equal(p.name, "tf");
    parse("unit", 3);
    mnq_preprocess_apply(&p, pixel, 2, real);
    for (int i = 0; i < 6; i++) expect_near(real[i], pixel[i] / 255.0);
    parse("none", 3);
    mnq_preprocess_apply(&p, pixel, 2, real);
    for (int i = 0; i < 6; i++) expect_near(real[i], pixel[i]);
    parse("torch", 3);
    mnq_preprocess_apply(&p, pixel, 2, real);
    for (int i = 0; i < 6; i++) expect_near(real[i], (pixel[i] / 255.0 - mean[i % 3]) / std[i % 3]);
    parse("caffe", 3);
    mnq_preprocess_apply(&p, pixel, 2, real);
    for (int i = 0; i < 6; i++) expect_near(real[i], pixel[i / 3 * 3 + 2 - i % 3] - bgr[i % 3]);
    parse("tf", 1);
    mnq_preprocess_apply(&p, pixel, 2, real);
    expect_near(real[1], 128 / 127.5 - 1.0);
}

static void explicit_numbers(void **state)
{
    static const uint8_t pixel[3] = {10, 20, 30};
    float real[3];
    (void)state;
    parse("0.5:-1", 3);
    assert_string_equal(p.name, "custom");
    mnq_preprocess_apply(&p, pixel, 1, real);
    for (int i = 0; i < 3; i++) expect_near(real[i], pixel[i] * 0.5 - 1.0);
    parse("0.5,0.25,1e-1:1,2,-3", 3);
    mnq_preprocess_apply(&p, pixel, 1, real);
    expect_near(real[0], 6.0);
    expect_near(real[1], 7.0);
    expect_near(real[2], 0.0);
    parse("2:0", 4);
    expect_near(p.scale[3], 2.0);
    assert_int_equal(p.source[3], 3);
}

/* Said as text and read again, all numbers are the same to the last bit. */
static void said(void **state)
{
    static const char *const text[] = {"tf", "caffe", "0.1:-1", "0.00784313725490196:-0.3333333,1e-20,-7.25e6",
                                       "3,-1e-9,0.7:0"};
    (void)state;
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        char out[MNQ_PREPROCESS_TEXT];
        parse(text[i], 3);
        struct mnq_preprocess was = p;
        mnq_preprocess_text(&was, out);
        parse(out, 3);
        assert_memory_equal(&p, &was, sizeof p);
    }
}

static void refused(void **state)
{
    static const char *const bad[] = {"0:1",  "1:",    ":1",    "1,2:0",  "1:1,2", "1,2,3,4:0", "x:0",
                                      "1:0x", "nan:0", "1:inf", "1e99:0", "1:0:0", "1,:0"};
    (void)state;
    expect_error("Tf", 3, "preprocess \"Tf\": wanted tf, torch, caffe, unit, none or SCALE:OFFSET");
    expect_error("", 3, "preprocess \"\": wanted tf, torch, caffe, unit, none or SCALE:OFFSET");
    expect_error("torch", 1, "preprocess torch: defined for 3 channels, the model wants 1");
    expect_error("tf", 5, "preprocess: inputs of 5 channels, wanted 1 to 4");
    expect_error("0:1", 3, "preprocess \"0:1\": wanted SCALE:OFFSET with 1 or 3 numbers on each side, no scale 0");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        memset(&err, 0, sizeof err);
        if (mnq_preprocess_parse(&p, bad[i], 3, &err) == 0) fail_msg("accepted: %s", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(explicit_numbers), cmocka_unit_test(said),
                                       cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
