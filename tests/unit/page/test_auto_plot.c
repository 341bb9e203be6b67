/* SPDX-License-Identifier: Apache-2.0
 * The plot of what --weights auto tried, by points made up: fronts, limits, what lies above the axis, what was given up. */
#include "auto_plot.h"
#include "plot.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct mnq_calib_point point(double bytes, double loss, bool tuned)
{
    struct mnq_calib_point p = {.bytes = bytes, .tuned = tuned, .complete = true, .fits = true};
    p.drop = (struct mnq_bound){.points = loss, .low = loss / 2, .high = loss * 1.5, .upper = loss * 1.4, .pictures = 100};
    return p;
}

static int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++) n++;
    return n;
}

/* Corners of the path of that class in the first plot; 0: there is none. */
static int corners(const char *text, const char *cls)
{
    char head[40];
    snprintf(head, sizeof head, "<path class=\"%s\" d=\"", cls);
    const char *end = strstr(text, "</svg>"), *at = strstr(text, head);
    if (at == NULL || at > end) return 0;
    int n = 0;
    for (at += strlen(head); *at != '"'; at++) n += *at == 'M' || *at == 'L';
    return n;
}

/* Draws; h is to be freed. */
static void draw(struct mnq_html *h, struct mnq_calib_report *r, int64_t flash)
{
    struct mnq_arena arena = {0};
    *h = (struct mnq_html){.n = 0};
    mnq_auto_plot(h, r, flash, &arena);
    assert_false(h->failed);
    assert_non_null(h->text);
    assert_null(strstr(h->text, "nan"));
    assert_null(strstr(h->text, "inf"));
    mnq_arena_free(&arena);
}

static void two_fronts(void **state)
{
    (void)state;
    /* Untuned: three on the front, one beaten. Tuned: one beats two of them, one is beaten. */
    struct mnq_calib_point p[] = {point(300e3, 0.1, false), point(200e3, 0.5, false), point(210e3, 0.6, false),
                                  point(150e3, 2, false),   point(150e3, 0.4, true),  point(200e3, 0.7, true)};
    struct mnq_calib_report r = {.point = p, .n_points = 6, .asked_drop = 1};
    struct mnq_html h;
    p[4].chosen = true;
    draw(&h, &r, 0);
    assert_int_equal(corners(h.text, "front"), 6);
    assert_int_equal(corners(h.text, "front2"), 4);
    assert_int_equal(count(h.text, "class=\"pick\""), 2); /* two plots */
    assert_int_equal(count(h.text, ">chosen</text>"), 2);
    assert_int_equal(count(h.text, "class=\"ring\""), 2);
    assert_int_equal(count(h.text, "class=\"ring2\""), 2);
    assert_int_equal(count(h.text, "class=\"base\""), 3); /* two plots and the legend */
    assert_int_equal(count(h.text, "--max-drop 1<"), 1);
    assert_int_equal(count(h.text, "class=\"gone\""), 0);
    mnq_html_free(&h);
}

static void left_out(void **state)
{
    (void)state;
    /* What was given up, or is over the budgets, would beat all others: it lies on no front and has no interval. */
    struct mnq_calib_point p[] = {point(300e3, 0.1, false), point(200e3, 0.5, false), point(100e3, 0.05, true),
                                  point(90e3, 0.04, false)};
    struct mnq_calib_report r = {.point = p, .n_points = 4};
    struct mnq_html h;
    p[1].chosen = true;
    p[2].complete = false;
    p[3].fits = false;
    draw(&h, &r, 250000);
    assert_int_equal(corners(h.text, "front"), 4);
    assert_int_equal(corners(h.text, "front2"), 4);
    assert_int_equal(count(h.text, "<rect class=\"gone\""), 3);
    assert_int_equal(count(h.text, "<circle class=\"gone\""), 2);
    assert_int_equal(count(h.text, "class=\"thin2\""), 0);
    assert_int_equal(count(h.text, "class=\"thin\""), 12); /* two plots, two points, a line and two caps */
    assert_int_equal(count(h.text, "--flash 250,000<"), 1);
    assert_int_equal(count(h.text, "class=\"base\""), 3);
    assert_int_equal(count(h.text, "given up, or over the budgets"), 1);
    mnq_html_free(&h);
}

static void far_away(void **state)
{
    (void)state;
    /* A loss of 60 points would leave nothing of those below 1; a limit ten times the file has no line. */
    struct mnq_calib_point p[] = {point(300e3, 0.1, false), point(200e3, 0.5, false), point(100e3, 60, false)};
    struct mnq_calib_report r = {.point = p, .n_points = 3, .asked_drop = 1};
    struct mnq_html h;
    p[1].chosen = true;
    draw(&h, &r, 3000000);
    assert_int_equal(count(h.text, "\xe2\x86\x91 60.0<"), 2);
    assert_int_equal(count(h.text, ">1</text>"), 2); /* ticks: the axis ends behind the limit */
    assert_int_equal(count(h.text, ">2</text>"), 0);
    assert_int_equal(count(h.text, "--flash 3,000,000, right of the plot"), 1);
    assert_int_equal(count(h.text, "class=\"base\""), 4); /* --max-drop in both plots, both in the legend */
    mnq_html_free(&h);
}

static void alone(void **state)
{
    (void)state;
    struct mnq_calib_point p = point(1000, 0, false); /* all bounds 0: an axis all the same */
    struct mnq_calib_report r = {.point = &p, .n_points = 1};
    struct mnq_html h;
    p.chosen = true;
    draw(&h, &r, 0);
    assert_int_equal(corners(h.text, "front"), 2);
    assert_int_equal(corners(h.text, "front2"), 0);
    mnq_html_free(&h);
    p.complete = false; /* nothing is on the front */
    draw(&h, &r, 0);
    assert_int_equal(count(h.text, "d=\"\""), 0);
    mnq_html_free(&h);
}

static void stairs(void **state)
{
    (void)state;
    const double x[] = {30, 10, 20, 25}, y[] = {5, 50, 20, 90};
    const bool on[] = {true, true, true, false};
    const double want[] = {10, 50, 20, 50, 20, 20, 30, 20, 30, 5, 100, 5};
    double xy[18];
    int order[4];
    struct mnq_box box[6];
    assert_int_equal(mnq_plot_stairs(x, y, on, 4, 100, order, xy), 6);
    for (int i = 0; i < 12; i++) assert_true(fabs(xy[i] - want[i]) < 1e-9);
    assert_int_equal(mnq_plot_stairs_boxes(xy, 6, box), 5);
    assert_true(fabs(box[1].x - 19) < 1e-9 && fabs(box[1].y - 19) < 1e-9 && fabs(box[1].h - 32) < 1e-9);
    const bool none[] = {false, false, false, false};
    assert_int_equal(mnq_plot_stairs(x, y, none, 4, 100, order, xy), 0);
    assert_int_equal(mnq_plot_stairs_boxes(xy, 0, box), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_fronts), cmocka_unit_test(left_out), cmocka_unit_test(far_away),
        cmocka_unit_test(alone),      cmocka_unit_test(stairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
