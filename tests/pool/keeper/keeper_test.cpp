#include <tessera/pool/keeper/keeper.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "support/catch.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Identity;
using tessera::detail::Board;
using tessera::detail::Keeper;
using tessera::detail::KeeperPlan;
using tessera::detail::Message;
using tessera::detail::PoolMemory;
using tessera::detail::SetupCode;

namespace {

/// What every worker of a test does until the pool closes: nothing.
int idle_until_closed(const Board& board, int keeper) {
  const auto bell = board.work_bell();
  while (board.commands().closing.load() == 0 && tessera::host::parent_pid() == keeper)
    bell.wait(bell.epoch(), std::chrono::milliseconds(20));
  return 0;
}

/// Two places and their keeper, a child of this process, which is its caller.
class KeptBoard {
 public:
  explicit KeptBoard(const KeeperPlan& plan = {}) {
    const tessera::host::ProcessHandle self(tessera::host::own_pid());
    keeper_.emplace([&] {
      pair_.ours.close();
      const auto start = [this](const tessera::host::Children&, std::size_t, const Identity&) {
        const auto keeper = tessera::host::own_pid();
        return tessera::host::fork_child(
            "test", [this, keeper] { return idle_until_closed(board(), keeper); });
      };
      must(Keeper(board(), pair_.theirs, self, Identity{}, plan, start).run() == 0,
           "the keeper ends in order");
    });
    pair_.theirs.close();
  }

  const Board& board() const { return pool_memory_.board; }
  void say(Message message) const { send(pair_.ours, message); }
  int pid(std::size_t place) const { return board().processes()[place].pid.load(); }
  std::uint32_t deaths(std::size_t place) const { return board().processes()[place].deaths.load(); }
  /// A process other than that one works there.
  bool starts(std::size_t place, int other_than = 0) const {
    return wait_until([&] { return pid(place) != 0 && pid(place) != other_than; });
  }
  /// The pool closes. Empty if its keeper ends in order.
  std::string failure_at_close() {
    say(Message::stop);  // first: who ends from here on has no successor
    board().commands().closing.store(1);
    board().work_bell().ring();
    say(Message::stop);
    return keeper_->failure();
  }

 private:
  Scene scene_;
  PoolMemory pool_memory_{2};
  tessera::host::ChannelPair pair_{"test"};
  std::optional<Child> keeper_;
};

}  // namespace

TEST_CASE("a keeper that is told to stop before it is told to start has started nobody") {
  KeptBoard kept;
  CHECK(kept.failure_at_close() == "");
  CHECK((kept.pid(0) == 0 && kept.pid(1) == 0));
  CHECK((kept.deaths(0) == 0 && kept.deaths(1) == 0));
}

TEST_CASE("every place gets a process, and none is left when the pool has closed") {
  KeptBoard kept;
  kept.say(Message::start);
  REQUIRE((kept.starts(0) && kept.starts(1)));
  const int one = kept.pid(0), two = kept.pid(1);
  CHECK(one != two);
  CHECK(kept.failure_at_close() == "");
  CHECK((kept.pid(0) == 0 && kept.pid(1) == 0));
  CHECK(all_end({one, two}));
}

TEST_CASE("places before the first of the plan are the caller's own") {
  KeptBoard kept({1, {}, false});
  kept.say(Message::start);
  REQUIRE(kept.starts(1));
  CHECK(kept.failure_at_close() == "");
  CHECK(kept.deaths(0) == 0);
  CHECK(kept.deaths(1) == 1);
}

TEST_CASE("a worker that died is told, is inside no round, and has a successor") {
  KeptBoard kept;
  kept.say(Message::start);
  REQUIRE((kept.starts(0) && kept.starts(1)));
  const int first = kept.pid(1);
  auto& slot = kept.board().workers()[1];
  slot.inside.store(5);
  slot.unpinned.store(1);
  kill_process(first);
  REQUIRE(kept.starts(1, first));
  CHECK(kept.deaths(1) == 1);
  CHECK((slot.inside.load() == 0 && slot.unpinned.load() == 0));
  const auto& process = kept.board().processes()[1];
  CHECK(process.last_pid.load() == first);
  CHECK(tessera::host::describe_exit(process.last_status.load()) == words_of_kill);
  CHECK(process.last_was_late.load() == 0);
  CHECK(kept.failure_at_close() == "");
}

TEST_CASE("an idle worker that died has a successor too") {
  KeptBoard kept;
  kept.say(Message::start);
  REQUIRE((kept.starts(0) && kept.starts(1)));
  const int first = kept.pid(0), other = kept.pid(1);
  kill_process(first);
  CHECK(kept.starts(0, first));
  CHECK(kept.pid(1) == other);
  CHECK(kept.failure_at_close() == "");
}

TEST_CASE("workers inside an expired round are killed, and no others") {
  KeptBoard kept;
  kept.say(Message::start);
  REQUIRE((kept.starts(0) && kept.starts(1)));
  const int inside = kept.pid(0), elsewhere = kept.pid(1);
  kept.board().workers()[0].inside.store(9);
  kept.board().commands().expired_round.store(9);
  kept.say(Message::kill);
  REQUIRE(kept.starts(0, inside));
  CHECK(kept.board().commands().expired_round.load() == 0);
  CHECK(kept.pid(1) == elsewhere);
  CHECK(kept.failure_at_close() == "");
}

TEST_CASE("a worker whose tile takes too long is killed and told as late") {
  KeptBoard kept;
  kept.say(Message::start);
  REQUIRE((kept.starts(0) && kept.starts(1)));
  const int late = kept.pid(1);
  kept.board().clocks()[1].begin(tessera::detail::TileClock::now(), 1, 1);
  kept.board().commands().tile_timeout.store(1'000'000);
  kept.say(Message::timeout);
  REQUIRE(kept.starts(1, late));
  CHECK(kept.board().processes()[1].last_was_late.load() == 1);
  CHECK(kept.deaths(0) == 0);
  kept.board().commands().tile_timeout.store(0);
  CHECK(kept.failure_at_close() == "");
}

TEST_CASE("a worker that dies in its setup was lost to no job, and its end is reported") {
  const SetupCode setup(tessera::WorkerSetup([] {}), true);
  KeptBoard kept({0, {}, false, 1, setup});
  auto& report = kept.board().setups()[1];
  kept.say(Message::start);
  REQUIRE((kept.starts(0) && kept.starts(1)));
  const int first = kept.pid(1);
  kill_process(first);
  REQUIRE(kept.starts(1, first));
  CHECK(kept.deaths(1) == 0);
  CHECK(report.ever_failed());
  CHECK(has(report.text(), "worker 1 (process " + std::to_string(first) + ")"));
  CHECK(has(report.text(), words_of_kill));
  // Once it is set up, its death is one like any other.
  const int second = kept.pid(1);
  report.succeed(kept.board().processes()[1].number.load());
  kill_process(second);
  REQUIRE(kept.starts(1, second));
  CHECK(kept.deaths(1) == 1);
  CHECK(kept.failure_at_close() == "");
}
