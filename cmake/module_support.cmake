# Sets tessera_no_module to the reason why the module tessera can't be built here, or to nothing.
set(tessera_no_module "")
set(_tessera_scans "")
if(POLICY CMP0155)
  cmake_policy(GET CMP0155 _tessera_scans)  # of the project that finds tessera
endif()
if(CMAKE_VERSION VERSION_LESS 3.28)
  set(tessera_no_module "modules need CMake 3.28 or newer, this is ${CMAKE_VERSION}")
elseif(NOT CMAKE_GENERATOR MATCHES "Ninja")
  set(tessera_no_module "modules need the generator Ninja, this is ${CMAKE_GENERATOR}")
elseif(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16)
  set(tessera_no_module "modules need clang 16 or newer; with others they were not tried")
elseif(NOT CMAKE_CXX_COMPILER_CLANG_SCAN_DEPS)
  set(tessera_no_module "modules need clang-scan-deps (Debian: clang-tools-N for clang-N)")
elseif(NOT _tessera_scans STREQUAL "NEW" AND NOT CMAKE_CXX_SCAN_FOR_MODULES)
  set(tessera_no_module "modules need cmake_minimum_required(VERSION 3.28) in the project, or \
CMAKE_CXX_SCAN_FOR_MODULES set to ON: CMake does not look for imports otherwise")
endif()
unset(_tessera_scans)
