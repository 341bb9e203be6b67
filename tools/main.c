/* SPDX-License-Identifier: Apache-2.0
 * The mnquant program. */
#include "command.h"

int main(int argc, char **argv)
{
    return mnq_cli_main(argc, argv);
}
