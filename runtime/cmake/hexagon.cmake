# SPDX-License-Identifier: Apache-2.0
# Bare Hexagon, clang and lld without a C library or compiler-rt: cmake --toolchain .../hexagon.cmake [-DMNQ_CPU=hexagonv67]
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR hexagon)
set(MNQ_CPU hexagonv67 CACHE STRING "-mcpu of the target")
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MNQ_CPU)
find_program(MNQ_CLANG NAMES clang-19 clang-18 clang-17 clang REQUIRED)
find_program(MNQ_LLD NAMES ld.lld-19 ld.lld-18 ld.lld-17 ld.lld)
set(CMAKE_C_COMPILER ${MNQ_CLANG})
set(CMAKE_C_COMPILER_TARGET hexagon-unknown-elf)
# With -Os clang saves registers, and at any level copies structs, by functions of compiler-rt, unless these thresholds are high.
set(CMAKE_C_FLAGS_INIT "-mcpu=${MNQ_CPU} -G0 -ffreestanding -ffunction-sections -fdata-sections -mllvm -spill-func-threshold-Os=100 \
-mllvm -max-store-memcpy=64 -mllvm -max-store-memcpy-Os=64")
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG" CACHE STRING "Flags of the C compiler in Release builds")
set(CMAKE_C_FLAGS_MINSIZEREL "-Os -DNDEBUG" CACHE STRING "Flags of the C compiler in MinSizeRel builds")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-nostdlib -fuse-ld=${MNQ_LLD}")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
