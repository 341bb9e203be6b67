# SPDX-License-Identifier: Apache-2.0
# cpack -G DEB: one package with the program, its pages and completions, the static libraries and their headers.
set(CPACK_PACKAGE_NAME mnquant)
set(CPACK_PACKAGE_VENDOR mnquant)
set(CPACK_PACKAGE_CONTACT "mnquant developers <mnquant@localhost>" CACHE STRING "Maintainer of the package")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Small integer models from Keras MobileNets")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Turns a trained Keras MobileNet into a small integer model for
 microcontrollers and DSPs, measures accuracy, size, memory and operations,
 and brings the integer-only runtime and the host libraries.")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_GENERATOR TGZ)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
  WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libyaml-dev, libhdf5-dev, libzip-dev, libjpeg-dev, libpng-dev, zlib1g-dev, pkg-config")
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/tools/cmake/package_deb.cmake)
include(CPack)
