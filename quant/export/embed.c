/* SPDX-License-Identifier: Apache-2.0
 * Built and run with the project: turns the runtime's sources into a C array, so that an installed program can export them.
 *
 * usage: embed ROOT FILE... > embedded.c     FILE: below ROOT; include/, src/ and kernels/ in front of it are
 * dropped */
#include <stdio.h>
#include <string.h>

static const char *placed(const char *path)
{
    static const char *const drop[] = {"include/", "src/", "kernels/"};
    if (strcmp(path, "include/mnq/kernels.h") == 0) return "kernels.h"; /* as the sources include it */
    for (size_t i = 0; i < sizeof drop / sizeof *drop; i++)
        if (strncmp(path, drop[i], strlen(drop[i])) == 0) return path + strlen(drop[i]);
    return path;
}

static int embed(const char *root, const char *path, int number)
{
    char name[4096];
    snprintf(name, sizeof name, "%s/%s", root, path);
    FILE *f = fopen(name, "rb");
    if (f == NULL) {
        perror(name);
        return -1;
    }
    printf("static const unsigned char file_%d[] = {", number);
    int c;
    for (int i = 0; (c = getc(f)) != EOF; i++) printf("%s%d,", i % 32 == 0 ? "\n" : "", c);
    printf("0};\n");
    fclose(f);
    return 0;
}

int main(int argc, char **argv)
{
    printf("#include \"export/embedded.h\"\n");
    for (int i = 2; i < argc; i++)
        if (embed(argv[1], argv[i], i - 2) != 0) return 1;
    printf("const struct mnq_embedded mnq_embedded[] = {\n");
    for (int i = 2; i < argc; i++)
        printf("    {\"%s\", (const char *)file_%d, sizeof file_%d - 1},\n", placed(argv[i]), i - 2, i - 2);
    printf("};\nconst int mnq_n_embedded = %d;\n", argc - 2);
    return 0;
}
