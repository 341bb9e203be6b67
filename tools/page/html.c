/* SPDX-License-Identifier: Apache-2.0
 * A writer of HTML. */
#include "html.h"

#include "util/plain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(struct mnq_html *h, const char *s, size_t n)
{
    if (h->failed) return;
    if (h->cap - h->n <= n) {
        size_t cap = (h->cap + n + 1) * 2;
        char *p = realloc(h->text, cap);
        if (p == NULL) {
            h->failed = true;
            return;
        }
        h->text = p;
        h->cap = cap;
    }
    memcpy(h->text + h->n, s, n);
    h->n += n;
    h->text[h->n] = '\0';
}

void mnq_html_put(struct mnq_html *h, const char *markup)
{
    add(h, markup, strlen(markup));
}

void mnq_html_putf(struct mnq_html *h, const char *fmt, ...)
{
    char text[1001];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof text) h->failed = true;
    else add(h, text, (size_t)n);
}

void mnq_html_text(struct mnq_html *h, const char *s)
{
    for (const unsigned char *p = (const unsigned char *)s; *p != '\0';) {
        size_t n;
        unsigned c = 0;
        bool valid = mnq_plain_next((const char *)p, &n, &c);
        if (!valid || (mnq_plain_forbidden(c) && c != '\n' && c != '\t')) mnq_html_put(h, "\xef\xbf\xbd");
        else if (*p == '&') mnq_html_put(h, "&amp;");
        else if (*p == '<') mnq_html_put(h, "&lt;");
        else if (*p == '>') mnq_html_put(h, "&gt;");
        else if (*p == '"') mnq_html_put(h, "&quot;");
        else if (*p == '\'') mnq_html_put(h, "&#39;");
        else add(h, (const char *)p, n);
        p += n;
    }
}

void mnq_html_textf(struct mnq_html *h, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    char *text = n < 0 ? NULL : malloc((size_t)n + 1);
    if (text != NULL) {
        vsnprintf(text, (size_t)n + 1, fmt, again);
        mnq_html_text(h, text);
    } else {
        h->failed = true;
    }
    free(text);
    va_end(again);
    va_end(ap);
}

static void start(struct mnq_html *h, const char *tag, const char *cls)
{
    mnq_html_put(h, "<");
    mnq_html_put(h, tag);
    if (cls != NULL) mnq_html_attribute(h, "class", cls);
    mnq_html_put(h, ">");
}

static void end(struct mnq_html *h, const char *tag)
{
    mnq_html_put(h, "</");
    mnq_html_put(h, tag);
    mnq_html_put(h, ">");
}

void mnq_html_tag(struct mnq_html *h, const char *tag, const char *cls, const char *text)
{
    start(h, tag, cls);
    mnq_html_text(h, text);
    end(h, tag);
}

void mnq_html_minus(struct mnq_html *h, const char *text)
{
    bool negative = text[0] == '-' && text[1] >= '0' && text[1] <= '9';
    if (negative) mnq_html_put(h, "\xe2\x88\x92");
    mnq_html_text(h, text + negative);
}

void mnq_html_attribute(struct mnq_html *h, const char *key, const char *text)
{
    mnq_html_put(h, " ");
    mnq_html_put(h, key);
    mnq_html_put(h, "=\"");
    mnq_html_text(h, text);
    mnq_html_put(h, "\"");
}

void mnq_html_data(struct mnq_html *h, const char *mime, const uint8_t *bytes, size_t n)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    mnq_html_put(h, "data:");
    mnq_html_put(h, mime);
    mnq_html_put(h, ";base64,");
    for (size_t i = 0; i < n; i += 3) {
        unsigned left = n - i < 3 ? (unsigned)(n - i) : 3;
        unsigned v = (unsigned)bytes[i] << 16 | (left > 1 ? (unsigned)bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0);
        char quad[4] = {digit[v >> 18], digit[v >> 12 & 63], digit[v >> 6 & 63], digit[v & 63]};
        for (unsigned k = left + 1; k < 4; k++) quad[k] = '=';
        add(h, quad, 4);
    }
}

void mnq_html_free(struct mnq_html *h)
{
    free(h->text);
    *h = (struct mnq_html){.n = 0};
}
