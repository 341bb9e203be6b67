# SPDX-License-Identifier: Apache-2.0
# A component's CMakeLists.txt with ESP-IDF's function standing in.
cmake_minimum_required(VERSION 3.16)
project(esp LANGUAGES C ASM)
macro(idf_component_register)
  cmake_parse_arguments(component "" "" "SRCS;INCLUDE_DIRS" ${ARGN})
  set(COMPONENT_LIB component)
  add_library(component STATIC ${component_SRCS})
  target_include_directories(component PUBLIC ${component_INCLUDE_DIRS})
endmacro()
add_subdirectory(${EXPORT} component)
