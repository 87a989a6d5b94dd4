# Where tessera can't work, the compiler's first line is a plain sentence, and few lines follow it.
#
#     cmake -D COMPILER=... -D "INCLUDES=-I... -I..." -D FOLDER=... -D PROCESSOR=... -P unsupported.cmake
cmake_minimum_required(VERSION 3.16)
separate_arguments(INCLUDES)
set(source "${FOLDER}/unsupported.cpp")
file(WRITE "${source}" "#include <tessera.hpp>\nint main() { return 0; }\n")
set(ENV{LC_ALL} C)

function(check sentence)
  execute_process(COMMAND "${COMPILER}" -std=c++20 ${ARGN} ${INCLUDES} -fsyntax-only "${source}"
                  ERROR_VARIABLE told RESULT_VARIABLE failed)
  string(REGEX MATCH "error: [^\n]*" first "${told}")
  string(FIND "${first}" "${sentence}" at)
  string(REGEX MATCHALL "\n" lines "${told}")
  list(LENGTH lines count)
  if(NOT failed OR at EQUAL -1 OR count GREATER 15)
    message(SEND_ERROR "${ARGN}: wanted an error that begins with '${sentence}', got:\n${told}")
  endif()
  message(STATUS "${ARGN}: ${first}")
endfunction()

check("tessera needs C++20" -std=c++17)
check("tessera tells failures by exceptions" -fno-exceptions)
check("tessera runs on Linux and on Windows" -U__linux__)
check("tessera's segments are little-endian" -U__BYTE_ORDER__ -D__BYTE_ORDER__=4321)
check("tessera needs a 64-bit program" -U__LP64__)
# An older compiler, as far as its number goes.
check("tessera needs g++ 11, clang 14 or newer" -w -D__GNUC__=10
      -D__clang_major__=13)
# A standard library that lacks something.
file(WRITE "${FOLDER}/lacks/version" "#include_next <version>\n#undef __cpp_lib_atomic_ref\n")
check("tessera needs std::atomic_ref" "-I${FOLDER}/lacks")
if(PROCESSOR STREQUAL "x86_64")
  check("tessera needs a 64-bit program" -m32)
endif()
