# TESSERA_PYTHON: a Python 3 that has NumPy, or empty. The system's Python comes first: a python3
# found in PATH may belong to a version manager and lack NumPy.
if(NOT TESSERA_PYTHON)
  find_program(TESSERA_PATH_PYTHON python3)
  mark_as_advanced(TESSERA_PATH_PYTHON)
  set(found "")
  foreach(candidate IN ITEMS /usr/bin/python3 "${TESSERA_PATH_PYTHON}")
    if(NOT found AND EXISTS "${candidate}")
      execute_process(COMMAND "${candidate}" -c "import numpy" RESULT_VARIABLE status
                      OUTPUT_QUIET ERROR_QUIET)
      if(status EQUAL 0)
        set(found "${candidate}")
      endif()
    endif()
  endforeach()
  set(TESSERA_PYTHON "${found}" CACHE FILEPATH "A Python 3 with NumPy" FORCE)
endif()
if(NOT TESSERA_PYTHON)
  message(WARNING "No python3 with NumPy: the tests that compare with NumPy are left out. "
                  "Install python3-numpy, or set TESSERA_PYTHON.")
endif()
