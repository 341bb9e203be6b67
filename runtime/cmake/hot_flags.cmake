# SPDX-License-Identifier: Apache-2.0
# MNQ_HOT_FLAGS: what files of hot loops are compiled with beside. Included behind project(), which knows whether this is a cross build:
# on a target code size counts, and who states flags knows why.
set(MNQ_HOT_FLAGS "")
if(NOT CMAKE_CROSSCOMPILING AND CMAKE_C_FLAGS_RELEASE STREQUAL "-O2 -DNDEBUG")
  set(MNQ_HOT_FLAGS $<$<CONFIG:Release>:-O3>)
endif()
