# SPDX-License-Identifier: Apache-2.0
# Kernels for Hexagon with HVX vectors of 128 bytes, v65 and later: part of the runtime; the caller names the table.
set(mnq_hvx_packing kernels/hexagon/pack_hvx.c)
set(mnq_hvx_kernels
  kernels/hexagon/dot_hvx.c
  kernels/hexagon/dwconv_hvx.c
  kernels/hexagon/elementwise_hvx.c
  kernels/hexagon/finish_hvx.c
  kernels/hexagon/gather_hvx.c
  kernels/hexagon/hvx.c
  kernels/hexagon/pool_hvx.c
  kernels/hexagon/rows_hvx.c)
if(MNQ_CPU MATCHES "^hexagonv(6[5-9]|7[0-9])$")
  target_sources(mnq_runtime PRIVATE ${mnq_hvx_packing} ${mnq_hvx_kernels})
  set_source_files_properties(${mnq_hvx_kernels} PROPERTIES COMPILE_OPTIONS "-mhvx;-mhvx-length=128B")
  target_compile_definitions(mnq_runtime PUBLIC MNQ_HAVE_HVX=1)
endif()
