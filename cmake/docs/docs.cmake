# The target docs: the reference as HTML, build/.../docs/html/index.html. A public name that has no
# comment is an error, and so is everything else that Doxygen warns of.
set(docs_folder "${CMAKE_CURRENT_LIST_DIR}")
find_package(Doxygen 1.9.4 QUIET)
find_package(Python3 QUIET COMPONENTS Interpreter)
foreach(needed IN ITEMS Doxygen Python3)
  if(NOT ${needed}_FOUND)
    string(TOLOWER "${needed}" package)
    add_custom_target(
      docs COMMAND "${CMAKE_COMMAND}" -E echo
                   "${needed} is not found, or too old (Debian: ${package}): no reference"
      COMMAND "${CMAKE_COMMAND}" -E false VERBATIM)
    return()
  endif()
endforeach()

# Public headers say so in their first line.
set(docs_input "${docs_folder}/reference.dox" "${PROJECT_SOURCE_DIR}/README.md")
file(GLOB_RECURSE docs_headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/include/*.hpp")
foreach(header IN LISTS docs_headers)
  file(STRINGS "${header}" docs_public LIMIT_COUNT 1 REGEX "^// Public:")
  if(docs_public)
    list(APPEND docs_input "${header}")
  endif()
endforeach()
file(GLOB_RECURSE docs_pages CONFIGURE_DEPENDS
     "${PROJECT_SOURCE_DIR}/include/*.md" "${PROJECT_SOURCE_DIR}/examples/*.md"
     "${PROJECT_SOURCE_DIR}/cmake/*.md" "${PROJECT_SOURCE_DIR}/.github/*.md")
file(GLOB docs_examples CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/*.cpp")
list(APPEND docs_input ${docs_pages} "${PROJECT_SOURCE_DIR}/tests/README.md"
     "${PROJECT_SOURCE_DIR}/tests/bench/README.md"
     "${PROJECT_SOURCE_DIR}/tests/recipes/README.md"
     "${PROJECT_SOURCE_DIR}/tests/compare/README.md" ${docs_examples})
list(JOIN docs_input "\" \"" docs_input)

set(docs_output "${PROJECT_BINARY_DIR}/docs")
configure_file("${docs_folder}/Doxyfile.in" "${docs_output}/Doxyfile" @ONLY)
add_custom_target(docs COMMAND Doxygen::doxygen "${docs_output}/Doxyfile" VERBATIM)
