// Public: TESSERA_VERSION_*, cache_line. Floor 0, base: version, platform and compiler switches.
//
// Outside host/, only this file asks for the platform. It defines macros with the prefix TESSERA_,
// one constant, and nothing else.
#pragma once

#include <cstddef>

#define TESSERA_VERSION_MAJOR 0
#define TESSERA_VERSION_MINOR 1
#define TESSERA_VERSION_PATCH 0

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
