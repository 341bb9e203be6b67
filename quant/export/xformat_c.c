/* SPDX-License-Identifier: Apache-2.0
 * --format c: sources with a CMakeLists.txt, a Makefile and a program that runs the self-test. */
#include "export/xformat.h"

#include <string.h>

static int is_cortex(const struct mnq_xtarget *t)
{
    return strncmp(t->name, "cortex-", 7) == 0;
}

static const char *runner_of(const struct mnq_xtarget *t)
{
    static const char *const runner[][2] = {{"cortex-m0", "qemu-system-arm -M mps2-an385"},
                                            {"cortex-m3", "qemu-system-arm -M mps2-an385"},
                                            {"cortex-m4", "qemu-system-arm -M mps2-an386"},
                                            {"cortex-m7", "qemu-system-arm -M mps2-an500"},
                                            {"cortex-m33", "qemu-system-arm -M mps3-an547"},
                                            {"cortex-m55", "qemu-system-arm -M mps3-an547"},
                                            {"cortex-m85", "qemu-system-arm -M mps3-an547"},
                                            {"rv32imc", "qemu-system-riscv32 -M virt -bios none"},
                                            {"rv64gcv", "qemu-riscv64 -cpu rv64,v=true,vext_spec=v1.0"},
                                            {"aarch64", "qemu-aarch64"},
                                            {"aarch64-dotprod", "qemu-aarch64"},
                                            {"aarch64-i8mm", "qemu-aarch64"},
                                            {"hexagon", "qemu-hexagon"}};
    for (size_t i = 0; i < sizeof runner / sizeof *runner; i++)
        if (strcmp(runner[i][0], t->name) == 0) return runner[i][1];
    return "";
}

static void program(struct mnq_export *x, struct mnq_xtext *t)
{
    const int bare = x->o->target->set == MNQ_XSET_HVX;

    mnq_xtext_add(t,
                  "/* Runs the self-test and says what came of it. */\n#include \"%s_selftest.h\"\n\n%s\n\n"
                  "%s_ARENA(arena, %s_ARENA_LAYERS_BYTES > %s_ARENA_BYTES ? %s_ARENA_LAYERS_BYTES : %s_ARENA_BYTES);\n\n"
                  "int main(void)\n{\n    const int s = %s_selftest(arena, sizeof arena);\n\n"
                  "    if (s == 0) printf(\"%s: self-test passed\\n\");\n"
                  "    else printf(\"%s: self-test failed: %%d\\n\", s);\n    return s != 0;\n}\n",
                  x->name, bare ? "int printf(const char *format, ...);\nint main(void);" : "#include <stdio.h>", x->upper,
                  x->upper, x->upper, x->upper, x->upper, x->name, x->name, x->name);
}

/* The first steps of a Cortex-M under QEMU with newlib's semihosting; a board brings its own. */
static void startup(struct mnq_xtext *t)
{
    mnq_xtext_add(
        t,
        "/* For `make run` only: the first steps of a Cortex-M on QEMU's boards. A real board brings its own. */\n"
        "#include <stdint.h>\n\nvoid _start(void);\n\nstatic void reset(void)\n{\n"
        "#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)\n"
        "    *(volatile uint32_t *)0xe000ed88u |= 0xfu << 20; /* CPACR: the unit with the vectors */\n"
        "    __asm__ volatile(\"dsb\\n\\tisb\");\n#endif\n    _start();\n}\n\n"
        "extern void (*const vectors[2])(void);\n__attribute__((section(\".vectors\"))) void (*const vectors[2])(void) = {\n"
        "    (void (*)(void))0x20080000u, reset,\n};\n");
}

/* The same for a Hexagon without any library: entry, two system calls of qemu-hexagon, memory, what main.c prints. */
static void startup_hexagon(struct mnq_xtext *t)
{
    mnq_xtext_add(
        t, "/* For `make run` only: what a program wants of a system and of a C library, under qemu-hexagon. A DSP brings "
           "its own. "
           "*/\n"
           "#include <stdarg.h>\n#include <stddef.h>\n\nint main(void);\nvoid start(void);\nint printf(const char *format, "
           "...);\n"
           "void *memset(void *to, int value, size_t n);\nvoid *memcpy(void *to, const void *from, size_t n);\n"
           "void *memmove(void *to, const void *from, size_t n);\n\n"
           "__asm__(\".text\\n .globl _start\\n_start: { r29 = and(r29, #-128) }\\n { call start }\\n\");\n\n"
           "static void call(int number, int a, const void *b, size_t c)\n{\n"
           "    register int r0 __asm__(\"r0\") = a;\n    register const void *r1 __asm__(\"r1\") = b;\n"
           "    register size_t r2 __asm__(\"r2\") = c;\n    register int r6 __asm__(\"r6\") = number;\n"
           "    __asm__ volatile(\"trap0(#1)\" : \"+r\"(r0) : \"r\"(r1), \"r\"(r2), \"r\"(r6) : \"memory\");\n}\n\n"
           "void start(void)\n{\n    const int status = main();\n    for (;;) call(94, status, NULL, 0);\n}\n\n"
           "void *memset(void *to, int value, size_t n)\n{\n    unsigned char *p = (unsigned char *)to;\n"
           "    while (n--) *p++ = (unsigned char)value;\n    return to;\n}\n\n"
           "void *memcpy(void *to, const void *from, size_t n)\n{\n    return memmove(to, from, n);\n}\n\n"
           "void *memmove(void *to, const void *from, size_t n)\n{\n    unsigned char *p = (unsigned char *)to;\n"
           "    const unsigned char *q = (const unsigned char *)from;\n    size_t i;\n"
           "    if (p < q)\n        for (i = 0; i < n; i++) p[i] = q[i];\n    else\n        while (n--) p[n] = q[n];\n"
           "    return to;\n}\n\n");
    mnq_xtext_add(t, "/* Of formats it knows %%d. */\nint printf(const char *format, ...)\n{\n    va_list ap;\n    char "
                     "digits[12];\n    size_t n;\n\n"
                     "    va_start(ap, format);\n    for (; *format != 0; format += n) {\n"
                     "        for (n = 0; format[n] != 0 && format[n] != '%%'; n++) {}\n        call(64, 1, format, n);\n"
                     "        if (format[n] != 0) {\n            const int value = va_arg(ap, int);\n"
                     "            unsigned v = value < 0 ? 0u - (unsigned)value : (unsigned)value, i = sizeof digits;\n"
                     "            do digits[--i] = (char)('0' + v %% 10);\n            while ((v /= 10) != 0);\n            "
                     "if (value < 0) digits[--i] = '-';\n"
                     "            call(64, 1, digits + i, sizeof digits - i);\n            n += 2;\n        }\n    }\n"
                     "    va_end(ap);\n    return 0;\n}\n");
}

static void makefile(struct mnq_export *x, struct mnq_xtext *t)
{
    const struct mnq_xtarget *g = x->o->target;
    const int cortex = is_cortex(g);

    mnq_xtext_add(t,
                  "# make: lib%s.a for %s.  make run: the self-test, built and run%s.\n"
                  "# Other compilers and options: make CC=... CORE=... OPT=-Os\n"
                  "ifeq ($(origin CC),default)\nCC = %s\nendif\nCORE = %s\nOPT = -O2\n"
                  "CFLAGS = -std=c99 -ffunction-sections -fdata-sections\nRUNNER = %s\nBUILD = build\n\n",
                  x->name, g->name, runner_of(g)[0] != 0 ? " under emulation" : "", g->compiler, g->flags, runner_of(g));
    mnq_xtext_add(t, "SOURCES = \\\n");
    mnq_xformat_sources(x, t, "  ", " \\", 0);
    mnq_xtext_add(
        t,
        "\nOBJECTS = $(SOURCES:%%=$(BUILD)/%%.o)\n\n$(BUILD)/lib%s.a: $(OBJECTS)\n\trm -f $@\n\t$(AR) rcs $@ $^\n\n"
        "$(BUILD)/%%.o: %%\n\t@mkdir -p $(@D)\n\t$(CC) $(CORE) $(OPT) $(CFLAGS) -Isrc -c $< -o $@\n\n",
        x->name);
    if (cortex)
        mnq_xtext_add(t,
                      "LINK = --specs=rdimon.specs -Wl,--section-start=.vectors=0 -Wl,--undefined=vectors -Wl,--gc-sections "
                      "-Wl,-Map=$(BUILD)/selftest.map\n"
                      "EMULATE = -nographic -monitor none -serial none -semihosting-config enable=on,target=native -kernel\n"
                      "START = test/startup.c\n\n");
    else if (g->core == MNQ_XCORE_RV32)
        mnq_xtext_add(t,
                      "LINK = --specs=picolibc.specs --oslib=semihost --crt0=hosted -Wl,--gc-sections "
                      "-Wl,--defsym=__flash=0x80000000,--defsym=__flash_size=0x4000000,--defsym=__ram=0x84000000,"
                      "--defsym=__ram_size=0x3000000\n"
                      "EMULATE = -nographic -monitor none -serial none -semihosting-config enable=on,target=native -kernel\n"
                      "START =\n\n");
    else if (g->set == MNQ_XSET_HVX)
        mnq_xtext_add(t, "LINK = -nostdlib -static -fuse-ld=lld -Wl,--gc-sections -Wl,-Map=$(BUILD)/selftest.map\n"
                         "EMULATE =\nSTART = test/startup.c\n\n");
    else
        mnq_xtext_add(t, "LINK = -Wl,--gc-sections%s\nEMULATE =\nSTART =\n\n",
                      g->set == MNQ_XSET_RVV  ? " -static -fuse-ld=lld"
                      : mnq_xset_neon(g->set) ? " -static"
                                              : "");
    mnq_xtext_add(t,
                  "$(BUILD)/selftest: $(BUILD)/lib%s.a test/main.c $(START)\n"
                  "\t$(CC) $(CORE) $(OPT) $(CFLAGS) -Isrc test/main.c $(START) $(BUILD)/lib%s.a $(LINK) -o $@\n\n"
                  "run: $(BUILD)/selftest\n\t$(RUNNER) $(EMULATE) %s$(BUILD)/selftest\n\n"
                  "clean:\n\trm -rf $(BUILD)\n.PHONY: run clean\n",
                  x->name, x->name, cortex ? "" : "./");
}

static void cmakelists(struct mnq_export *x, struct mnq_xtext *t)
{
    mnq_xtext_add(t,
                  "# The library `%s`: add_subdirectory() here, or a project of its own with a toolchain file for %s (%s).\n"
                  "cmake_minimum_required(VERSION 3.16)\nproject(%s LANGUAGES C%s)\nadd_library(%s STATIC\n",
                  x->name, x->o->target->name, x->o->target->flags, x->name,
                  is_cortex(x->o->target) && x->o->target->set != MNQ_XSET_GENERIC ? " ASM" : "", x->name);
    mnq_xformat_sources(x, t, "  ", "", 0);
    mnq_xtext_add(t,
                  ")\ntarget_include_directories(%s PUBLIC src)\n"
                  "set_target_properties(%s PROPERTIES C_STANDARD 99 C_STANDARD_REQUIRED ON)\n"
                  "target_compile_options(%s PRIVATE -ffunction-sections -fdata-sections)\n",
                  x->name, x->name, x->name);
}

void mnq_xformat_c(struct mnq_export *x)
{
    struct mnq_xtext *t;

    mnq_xmodel_write(x, "src/");
    if ((t = mnq_xfiles_add(&x->files, "test/main.c")) != NULL) program(x, t);
    if (is_cortex(x->o->target) && (t = mnq_xfiles_add(&x->files, "test/startup.c")) != NULL) startup(t);
    if (x->o->target->set == MNQ_XSET_HVX && (t = mnq_xfiles_add(&x->files, "test/startup.c")) != NULL) startup_hexagon(t);
    if ((t = mnq_xfiles_add(&x->files, "Makefile")) != NULL) makefile(x, t);
    if ((t = mnq_xfiles_add(&x->files, "CMakeLists.txt")) != NULL) cmakelists(x, t);
    mnq_xformat_readme(
        x, "`make` builds the library with the compiler that `CC` names, `make run` builds the self-test and runs it\n"
           "(under QEMU for another core). CMake: `add_subdirectory()` of this folder, then link the target.\n");
}
