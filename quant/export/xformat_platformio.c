/* SPDX-License-Identifier: Apache-2.0
 * --format platformio: a library with library.json, and an example project. */
#include "export/xformat.h"

void mnq_xformat_platformio(struct mnq_export *x)
{
    const char *n = x->name, *u = x->upper;
    struct mnq_xtext *t;

    mnq_xmodel_write(x, "src/");
    if ((t = mnq_xfiles_add(&x->files, "library.json")) != NULL)
        mnq_xtext_add(t,
                      "{\n  \"name\": \"%s\",\n  \"version\": \"1.0.0\",\n  \"description\": \"A neural network in integers "
                      "for %s\",\n"
                      "  \"frameworks\": \"*\",\n  \"platforms\": \"*\",\n  \"headers\": \"%s.h\",\n"
                      "  \"build\": { \"flags\": [\"-Isrc\"], \"srcDir\": \"src\", \"includeDir\": \"src\" }\n}\n",
                      n, x->o->target->name, n);
    if ((t = mnq_xfiles_add(&x->files, "examples/selftest/platformio.ini")) != NULL)
        mnq_xtext_add(
            t,
            "; Choose your board; the library is two folders up.\n[env:board]\nplatform = ststm32\nboard = nucleo_f446re\n"
            "framework = arduino\nlib_extra_dirs = ../../..\nbuild_flags = -O2\n");
    if ((t = mnq_xfiles_add(&x->files, "examples/selftest/src/main.cpp")) != NULL)
        mnq_xtext_add(
            t,
            "// Runs the self-test of %s once and reports it on the serial port.\n#include <Arduino.h>\n#include <%s.h>\n"
            "#include <%s_selftest.h>\n\n%s_ARENA(arena, %s_ARENA_BYTES);\n\nvoid setup()\n{\n    Serial.begin(115200);\n"
            "    Serial.println(%s_selftest(arena, sizeof arena) == 0 ? \"self-test passed\" : \"self-test failed\");\n}\n\n"
            "void loop() {}\n",
            n, n, n, u, u, n);
    mnq_xformat_readme(x, "Put this folder below your project's `lib`; `examples/selftest` is a project of its own.\n");
}
