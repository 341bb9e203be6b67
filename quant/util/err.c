/* SPDX-License-Identifier: Apache-2.0
 * Errors of the host side. */
#include "util/err.h"

#include "util/plain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Names and values come from files: no line break, no terminal escape passes. */
static void one_line(char *to, size_t n, const char *text)
{
    mnq_plain_copy(to, n, text, false);
}

int mnq_fail(struct mnq_err *e, int code, const char *fmt, ...)
{
    if (e == NULL || e->code != 0) return -1;
    va_list ap;
    va_start(ap, fmt);
    char text[sizeof e->msg];
    e->code = code;
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    one_line(e->msg, sizeof e->msg, text);
    return -1;
}

int mnq_fail_in(struct mnq_err *e, const char *where)
{
    if (e == NULL) return -1;
    char old[sizeof e->msg], text[sizeof e->msg];
    memcpy(old, e->msg, sizeof old);
    snprintf(text, sizeof text, "%s: ", where);
    one_line(e->msg, sizeof e->msg, text);
    size_t n = strlen(e->msg);
    one_line(e->msg + n, sizeof e->msg - n, old);
    return -1;
}

int mnq_fail_nomem(struct mnq_err *e)
{
    return mnq_fail(e, MNQ_EXIT_FAILED, "out of memory");
}

bool mnq_err_nomem(const struct mnq_err *e)
{
    return e->code != 0 && strstr(e->msg, "out of memory") != NULL;
}

const char *mnq_errno_text(void)
{
    return errno == ENOMEM ? "out of memory" : strerror(errno);
}
