#include <tessera/host/thread_libraries.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "support/catch.hpp"

namespace host = tessera::host;

TEST_CASE("libraries that start threads are known by the names of their files") {
  const auto* const blas = host::thread_library("/usr/lib/x86_64-linux-gnu/libopenblas.so.0");
  REQUIRE(blas != nullptr);
  CHECK(blas->setting == "OPENBLAS_NUM_THREADS=1");
  REQUIRE(host::thread_library("libgomp.so.1") != nullptr);
  CHECK(host::thread_library("/usr/lib/libgomp.d/libm.so.6") == nullptr);
  CHECK(host::thread_library("/opt/program") == nullptr);
  CHECK(host::thread_library("") == nullptr);
}

TEST_CASE("the libraries of this process are those that the system has mapped") {
  const auto all = host::loaded_libraries();
#if defined(TESSERA_LINUX)
  std::ifstream maps("/proc/self/maps");
  const std::string mapped{std::istreambuf_iterator<char>(maps), {}};
  const auto is_libc = [](const std::string& path) {
    return path.find("libc.so") != std::string::npos;
  };
  CHECK(std::any_of(all.begin(), all.end(), is_libc) == is_libc(mapped));
#else
  CHECK(all.empty());
#endif
}
