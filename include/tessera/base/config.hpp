// Floor 0, base: version, platform and compiler switches.
//
// The only file outside host/ that asks which platform this is. Everything here is a macro with the
// prefix TESSERA_ or a constant: including it costs nothing and defines nothing else.
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

// A float of two bytes. std::float16_t, where there is one, is the same type.
#if defined(__FLT16_MANT_DIG__) && (defined(__SSE2__) || defined(__aarch64__)) && \
    ((defined(__clang__) && __clang_major__ >= 15) || (!defined(__clang__) && __GNUC__ >= 12))
#define TESSERA_FLOAT16 _Float16
#endif

// In front of a loop whose iterations touch no common element, which the compiler can't see.
// Unrolled, since the few instructions of such a loop take up to twice as long where they happen to
// lie across two 64-byte lines of code. Not for clang, which unrolls by itself, and warns its user
// wherever such a loop can't be vectorised.
#if defined(__GNUC__) && !defined(__clang__)
#define TESSERA_INDEPENDENT _Pragma("GCC ivdep") _Pragma("GCC unroll 4")
#else
#define TESSERA_INDEPENDENT
#endif

// A function whose inlining decides what its loop costs, however long its caller grows.
#if defined(__GNUC__)
#define TESSERA_INLINE [[gnu::always_inline]] inline
#else
#define TESSERA_INLINE inline
#endif

// Asks for the cache line at an address soon, in the second-level cache: in a walk over distant
// rows the first level would lose it again, since equal columns share its sets.
#if defined(__GNUC__)
#define TESSERA_PREFETCH(address) __builtin_prefetch(reinterpret_cast<const void*>(address), 0, 2)
#else
#define TESSERA_PREFETCH(address) static_cast<void>(address)
#endif

// Whether a tile looks at every index that it is given: in builds without NDEBUG and without
// optimisation, and wherever TESSERA_CHECK_BOUNDS or xtensor's own switch asks for it.
#if defined(TESSERA_CHECK_BOUNDS) || defined(XTENSOR_ENABLE_ASSERT) || \
    (!defined(NDEBUG) && !defined(__OPTIMIZE__))
#define TESSERA_CHECKS_BOUNDS 1
// What looks at indices has names of its own: units with and without may be linked together.
#define TESSERA_BOUNDS bounds_checked
#else
#define TESSERA_CHECKS_BOUNDS 0
#define TESSERA_BOUNDS bounds_unchecked
#endif

namespace tessera {

/// Bytes that two cores do not share when each writes its own: the unit of every alignment here.
inline constexpr std::size_t cache_line = 64;

}  // namespace tessera
