// Floor 1, host: loaded libraries that are known to start threads of their own, for messages.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/base/config.hpp>

#if defined(TESSERA_LINUX)
#include <link.h>
#endif

namespace tessera::host {

/// A library that starts threads, and the environment variable that has it start none; empty if it
/// has none.
struct ThreadLibrary {
  std::string_view begins;  ///< its file's name begins so
  std::string_view setting;
};

inline constexpr std::array<ThreadLibrary, 14> thread_libraries{{
    {"libopenblas", "OPENBLAS_NUM_THREADS=1"},
    {"libscipy_openblas", "OPENBLAS_NUM_THREADS=1"},
    {"libblis", "BLIS_NUM_THREADS=1"},
    {"libmkl_", "MKL_NUM_THREADS=1"},
    {"libgomp", "OMP_NUM_THREADS=1"},
    {"libomp.", "OMP_NUM_THREADS=1"},
    {"libiomp", "OMP_NUM_THREADS=1"},
    {"libtbb.", ""},
    {"libopencv_core", ""},
    {"libcuda", ""},
    {"libarrow", ""},
    {"libtorch", ""},
    {"libjemalloc", ""},
    {"libprofiler", ""},
}};

/// The row of a library's path, or none.
inline const ThreadLibrary* thread_library(std::string_view path) noexcept {
  const auto file = path.substr(path.rfind('/') + 1);
  for (const auto& row : thread_libraries)
    if (file.starts_with(row.begins)) return &row;
  return nullptr;
}

/// The paths of this process's libraries, in the order of their loading. Empty where that is not
/// known (Windows, where no process is forked).
inline std::vector<std::string> loaded_libraries() {
  std::vector<std::string> out;
#if defined(TESSERA_LINUX)
  ::dl_iterate_phdr(
      [](dl_phdr_info* library, std::size_t, void* list) {
        if (library->dlpi_name != nullptr && *library->dlpi_name != '\0')
          static_cast<std::vector<std::string>*>(list)->emplace_back(library->dlpi_name);
        return 0;
      },
      &out);
#endif
  return out;
}

}  // namespace tessera::host
