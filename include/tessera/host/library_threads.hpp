// Floor 1, host: how many threads OpenMP and BLAS libraries may use in this process.
//
// No library is linked for it: those that the program was linked with are called, others are not. A
// library that is loaded later, by dlopen, is not known.
#pragma once

#include <cstdint>

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)

extern "C" {
// Names of their own: the libraries' headers declare theirs in several ways.
void tessera_set_openmp_threads(int) __asm__("omp_set_num_threads") __attribute__((weak));
void tessera_set_openblas_threads(int) __asm__("openblas_set_num_threads") __attribute__((weak));
void tessera_set_mkl_threads(int) __asm__("MKL_Set_Num_Threads") __attribute__((weak));
void tessera_set_blis_threads(std::int64_t) __asm__("bli_thread_set_num_threads")
    __attribute__((weak));
}

namespace tessera::host {

/// Limits the libraries of this program: OpenMP for this thread, OpenBLAS, MKL and BLIS for the
/// process.
inline void limit_library_threads(int threads) noexcept {
  if (tessera_set_openmp_threads != nullptr) tessera_set_openmp_threads(threads);
  if (tessera_set_openblas_threads != nullptr) tessera_set_openblas_threads(threads);
  if (tessera_set_mkl_threads != nullptr) tessera_set_mkl_threads(threads);
  if (tessera_set_blis_threads != nullptr) tessera_set_blis_threads(threads);
}

}  // namespace tessera::host

#else

#include <utility>

#include <tessera/host/win32.hpp>

namespace tessera::host {

inline void limit_library_threads(int threads) noexcept {
  constexpr std::pair<const char*, const char*> known[] = {
      {"libgomp-1.dll", "omp_set_num_threads"},
      {"libomp.dll", "omp_set_num_threads"},
      {"libomp140.x86_64.dll", "omp_set_num_threads"},
      {"libiomp5md.dll", "omp_set_num_threads"},
      {"vcomp140.dll", "omp_set_num_threads"},
      {"libopenblas.dll", "openblas_set_num_threads"},
      {"mkl_rt.2.dll", "MKL_Set_Num_Threads"}};
  for (const auto& [library, function] : known) {
    const auto loaded = ::GetModuleHandleA(library);
    if (loaded == nullptr) continue;
    if (const auto found = ::GetProcAddress(loaded, function))
      reinterpret_cast<void (*)(int)>(reinterpret_cast<void (*)()>(found))(threads);
  }
}

}  // namespace tessera::host

#endif
