#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the firmware around a model and N raw inputs, runs it on an emulated RISC-V board and prints its report.
#
# usage: [CORE=rv32imc] run_riscv.sh MODEL.mnq INPUTS.bin N
#   CORE  -march: rv32imc, rv64imc, ...
# Needs clang-19, lld-19 and QEMU; exit status 77 if one is missing.
set -eu
[ $# -ge 3 ] || { echo "usage: run_riscv.sh MODEL.mnq INPUTS.bin N" >&2; exit 2; }
core=${CORE:-rv32imc}
case $core in
rv64*) emulator=qemu-system-riscv64 ;;
*) emulator=qemu-system-riscv32 ;;
esac
for tool in clang-19 ld.lld-19 $emulator cmake; do
    command -v $tool >/dev/null || { echo "run_riscv.sh: $tool is not installed" >&2; exit 77; }
done
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{
    cmake -S "$here" -B "$work" --toolchain "$here/../../cmake/riscv-elf.cmake" "-DMNQ_CPU=$core" \
        "-DMODEL=$(realpath "$1")" "-DINPUTS=$(realpath "$2")" "-DCOUNT=$3" && cmake --build "$work"
} >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
timeout "${MNQ_TIMEOUT:-600}" $emulator -M virt -bios none -nographic -monitor none -serial none \
    -semihosting-config enable=on,target=native -kernel "$work/firmware.elf" </dev/null
