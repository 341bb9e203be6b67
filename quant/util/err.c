/* SPDX-License-Identifier: Apache-2.0
 * Errors of the host side. */
#include "util/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Names and values come from files: no line break, no terminal escape passes. */
static void one_line(char *s)
{
    for (; *s != '\0'; s++)
        if ((unsigned char)*s < ' ' || *s == 0x7f) *s = '?';
}

int mnq_fail(struct mnq_err *e, int code, const char *fmt, ...)
{
    if (e == NULL || e->code != 0) return -1;
    va_list ap;
    va_start(ap, fmt);
    e->code = code;
    vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    one_line(e->msg);
    return -1;
}

int mnq_fail_in(struct mnq_err *e, const char *where)
{
    if (e == NULL) return -1;
    char old[sizeof e->msg];
    memcpy(old, e->msg, sizeof old);
    int n = snprintf(e->msg, sizeof e->msg, "%s: ", where);
    if (n < 0 || (size_t)n >= sizeof e->msg) return -1;
    size_t room = sizeof e->msg - (size_t)n - 1, len = strlen(old);
    if (len > room) len = room;
    memcpy(e->msg + n, old, len);
    e->msg[(size_t)n + len] = '\0';
    one_line(e->msg);
    return -1;
}

int mnq_fail_nomem(struct mnq_err *e)
{
    return mnq_fail(e, MNQ_EXIT_FAILED, "out of memory");
}
