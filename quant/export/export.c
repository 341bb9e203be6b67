/* SPDX-License-Identifier: Apache-2.0
 * A packed model as a C library for one core. */
#include "export/export.h"

#include "export/xflash.h"
#include "export/xfolder.h"
#include "export/xformat.h"
#include "export/xplan.h"
#include "util/json.h"

#include <stdlib.h>
#include <string.h>

const char *const mnq_xformat_words[] = {"c", "arduino", "platformio", "zephyr", "esp-idf", "cmsis-pack", NULL};

static void write_format(struct mnq_export *x)
{
    static void (*const format[])(struct mnq_export *) = {mnq_xformat_c,      mnq_xformat_arduino, mnq_xformat_platformio,
                                                          mnq_xformat_zephyr, mnq_xformat_esp_idf, mnq_xformat_cmsis_pack};
    format[x->o->format](x);
}

/* The last part of a path, without its ending. */
static void name_of(char *to, size_t cap, const char *path)
{
    char stem[256];
    const char *slash = strrchr(path, '/'), *base = slash == NULL ? path : slash + 1;
    size_t n = strcspn(base, ".");
    if (n == 0) n = strlen(base);
    if (n >= sizeof stem) n = sizeof stem - 1;
    memcpy(stem, base, n);
    stem[n] = 0;
    mnq_xtext_identifier(to, cap, stem);
}

static void settle_name(struct mnq_export *x)
{
    static const char *const taken[] = {"mnq",   "open",  "record", "run",    "whole",        "packing", "crc32",
                                        "model", "band",  "stages", "fixed",  "flash_record", "flash",   "kernels",
                                        "check", "prove", "bytes",  "packed", "stage_plan",   "reach",   "variants"};

    if (x->o->name != NULL) mnq_xtext_identifier(x->name, sizeof x->name - 8, x->o->name);
    else name_of(x->name, sizeof x->name - 8, x->p->file);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (strcmp(x->name, taken[i]) == 0) memcpy(x->name + strlen(x->name), "_net", 5); /* a file of the runtime */
    for (size_t i = 0; i <= strlen(x->name); i++)
        x->upper[i] = (char)(x->name[i] >= 'a' && x->name[i] <= 'z' ? x->name[i] - 32 : x->name[i]);
}

/* Kernels and packed weights; of compressed layers that the core is faster with decoded ones, what that is worth, or these.
 */
static int make_image(struct mnq_export *x, struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_package *p = x->p;
    const enum mnq_xset set = x->o->target->set;
    uint8_t *dense = mnq_arena_array(arena, (size_t)p->q.n_layers, 1);
    int any = 0;

    if (dense == NULL) return mnq_fail_nomem(e);
    if (mnq_ximage_make(p, set, NULL, &x->image, arena, e) != 0) return -1;
    for (int i = 0; i < p->q.n_layers; i++) any |= dense[i] = (uint8_t)mnq_ximage_compressed(p, i);
    if (!any || x->o->full || set == MNQ_XSET_GENERIC) return 0;
    const struct mnq_ximage file = x->image;
    if (mnq_ximage_make(p, set, dense, &x->image, arena, e) != 0) return -1;
    const struct mnq_ximage decoded = x->image;
    for (int i = 0; i < p->q.n_layers; i++) {
        if (!dense[i]) continue;
        x->image = file;
        const int64_t slow = mnq_xcost_layer(x, i, 1, file.layer[i].l.oh);
        x->image = decoded;
        const int64_t quick = mnq_xcost_layer(x, i, 1, file.layer[i].l.oh);
        dense[i] = decoded.layer[i].packed_bytes > 0 && quick < slow;
        if (!dense[i]) continue;
        x->slower++;
        x->slower_by += slow - quick;
    }
    x->image = file;
    return x->o->fast && x->slower > 0 ? mnq_ximage_make(p, set, dense, &x->image, arena, e) : 0;
}

/* Tables for a target that trusts them, where they hold the model; else a file. */
static int write_image(struct mnq_export *x, struct mnq_arena *arena, struct mnq_err *e)
{
    if (mnq_xcost_arenas(x, arena, e) != 0) return -1;
    const struct mnq_xsizes sizes = {x->costs.arena, x->costs.arena_rows, x->costs.arena_layers};
    if (!x->o->full) {
        const int rc = mnq_xflash_write(x->p, &sizes, &x->image, arena, e);
        if (rc <= 0) return rc;
    }
    return mnq_ximage_write(x->p, x->o->full, &x->image, arena, e);
}

int mnq_export_foretell(struct mnq_export *x, const struct mnq_package *p, const struct mnq_xopts *o,
                        struct mnq_arena *arena, struct mnq_err *e)
{
    *x = (struct mnq_export){.p = p, .o = o};
    settle_name(x);
    if (make_image(x, arena, e) != 0 || mnq_xplan_make(x, arena, e) != 0) return -1;
    if (write_image(x, arena, e) != 0) return -1;
    if (o->fast && x->slower > 0 && !x->image.flash)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: --storage speed: the tables of a trusted library do not hold this model",
                        p->file);
    if (mnq_xsource_list(&x->image, o->target->set, o->full, &x->sources, e) != 0) return -1;
    mnq_xcost_fill(x);
    return 0;
}

int mnq_export_make(struct mnq_export *x, const struct mnq_package *p, const struct mnq_xopts *o, struct mnq_arena *arena,
                    struct mnq_err *e)
{
    if (mnq_export_foretell(x, p, o, arena, e) != 0 || mnq_xgolden_make(p, &x->golden, arena, e) != 0) return -1;
    write_format(x);
    if (o->model) {
        struct mnq_xtext *f = mnq_xfiles_add(&x->files, "%s.mnq", x->name);
        if (f != NULL) mnq_xtext_bytes(f, (const char *)p->bytes, p->n_bytes);
    }
    struct mnq_xtext *mark = mnq_xfiles_add(&x->files, "%s", MNQ_XFOLDER_MARK);
    const char *json = mnq_export_json(x, arena);
    if (mark == NULL || json == NULL) return mnq_fail_nomem(e);
    mnq_xtext_add(mark, "%s\n", json);
    return mnq_xfiles_failed(&x->files) ? mnq_fail_nomem(e) : 0;
}

void mnq_export_end(struct mnq_export *x)
{
    mnq_xfiles_free(&x->files);
}

const char *mnq_export_json(const struct mnq_export *x, struct mnq_arena *arena)
{
    const struct mnq_xcosts *c = &x->costs;
    struct mnq_json j = {.indent = 2};

    mnq_json_object(&j, NULL);
    mnq_json_string(&j, "schema", "mnquant.export/1");
    mnq_json_string(&j, "target", x->o->target->name);
    mnq_json_object(&j, "flash");
    mnq_json_int(&j, "code", (int64_t)c->flash_code);
    mnq_json_int(&j, "weights", (int64_t)c->flash_weights);
    mnq_json_int(&j, "tables", (int64_t)c->flash_tables);
    mnq_json_int(&j, "total", (int64_t)(c->flash_code + c->flash_weights + c->flash_tables));
    mnq_json_end(&j);
    mnq_json_object(&j, "ram");
    mnq_json_int(&j, "arena", (int64_t)c->arena);
    mnq_json_int(&j, "stack", (int64_t)c->stack);
    mnq_json_int(&j, "static", 0);
    mnq_json_int(&j, "total", (int64_t)(c->arena + c->stack));
    mnq_json_int(&j, "total_pushed_rows", (int64_t)(c->arena_rows + c->stack));
    mnq_json_end(&j);
    mnq_json_int(&j, "instructions", (int64_t)c->instructions);
    mnq_json_array(&j, "layers");
    for (int i = 0; i < x->image.n_layers; i++) {
        mnq_json_object(&j, NULL);
        mnq_json_string(&j, "name", x->p->q.layer[i].name);
        mnq_json_int(&j, "instructions", (int64_t)x->image.layer[i].instructions);
        mnq_json_end(&j);
    }
    mnq_json_end(&j);
    mnq_json_array(&j, "files");
    for (int i = 0; i < x->files.n; i++) mnq_json_string(&j, NULL, x->files.file[i].path);
    mnq_json_end(&j);
    mnq_json_end(&j);
    char *text = j.failed ? NULL : mnq_arena_strdup(arena, j.text);
    mnq_json_free(&j);
    return text;
}
