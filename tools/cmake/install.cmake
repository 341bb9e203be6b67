# SPDX-License-Identifier: Apache-2.0
# Installs the host libraries: headers under mnquant/, targets for find_package(mnquant), mnquant.pc; and the documents. What belongs
# to the runtime alone is installed by runtime/cmake/install.cmake, the program and its pages by tools/CMakeLists.txt.
include(${PROJECT_SOURCE_DIR}/runtime/cmake/pkgconfig.cmake)
set_target_properties(mnq_host PROPERTIES EXPORT_NAME host)
set_target_properties(mnq_quant PROPERTIES EXPORT_NAME quant)
set_target_properties(mnq_calib PROPERTIES EXPORT_NAME calib)

install(TARGETS mnq_host mnq_quant mnq_calib EXPORT mnquant-host INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  ${CMAKE_INSTALL_INCLUDEDIR}/mnquant)
foreach(room util graph passes import quantize pack export)
  list(APPEND rooms quant/${room})
endforeach()
install(DIRECTORY ${rooms} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mnquant FILES_MATCHING PATTERN "*.h"
  PATTERN fkernel EXCLUDE PATTERN "exec_*.h" EXCLUDE) # parts of the float executor
foreach(room picture data fit prune eval recipe)
  install(DIRECTORY calib/${room}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mnquant FILES_MATCHING PATTERN "*.h")
endforeach()

install(FILES calib/tune/tune.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mnquant)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/mnquant)
install(EXPORT mnquant-host NAMESPACE mnquant:: DESTINATION ${package})
install(FILES tools/cmake/mnquantHost.cmake DESTINATION ${package})
mnq_pkgconfig(mnquant "Host libraries of mnquant: import, calibration, packing and evaluation of MobileNets" INCLUDE mnquant
  LIBRARIES mnq_runtime mnq_host_kernels mnq_quant mnq_calib REQUIRES yaml-0.1 hdf5 libzip zlib libpng libjpeg LIBS -lpthread -lm)

install(FILES README.md CHANGELOG.md calib/HOST_API.md tools/TUTORIAL.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES quant/DESIGN.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/quant)
