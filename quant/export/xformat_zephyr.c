/* SPDX-License-Identifier: Apache-2.0
 * --format zephyr: a module with module.yml, Kconfig and CMakeLists.txt, and a sample. */
#include "export/xformat.h"

void mnq_xformat_zephyr(struct mnq_export *x)
{
    const char *n = x->name, *u = x->upper;
    struct mnq_xtext *t;

    mnq_xmodel_write(x, "src/");
    if ((t = mnq_xfiles_add(&x->files, "zephyr/module.yml")) != NULL)
        mnq_xtext_add(t, "name: %s\nbuild:\n  cmake: zephyr\n  kconfig: zephyr/Kconfig\nsamples:\n  - samples\n", n);
    if ((t = mnq_xfiles_add(&x->files, "zephyr/Kconfig")) != NULL)
        mnq_xtext_add(t,
                      "config %s\n\tbool \"%s: a neural network in integers\"\n\thelp\n"
                      "\t  A model exported by mnquant for %s. Needs about %zu bytes of flash and an\n\t  arena of %zu "
                      "bytes, which the"
                      " application provides.\n",
                      u, n, x->o->target->name, x->costs.flash_code + x->costs.flash_weights + x->costs.flash_tables,
                      x->costs.arena);
    if ((t = mnq_xfiles_add(&x->files, "zephyr/CMakeLists.txt")) != NULL) {
        mnq_xtext_add(
            t,
            "if(CONFIG_%s)\n  zephyr_include_directories(../src)\n  zephyr_library_named(%s)\n  zephyr_library_sources(\n",
            u, n);
        mnq_xformat_sources(x, t, "    ../", "", 0);
        mnq_xtext_add(t, "  )\nendif()\n");
    }
    if ((t = mnq_xfiles_add(&x->files, "samples/selftest/CMakeLists.txt")) != NULL)
        mnq_xtext_add(t,
                      "# west build -b mps2/an386 samples/selftest -- "
                      "-DZEPHYR_EXTRA_MODULES=$PWD\ncmake_minimum_required(VERSION 3.20.0)\n"
                      "find_package(Zephyr REQUIRED HINTS $ENV{ZEPHYR_BASE})\nproject(%s_selftest)\n"
                      "target_sources(app PRIVATE src/main.c)\n",
                      n);
    if ((t = mnq_xfiles_add(&x->files, "samples/selftest/prj.conf")) != NULL)
        mnq_xtext_add(t, "CONFIG_%s=y\nCONFIG_MAIN_STACK_SIZE=4096\n", u);
    if ((t = mnq_xfiles_add(&x->files, "samples/selftest/sample.yaml")) != NULL)
        mnq_xtext_add(
            t,
            "sample:\n  name: %s self-test\ntests:\n  sample.%s.selftest:\n    harness: console\n    harness_config:\n"
            "      type: one_line\n      regex:\n        - \"self-test passed\"\n",
            n, n);
    if ((t = mnq_xfiles_add(&x->files, "samples/selftest/src/main.c")) != NULL)
        mnq_xtext_add(
            t,
            "#include <zephyr/kernel.h>\n#include <%s_selftest.h>\n\n%s_ARENA(arena, %s_ARENA_BYTES);\n\nint main(void)\n{\n"
            "\tprintk(\"%%s\\n\", %s_selftest(arena, sizeof(arena)) == 0 ? \"self-test passed\" : \"self-test failed\");\n"
            "\treturn 0;\n}\n",
            n, u, u, n);
    mnq_xformat_readme(
        x, "Name this folder in ZEPHYR_EXTRA_MODULES or your west manifest and set the Kconfig symbol of its name.\n");
}
