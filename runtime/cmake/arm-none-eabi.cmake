# SPDX-License-Identifier: Apache-2.0
# Bare-metal Arm: cmake -DCMAKE_TOOLCHAIN_FILE=.../arm-none-eabi.cmake [-DMNQ_CPU=cortex-m4]
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(MNQ_CPU cortex-m4 CACHE STRING "-mcpu of the target")
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MNQ_CPU)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_ASM_COMPILER arm-none-eabi-gcc)
set(CMAKE_C_FLAGS_INIT "-mcpu=${MNQ_CPU} -mthumb -ffreestanding -ffunction-sections -fdata-sections")
set(CMAKE_ASM_FLAGS_INIT "-mcpu=${MNQ_CPU} -mthumb")
set(CMAKE_C_FLAGS_RELEASE_INIT "-O2")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
