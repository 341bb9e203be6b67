/* SPDX-License-Identifier: Apache-2.0
 * Folders that appear whole or not at all, wherever a rename or the removal of a file fails; what was there before comes
 * back. The linker puts functions of this file in the place of the system's. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "export/xfolder.h"
#include "tempdir.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT = 4096, NEVER = 1000 };

static struct mnq_arena arena;
static struct mnq_err err;
static const char *top; /* the folder of the test, where `out` is made */
static char out[256];

/* ---- failing system calls ---- */

static int renames_before; /* so many work, then one fails; NEVER: none */
static int removals_before;

int __real_rename(const char *from, const char *to);
int __real_remove(const char *path);
int __wrap_rename(const char *from, const char *to);
int __wrap_remove(const char *path);

int __wrap_rename(const char *from, const char *to)
{
    if (renames_before-- != 0) return __real_rename(from, to);
    errno = EIO;
    return -1;
}

int __wrap_remove(const char *path)
{
    if (removals_before-- != 0) return __real_remove(path);
    errno = EPERM;
    return -1;
}

static int setup(void **state)
{
    (void)state;
    top = mnq_temp_make();
    snprintf(out, sizeof out, "%s", mnq_temp_path("out"));
    err.code = 0;
    renames_before = removals_before = NEVER;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mnq_temp_remove();
    mnq_arena_free(&arena);
    return 0;
}

/* ---- what is there ---- */

static void add_tree(char *text, const char *folder, const char *below)
{
    struct dirent **entry;
    char path[1024], name[512], body[64];
    int n = scandir(folder, &entry, NULL, alphasort);
    assert_true(n >= 0);
    for (int i = 0; i < n; free(entry[i++])) {
        struct stat st;
        if (strcmp(entry[i]->d_name, ".") == 0 || strcmp(entry[i]->d_name, "..") == 0) continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry[i]->d_name);
        snprintf(name, sizeof name, "%s%s", below, entry[i]->d_name);
        assert_int_equal(lstat(path, &st), 0);
        size_t at = strlen(text);
        if (S_ISDIR(st.st_mode)) {
            snprintf(text + at, TEXT - at, "%s/\n", name);
            strcat(name, "/");
            add_tree(text, path, name);
        } else {
            FILE *f = S_ISREG(st.st_mode) ? fopen(path, "rb") : NULL;
            size_t got = f != NULL ? fread(body, 1, sizeof body - 1, f) : 0;
            body[got] = '\0';
            if (f != NULL) fclose(f);
            snprintf(text + at, TEXT - at, "%s %s\n", name, body);
        }
    }
    free(entry);
}

static const char *tree(void)
{
    static char text[2][TEXT];
    static int turn;
    char *t = text[turn++ % 2];
    t[0] = '\0';
    add_tree(t, top, "");
    return t;
}

#define MARK "mnquant-export.json {\"files\": [\"a.c\", \"src/b.c\"]}\n"

static void fill(struct mnq_xfiles *f, const char *text, const char *other)
{
    *f = (struct mnq_xfiles){0};
    mnq_xtext_add(mnq_xfiles_add(f, "a.c"), "%s", text);
    mnq_xtext_add(mnq_xfiles_add(f, "%s", other), "%s", text);
    mnq_xtext_add(mnq_xfiles_add(f, MNQ_XFOLDER_MARK), "{\"files\": [\"a.c\", \"%s\"]}", other);
    assert_false(mnq_xfiles_failed(f));
}

/* All of it, or as far as it gets; 0 or -1. */
static int write_out(const char *text, const char *other, bool force, bool keep)
{
    struct mnq_xfiles f;
    fill(&f, text, other);
    struct mnq_xfolder *x = mnq_xfolder_make(out, &f, &arena, &err);
    mnq_xfiles_free(&f);
    if (x == NULL) return -1;
    int rc = mnq_xfolder_place(x, force, &err);
    if (rc == 0 && keep) return mnq_xfolder_keep(x, &err);
    mnq_xfolder_undo(x, &err);
    return rc;
}

enum before { NOTHING, AN_EMPTY_FOLDER, AN_EXPORT, BEFORE };

static void prepare(enum before what)
{
    if (what == AN_EMPTY_FOLDER) mnq_temp_dir("out");
    if (what != AN_EXPORT) return;
    assert_int_equal(write_out("old", "src/b.c", false, true), 0);
    mnq_temp_text("out/src/mine.c", "mine");
    mnq_temp_dir("out/docs");
    mnq_temp_text("out/docs/notes", "notes");
}

/* ---- tests ---- */

static void appears(void **state)
{
    (void)state;
    assert_int_equal(write_out("one", "src/b.c", false, true), 0);
    assert_string_equal(tree(), "out/\nout/a.c one\nout/" MARK "out/src/\nout/src/b.c one\n");
    /* Only with force; what the export before wrote goes, what is the user's stays. */
    mnq_temp_text("out/src/mine.c", "mine");
    assert_int_equal(write_out("two", "c.c", false, true), -1);
    assert_non_null(strstr(err.msg, "/out: holds an export; -f replaces it"));
    assert_string_equal(tree(), "out/\nout/a.c one\nout/" MARK "out/src/\nout/src/b.c one\nout/src/mine.c mine\n");
    assert_int_equal(write_out("two", "c.c", true, true), 0);
    assert_string_equal(tree(), "out/\nout/a.c two\nout/c.c two\nout/mnquant-export.json {\"files\": [\"a.c\", \"c.c\"]}\n"
                                "out/src/\nout/src/mine.c mine\n");
}

static void spares_what_is_not_its_own(void **state)
{
    char before[TEXT];
    (void)state;
    mnq_temp_dir("out");
    mnq_temp_text("out/precious", "mine");
    assert_int_equal(mnq_xfolder_check(out, true, &err), -1);
    err.code = 0;
    assert_int_equal(write_out("one", "b.c", true, true), -1);
    assert_non_null(strstr(err.msg, "/out: holds files that no export wrote"));
    assert_string_equal(tree(), "out/\nout/precious mine\n");
    mnq_temp_text("out/" MNQ_XFOLDER_MARK, "{\"files\": []}"); /* a user's file where one of the export's would be */
    strcpy(before, tree());
    err.code = 0;
    assert_int_equal(write_out("one", "precious", true, true), -1);
    assert_non_null(strstr(err.msg, "/out/precious: not written by an export, which would replace it"));
    assert_string_equal(tree(), before);
}

static void undone_is_as_before(void **state)
{
    for (int what = 0; what < BEFORE; what++) {
        char before[TEXT];
        teardown(state);
        setup(state);
        prepare((enum before)what);
        strcpy(before, tree());
        assert_int_equal(mnq_xfolder_check(out, true, &err), 0);
        assert_int_equal(write_out("new", "b.c", true, false), 0);
        assert_string_equal(tree(), before);
        assert_int_equal(write_out("new", "b.c", true, true), 0);
        assert_string_not_equal(tree(), before);
    }
}

static void a_rename_fails(void **state)
{
    int failed = 0;
    for (int what = 0; what < BEFORE; what++)
        for (int n = 0; n < 3; n++) {
            char before[TEXT];
            teardown(state);
            setup(state);
            prepare((enum before)what);
            strcpy(before, tree());
            renames_before = n;
            int rc = write_out("new", "b.c", true, false);
            renames_before = NEVER;
            failed += rc != 0;
            if (rc != 0) assert_non_null(strstr(err.msg, "/out: Input/output error"));
            assert_string_equal(tree(), before);
        }
    assert_int_equal(failed, 4); /* an export is set aside first; behind them it is the undoing that fails */
}

static void what_cannot_be_removed_is_named(void **state)
{
    (void)state;
    prepare(AN_EXPORT);
    mnq_fail(&err, MNQ_EXIT_FAILED, "the disk is full");
    removals_before = 0;
    assert_int_equal(write_out("new", "b.c", true, false), 0);
    assert_non_null(strstr(err.msg, "the disk is full; "));
    assert_non_null(strstr(err.msg, "is left, it cannot be removed: Operation not permitted"));
    assert_non_null(strstr(tree(), "out/src/mine.c mine\n"));
    assert_non_null(strstr(tree(), "out/a.c old\n"));
}

static void links_and_names(void **state)
{
    char name[5000];
    (void)state;
    assert_int_equal(symlink("real", out), 0);
    assert_int_equal(mnq_xfolder_check(out, true, &err), -1);
    assert_non_null(strstr(err.msg, "/out: a link to a folder that does not exist"));
    mnq_temp_dir("real");
    err.code = 0;
    assert_int_equal(write_out("one", "b.c", false, true), 0);
    assert_non_null(strstr(tree(), "out \nreal/\nreal/a.c one\n"));
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(mnq_xfolder_check(name, true, &err), -1);
    err.code = 0;
    assert_int_equal(mnq_xfolder_check("", true, &err), -1);
    err.code = 0;
    assert_int_equal(mnq_xfolder_check(mnq_temp_path("none/out"), true, &err), -1);
    assert_non_null(strstr(err.msg, "/none/out: No such file or directory"));
    err.code = 0;
    mnq_temp_text("file", "");
    assert_int_equal(mnq_xfolder_check(mnq_temp_path("file/out"), true, &err), -1);
    assert_non_null(strstr(err.msg, "/file/out: Not a directory"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {T(appears),        T(spares_what_is_not_its_own),      T(undone_is_as_before),
                                       T(a_rename_fails), T(what_cannot_be_removed_is_named), T(links_and_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
