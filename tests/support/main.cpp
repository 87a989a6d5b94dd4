// The main of every test program: a worker of a pool that it has started, or Catch2's own.
// TESSERA_TEST_START_METHOD=spawn has all pools that say nothing of it start their processes so.
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include <tessera/host/win32.hpp>
#include <tessera/pool/pool_options.hpp>
#include <tessera/pool/run_as_worker.hpp>

#include "address_sanitizer.hpp"

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

#if defined(TESSERA_ADDRESS_SANITIZER)
#include <sys/auxv.h>

// Asked by the leak sanitizer, which can't look at a set-user program and ends it then.
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() { return ::getauxval(AT_SECURE) != 0 ? 1 : 0; }
#endif

namespace {

#if defined(TESSERA_WIN32)
// Wine loads a program where it wants to be and maps memory where the last process had it, so that
// an address of the caller's would be right in a worker by luck. Not here: workers have less room
// to begin with, and the program that they run, win32/rebase.py's copy, wants to be elsewhere.
void be_unlike_the_caller(int argc, char** argv) {
  namespace fs = std::filesystem;
  if (argc > 1 && argv[1] == tessera::detail::worker_argument) {
    for (int block = 0; block < 64; ++block)
      ::VirtualAlloc(nullptr, std::size_t{1} << 20 << (block % 6), MEM_RESERVE, PAGE_NOACCESS);
    return;
  }
  const fs::path own(tessera::host::detail::program_file("test"));
  const fs::path other = fs::path(own).replace_extension(".rebased");
  if (!fs::exists(other)) return;
  fs::rename(own, fs::path(own).replace_extension(".caller"));
  fs::rename(other, own);
}
#endif

}  // namespace

int main(int argc, char** argv) {
#if defined(TESSERA_WIN32)
  be_unlike_the_caller(argc, argv);
#endif
  // As a program whose author forgot it.
  if (std::getenv("TESSERA_TEST_FORGETS") == nullptr)
    if (const auto code = tessera::run_as_worker(argc, argv)) return *code;
  // Tests run side by side, and some make orphans to look at.
  tessera::set_reap_orphans(false);
  const char* const method = std::getenv("TESSERA_TEST_START_METHOD");
  if (method != nullptr && std::string_view(method) == "spawn")
    tessera::set_start_method(tessera::StartMethod::spawn);
  return Catch::Session().run(argc, argv);
}
