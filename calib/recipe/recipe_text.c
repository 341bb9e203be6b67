/* SPDX-License-Identifier: Apache-2.0
 * Writing a recipe as YAML. */
#include "recipe_key.h"

#include <stdlib.h>
#include <string.h>

/* Code point at *s, which moves behind it; bytes that are not UTF-8 count as themselves. */
static unsigned next_char(const unsigned char **s)
{
    static const unsigned least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *p = *s;
    int more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc0 ? 1 : 0;
    unsigned c = more == 0 ? *p : *p & (0x3fu >> more);
    for (int i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80) more = 0;
        else c = c << 6 | (p[i] & 0x3f);
    }
    if (more > 0 && (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) || *p >= 0xf8)) more = 0;
    if (more == 0) c = *p;
    *s = p + more + 1;
    return c;
}

/* A scalar in double quotes, which every YAML reader takes as a string. Line breaks of Unicode would be folded, control
 * characters and a byte order mark refused: those are escaped. */
static void put_quoted(FILE *f, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    fputc('"', f);
    while (*s != '\0') {
        const unsigned char *from = s;
        unsigned c = next_char(&s);
        if (c == '"' || c == '\\') fprintf(f, "\\%c", (int)c);
        else if (c < 0x20 || (c >= 0x7f && c < 0x100 && s == from + 1) || (c >= 0x7f && c < 0xa0)) fprintf(f, "\\x%02x", c);
        else if (c == 0x2028 || c == 0x2029 || c == 0xfeff || c == 0xfffe || c == 0xffff) fprintf(f, "\\u%04x", c);
        else fwrite(from, 1, (size_t)(s - from), f);
    }
    fputc('"', f);
}

/* The fewest digits that read back to the same number. */
static void put_double(FILE *f, double d)
{
    char text[40];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, d);
        double back = strtod(text, NULL);
        if (back <= d && back >= d) break;
    }
    fputs(text, f);
}

static void put_value(FILE *f, const struct mnq_key *k, const void *base)
{
    const void *at = (const char *)base + k->offset;
    const char *s;
    char text[16];
    int64_t n;
    switch (k->type) {
    case MNQ_KEY_STRING:
    case MNQ_KEY_PATTERN:
        memcpy(&s, at, sizeof s);
        put_quoted(f, s);
        break;
    case MNQ_KEY_RULE_PATTERN:
        mnq_pattern_text(at, text, sizeof text);
        put_quoted(f, text);
        break;
    case MNQ_KEY_INT:
        fprintf(f, "%d", *(const int *)at);
        break;
    case MNQ_KEY_SIZE:
        memcpy(&n, at, sizeof n);
        fprintf(f, "%lld", (long long)n);
        break;
    case MNQ_KEY_DOUBLE:
        put_double(f, *(const double *)at);
        break;
    case MNQ_KEY_WORD:
    case MNQ_KEY_SWITCH:
        fputs(k->word[*(const int *)at], f);
        break;
    }
}

/* The rule's keys, the first behind the dash of the list. */
static void put_rule(FILE *f, const struct mnq_rule *r)
{
    const char *lead = "  - ";
    if (r->n_match > 0) {
        fprintf(f, "%smatch: %s", lead, r->n_match > 1 ? "[" : "");
        for (int i = 0; i < r->n_match; i++) {
            if (i > 0) fputs(", ", f);
            put_quoted(f, r->match[i]);
        }
        fputs(r->n_match > 1 ? "]\n" : "\n", f);
        lead = "    ";
    }
    if (r->kinds != 0) {
        bool list = (r->kinds & (r->kinds - 1)) != 0, first = true;
        fprintf(f, "%skind: %s", lead, list ? "[" : "");
        for (int k = 0; k < MNQ_KIND_COUNT; k++) {
            if ((r->kinds >> k & 1) == 0) continue;
            fprintf(f, "%s%s", first ? "" : ", ", mnq_kind_words[k]);
            first = false;
        }
        fputs(list ? "]\n" : "\n", f);
        lead = "    ";
    }
    for (int i = 0; i < mnq_n_rule_keys; i++) {
        if (!mnq_key_is_set(&mnq_rule_keys[i], r)) continue;
        fprintf(f, "%s%s: ", lead, mnq_rule_keys[i].name);
        put_value(f, &mnq_rule_keys[i], r);
        fputc('\n', f);
        lead = "    ";
    }
}

char *mnq_recipe_text(const struct mnq_recipe *r, struct mnq_arena *arena)
{
    char *text = NULL, *copy;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (f == NULL) return NULL;
    for (int i = 0; i < mnq_n_recipe_keys; i++) {
        const struct mnq_key *k = &mnq_recipe_keys[i];
        if (!mnq_key_is_set(k, r)) continue;
        fprintf(f, "%s: ", k->name);
        put_value(f, k, r);
        fputc('\n', f);
    }
    if (r->n_rules > 0) fputs("layers:\n", f);
    for (int i = 0; i < r->n_rules; i++) put_rule(f, &r->rule[i]);
    bool failed = ferror(f) != 0;
    if (fclose(f) != 0 || text == NULL) failed = true; /* it is made smaller at the end: that too may find no memory */
    copy = failed ? NULL : mnq_arena_strdup(arena, text);
    free(text);
    return copy;
}
