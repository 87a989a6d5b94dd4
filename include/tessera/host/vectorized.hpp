// Floor 1, host: loops that are vectorised, and run with AVX2 where the processor has it.
//
// Programs are compiled for every x86-64 processor, whose vectors have 16 bytes; those of AVX2 have
// 32. So a loop is compiled twice. Both ways give the same values: the operations and their order
// are the same, and none are fused (AVX2 does not include FMA).
#pragma once

#include <tessera/base/config.hpp>

namespace tessera::host {

#if defined(TESSERA_AVX2_TOO)

/// True if run_vectorized uses AVX2 in this process. Tests change it.
inline bool& uses_avx2() noexcept {
  static bool uses = __builtin_cpu_supports("avx2") != 0;
  return uses;
}

/// body(), compiled for AVX2. A function that the compiler can't inline runs as it is.
template <class Body>
[[gnu::target("avx2"), TESSERA_VECTORIZED]] void run_with_avx2(const Body& body) {
  body();
}

#endif

/// body(), with the vectors that every processor has.
template <class Body>
[[TESSERA_VECTORIZED]] void run_with_baseline(const Body& body) {
  body();
}

/// body(), where it pays: it should loop over a hundred elements or more. It is compiled twice,
/// with all that it inlines, so it should be little code.
template <class Body>
void run_vectorized(const Body& body) {
#if defined(TESSERA_AVX2_TOO)
  if (uses_avx2()) return run_with_avx2(body);
#endif
  run_with_baseline(body);
}

}  // namespace tessera::host
