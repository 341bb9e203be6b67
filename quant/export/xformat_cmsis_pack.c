/* SPDX-License-Identifier: Apache-2.0
 * --format cmsis-pack: the folder of a pack: its description, the component and an example. */
#include "export/xformat.h"

#include <string.h>

/* A file of the component. */
static void file(struct mnq_xtext *t, const char *path)
{
    const char *end = strrchr(path, '.');
    const char *category = strcmp(end, ".h") == 0 ? "header" : strcmp(end, ".S") == 0 ? "sourceAsm" : "sourceC";
    mnq_xtext_add(t, "        <file category=\"%s\" name=\"%s\"/>\n", category, path);
}

static void description(struct mnq_export *x, struct mnq_xtext *t)
{
    mnq_xtext_add(
        t,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<package schemaVersion=\"1.7.7\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema-instance\" "
        "xs:noNamespaceSchemaLocation=\"PACK.xsd\">\n"
        "  <vendor>mnquant</vendor>\n  <name>%s</name>\n  <description>A neural network in integers for %s</description>\n"
        "  <url></url>\n  <license>README.md</license>\n"
        "  <releases>\n    <release version=\"1.0.0\" date=\"2000-01-01\">Export</release>\n  </releases>\n"
        "  <conditions>\n    <condition id=\"Core\">\n      <description>Any little-endian Cortex-M that has the kernels' "
        "instructions</description>\n      <accept Dendian=\"Little-endian\"/>\n      <accept Dendian=\"Configurable\"/>\n"
        "    </condition>\n  </conditions>\n  <components>\n"
        "    <component Cclass=\"Machine Learning\" Cgroup=\"%s\" Cversion=\"1.0.0\" condition=\"Core\">\n"
        "      <description>The model %s</description>\n      <files>\n"
        "        <file category=\"include\" name=\"src/\"/>\n",
        x->name, x->o->target->name, x->name, x->name);
    for (int i = 0; i < x->files.n; i++)
        if (strncmp(x->files.file[i].path, "src/", 4) == 0) file(t, x->files.file[i].path);
    mnq_xtext_add(t, "      </files>\n    </component>\n  </components>\n</package>\n");
}

void mnq_xformat_cmsis_pack(struct mnq_export *x)
{
    struct mnq_xtext *t;

    mnq_xmodel_write(x, "src/");
    if ((t = mnq_xfiles_add(&x->files, "mnquant.%s.pdsc", x->name)) != NULL) description(x, t);
    if ((t = mnq_xfiles_add(&x->files, "examples/selftest/main.c")) != NULL)
        mnq_xtext_add(t,
                      "#include \"%s_selftest.h\"\n\n%s_ARENA(arena, %s_ARENA_BYTES);\n\nint main(void)\n{\n"
                      "    volatile int s = %s_selftest(arena, sizeof arena); /* 0: passed */\n\n    for (;;) (void)s;\n}\n",
                      x->name, x->upper, x->upper, x->name);
    mnq_xformat_readme(x,
                       "Zip this folder to `mnquant.NAME.1.0.0.pack`, or add it with `cpackget add mnquant.NAME.pdsc`.\n");
}
