// Floor 1, host: streaming stores, which bypass the caches.
//
// A plain store first reads its cache line from memory. If results are far larger than the caches,
// whole lines stored past them save that traffic. If the results fit into the caches, streaming
// costs far more than it saves. After streaming, call stream_fence before another core is told that
// the values are there: a release store does not wait for streaming stores.
#pragma once

#include <cstddef>
#include <cstring>

#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#define TESSERA_STREAMING 1
#endif

namespace tessera::host {

/// Bytes that stream() stores at once.
inline constexpr std::size_t stream_width = 16;

#if defined(TESSERA_STREAMING)

/// Whether stream() bypasses the caches on this machine.
inline constexpr bool can_stream = true;

/// Copies `bytes`, a multiple of stream_width, between addresses aligned to it. Worth it only for
/// whole cache lines in sequence.
template <std::size_t bytes>
void stream(void* to, const void* from) noexcept {
  static_assert(bytes % stream_width == 0);
  for (std::size_t k = 0; k < bytes / stream_width; ++k)
    _mm_stream_si128(static_cast<__m128i*>(to) + k,
                     _mm_load_si128(static_cast<const __m128i*>(from) + k));
}

/// Waits until other cores can see what this core has streamed.
inline void stream_fence() noexcept { _mm_sfence(); }

#else

inline constexpr bool can_stream = false;

template <std::size_t bytes>
void stream(void* to, const void* from) noexcept {
  std::memcpy(to, from, bytes);
}

inline void stream_fence() noexcept {}

#endif

}  // namespace tessera::host
