/* SPDX-License-Identifier: Apache-2.0
 * The mnquant program. */
#include "cli.h"
#include "commands.h"

int main(int argc, char **argv)
{
    return mnq_cli_main(&mnq_program, argc, argv);
}
