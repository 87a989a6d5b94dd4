// The start of a pool removes what dead programs of its user have left, and nothing else.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

#include <tessera.hpp>
#include <tessera/host/name_info.hpp>

#include "support/catch.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::SharedArray;
using tessera::TiledPool;
namespace host = tessera::host;
using Names = std::vector<std::string>;

namespace {

/// A program with a pool that has no keeper is killed, and its name stays.
void leave_orphan(const std::string& name) {
  must(failure_in_child([&] {
         auto pool = TiledPool::in_caller();
         const auto owner = SharedArray<int, 1>::create(name, {10});
         ::raise(SIGKILL);
       }) == "killed by signal 9",
       "the owner was killed");
}

void make_kept(const std::string& name) { SharedArray<int, 1>::create(name, {10}).keep(); }

void unlink_all() {
  for (const auto& name : host::segment_names()) ::unlink(shm_path(name).c_str());
}

}  // namespace

TEST_CASE("the start of a pool removes orphans of this user, and nothing else") {
  const Scene scene;
  REQUIRE(failure_in_private_shm(4 * MiB, [] {
            tessera::set_reap_orphans(true);
            const auto owned = SharedArray<int, 1>::create("owned", {10});
            make_kept("kept");
            write_file(shm_path("copy"), bytes_of(shm_path("owned")));
            write_file(shm_path("text"), std::string(320, 'x'));
            const bool root = ::geteuid() == 0;
            leave_orphan("another");
            if (root) must(::chown(shm_path("another").c_str(), 12345, 12345) == 0, "given away");
            leave_orphan("orphan");
            leave_orphan("second");
            { const TiledPool pool(1); }
            Names left{"copy", "kept", "owned", "text"};
            if (root) left.insert(left.begin(), "another");
            must(host::segment_names() == left, "the orphans are gone, and they alone");
            leave_orphan("orphan");
            { const auto pool = TiledPool::in_caller(); }
            must(host::segment_names() == left, "one without processes does the same");
            unlink_all();
          }) == "");
}

TEST_CASE("a pool that is not to reap leaves orphans alone, by its option or the program's") {
  const Scene scene;
  REQUIRE(failure_in_private_shm(4 * MiB, [] {
            leave_orphan("orphan");
            must(exists(shm_path("orphan")), "a program without a keeper leaves its name");
            tessera::set_reap_orphans(true);
            { const TiledPool pool(1, {.reap_orphans = false}); }
            must(exists(shm_path("orphan")), "by its option");
            tessera::set_reap_orphans(false);
            { const TiledPool pool(1); }
            must(exists(shm_path("orphan")), "by the program's");
            { const TiledPool pool(1, {.reap_orphans = true}); }
            must(!exists(shm_path("orphan")), "which an option overrides");
          }) == "");
}

TEST_CASE(
    "however full the folder of names is, the start of a pool looks at a bounded part of it") {
  const Scene scene;
  REQUIRE(failure_in_private_shm(64 * MiB, [] {
            for (int i = 0; i < 5000; ++i)
              write_file(shm_path("foreign-" + std::to_string(i)), std::string(64, 'x'));
            const auto visited = [] {
              Names out;
              host::visit_own_files(0us, [&](const std::string& name) { out.push_back(name); });
              return out;
            };
            must(visited().size() == 64, "no more than that");
            const auto first = visited();
            must(wait_until([&] { return visited() != first; }), "and not the same ones for ever");
            unlink_all();
            must(visited().empty(), "nothing where nothing is");
          }) == "");
}

TEST_CASE("pools that start while others die and create remove no living array") {
  const Scene scene;
  REQUIRE(failure_in_private_shm(16 * MiB, [] {
            tessera::set_reap_orphans(true);
            Child starter([] {
              for (;;) auto pool = TiledPool::in_caller();
            });
            for (int i = 0; i < 300; ++i) {
              const auto owner = SharedArray<int, 1>::create("x", {10});
              must(exists(shm_path("x")), "it has its name");
              if (i % 30 == 0) leave_orphan("y");
            }
            must(wait_until([] { return !exists(shm_path("y")); }), "orphans go");
          }) == "");
}
