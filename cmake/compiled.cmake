# tessera::compiled: tessera, with all that is no template compiled once. What links it compiles its
# own sources several times as fast as with tessera::tessera. It is built in the project that uses
# it, with the flags of the directory that finds tessera first, and only if something links it.
get_property(_tessera_languages GLOBAL PROPERTY ENABLED_LANGUAGES)
if(NOT TARGET tessera::compiled AND "CXX" IN_LIST _tessera_languages)
  add_library(tessera_compiled STATIC EXCLUDE_FROM_ALL "${CMAKE_CURRENT_LIST_DIR}/compiled.cpp")
  add_library(tessera::compiled ALIAS tessera_compiled)
  target_compile_definitions(tessera_compiled PUBLIC TESSERA_COMPILED)
  target_link_libraries(tessera_compiled PUBLIC tessera::tessera)
  set_target_properties(tessera_compiled PROPERTIES POSITION_INDEPENDENT_CODE ON UNITY_BUILD OFF
                                                    CXX_SCAN_FOR_MODULES OFF)
endif()
unset(_tessera_languages)
