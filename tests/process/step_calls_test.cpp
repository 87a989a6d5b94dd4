// A process killed before each system call of what it does with names: create, keep, remove, reap,
// take over, and the whole life of a pool. Between two calls nothing changes that outlives a
// process but elements, so these are all the moments there are.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"
#include "support/stepping.hpp"

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::Errc;
using tessera::into;
using tessera::SharedArray;
using tessera::TiledPool;
namespace catalog = tessera::catalog;
namespace host = tessera::host;
using Array = SharedArray<int, 1>;
using Kind = catalog::Entry::Kind;

namespace {

/// What catalog says of "x".
std::string state_of_x() {
  for (const auto& entry : catalog::list()) {
    if (entry.name != "x") continue;
    switch (entry.kind) {
      case Kind::owned: return "owned";
      case Kind::orphan: return "an orphan";
      case Kind::kept: return "kept";
      case Kind::foreign: return "foreign";
    }
  }
  return "no name";
}

/// The next program has no trouble with what is left of "x", whatever it wants to do.
std::string next_program_works(bool may_be_kept) {
  const auto state = state_of_x();
  if (state == "kept") {
    must(may_be_kept, "it is not kept");
    must(catalog::reap().empty(), "what is kept is not reaped");
    must(Array::attach("x")(7) == 7, "what is kept is whole");
    must(error_of([] { Array::create("x", {8}); }).errc() == Errc::name_taken, "and not taken");
    must(Array::remove("x"), "and can be removed");
  } else {
    must(state == "no name" || state == "an orphan", "it is " + state);
    {
      const auto mine = Array::create("x", {8});
      must(mine(7) == 0, "a new array is new");
      must(catalog::reap().empty(), "and its owner's");
      must(Array::attach("x").segment()->identity() == mine.segment()->identity(), "and found");
    }
  }
  must(state_of_x() == "no name", "nothing is left");
  return state;
}

void full_life() {
  auto x = Array::create("x", {8});
  x(7) = 7;
}
void kept() {
  auto x = Array::create("x", {8});
  x(7) = 7;
  x.keep();
}
void orphaned() {
  Child owner([] {
    auto x = Array::create("x", {8});
    x(7) = 7;
    ::raise(SIGKILL);
  });
  owner.failure();
  must(state_of_x() == "an orphan", "there is an orphan");
}
void nothing() {}

}  // namespace

TEST_CASE("a process killed before any call of what it does with a name leaves the next no trouble",
          "[steps]") {
  const Scene scene;
  CHECK(failure_in_private_shm(16 * MiB, [] {
          // Whatever is killed, these two are not touched.
          const auto neighbour = Array::create("neighbour", {8});
          Array::create("kept-neighbour", {8}).keep();
          const auto look = [&](bool may_be_kept) {
            const auto found = next_program_works(may_be_kept);
            must(host::segment_names() == std::vector<std::string>{"kept-neighbour", "neighbour"} &&
                     host::still_names(neighbour.path(), neighbour.segment()->file_id()),
                 "the neighbours are there");
            return found;
          };
          const auto not_kept = [&] { return look(false); };
          const auto maybe_kept = [&] { return look(true); };
          std::size_t calls = 0;
          calls += kill_before_each_call("create, publish, remove", nothing, full_life, not_kept);
          calls += kill_before_each_call("create, publish, keep", nothing, kept, maybe_kept);
          calls += kill_before_each_call("take over, remove", orphaned, full_life, not_kept);
          calls += kill_before_each_call(
              "reap", orphaned, [] { catalog::reap(); }, not_kept);
          calls += kill_before_each_call(
              "remove what is kept", kept, [] { Array::remove("x"); }, maybe_kept);
          calls += kill_before_each_call(
              "attach", kept, [] { Array::attach("x"); }, maybe_kept);
          Array::remove("kept-neighbour");
          must(calls > 60, std::to_string(calls) + " calls were met");
        }) == "");
}

TEST_CASE(
    "a reaper that is overtaken between any two calls removes no array that has the name by now",
    "[steps]") {
  const Scene scene;
  CHECK(failure_in_private_shm(16 * MiB, [] {
          std::size_t overtaken = 0, calls = 0;
          for (std::string call = "the first"; !call.empty();) {
            orphaned();
            std::optional<Array> mine;
            call = stopped_after(
                calls++, [] { catalog::reap(); },
                [&](Child& reaper) {
                  try {
                    mine = Array::create("x", {8});
                  } catch (const tessera::Error& error) {
                    must(error.errc() == Errc::name_taken, "it can't be overtaken, if at all");
                  }
                  must(::ptrace(PTRACE_DETACH, reaper.pid(), nullptr, nullptr) == 0, "it goes on");
                  must(reaper.failure().empty(), "it comes to its end");
                });
            const auto found = state_of_x();
            must(found == (mine ? "owned" : "no name"), "overtaken before " + call + ": " + found);
            overtaken += mine.has_value();
          }
          must(overtaken > 10, "a reaper was overtaken " + std::to_string(overtaken) + " times");
        }) == "");
}

TEST_CASE("a caller killed before any call of a pool's life leaves no process and no name",
          "[steps]") {
  const Scene scene;
  // A keeper looks for names for a quarter of a second: several trials at a time.
  constexpr std::size_t lanes = 10;
  const auto life = [] {
    TiledPool pool(2);
    auto a = SharedArray<int, 1>::create("a", {64}), b = SharedArray<int, 1>::create({64});
    pool.map(
        {4}, [](auto o, auto i) { o = i + 1; }, into(a), b);
  };
  const auto lane = [&](std::size_t first) {
    must(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "orphans can be inherited");
    std::string call = "the first";
    std::size_t calls = first;
    for (; !call.empty(); calls += lanes) {
      call = killed_after(calls, life);
      const auto where = ", killed before call " + std::to_string(calls) + ", " + call;
      must(wait_until([] { return ::waitpid(-1, nullptr, WNOHANG) < 0; }, 5s),
           "no process is left" + where);
      // A caller without a pool yet leaves orphans as any other; this one has nothing before.
      must(host::segment_names().empty(), "no name is left" + where);
    }
    must(calls > 60, "some calls were met");
  };
  std::vector<Child> all;
  for (std::size_t first = 0; first < lanes; ++first)
    all.emplace_back([&, first] {
      const auto failure = failure_in_private_shm(16 * MiB, [&] { lane(first); });
      must(failure.empty(), failure);
    });
  for (auto& child : all) CHECK(child.failure() == "");
}
