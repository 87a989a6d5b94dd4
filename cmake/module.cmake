# tessera::module: tessera as the C++20 module of that name, for `import tessera;`. Like
# tessera::compiled it is built in the project that uses it, and only if something links it. Where it
# can't be built, there is no such target.
include("${CMAKE_CURRENT_LIST_DIR}/module_support.cmake")
if(NOT tessera_no_module AND NOT TARGET tessera::module)
  add_library(tessera_module STATIC EXCLUDE_FROM_ALL)
  add_library(tessera::module ALIAS tessera_module)
  target_sources(tessera_module PUBLIC FILE_SET CXX_MODULES BASE_DIRS "${CMAKE_CURRENT_LIST_DIR}"
                                       FILES "${CMAKE_CURRENT_LIST_DIR}/tessera.cppm")
  target_link_libraries(tessera_module PUBLIC tessera::tessera)
  set_target_properties(tessera_module PROPERTIES POSITION_INDEPENDENT_CODE ON UNITY_BUILD OFF
                                                  CXX_SCAN_FOR_MODULES ON)
endif()
