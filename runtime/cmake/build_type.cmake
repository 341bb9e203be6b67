# SPDX-License-Identifier: Apache-2.0
# What a build compiles to when nothing is stated. Included before project(), whose own default is -O3 for Release and Debug for
# generators of several configurations; whoever states flags or types with -D, in a preset or a toolchain file has them.
if(CMAKE_SOURCE_DIR STREQUAL CMAKE_CURRENT_SOURCE_DIR) # not for a project that includes this one
  if(NOT DEFINED CMAKE_C_FLAGS_RELEASE)
    set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG" CACHE STRING "Flags of the C compiler in Release builds")
  endif()
  get_property(several GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  if(several)
    set(CMAKE_CONFIGURATION_TYPES "Release;MinSizeRel;RelWithDebInfo;Debug" CACHE STRING "The first is what a build makes")
  elseif(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, MinSizeRel (-Os), RelWithDebInfo or Debug" FORCE)
  endif()
endif()
