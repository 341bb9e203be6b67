# SPDX-License-Identifier: Apache-2.0
# Installs the runtime: library, headers, the package for find_package(mnquant), mnquant-runtime.pc.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
include(${CMAKE_CURRENT_LIST_DIR}/pkgconfig.cmake)
set(MNQ_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/mnquant)

set(installed mnq_runtime)
set(headers include/mnq/mnq.h include/mnq/camera.h include/mnq/kernels.h)
if(TARGET mnq_host_kernels)
  list(APPEND installed mnq_host_kernels)
  list(APPEND headers include/mnq/host.h)
endif()
install(TARGETS ${installed} EXPORT mnquant-runtime INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mnq)
install(FILES doc/FORMAT.md doc/NUMERICS.md doc/PORTING.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

install(EXPORT mnquant-runtime NAMESPACE mnquant:: DESTINATION ${MNQ_PACKAGE_DIR})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/mnquantConfig.cmake.in mnquantConfig.cmake
  INSTALL_DESTINATION ${MNQ_PACKAGE_DIR})
write_basic_package_version_file(mnquantConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/mnquantConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/mnquantConfigVersion.cmake
  DESTINATION ${MNQ_PACKAGE_DIR})
mnq_pkgconfig(mnquant-runtime "Integer-only runtime for quantized MobileNets" LIBRARIES ${installed})
