# SPDX-License-Identifier: Apache-2.0
# Bare-metal Arm: cmake --toolchain .../arm-none-eabi.cmake [-DMNQ_CPU=cortex-m4] [-DCMAKE_BUILD_TYPE=MinSizeRel]
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(MNQ_CPU cortex-m4 CACHE STRING "-mcpu of the target")
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MNQ_CPU)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_ASM_COMPILER arm-none-eabi-gcc)
set(core "-mcpu=${MNQ_CPU} -mthumb")
if(MNQ_CPU MATCHES "^cortex-m(55|85)$") # Helium has the registers of floats
  string(APPEND core " -mfloat-abi=hard")
endif()
set(CMAKE_C_FLAGS_INIT "${core} -ffreestanding -ffunction-sections -fdata-sections")
set(CMAKE_ASM_FLAGS_INIT "${core}")
# Whole, in the cache: CMake would append its own -O3 to what CMAKE_C_FLAGS_RELEASE_INIT says.
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG" CACHE STRING "Flags of the C compiler in Release builds")
set(CMAKE_C_FLAGS_MINSIZEREL "-Os -DNDEBUG" CACHE STRING "Flags of the C compiler in MinSizeRel builds")
set(CMAKE_ASM_FLAGS_RELEASE "" CACHE STRING "Flags of the assembler in Release builds")
set(CMAKE_ASM_FLAGS_MINSIZEREL "" CACHE STRING "Flags of the assembler in MinSizeRel builds")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
