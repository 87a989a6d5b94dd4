// Names that somebody removes while a pool uses the arrays, as systemd does with an ordinary user's
// at logout (RemoveIPC=yes).
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::SharedArray;
using tessera::StartMethod;
using tessera::TiledPool;
namespace host = tessera::host;

namespace {

void remove_all_names() {
  for (const auto& name : host::segment_names()) ::unlink(shm_path(name).c_str());
}

const auto add_ones = [](auto v, auto x) { v += x; };

}  // namespace

TEST_CASE("jobs go on with arrays of the caller's whose names were removed") {
  const Scene scene;
  const auto method = GENERATE(StartMethod::fork, StartMethod::spawn);
  const bool ordinary_user = GENERATE(false, true);
  CHECK(failure_in_private_shm(16 * MiB, [&] {
          must(::chmod(host::segment_folder(), 01777) == 0, "everybody may use the folder");
          if (ordinary_user && ::geteuid() == 0) {
            must(::setresgid(61237, 61237, 61237) == 0 && ::setresuid(61237, 61237, 61237) == 0,
                 "another user can be become");
            ::prctl(PR_SET_DUMPABLE, 1);  // as a program that was started so is
          }
          TiledPool pool(2, {.start_method = method});
          auto a = SharedArray<int, 1>::create("a", {100});
          auto ones = SharedArray<int, 1>::create("ones", {100});
          ones = 1;
          remove_all_names();
          pool.map({10}, add_ones, into(a), ones);
          for (const int element : a) must(element == 1, "a first job is right");
          remove_all_names();  // of the pool's own memory too
          const auto pids = pool.worker_pids();
          for (const int pid : pids) kill_process(pid);
          must(all_end(pids), "workers end");
          pool.map({10}, add_ones, into(a), ones);
          for (const int element : a) must(element == 2, "and one of new workers");
          must(host::segment_names().size() <= 1, "no name has come back");
        }) == "");
}

TEST_CASE(
    "an array whose name was removed and that the caller does not own is told with what may help") {
  const Scene scene;
  CHECK(failure_in_private_shm(16 * MiB, [&] {
          const auto owner = SharedArray<int, 1>::create("a", {100});
          Child caller([] {
            auto a = SharedArray<int, 1>::attach("a");
            ::unlink(shm_path("a").c_str());
            TiledPool own(1);
            const auto error = error_of([&] {
              own.map(
                  {10}, [](auto v) { v = 1; }, into(a));
            });
            must(error.errc() == Errc::name_missing && has(error.what(), "RemoveIPC") &&
                     has(error.what(), "loginctl enable-linger"),
                 error.what());
          });
          must(caller.failure() == "", "it is told");
        }) == "");
}

TEST_CASE("a name that leads to another array by now is never gone around") {
  const Scene scene;
  CHECK(failure_in_private_shm(16 * MiB, [&] {
          TiledPool pool(1);
          auto a = SharedArray<int, 1>::create("a", {100});
          ::unlink(shm_path("a").c_str());
          const auto other = SharedArray<int, 1>::create("a", {100});
          const auto error = error_of([&] {
            pool.map(
                {10}, [](auto v) { v = 1; }, into(a));
          });
          must(error.errc() == Errc::replaced, error.what());
        }) == "");
}
