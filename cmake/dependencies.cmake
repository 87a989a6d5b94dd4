# What the headers need. tessera-config.cmake.in asks for the same; keep the two alike.
find_package(Boost 1.74 REQUIRED)
include("${CMAKE_CURRENT_LIST_DIR}/boost-headers.cmake")
find_package(xtensor 0.24 QUIET)
if(NOT xtensor_FOUND)
  # xtensor counts a new minor version as incompatible, so a newer one is found only when unasked.
  find_package(xtensor REQUIRED)
  if(xtensor_VERSION VERSION_LESS 0.24)
    message(FATAL_ERROR "tessera needs xtensor 0.24 or newer, found ${xtensor_VERSION}")
  endif()
endif()
# POSIX threads are part of libc since glibc 2.34 and a library of their own elsewhere.
find_package(Threads REQUIRED)
