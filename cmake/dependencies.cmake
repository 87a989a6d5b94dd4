# What the headers need, for this project and for tessera-config.cmake: Boost and xtensor, as
# packages or as targets that the project has already (for instance by FetchContent), and threads.
# Makes tessera::boost_headers and tessera::xtensor_headers. Sets tessera_missing to a sentence if
# something is not there, else to nothing.
set(tessera_missing "")

# Boost's own target brings a definition (BOOST_ALL_NO_LIB), and a user of tessera gets none from it.
# So the include folder alone is taken where it is known.
if(NOT TARGET tessera::boost_headers)
  set(_tessera_boost "")
  if(NOT Boost_INCLUDE_DIRS)
    foreach(_tessera_target IN ITEMS Boost::headers Boost::boost Boost::interprocess)
      if(NOT _tessera_boost AND TARGET ${_tessera_target})
        set(_tessera_boost ${_tessera_target})
      endif()
    endforeach()
  endif()
  # Not a second time: that would forget what the project has found of Boost.
  if(NOT _tessera_boost AND NOT Boost_INCLUDE_DIRS)
    # Boost's own package, or CMake's module for it, which CMake 3.30 and newer use only on request.
    cmake_policy(PUSH)
    if(POLICY CMP0167)
      cmake_policy(SET CMP0167 OLD)
    endif()
    find_package(Boost 1.74 QUIET)
    cmake_policy(POP)
  endif()
  if(Boost_VERSION_STRING AND Boost_VERSION_STRING VERSION_LESS 1.74)
    set(tessera_missing "Boost 1.74 or newer is needed, found ${Boost_VERSION_STRING}")
  elseif(_tessera_boost)
    add_library(tessera::boost_headers INTERFACE IMPORTED)
    target_link_libraries(tessera::boost_headers INTERFACE ${_tessera_boost})
  elseif(Boost_INCLUDE_DIRS)
    add_library(tessera::boost_headers INTERFACE IMPORTED)
    target_include_directories(tessera::boost_headers SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
  else()
    set(tessera_missing "Boost 1.74 or newer is needed (Debian: libboost-dev)")
  endif()
endif()

if(NOT TARGET tessera::xtensor_headers)
  if(NOT TARGET xtensor AND NOT TARGET xtensor::xtensor)
    # No version here: xtensor counts a new minor version as incompatible with an older wish.
    find_package(xtensor QUIET)
  endif()
  if(xtensor_VERSION AND xtensor_VERSION VERSION_LESS 0.24)
    set(tessera_missing "xtensor 0.24 or newer is needed, found ${xtensor_VERSION}")
  elseif(TARGET xtensor)
    add_library(tessera::xtensor_headers INTERFACE IMPORTED)
    target_link_libraries(tessera::xtensor_headers INTERFACE xtensor)
  elseif(TARGET xtensor::xtensor)
    add_library(tessera::xtensor_headers INTERFACE IMPORTED)
    target_link_libraries(tessera::xtensor_headers INTERFACE xtensor::xtensor)
  else()
    set(tessera_missing "xtensor 0.24 or newer is needed (Debian: libxtensor-dev)")
  endif()
endif()

# POSIX threads are part of libc since glibc 2.34 and a library of their own elsewhere.
if(NOT TARGET Threads::Threads)
  find_package(Threads QUIET)
  if(NOT Threads_FOUND)
    set(tessera_missing "threads are needed, and CMake finds none: is a C or C++ compiler enabled?")
  endif()
endif()

unset(_tessera_boost)
unset(_tessera_target)
