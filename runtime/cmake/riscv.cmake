# SPDX-License-Identifier: Apache-2.0
# Kernels for RISC-V with vectors. Packing and table need no vectors, the kernels are a library of their own: a program on Linux finds
# out what its processor has. Without a system the whole runtime is compiled for what MNQ_CPU names, and the table is part of it.
set(mnq_rvv_packing kernels/riscv/pack_rvv.c)
set(mnq_rvv_table kernels/riscv/rvv.c)
set(mnq_rvv_kernels
  kernels/riscv/dense_x16w16_rvv.c
  kernels/riscv/dense_x16w8_rvv.c
  kernels/riscv/dense_x8w16_rvv.c
  kernels/riscv/dense_x8w8_rvv.c
  kernels/riscv/dwconv_rvv.c
  kernels/riscv/elementwise_rvv.c
  kernels/riscv/emit_rvv.c)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^riscv")
  include(CheckCSourceCompiles)
  set(flags -march=rv64gcv)
  if(NOT TARGET mnq_host_kernels)
    set(flags -march=${MNQ_CPU})
  endif()
  set(CMAKE_REQUIRED_FLAGS ${flags})
  check_c_source_compiles("#include <riscv_vector.h>
    int main(void) { return (int)__riscv_vsetvlmax_e32m8(); }" MNQ_CC_rvv)
  set(CMAKE_REQUIRED_FLAGS)
  if(MNQ_CC_rvv AND TARGET mnq_host_kernels)
    target_sources(mnq_host_kernels PRIVATE ${mnq_rvv_packing} ${mnq_rvv_table})
    mnq_kernel_table(rvv "${flags}" ${mnq_rvv_kernels})
  elseif(MNQ_CC_rvv)
    target_sources(mnq_runtime PRIVATE ${mnq_rvv_packing} ${mnq_rvv_table} ${mnq_rvv_kernels})
    set_source_files_properties(${mnq_rvv_kernels} PROPERTIES COMPILE_OPTIONS "${flags}")
    target_compile_definitions(mnq_runtime PUBLIC MNQ_HAVE_RVV=1)
  endif()
endif()
