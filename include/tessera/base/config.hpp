// Public: TESSERA_VERSION*, cache_line. Floor 0, base: version, platform and compiler switches.
//
// Outside host/, only this file asks for the platform. It defines macros with the prefix TESSERA_,
// one constant, and nothing else.
#pragma once

/// The first number of the version.
#define TESSERA_VERSION_MAJOR 0
/// The second number of the version. Before 1.0 a new one may break programs.
#define TESSERA_VERSION_MINOR 1
/// The third number of the version.
#define TESSERA_VERSION_PATCH 0

/// The version as one number, for `#if`: 0.1.0 is 100, 1.2.3 is 10203.
#define TESSERA_VERSION \
  (TESSERA_VERSION_MAJOR * 10000 + TESSERA_VERSION_MINOR * 100 + TESSERA_VERSION_PATCH)
#define TESSERA_TEXT_OF(number) #number
#define TESSERA_TEXT(number) TESSERA_TEXT_OF(number)
/// The version as text: "0.1.0".
#define TESSERA_VERSION_STRING        \
  TESSERA_TEXT(TESSERA_VERSION_MAJOR) \
  "." TESSERA_TEXT(TESSERA_VERSION_MINOR) "." TESSERA_TEXT(TESSERA_VERSION_PATCH)

// What tessera can't do without. With TESSERA_UNSUPPORTED, tessera.hpp includes no more: the one
// sentence is not lost among the errors that would follow.
#if __cplusplus < 202002L && !(defined(_MSVC_LANG) && _MSVC_LANG >= 202002L)
#define TESSERA_UNSUPPORTED 1
#error "tessera needs C++20: compile with -std=c++20, or with CMake link tessera::tessera"
#elif !defined(__cpp_exceptions)
#define TESSERA_UNSUPPORTED 1
#error "tessera tells failures by exceptions: compile without -fno-exceptions"
#elif !(defined(__linux__) || defined(_WIN32))
#define TESSERA_UNSUPPORTED 1
#error "tessera runs on Linux and on Windows: this is another system"
#elif defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#define TESSERA_UNSUPPORTED 1
#error "tessera's segments are little-endian: this processor is not"
#elif !(defined(__LP64__) || defined(_WIN64))
#define TESSERA_UNSUPPORTED 1
#error "tessera needs a 64-bit program: compile without -m32 and -mx32"
#elif defined(__clang__) ? __clang_major__ < 14 : defined(__GNUC__) && __GNUC__ < 11
#define TESSERA_UNSUPPORTED 1
#error "tessera needs g++ 11, clang 14 or newer"
#endif

#include <cstddef>
#if __cplusplus >= 202002L
#include <version>
#if !defined(__cpp_lib_atomic_ref)
#define TESSERA_UNSUPPORTED 1
#error "tessera needs std::atomic_ref: libc++ has it from version 19 on, libstdc++ from 10 on"
#endif
#endif

#if defined(_WIN32)
#define TESSERA_WIN32 1
#else
#define TESSERA_POSIX 1
#endif

#if defined(__linux__)
#define TESSERA_LINUX 1
#endif

#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
#define TESSERA_CLEAR_PADDING(object) __builtin_clear_padding(object)
#endif
#endif
#ifndef TESSERA_CLEAR_PADDING
#define TESSERA_CLEAR_PADDING(object) static_cast<void>(object)
#endif

// A floating-point type of two bytes. Where std::float16_t exists, it is the same type.
#if defined(__FLT16_MANT_DIG__) && (defined(__SSE2__) || defined(__aarch64__)) && \
    ((defined(__clang__) && __clang_major__ >= 15) || (!defined(__clang__) && __GNUC__ >= 12))
#define TESSERA_FLOAT16 _Float16
#endif

// For a loop whose iterations touch no common element, where the compiler can't prove that. It also
// unrolls the loop: a loop of few instructions takes up to twice as long if its code crosses a
// 64-byte boundary. Empty for clang, which unrolls by itself, and which would warn the user of
// every such loop that it can't vectorise.
#if defined(__GNUC__) && !defined(__clang__)
#define TESSERA_INDEPENDENT _Pragma("GCC ivdep") _Pragma("GCC unroll 4")
#else
#define TESSERA_INDEPENDENT
#endif

// For such a loop of a constant number of steps that is to stay a loop: gcc vectorises loops better
// than the long code that it makes of them at -O3.
#if defined(__GNUC__) && !defined(__clang__)
#define TESSERA_KEEP_LOOP _Pragma("GCC ivdep") _Pragma("GCC unroll 1")
#else
#define TESSERA_KEEP_LOOP
#endif

// For a function that must be inlined however large its caller is: its loop is slow otherwise.
#if defined(__GNUC__)
#define TESSERA_INLINE [[gnu::always_inline]] inline
#else
#define TESSERA_INLINE inline
#endif

// Stands after a lambda's parameters. Its calls are always inlined.
#if defined(__GNUC__)
#define TESSERA_INLINE_CALL __attribute__((always_inline))
#else
#define TESSERA_INLINE_CALL
#endif

// An attribute of a function whose loops are to be vectorised. gcc does that at -O3 only, and not
// if a value is chosen after it was computed (`c ? computed : 0`): it moves the computation into a
// branch ("sink"). clang vectorises such loops at -O2. All that the loops call must be inlined
// (TESSERA_INLINE, TESSERA_INLINE_CALL). gnu::flatten would inline all that a user's function calls
// too: with a regular expression in it, gcc does not end.
#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#define TESSERA_VECTORIZED \
  gnu::noclone, gnu::optimize("no-tree-sink", "tree-vectorize", "vect-cost-model=dynamic")
#else
#define TESSERA_VECTORIZED gnu::noinline
#endif

// Defined where such functions are compiled for AVX2 too. Not where the whole program is. On Linux
// only: on Windows gcc may place vectors of 32 bytes at addresses that they must not have. Not with
// -ffast-math, which calls other functions for AVX2, with other values. TESSERA_NO_AVX2 switches it
// off: to compare, or to compile faster.
#if defined(TESSERA_LINUX) && defined(__x86_64__) && defined(__GNUC__) && defined(__OPTIMIZE__) && \
    !defined(__AVX2__) && !defined(__FAST_MATH__) && !defined(TESSERA_NO_AVX2)
#define TESSERA_AVX2_TOO 1
#endif

// In front of a function that an X_impl.hpp defines. Usually X.hpp includes that file, and the
// function is inline. With TESSERA_COMPILED, which the target tessera::compiled sets, only the
// source with tessera/src.hpp includes it. That source is compiled once, and linked.
#if defined(TESSERA_COMPILED)
#define TESSERA_FUNC
#else
#define TESSERA_FUNC inline
#endif

// Fetches the cache line at an address into the second-level cache. The first level would lose it
// before it is used: in a walk over distant rows, the elements of a column share a few of its sets.
#if defined(__GNUC__)
#define TESSERA_PREFETCH(address) __builtin_prefetch(reinterpret_cast<const void*>(address), 0, 2)
#else
#define TESSERA_PREFETCH(address) static_cast<void>(address)
#endif

// Whether a tile checks every index: in builds without NDEBUG and without optimisation, and
// wherever TESSERA_CHECK_BOUNDS or xtensor's XTENSOR_ENABLE_ASSERT is defined.
#if defined(TESSERA_CHECK_BOUNDS) || defined(XTENSOR_ENABLE_ASSERT) || \
    (!defined(NDEBUG) && !defined(__OPTIMIZE__))
#define TESSERA_CHECKS_BOUNDS 1
// Code that checks is in one inline namespace, code that does not in another. So units of both
// kinds can be linked together.
#define TESSERA_BOUNDS bounds_checked
#else
#define TESSERA_CHECKS_BOUNDS 0
#define TESSERA_BOUNDS bounds_unchecked
#endif

namespace tessera {

/// Bytes of a cache line. Data that different cores write is aligned to it, on lines of its own.
inline constexpr std::size_t cache_line = 64;

}  // namespace tessera
