# SPDX-License-Identifier: Apache-2.0
# Kernels for microcontrollers. Packing is plain C: a host packs for them, with mnq_target_packing. The kernels themselves come
# with a processor that has them.
set(mnq_dsp_packing kernels/cortexm/dwconv_shape_dsp.c kernels/cortexm/pack_dsp.c kernels/cortexm/pack_sparse_dsp.c
  kernels/cortexm/scratch_dsp.c)
set(mnq_dsp_kernels
  kernels/cortexm/block_dsp.c
  kernels/cortexm/block_dsp.S
  kernels/cortexm/conv_dsp.c
  kernels/cortexm/dsp.c
  kernels/cortexm/dwconv3x3_dsp.S
  kernels/cortexm/dwconv5x5_dsp.S
  kernels/cortexm/dwconv5x5_dsp.c
  kernels/cortexm/dwconv_channel_dsp.c
  kernels/cortexm/dwconv_dsp.c
  kernels/cortexm/finish_dsp.c
  kernels/cortexm/gather_dsp.S
  kernels/cortexm/loop_dsp.c
  kernels/cortexm/plane_dsp.S
  kernels/cortexm/pw_dsp.c
  kernels/cortexm/pw_s4_dsp.c
  kernels/cortexm/pw_sparse_dsp.c
  kernels/cortexm/sparse_dsp.S)
set(mnq_m3_packing kernels/cortexm3/pack_m3.c kernels/cortexm3/shape_m3.c)
set(mnq_m3_kernels
  kernels/cortexm/block_dsp.c
  kernels/cortexm3/block_m3.S
  kernels/cortexm/conv_dsp.c
  kernels/cortexm3/dwconv3x3_m3.S
  kernels/cortexm3/dwconv_channel_m3.c
  kernels/cortexm/dwconv_dsp.c
  kernels/cortexm/finish_dsp.c
  kernels/cortexm3/gather_m3.S
  kernels/cortexm3/loop_m3.c
  kernels/cortexm3/m3.c
  kernels/cortexm3/plane_m3.S
  kernels/cortexm/pw_dsp.c)
set(mnq_mve_packing kernels/helium/pack_mve.c)
set(mnq_mve_kernels
  kernels/helium/block_mve.S
  kernels/helium/dot_mve.c
  kernels/helium/dw3x3_mve.S
  kernels/helium/dwconv3x3_mve.c
  kernels/helium/dwconv_mve.c
  kernels/helium/elementwise_mve.c
  kernels/helium/image_mve.c
  kernels/helium/mve.c
  kernels/helium/records_mve.c)
if(MNQ_CPU MATCHES "^cortex-m(55|85)$")
  target_sources(mnq_runtime PRIVATE ${mnq_mve_packing} ${mnq_mve_kernels})
  target_compile_definitions(mnq_runtime PUBLIC MNQ_HAVE_MVE=1)
endif()
if(MNQ_CPU MATCHES "^cortex-m(4|7|33|35p|55|85)$")
  enable_language(ASM)
  target_sources(mnq_runtime PRIVATE ${mnq_dsp_packing} ${mnq_dsp_kernels})
  target_compile_definitions(mnq_runtime PUBLIC MNQ_HAVE_DSP=1)
endif()
if(MNQ_CPU STREQUAL "cortex-m3")
  enable_language(ASM)
  target_sources(mnq_runtime PRIVATE ${mnq_m3_packing} ${mnq_m3_kernels})
  target_compile_definitions(mnq_runtime PUBLIC MNQ_HAVE_M3=1)
endif()
if(TARGET mnq_flags)
  add_library(mnq_target_packing OBJECT ${mnq_dsp_packing} ${mnq_m3_packing} ${mnq_mve_packing} ${mnq_neon_packing} ${mnq_rvv_packing} ${mnq_hvx_packing})
  target_link_libraries(mnq_target_packing PUBLIC mnq_runtime_internal PRIVATE mnq_flags)
  set_target_properties(mnq_target_packing PROPERTIES C_STANDARD 99 C_EXTENSIONS OFF MNQ_DSP_KERNELS "${mnq_dsp_kernels}"
    MNQ_M3_KERNELS "${mnq_m3_kernels}" MNQ_MVE_KERNELS "${mnq_mve_kernels}"
    MNQ_NEON_KERNELS "${mnq_neon_tables};${mnq_neon_kernels};${mnq_dotprod_kernels};${mnq_i8mm_kernels}"
    MNQ_RVV_KERNELS "${mnq_rvv_table};${mnq_rvv_kernels}" MNQ_HVX_KERNELS "${mnq_hvx_kernels}")
endif()
