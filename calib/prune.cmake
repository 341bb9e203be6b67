# SPDX-License-Identifier: Apache-2.0
target_sources(mnq_calib PRIVATE prune.c prune_allocate.c prune_fit.c prune_magnitude.c prune_pattern.c prune_rows.c prune_sequential.c
  prune_stream.c)
# Hot loops with a fixed order of operations: -O3 changes no result.
foreach(file fit rows)
  set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/prune_${file}.c TARGET_DIRECTORY mnq_calib PROPERTIES COMPILE_OPTIONS -O3)
endforeach()
