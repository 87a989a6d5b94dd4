// Pools whose caller has its names in a folder of its own choice.
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::into;
using tessera::SharedArray;
using tessera::StartMethod;
using tessera::TiledPool;

namespace {

/// In a child that has used no folder yet, whose environment names `told`, if anything.
template <class Body>
std::string failure_with(const std::string& told, Body&& body) {
  return failure_in_child([&] {
    tessera::host::detail::folder_in_use.store(nullptr);
    ::setenv("TESSERA_DIR", told.c_str(), 1);
    body();
  });
}

std::size_t names_in(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("workers attach in the folder of names that the caller's environment or program chose") {
  const Scene scene;
  const Folder one, two;
  const auto method = GENERATE(StartMethod::fork, StartMethod::spawn);
  const bool by_program = GENERATE(false, true);
  // What the environment says is overruled by the program, for the workers as well.
  CHECK(failure_with(one.file(""), [&] {
          const auto folder = by_program ? two.file("") : one.file("");
          if (by_program) tessera::set_segment_folder(folder);
          TiledPool pool(2, {.start_method = method});
          auto a = SharedArray<double, 2>::create("a", {8, 8});
          must(a.path() == folder + "a", a.path());
          for (int job = 1; job <= 3; ++job)
            pool.map(
                {4, 4}, [](auto v) { v += 1; }, into(a));
          must(a(0, 0) == 3 && a(7, 7) == 3, "the jobs are right");
          must(names_in(folder) == 2, "the array and the pool's own memory are there");
        }) == "");
  CHECK(one.entries() == 0);
  CHECK(two.entries() == 0);
}

TEST_CASE("the keeper of a killed caller removes its names from the folder that the caller chose") {
  const Scene scene;
  const Folder folder, other;
  const auto method = GENERATE(StartMethod::fork, StartMethod::spawn);
  CHECK(failure_with(other.file(""), [&] {
          // The pool first: the folder is the one of its beginning.
          tessera::set_segment_folder(folder.file(""));
          static TiledPool pool(2, {.start_method = method});
          static auto a = SharedArray<int, 1>::create("a", {100});
          pool.map(
              {10}, [](auto v) { v += 1; }, into(a));
          must(names_in(folder.file("")) == 2, "there are names");
          ::kill(::getpid(), SIGKILL);
        }) == "killed by signal 9");
  CHECK(wait_until([&] { return folder.entries() == 0; }));
}
