/* SPDX-License-Identifier: Apache-2.0
 * What strings from files may do to a page: nothing. */
#include "html.h"
#include "svg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void escaped(const char *text, const char *want)
{
    struct mnq_html h = {.n = 0};
    mnq_html_text(&h, text);
    assert_false(h.failed);
    assert_string_equal(h.text == NULL ? "" : h.text, want);
    assert_int_equal(h.n, strlen(want));
    mnq_html_free(&h);
}

static void escaping(void **state)
{
    (void)state;
    escaped("", "");
    escaped("plain gr\xc3\xb6\xc3\x9f"
            "e \xf0\x9f\x8c\xb7",
            "plain gr\xc3\xb6\xc3\x9f"
            "e \xf0\x9f\x8c\xb7");
    escaped("</td><script>alert('x')</script>", "&lt;/td&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
    escaped("\" onload=\"x", "&quot; onload=&quot;x");
    escaped("a&amp;b", "a&amp;amp;b");
    escaped("]]>", "]]&gt;");
    escaped("a\nb\tc", "a\nb\tc");
    escaped("\x01\x1b[31m\x7f", "\xef\xbf\xbd\xef\xbf\xbd[31m\xef\xbf\xbd");
    escaped("\xff\xc0\xaf\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    escaped("\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd");                     /* a sequence that the end cuts */
    escaped("a\xe2\x80\xaegpj.exe", "a\xef\xbf\xbdgpj.exe");             /* right-to-left override */
    escaped("\xef\xbf\xbe\xf0\x9f\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd"); /* no characters, and no XML */
    escaped("\xc2\x85\xc2\xa0", "\xef\xbf\xbd\xc2\xa0");                 /* a C1 control; a no-break space may pass */
}

static void markup(void **state)
{
    (void)state;
    struct mnq_html h = {.n = 0};
    mnq_html_tag(&h, "td", "x", "1<2");
    mnq_html_tag(&h, "b", NULL, "&");
    mnq_html_put(&h, "<i");
    mnq_html_attribute(&h, "title", "\"><b>");
    mnq_html_put(&h, "/>");
    mnq_html_minus(&h, "-1.5");
    mnq_html_minus(&h, "-");
    mnq_html_minus(&h, "+2");
    mnq_html_textf(&h, "%s%d", "<", 7);
    assert_string_equal(h.text, "<td class=\"x\">1&lt;2</td><b>&amp;</b><i title=\"&quot;&gt;&lt;b&gt;\"/>\xe2\x88\x92"
                                "1.5-+2&lt;7");
    mnq_html_free(&h);
    assert_null(h.text);
}

/* RFC 4648, section 10. */
static void base64(void **state)
{
    (void)state;
    static const char *const row[][2] = {{"", ""},
                                         {"f", "Zg=="},
                                         {"fo", "Zm8="},
                                         {"foo", "Zm9v"},
                                         {"foob", "Zm9vYg=="},
                                         {"fooba", "Zm9vYmE="},
                                         {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct mnq_html h = {.n = 0};
        mnq_html_data(&h, "image/jpeg", (const uint8_t *)row[i][0], strlen(row[i][0]));
        assert_int_equal(strncmp(h.text, "data:image/jpeg;base64,", 23), 0);
        assert_string_equal(h.text + 23, row[i][1]);
        mnq_html_free(&h);
    }
    const uint8_t high[] = {0xfb, 0xff, 0xfe};
    struct mnq_html h = {.n = 0};
    mnq_html_data(&h, "a", high, 3);
    assert_string_equal(h.text, "data:a;base64,+//+");
    mnq_html_free(&h);
}

static void shapes(void **state)
{
    (void)state;
    struct mnq_html h = {.n = 0};
    struct mnq_svg s = mnq_svg_begin_wide(&h, "row", 20, "<l>");
    mnq_svg_line(&s, "grid", 12.5, -0.001, 100, 1.0 / 3);
    mnq_svg_rect(&s, "fill", 0, 0, 50, 10, "a&b");
    mnq_svg_text(&s, "tick", "end", 10, 100, "<");
    mnq_svg_end(&s);
    assert_string_equal(h.text,
                        "<svg class=\"row\" width=\"100%\" height=\"20\" role=\"img\" aria-label=\"&lt;l&gt;\">"
                        "<line class=\"grid\" x1=\"12.5%\" y1=\"0\" x2=\"100%\" y2=\"0.33\"/>"
                        "<rect class=\"fill\" x=\"0%\" y=\"0\" width=\"50%\" height=\"10\"><title>a&amp;b</title></rect>"
                        "<text class=\"tick\" x=\"10%\" y=\"100\" text-anchor=\"end\">&lt;</text></svg>\n");
    mnq_html_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(escaping), cmocka_unit_test(markup), cmocka_unit_test(base64),
                                       cmocka_unit_test(shapes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
