# Loops over rows are vectorised at -O2, and with AVX2 in the functions that are compiled for it.
#
#     cmake -D COMPILER=... -D "INCLUDES=-I... -I..." [-D OPTIONS=...] -P vectors.cmake
#
# It compiles vectors.cpp to assembler and looks for an instruction on whole vectors in what
# host/vectorized.hpp has instantiated.
cmake_minimum_required(VERSION 3.16)
separate_arguments(INCLUDES)

# Sets `out` to the assembler of the functions whose mangled name has `name`.
function(functions_named name text out)
  set(found "")
  while(TRUE)
    string(FIND "${text}" ".cfi_endproc" end)
    if(end EQUAL -1)
      break()
    endif()
    string(SUBSTRING "${text}" 0 ${end} body)
    math(EXPR end "${end} + 12")
    string(SUBSTRING "${text}" ${end} -1 text)
    if(body MATCHES "\n_Z[^\n]*${name}[^\n]*:")
      string(APPEND found "${body}")
    endif()
  endwhile()
  set(${out} "${found}" PARENT_SCOPE)
endfunction()

# One kind of loop, and the instruction that shows that it is vectorised.
function(check_loop loop instruction)
  execute_process(
    COMMAND "${COMPILER}" -std=c++20 -O2 -DLOOP_${loop} ${OPTIONS} ${INCLUDES} -S -o -
            "${CMAKE_CURRENT_LIST_DIR}/vectors.cpp"
    OUTPUT_VARIABLE text ERROR_VARIABLE told RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "${loop}: ${told}")
  endif()
  string(REPLACE ";" "," text "${text}")
  string(REPLACE "[" "(" text "${text}")
  string(REPLACE "]" ")" text "${text}")
  functions_named(run_with_baseline "${text}" baseline)
  functions_named(run_with_avx2 "${text}" avx2)
  if(NOT baseline MATCHES "[ \t]${instruction}[ \t][^\n]*%xmm")
    message(SEND_ERROR "${loop}: no ${instruction} in what every processor runs")
  endif()
  if(NOT avx2 MATCHES "[ \t]v${instruction}[ \t][^\n]*%ymm")
    message(SEND_ERROR "${loop}: no v${instruction} of 32 bytes in what runs with AVX2")
  endif()
  message(STATUS "${loop}: looked for ${instruction}")
endfunction()

check_loop(arithmetic "(mulps|addps)")  # a compiler may double by adding
check_loop(conversion "cvtdq2ps")
check_loop(choice "divps")
check_loop(reduction "addpd")
check_loop(broadcast "addpd")
check_loop(scan "addpd")
