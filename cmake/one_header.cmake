# The target one_header: all headers as one file, build/.../one_header/tessera.hpp.
add_executable(tessera_one_header_tool EXCLUDE_FROM_ALL "${CMAKE_CURRENT_LIST_DIR}/one_header.cpp")
target_compile_features(tessera_one_header_tool PRIVATE cxx_std_17)
file(GLOB_RECURSE one_header_parts CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/include/*.hpp")
set(one_header "${PROJECT_BINARY_DIR}/one_header/tessera.hpp")
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/one_header")
add_custom_command(
  OUTPUT "${one_header}"
  COMMAND tessera_one_header_tool "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/LICENSE"
          "${PROJECT_VERSION}" "${one_header}"
  DEPENDS tessera_one_header_tool ${one_header_parts} "${PROJECT_SOURCE_DIR}/LICENSE"
  VERBATIM)
add_custom_target(one_header DEPENDS "${one_header}")

# With TESSERA_USE_ONE_HEADER, what our own programs include is that file, whichever header they name.
add_library(tessera_from_one_header INTERFACE)
if(TESSERA_USE_ONE_HEADER)
  foreach(part IN LISTS one_header_parts)
    file(RELATIVE_PATH part "${PROJECT_SOURCE_DIR}/include" "${part}")
    if(NOT part STREQUAL "tessera.hpp")
      file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/one_header/${part}" CONTENT
           "#pragma once\n#include <tessera.hpp>\n")
    endif()
  endforeach()
  add_dependencies(tessera_from_one_header one_header)
  target_compile_features(tessera_from_one_header INTERFACE cxx_std_20)
  target_include_directories(tessera_from_one_header INTERFACE "${PROJECT_BINARY_DIR}/one_header")
  target_link_libraries(tessera_from_one_header INTERFACE tessera::boost_headers
                                                          tessera::xtensor_headers Threads::Threads)
endif()
