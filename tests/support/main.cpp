// The main of every test program: a worker of a pool that it has started, or Catch2's own.
// TESSERA_TEST_START_METHOD=spawn has all pools that say nothing of it start their processes so.
#include <cstdlib>
#include <string_view>

#include <tessera/pool/job_options.hpp>
#include <tessera/pool/keeper_start.hpp>

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

int main(int argc, char** argv) {
  // As a program whose author forgot it.
  if (std::getenv("TESSERA_TEST_FORGETS") == nullptr)
    if (const auto code = tessera::run_as_worker(argc, argv)) return *code;
  const char* const method = std::getenv("TESSERA_TEST_START_METHOD");
  if (method != nullptr && std::string_view(method) == "spawn")
    tessera::set_start_method(tessera::StartMethod::spawn);
  return Catch::Session().run(argc, argv);
}
