# tessera_sanitizers: linked PRIVATE by our own programs only. TESSERA_SANITIZE is the one switch.
add_library(tessera_sanitizers INTERFACE)
if(TESSERA_SANITIZE)
  # Without -fno-sanitize-recover undefined behaviour is printed and the test still passes.
  set(sanitize "-fsanitize=${TESSERA_SANITIZE}")
  target_compile_options(tessera_sanitizers INTERFACE "${sanitize}" -fno-sanitize-recover=all
                                                      -fno-omit-frame-pointer -g1)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # clang's check of virtual tables opens descriptors, and fails where a test has used them up.
    target_compile_options(
      tessera_sanitizers INTERFACE -fno-sanitize=vptr
                                   "-fsanitize-ignorelist=${CMAKE_CURRENT_LIST_DIR}/sanitizer_ignores.txt")
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ sees uninitialized reads in the code that the sanitizers add to the standard library.
    target_compile_options(tessera_sanitizers INTERFACE -Wno-maybe-uninitialized)
  endif()
  target_link_options(tessera_sanitizers INTERFACE "${sanitize}")
endif()
