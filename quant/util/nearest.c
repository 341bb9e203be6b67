/* SPDX-License-Identifier: Apache-2.0
 * Distance of words. */
#include "util/nearest.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

enum { MAX_WORD = 63, MIN_START = 3 };

int mnq_distance(const char *word, const char *name, bool glob)
{
    int row[3][MAX_WORD + 1];
    size_t na = strlen(word), nb = strlen(name);
    if (na > MAX_WORD || nb > MAX_WORD) return INT_MAX;
    for (size_t j = 0; j <= nb; j++) row[0][j] = (int)j;
    for (size_t i = 1; i <= na; i++) {
        int *cur = row[i % 3], *up = row[(i - 1) % 3], *up2 = row[(i + 1) % 3];
        bool any = glob && word[i - 1] == '*', one = glob && word[i - 1] == '?';
        cur[0] = up[0] + !any;
        for (size_t j = 1; j <= nb; j++) {
            int d = up[j - 1] + (word[i - 1] != name[j - 1] && !one);
            if (up[j] + !any < d) d = up[j] + !any;
            if (cur[j - 1] + !any < d) d = cur[j - 1] + !any;
            if (i > 1 && j > 1 && word[i - 1] == name[j - 2] && word[i - 2] == name[j - 1] && up2[j - 2] + 1 < d)
                d = up2[j - 2] + 1;
            cur[j] = d;
        }
    }
    return row[na % 3][nb];
}

const char *mnq_nearest(const char *word, const char *const *list, int n)
{
    const char *best = NULL;
    int least = 1 + (int)strlen(word) / 3;
    for (int i = 0; i < n; i++) {
        int d = mnq_distance(word, list[i], false);
        if (d <= least && (best == NULL || d < least)) {
            best = list[i];
            least = d;
        }
    }
    for (int i = 0; i < n && best == NULL && strlen(word) >= MIN_START; i++)
        if (strncmp(list[i], word, strlen(word)) == 0) best = list[i];
    return best;
}
