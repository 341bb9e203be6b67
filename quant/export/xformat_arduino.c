/* SPDX-License-Identifier: Apache-2.0
 * --format arduino: a library as Arduino's specification 1.5 lays it out, with an example sketch. */
#include "export/xformat.h"

void mnq_xformat_arduino(struct mnq_export *x)
{
    const char *n = x->name, *u = x->upper;
    struct mnq_xtext *t;

    mnq_xmodel_write(x, "src/");
    if ((t = mnq_xfiles_add(&x->files, "library.properties")) != NULL)
        mnq_xtext_add(
            t,
            "name=%s\nversion=1.0.0\nauthor=mnquant\nmaintainer=mnquant\nsentence=A neural network in integers for %s.\n"
            "paragraph=Input, output, memory: see the header. No heap, no float.\ncategory=Data Processing\nurl=\n"
            "architectures=*\nincludes=%s.h\n",
            n, x->o->target->name, n);
    if ((t = mnq_xfiles_add(&x->files, "keywords.txt")) != NULL)
        mnq_xtext_add(
            t, "%s_open\tKEYWORD2\n%s_selftest\tKEYWORD2\nmnq_input\tKEYWORD2\nmnq_run\tKEYWORD2\nmnq_output\tKEYWORD2\n", n,
            n);
    if ((t = mnq_xfiles_add(&x->files, "examples/SelfTest/SelfTest.ino")) != NULL)
        mnq_xtext_add(
            t,
            "// Runs the self-test of %s once and reports it on the serial port.\n#include <%s.h>\n#include "
            "<%s_selftest.h>\n\n"
            "%s_ARENA(arena, %s_ARENA_BYTES);\n\nvoid setup()\n{\n    Serial.begin(115200);\n    while (!Serial) {}\n"
            "    const int s = %s_selftest(arena, sizeof arena);\n"
            "    Serial.println(s == 0 ? \"self-test passed\" : \"self-test failed\");\n}\n\nvoid loop() {}\n",
            n, n, n, u, u, n);
    mnq_xformat_readme(x, "Copy this folder to Arduino's `libraries`, restart the IDE, open Examples > SelfTest.\n");
}
