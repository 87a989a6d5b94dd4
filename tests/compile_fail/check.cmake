# Compiles CASE and compares with what its first line expects; without a CASE it compiles PREPARED,
# the headers that every case begins with. See CMakeLists.txt.
separate_arguments(command NATIVE_COMMAND "${FLAGS}")
string(REPLACE "|" ";" includes "${INCLUDES}")
string(REPLACE "|" ";" implicit "${IMPLICIT}")
# Naming a directory of the compiler's own again would change the order of its search.
list(REMOVE_ITEM includes ${implicit})
list(REMOVE_DUPLICATES includes)
list(TRANSFORM includes PREPEND "-I")

# Some compilers translate their messages and wrap or colour them for a terminal.
set(ENV{LC_ALL} C)
unset(ENV{CLICOLOR_FORCE})
set(command "${COMPILER}" ${command} ${includes} -fmessage-length=0)
if(NOT CASE)
  execute_process(COMMAND ${command} -x c++-header "${PREPARED}" -o "${PREPARED}.gch"
                  RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${PREPARED} does not compile")
  endif()
  return()
endif()

file(STRINGS "${CASE}" first_line LIMIT_COUNT 1)
if(NOT first_line MATCHES "^// expect( first)?: (.+)$")
  message(FATAL_ERROR "${CASE} does not open with `// expect: some plain sentence`")
endif()
set(in_first_error "${CMAKE_MATCH_1}")
set(sentence "${CMAKE_MATCH_2}")

execute_process(
  COMMAND ${command} -include "${PREPARED}" -fsyntax-only "${CASE}"
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE errors)
string(APPEND output "${errors}")

if(sentence STREQUAL "ok")
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${CASE} should compile, but:\n${output}")
  endif()
  return()
endif()

if(status EQUAL 0)
  message(FATAL_ERROR "${CASE} compiles, but should not: ${sentence}")
endif()
if(in_first_error)
  string(REGEX MATCH "error: [^\n]*" searched "${output}")
else()
  set(searched "${output}")
endif()
string(FIND "${searched}" "${sentence}" at)
# Few enough to be read, but for the lines that say which header includes which.
string(REGEX REPLACE "(In file included |                 )from [^\n]*\n" "" told "${output}")
string(REGEX MATCHALL "\n" lines "${told}")
list(LENGTH lines count)
if(count GREATER 15)
  message(FATAL_ERROR "${CASE}: ${count} lines of the compiler, and 15 are the most:\n${output}")
endif()
if(at EQUAL -1)
  message(FATAL_ERROR "${CASE} fails to compile as it should, but the compiler does not say\n"
                      "  ${sentence}\nIt says:\n${output}")
endif()
