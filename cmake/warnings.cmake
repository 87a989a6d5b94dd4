# tessera_warnings: linked PRIVATE by our own programs only, never by tessera::tessera.
add_library(tessera_warnings INTERFACE)
if(MSVC)
  target_compile_options(tessera_warnings INTERFACE /W4 $<$<BOOL:${TESSERA_WERROR}>:/WX>)
else()
  target_compile_options(
    tessera_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                               $<$<BOOL:${TESSERA_WERROR}>:-Werror>)
endif()
