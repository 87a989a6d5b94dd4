#include <tessera/pool/worker/affinity.hpp>

#include <algorithm>
#include <chrono>
#include <vector>

#include <tessera/host/cpus.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::detail::Affinity;
using tessera::host::allowed_cores;

namespace {

std::chrono::nanoseconds given{0};  // how long the process has had a core, as a test tells it

/// A worker that works all the time; its core gives it a share of it.
struct Working {
  std::vector<int> cores = allowed_cores();
  Affinity affinity{cores, cores.size() - 1, [] { return given; }};
  Affinity::Clock::time_point now = Affinity::Clock::now();

  /// True if it was bound or let loose meanwhile.
  bool work(std::chrono::milliseconds time, int share_in_percent) {
    bool changed = false;
    for (; time > 0ms; time -= 1ms, now += 1ms) {
      given += 10us * share_in_percent;
      changed = affinity.worked(now, now + 1ms) || changed;
    }
    return changed;
  }
  bool on_own_core() const { return allowed_cores() == std::vector{cores.back()}; }
  bool on_all_cores() const {
    auto now_allowed = allowed_cores(), all = cores;
    std::sort(now_allowed.begin(), now_allowed.end());
    std::sort(all.begin(), all.end());
    return now_allowed == all;
  }
};

}  // namespace

TEST_CASE("a worker that has its core to itself stays on it") {
  REQUIRE(failure_in_child([] {
            Working worker;
            must(worker.on_own_core(), "it is bound at first");
            must(!worker.work(500ms, 100), "nothing changes");
            must(!worker.work(500ms, 80), "nor where a little is missing");
            must(worker.affinity.pinned() && worker.on_own_core(), "it is bound still");
          }) == "");
}

TEST_CASE("a worker whose core somebody else uses is let loose, and tries again soon") {
  REQUIRE(failure_in_child([] {
            Working worker;
            must(worker.work(10ms, 50), "it is let loose");
            must(!worker.affinity.pinned() && worker.on_all_cores(), "on all cores");
            must(!worker.work(20ms, 100), "for a while");
            must(worker.work(10ms, 100), "then it is bound again");
            must(worker.affinity.pinned() && worker.on_own_core(), "to its own core");
            must(!worker.work(500ms, 100), "and stays there");
            must(worker.work(10ms, 50), "as long as it has it to itself");
          }) == "");
}

TEST_CASE("a worker whose core stays in use is let loose for longer and longer") {
  REQUIRE(failure_in_child([] {
            Working worker;
            const auto loose = [&] {
              while (!worker.work(1ms, 50)) {
              }
              const auto since = worker.now;
              while (!worker.work(1ms, 50)) {
              }
              return worker.now - since;
            };
            auto last = loose();
            for (int time = 0; time < 5; ++time) {
              const auto next = loose();
              must(next > last * 3 / 2 && next < last * 5 / 2, "twice as long each time");
              last = next;
            }
            for (int time = 0; time < 5; ++time) last = loose();
            must(last > 1s && last < 2s, "but not for ever");
            worker.work(500ms, 100);
            must(loose() < 50ms, "and once it has had its core again, as briefly as at first");
          }) == "");
}

TEST_CASE("a worker that seldom works is not taken for one that lacks its core") {
  REQUIRE(failure_in_child([] {
            Working worker;
            for (int job = 0; job < 100; ++job) {
              worker.now += 20ms;  // asleep
              must(!worker.work(1ms, 100), "it stays");
            }
            must(worker.on_own_core(), "on its own core");
          }) == "");
}

TEST_CASE("what others have bound a worker to is left as it is, for good") {
  REQUIRE(failure_in_child([] {
            Working worker;
            const std::vector other{worker.cores.front()};
            if (worker.cores.size() == 1) return;  // nobody can bind it elsewhere
            tessera::host::pin_to(other);
            must(worker.work(50ms, 50), "it notices");
            must(!worker.affinity.pinned(), "it is not bound by itself any more");
            must(!worker.work(3000ms, 50), "and changes nothing");
            must(allowed_cores() == other, "it is where it was put");
          }) == "");
}

TEST_CASE("a worker that was never bound is left alone") {
  Affinity affinity;
  const auto now = Affinity::Clock::now();
  REQUIRE_FALSE(affinity.pinned());
  REQUIRE_FALSE(affinity.worked(now, now + 5s));
}
