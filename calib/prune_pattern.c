/* SPDX-License-Identifier: Apache-2.0
 * Patterns of zeros: as text, as a property of weights, as bytes. */
#include "prune.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_MAX = 64 };

/* A whole number 1..GROUP_MAX in decimal digits; advances *s; 0 if there is none. */
static int number(const char **s)
{
    int v = 0, digits = 0;
    for (; **s >= '0' && **s <= '9' && digits < 3; (*s)++, digits++) v = 10 * v + (**s - '0');
    return digits > 0 && v <= GROUP_MAX ? v : 0;
}

int mnq_pattern_parse(const char *text, struct mnq_pattern *p)
{
    const char *s = text;
    *p = (struct mnq_pattern){MNQ_PATTERN_NONE, 0, 0};
    if (strcmp(text, "none") == 0) return 0;
    if (strncmp(text, "block", 5) == 0) {
        s += 5;
        p->kind = MNQ_PATTERN_BLOCK;
        p->m = number(&s);
        return *s == '\0' && (p->m == 2 || p->m == 4 || p->m == 8 || p->m == 16) ? 0 : -1;
    }
    p->kind = MNQ_PATTERN_N_M;
    p->n = number(&s);
    if (*s++ != ':') return -1;
    p->m = number(&s);
    return *s == '\0' && p->n > 0 && p->n < p->m ? 0 : -1;
}

const char *mnq_pattern_text(struct mnq_pattern p, char text[24])
{
    if (p.kind == MNQ_PATTERN_N_M) snprintf(text, 24, "%d:%d", p.n, p.m);
    else if (p.kind == MNQ_PATTERN_BLOCK) snprintf(text, 24, "block%d", p.m);
    else snprintf(text, 24, "none");
    return text;
}

bool mnq_pattern_holds(struct mnq_pattern p, const float *w, int inputs, int outputs)
{
    if (p.kind == MNQ_PATTERN_NONE) return true;
    for (int o = 0; o < outputs; o++)
        for (int i = 0; i < inputs; i += p.m) {
            int size = inputs - i < p.m ? inputs - i : p.m, used = 0;
            for (int k = 0; k < size; k++) used += w[(size_t)(i + k) * (size_t)outputs + (size_t)o] != 0.0f;
            if (p.kind == MNQ_PATTERN_N_M ? used > p.n : used != 0 && used != size) return false;
        }
    return true;
}

int64_t mnq_prune_bytes_dense(const struct mnq_prune_layer *l)
{
    return l->weights;
}

int64_t mnq_prune_bytes_sparse(const struct mnq_prune_layer *l)
{
    int64_t units = l->weights;
    if (l->pattern.kind == MNQ_PATTERN_BLOCK) units = (int64_t)l->outputs * ((l->inputs + l->pattern.m - 1) / l->pattern.m);
    return (units + 7) / 8 + l->weights - l->zeros;
}
