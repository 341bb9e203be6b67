/* SPDX-License-Identifier: Apache-2.0
 * A user of the installed host libraries, C11 and C++17 alike: what is in a model, float or integer.
 *
 * usage: use_host MODEL... */
#include <mnq/host.h>
#include <calibrate.h>
#include <dataset.h>
#include <quantize/lower.h>
#include <subject.h>
#include <util/arena.h>

#include <stdio.h>
#include <string.h>

static int show(const char *path)
{
    struct mnq_subject_opts o;
    struct mnq_subject s;
    struct mnq_arena arena;
    struct mnq_err e;
    int rc;

    memset(&o, 0, sizeof o);
    memset(&s, 0, sizeof s);
    memset(&arena, 0, sizeof arena);
    memset(&e, 0, sizeof e);
    rc = mnq_subject_open(path, &o, &s, &arena, &e);
    if (rc != 0) fprintf(stderr, "%s\n", e.msg);
    else
        printf("%s %dx%dx%d, %d outputs, %lld MACs\n", s.kind == MNQ_SUBJECT_FLOAT ? "float" : "integer", (int)s.input.h,
               (int)s.input.w, (int)s.input.c, s.outputs, (long long)s.macs);
    mnq_arena_free(&arena);
    return rc;
}

int main(int argc, char **argv)
{
    int i;

    for (i = 1; i < argc; i++)
        if (show(argv[i]) != 0) return 1;
    return argc > 1 && mnq_kernels_best() != NULL ? 0 : 1;
}
