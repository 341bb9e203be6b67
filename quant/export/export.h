/* SPDX-License-Identifier: Apache-2.0
 * A packed model as a C library for one core. */
#ifndef MNQ_EXPORT_H
#define MNQ_EXPORT_H

#include "export/xgolden.h"
#include "export/ximage.h"
#include "export/xsource.h"
#include "export/xtext.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mnq_xformat {
    MNQ_XFORMAT_C,
    MNQ_XFORMAT_ARDUINO,
    MNQ_XFORMAT_PLATFORMIO,
    MNQ_XFORMAT_ZEPHYR,
    MNQ_XFORMAT_ESP_IDF,
    MNQ_XFORMAT_CMSIS_PACK
};

/** Words of enum mnq_xformat, NULL-terminated. */
extern const char *const mnq_xformat_words[];

/** Which plans the library holds: for pictures in memory, for rows that are pushed. */
enum mnq_xinput { MNQ_XINPUT_BOTH, MNQ_XINPUT_PICTURE, MNQ_XINPUT_ROWS };

/** Words of enum mnq_xinput, NULL-terminated. */
extern const char *const mnq_xinput_words[];

struct mnq_xopts {
    const struct mnq_xtarget *target;
    enum mnq_xformat format;
    const char *name;     /* an identifier; NULL: from the file's name */
    int full;             /* the target proves the model again when it loads it */
    int plan;             /* enum mnq_xplan */
    int64_t ram;          /* bytes of arena for it; 0: no limit */
    int input;            /* enum mnq_xinput */
    const char *measured; /* what an evaluation said of it, for the header, or NULL */
    int model;            /* the packed model goes into the folder, too */
    int fast;             /* compressed weights are decoded for a target that trusts, where that takes fewer instructions */
};

/** Bytes of stack of mnq_run() and all that it calls, the deepest of the counted cores, rounded up. */
enum { MNQ_XSTACK = 768 };

/** Bytes and instructions, foretold. */
struct mnq_xcosts {
    size_t flash_code, flash_weights, flash_tables;
    size_t arena, arena_rows, arena_layers,
        stack; /* arena_rows: with the picture pushed row by row; _layers: layer by layer */
    uint64_t instructions;
};

struct mnq_export {
    const struct mnq_package *p;
    const struct mnq_xopts *o;
    char name[64], upper[64];
    struct mnq_ximage image;
    struct mnq_xsources sources;
    struct mnq_xgolden golden;
    struct mnq_xcosts costs;
    struct mnq_xfiles files;
    int slower;        /* layers whose compressed weights take more instructions than decoded ones, */
    int64_t slower_by; /* by so many in all, foretold */
};

/** All but the files: kernels, packed weights, plans, and what they cost. Nothing is to be ended. */
int mnq_export_foretell(struct mnq_export *x, const struct mnq_package *p, const struct mnq_xopts *o,
                        struct mnq_arena *arena, struct mnq_err *e);

/** Makes everything in memory. End with mnq_export_end(), after a failure too. */
int mnq_export_make(struct mnq_export *x, const struct mnq_package *p, const struct mnq_xopts *o, struct mnq_arena *arena,
                    struct mnq_err *e);
void mnq_export_end(struct mnq_export *x);

/* ---- parts, in the order in which mnq_export_make() calls them ---- */

/** Instructions of layer k in `calls` calls of its kernel, `rows` rows of the output each; of what is around as many calls.
 */
int64_t mnq_xcost_layer(const struct mnq_export *x, int k, int calls, int rows);
int64_t mnq_xcost_calls(int calls);

/** Arenas of the model as the target will compute it: with its kernels' scratch. */
int mnq_xcost_arenas(struct mnq_export *x, struct mnq_arena *arena, struct mnq_err *e);

/** Bytes and instructions; instructions of each layer go to x->image. */
void mnq_xcost_fill(struct mnq_export *x);

/** NAME.h, NAME.c, the self-test and the runtime's sources, below `dir` ("src/"). */
void mnq_xmodel_write(struct mnq_export *x, const char *dir);

/** The JSON document of `export --json`, NUL-terminated in the arena; NULL when out of memory. */
const char *mnq_export_json(const struct mnq_export *x, struct mnq_arena *arena);

#ifdef __cplusplus
}
#endif
#endif
