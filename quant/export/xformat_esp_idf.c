/* SPDX-License-Identifier: Apache-2.0
 * --format esp-idf: a component, and an example project. */
#include "export/xformat.h"

void mnq_xformat_esp_idf(struct mnq_export *x)
{
    const char *n = x->name, *u = x->upper;
    struct mnq_xtext *t;

    mnq_xmodel_write(x, "src/");
    if ((t = mnq_xfiles_add(&x->files, "CMakeLists.txt")) != NULL) {
        mnq_xtext_add(t, "idf_component_register(SRCS\n");
        mnq_xformat_sources(x, t, "    \"", "\"", 0);
        mnq_xtext_add(t, "  INCLUDE_DIRS \"src\")\ntarget_compile_options(${COMPONENT_LIB} PRIVATE -O2)\n");
    }
    if ((t = mnq_xfiles_add(&x->files, "idf_component.yml")) != NULL)
        mnq_xtext_add(
            t, "version: \"1.0.0\"\ndescription: %s, a neural network in integers\ndependencies:\n  idf: \">=4.4\"\n", n);
    if ((t = mnq_xfiles_add(&x->files, "examples/selftest/CMakeLists.txt")) != NULL)
        mnq_xtext_add(t,
                      "cmake_minimum_required(VERSION 3.16)\nset(EXTRA_COMPONENT_DIRS ../..)\n"
                      "include($ENV{IDF_PATH}/tools/cmake/project.cmake)\nproject(%s_selftest)\n",
                      n);
    if ((t = mnq_xfiles_add(&x->files, "examples/selftest/main/CMakeLists.txt")) != NULL)
        mnq_xtext_add(t, "idf_component_register(SRCS \"main.c\" INCLUDE_DIRS \".\")\n");
    if ((t = mnq_xfiles_add(&x->files, "examples/selftest/main/main.c")) != NULL)
        mnq_xtext_add(t,
                      "#include <stdio.h>\n\n#include \"%s_selftest.h\"\n\n%s_ARENA(arena, %s_ARENA_BYTES);\n\nvoid "
                      "app_main(void)\n{\n"
                      "    printf(\"%%s\\n\", %s_selftest(arena, sizeof arena) == 0 ? \"self-test passed\" : \"self-test "
                      "failed\");\n}\n",
                      n, u, u, n);
    mnq_xformat_readme(x,
                       "Put this folder below your project's `components`; `examples/selftest` is a project of its own.\n");
}
