# Windows programs on Debian, by the cross compiler of g++-mingw-w64-x86-64-posix, run by Wine:
#   cmake -DCMAKE_TOOLCHAIN_FILE=cmake/mingw-w64.cmake ...
# Headers come from TESSERA_WIN32_SYSROOT alone, which tests/win32/run.sh fills with links to the
# packages that are used: nothing else of /usr/include may get in.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_CXX_COMPILER x86_64-w64-mingw32-g++-posix)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static")

set(TESSERA_WIN32_SYSROOT "${CMAKE_CURRENT_LIST_DIR}/../build/win32/sysroot" CACHE PATH
    "Folder with include/ and lib/cmake/ of Boost, xtensor, xtl, Catch2 and CLI11")
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES TESSERA_WIN32_SYSROOT)
get_filename_component(CMAKE_FIND_ROOT_PATH "${TESSERA_WIN32_SYSROOT}" ABSOLUTE)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(Boost_NO_BOOST_CMAKE ON)  # its headers are enough

set(CMAKE_CROSSCOMPILING_EMULATOR sh "${CMAKE_CURRENT_LIST_DIR}/../tests/win32/wine.sh")
