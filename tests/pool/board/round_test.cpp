#include <tessera/pool/board/round.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/interleavings.hpp"

using Catch::Matchers::StartsWith;
using tessera::detail::TileState;

// Every interleaving of a caller, two workers, their keeper and a cancel: see
// support/interleavings.hpp. What the memory orders of the operations promise, threads test below.

namespace {

using tessera_test::stepped::Ground;
using tessera_test::stepped::stage;
using tessera_test::stepped::Stepped;
using tessera_test::stepped::Turn;
using tessera_test::stepped::Word;

struct Board {
  tessera::detail::BasicGate<Stepped> gate;
  tessera::detail::BasicStop<Stepped> stops;
  std::array<tessera::detail::BasicProcessSlot<Stepped>, 2> processes;
  std::array<tessera::detail::BasicWorkerSlot<Stepped>, 2> workers;
  Stepped<Word> cancelled, armed;  // what an asynchronous job has for its cancel()
  // From here on: only for workers that are inside, or the caller while nobody is.
  std::array<tessera::detail::BasicRange<Stepped>, 2> ranges;
  std::array<Stepped<std::uint8_t>, 3> bytes;
  std::array<Stepped<Word>, 3> data;  // the job for which a tile was computed last
  Stepped<Word> job;                  // whose bytes these are
} board;

enum class Flaw {
  none,
  enters_unchecked,       // a worker does not look at the job again when it is inside
  ignores_stops,          // it claims and begins until no tile is left
  begins_what_it_claims,  // it does not ask whether a tile is open
  ends_before_it_writes,  // it stores done before the data
  never_waits,            // the caller writes while others are inside
  stays_armed,            // it leaves the round's number in the gate
  looks_too_soon,         // it believes the bytes of a round that others may be inside
  loses_open_tiles,       // it does not run open tiles again
  counts,                 // it waits for a number of tiles, not for their bytes
  records_the_living,     // the keeper does not wait for a worker's end
  tells_of_death_last     // nobody is inside before the death is known
};

struct Scene {
  std::size_t tiles = 1, workers = 2, jobs = 2, deaths = 0;
  bool cancels = false;  // the first job may be cancelled
  bool throws = false;   // tile 0's kernel throws
  bool merges = false;   // the tiles of a claim are computed as one
  bool bare = false;     // workers only claim, and the caller deals job after job without waiting
  std::size_t grain = 1;
  Word stride = 1;  // from one round's number to the next
  Flaw flaw = Flaw::none;
} scene;

bool flawed(Flaw flaw) { return scene.flaw == flaw; }

using ModelRound = tessera::detail::BasicRound<Stepped>;
tessera::detail::BasicMembership<Stepped> membership() {
  return {board.gate, board.stops, std::span(board.processes).first(scene.workers),
          std::span(board.workers).first(scene.workers)};
}
ModelRound round_of(Word number) {
  return {membership(), std::span(board.ranges).first(scene.workers), number,
          std::span(board.bytes).first(scene.tiles), scene.grain};
}

/// Worker::run and serve. What it need not know any more it forgets, so that fewer worlds differ.
struct ModelWorker {
  enum Phase : Word { resting, asking, claiming, computing, leaving };
  Word self, phase = resting, left = 0, number = 0, job = 0, next = 0, last = 0;

  bool act() {
    auto round = round_of(number);
    if (phase == resting) {
      const auto called = board.gate.round.load();
      if (called == 0 || called == left) return false;
      const auto again = board.gate.round.load();
      if (again == 0 || !enter(again)) return true;
      *this = {self, asking, left, again, board.job.load()};
    } else if (phase == asking) {
      phase = stopped(round) ? leaving : claiming;
    } else if (phase == claiming) {
      const auto claim = round.claim(self, 1);
      phase = claim ? computing : leaving;
      if (claim) next = claim->first, last = claim->last;
    } else if (phase == computing) {
      const bool ends = stopped(round);
      if (!ends) next = compute(round);
      if (ends || next == last) *this = {self, asking, left, number, job};
    } else {
      membership().leave(self);
      *this = {self, resting, number};
    }
    return true;
  }
  bool enter(Word round) const {
    if (scene.bare) return true;
    if (!flawed(Flaw::enters_unchecked)) return membership().enter(self, round);
    board.workers[self].inside.store(round);
    return true;
  }
  static bool stopped(const ModelRound& round) {
    return round.stopped() && !flawed(Flaw::ignores_stops);
  }
  /// One tile of the claim, or a run of them; returns the first that is left.
  Word compute(const ModelRound& round) const {
    Word end = next + 1;
    if (scene.bare) return board.data[next].store(number), end;
    if (!round.begin(next) && !flawed(Flaw::begins_what_it_claims)) return end;
    while (scene.merges && end < last && round.begin(end)) ++end;
    const bool throws = scene.throws && next == 0;
    if (throws) round.stop();
    if (flawed(Flaw::ends_before_it_writes)) round.end(self, next, TileState::done);
    for (Word k = next; k < end && !throws; ++k) board.data[k].store(job);
    for (Word k = next; k < end; ++k)
      round.end(self, k, throws ? TileState::failed : TileState::done);
    return end;
  }
};

/// JobRunner::run.
struct ModelCaller {
  enum Phase : Word { waiting_idle, owning, watching, looking, clearing, looking_again, ended };
  ModelRound round = round_of(0);
  Word phase = waiting_idle, number = 0, job = 0, ends = 0;
  Word open = 0, unknown = 0, lost = 0, again = 0;  // what became of the round

  bool act() {
    if (phase == waiting_idle) {
      if (membership().anyone_inside() && !flawed(Flaw::never_waits)) return false;
      phase = job == scene.jobs && again == 0 ? ended : owning;
    } else if (phase == owning) {
      if (again == 0) lay_out();
      number += scene.stride;
      std::construct_at(&round, round_of(number));
      if (scene.cancels && job == 1) {  // CancelToken::set_round
        board.armed.store(number);
        if (board.cancelled.load() != 0) round.stop();
      }
      round.arm();
      phase = scene.bare ? waiting_idle : watching;
    } else if (phase == watching) {
      if (!over()) return false;
      phase = looking;
    } else if (phase == clearing) {
      if (membership().anyone_inside()) return false;
      phase = looking_again;
    } else {
      if (phase == looking && !flawed(Flaw::stays_armed)) round.disarm();
      look();
      const bool sure = phase == looking_again || flawed(Flaw::looks_too_soon);
      phase = sure || (open | unknown) == 0 ? waiting_idle : clearing;
    }
    return true;
  }
  void lay_out() {
    ++job;
    for (auto& slot : board.workers) slot.tiles.store(0);
    for (std::size_t k = 0; k < scene.tiles; ++k) board.bytes[k].store(0);
    board.job.store(job);
    ends = all_deaths();
  }
  bool over() {
    if (!flawed(Flaw::counts)) return round.over();
    Word done = 0;
    for (const auto& slot : board.workers) done += slot.tiles.load();
    return done == scene.tiles;
  }
  void look() {
    open = unknown = 0;  // a bit for each tile
    for (std::size_t k = 0; k < scene.tiles; ++k) {
      const auto state = round.state(k);
      open |= Word{state == TileState::open} << k;
      unknown |= Word{state == TileState::started} << k;
    }
    lost = all_deaths() - ends;
    again = open != 0 && !round.stopped() && !flawed(Flaw::loses_open_tiles);
  }
  static Word all_deaths() {
    Word out = 0;
    for (const auto& process : board.processes) out += process.deaths.load();
    return out;
  }
};

/// Keeper::collect, when a worker has ended.
struct ModelKeeper {
  Word place = 0;
  bool act() const {
    if (!flawed(Flaw::tells_of_death_last)) return membership().record_death(place), true;
    membership().leave(place);
    board.processes[place].deaths.fetch_add(1);
    return true;
  }
};

/// AsyncJob::cancel.
struct ModelCancel {
  Word done = 0;
  bool act() {
    board.cancelled.store(1);
    if (const auto number = board.armed.load()) membership().stop(number);
    done = 1;
    return true;
  }
};

/// Of words only, without padding: equal worlds are equal bytes.
struct World : Ground {
  ModelCaller caller;
  std::array<ModelWorker, 2> team{ModelWorker{0}, ModelWorker{1}};
  ModelKeeper keeper;
  ModelCancel cancel;
  static constexpr Word nobody = 2;
  Word deaths_left = scene.deaths, dead = nobody;  // who is dead and not yet recorded
  std::array<Word, 3> victims{};  // the job in which one who had begun the tile died
  std::array<Word, 2> late{};     // tiles that were begun after a stop

  // A step of the caller, of a worker, of the keeper, of a cancel; the end of a worker.
  static constexpr std::string_view choices = "c01kxAB";
  static std::size_t worker(char choice) {
    return static_cast<std::size_t>(choice - (choice < 'A' ? '0' : 'A'));
  }
  bool possible(char choice) const {
    const auto ready = [&](std::size_t actor) { return !turns[actor].waits || turns[actor].woken; };
    if (choice == 'c') return caller.phase != ModelCaller::ended && ready(0);
    if (choice == 'k') return dead != nobody;
    if (choice == 'x') return scene.cancels && cancel.done == 0;
    const auto w = worker(choice);
    if (w >= scene.workers || (ended() && !scene.bare)) return false;
    if (choice >= 'A') return deaths_left > 0 && dead == nobody;
    return ready(1 + w) && (dead != w || flawed(Flaw::records_the_living));
  }
  bool ended() const { return caller.phase == ModelCaller::ended; }

  void take(char choice) {
    const auto w = worker(choice);
    const auto phase = caller.phase;
    if (choice == 'c') {
      step(0, caller);
      if (phase == ModelCaller::waiting_idle && caller.phase != phase) check_counts();
      if (phase > ModelCaller::watching && caller.phase == ModelCaller::waiting_idle)
        check_outcome();
    } else if (choice == 'k') {
      step(3, keeper);
      if (turns[3].taken == 0) replace(std::exchange(dead, nobody));
    } else if (choice == 'x') {
      step(4, cancel);
    } else if (choice >= 'A') {
      --deaths_left;
      dead = keeper.place = w;
      for (Word k = team[w].next; k < team[w].last; ++k)
        if (is(k, TileState::started) && team[w].phase == ModelWorker::computing)
          victims[k] = team[w].job;
    } else {
      step(1 + w, team[w]);
      check_step(w);
      // A thief with its loot in its own range claims as if it had just begun. Else two that steal
      // one tile from each other for ever would make for ever new worlds.
      if (stage.changed && stage.touched == board.ranges[w].word.id) turns[1 + w] = {};
    }
    if (!scene.bare && caller.phase != ModelCaller::owning) check_tiles();
  }
  template <class Actor>
  [[gnu::noinline]] void step(std::size_t number, Actor& actor) {
    auto& turn = turns[number];
    if (turn.taken == 0) turn = {};
    stage.ground = this;
    stage.actor = number;
    stage.at = 0;
    stage.acted = false;
    if (setjmp(stage.out) == 0) play(turn, actor);
  }
  /// An actor is changed only when its turn is over.
  template <class Actor>
  [[gnu::noinline]] static void play(Turn& turn, Actor& actor) {
    static_assert(std::is_trivially_destructible_v<Actor>);
    Actor after = actor;
    const bool goes_on = after.act();
    std::construct_at(&actor, after);
    turn = goes_on ? Turn{} : Turn{.read = turn.read, .waits = 1, .woken = turn.woken};
  }
  void replace(std::size_t w) {
    if (flawed(Flaw::records_the_living)) return;
    team[w] = {w};
    turns[1 + w] = {};
    late[w] = 0;
  }

  Word value(const auto& stepped) const { return words[stepped.id]; }
  bool is(std::size_t tile, TileState state) const {
    return value(board.bytes[tile]) == static_cast<Word>(state);
  }
  void check_step(std::size_t w) {
    const auto& me = team[w];
    stage.blame(caller.phase == ModelCaller::owning && stage.touched >= board.ranges[0].word.id &&
                    !scene.bare,
                "a worker touches what is the caller's");
    stage.blame(stage.touched >= board.data[0].id && stage.touched < board.job.id && !stage.changed,
                "a tile is computed twice");
    if (me.phase == ModelWorker::resting) late[w] = 0;
    const auto tile = stage.touched - board.bytes[0].id;
    if (me.phase == ModelWorker::computing && tile < scene.tiles && stage.changed &&
        is(tile, TileState::started) && value(board.stops.round) == me.number)
      ++late[w];
    stage.blame(late[w] > (scene.merges ? scene.grain : 1), "tiles are begun long after a stop");
  }
  void check_tiles() const {
    for (std::size_t k = 0; k < scene.tiles && caller.job != 0; ++k) {
      const bool computed = value(board.data[k]) == value(board.job);
      stage.blame(is(k, TileState::done) && !computed, "a tile is done without its data");
      stage.blame(is(k, TileState::open) && computed, "a tile is computed that nobody began");
    }
  }
  void check_outcome() const {
    const bool stopped = scene.throws || (value(board.cancelled) != 0 && caller.job == 1);
    for (std::size_t k = 0; k < scene.tiles; ++k)
      stage.blame((caller.unknown >> k & 1) != 0 && victims[k] != caller.job,
                  "a tile is unknown that no dead worker had begun");
    stage.blame(caller.unknown != 0 && caller.lost == 0, "a tile is unknown, but no death known");
    stage.blame(caller.open != 0 && caller.again == 0 && !stopped, "tiles are lost");
    stage.blame(caller.again != 0 && deaths_left == scene.deaths, "a round for no reason");
  }
  /// Nobody is inside. One that died may not have counted its last tile.
  void check_counts() const {
    Word counted = 0, done = 0;
    for (const auto& slot : board.workers) counted += value(slot.tiles);
    for (std::size_t k = 0; k < scene.tiles && caller.job != 0; ++k) done += is(k, TileState::done);
    stage.blame((counted > done || done - counted > scene.deaths - deaths_left) && !scene.bare &&
                    !flawed(Flaw::never_waits),
                "workers counted other tiles than are done");
  }
};

/// Empty if all is well whichever way a scene goes on; else a fault and the choices that led there.
std::string explore(const Scene& its) {
  scene = its;
  return tessera_test::stepped::explore<World>();
}

}  // namespace

TEST_CASE("every interleaving of two jobs computes each tile once, by workers that are inside",
          "[exhaustive]") {
  REQUIRE(explore({.tiles = 1}) == "");
  REQUIRE(explore({.tiles = 2}) == "");
  REQUIRE(explore({.tiles = 3}) == "");
  REQUIRE(explore({.tiles = 3, .jobs = 1, .grain = 2}) == "");
}

TEST_CASE("a worker may die at any step of a job", "[exhaustive]") {
  REQUIRE(explore({.tiles = 2, .jobs = 1, .deaths = 1}) == "");
}

TEST_CASE("a worker may die at any step of two jobs", "[exhaustive]") {
  REQUIRE(explore({.tiles = 1, .deaths = 1}) == "");
  REQUIRE(explore({.tiles = 3, .workers = 1, .jobs = 1, .deaths = 2, .grain = 2}) == "");
}

TEST_CASE("tiles that are computed as one begin and end each for itself", "[exhaustive]") {
  REQUIRE(explore({.tiles = 3, .jobs = 1, .merges = true, .grain = 2}) == "");
  REQUIRE(explore({.tiles = 2, .merges = true, .grain = 2}) == "");
  REQUIRE(explore({.tiles = 2, .jobs = 1, .deaths = 1, .merges = true, .grain = 2}) == "");
  REQUIRE(explore({.tiles = 3, .workers = 1, .jobs = 1, .deaths = 2, .merges = true, .grain = 2}) ==
          "");
  REQUIRE(explore({.tiles = 2, .throws = true, .merges = true, .grain = 2}) == "");
  REQUIRE(explore({.tiles = 2, .jobs = 1, .cancels = true, .merges = true, .grain = 2}) == "");
}

TEST_CASE("a kernel that throws ends its job early, and not the next", "[exhaustive]") {
  REQUIRE(explore({.tiles = 3, .throws = true}) == "");
  REQUIRE(explore({.tiles = 2, .jobs = 1, .deaths = 1, .throws = true}) == "");
}

TEST_CASE("a cancel at any step ends its job early, and not the next", "[exhaustive]") {
  REQUIRE(explore({.tiles = 1, .cancels = true}) == "");
  REQUIRE(explore({.tiles = 2, .jobs = 1, .cancels = true}) == "");
  REQUIRE(explore({.tiles = 2, .workers = 1, .deaths = 1, .cancels = true, .grain = 2}) == "");
}

TEST_CASE("a thief that is late by a job steals nothing of the next", "[exhaustive]") {
  const auto tiles = GENERATE(1u, 2u, 3u);
  REQUIRE(explore({.tiles = tiles, .bare = true}) == "");
  // Where the numbers in the ranges' words are equal, only the caller's waiting keeps jobs apart.
  const Scene alike{.tiles = tiles, .bare = true, .stride = 0x10000};
  REQUIRE_THAT(explore(alike), StartsWith("a tile is computed twice"));
  if (tiles == 1) REQUIRE(explore({.tiles = tiles, .stride = 0x10000}) == "");
}

TEST_CASE("the explorer finds what is wrong with a pool", "[exhaustive]") {
  const std::string touches = "a worker touches what is the caller's";
  const auto [broken, fault] = GENERATE_COPY(values<std::pair<Scene, std::string>>({
      {{.flaw = Flaw::enters_unchecked}, touches},
      {{.tiles = 3, .jobs = 1, .throws = true, .flaw = Flaw::ignores_stops},
       "tiles are begun long after a stop"},
      {{.tiles = 2, .jobs = 1, .deaths = 1, .flaw = Flaw::begins_what_it_claims},
       "a tile is computed twice"},
      {{.flaw = Flaw::ends_before_it_writes}, "a tile is done without its data"},
      {{.flaw = Flaw::never_waits}, touches},
      {{.flaw = Flaw::stays_armed}, touches},
      {{.tiles = 2, .flaw = Flaw::looks_too_soon},
       "a tile is unknown that no dead worker had begun"},
      {{.jobs = 1, .deaths = 1, .flaw = Flaw::loses_open_tiles}, "tiles are lost"},
      {{.jobs = 1, .deaths = 1, .flaw = Flaw::counts}, "the caller waits for ever"},
      {{.deaths = 1, .flaw = Flaw::records_the_living}, touches},
      {{.jobs = 1, .deaths = 1, .flaw = Flaw::tells_of_death_last},
       "a tile is unknown, but no death known"},
  }));
  REQUIRE_THAT(explore(broken), StartsWith(fault));
}

// Threads in the places of workers, keeper and caller, for ThreadSanitizer and the real atomics.
// What stands in job memory is plain: the protocol alone says who touches it.

namespace {

struct Order {
  Word job = 0;
  std::size_t tiles = 0, grain = 1, most = 1;
  unsigned risk = 1;  // a worker dies, or a kernel throws, at one step of so many
};

struct Threads {
  static constexpr std::size_t workers = 3, most_tiles = 48;
  tessera::detail::Gate gate;
  tessera::detail::Stop stops;
  std::array<tessera::detail::ProcessSlot, workers> processes;
  std::array<tessera::detail::WorkerSlot, workers> slots;
  std::array<tessera::detail::Range, workers> ranges;
  const tessera::detail::Membership membership{gate, stops, processes, slots};
  Order order;
  std::array<std::byte, most_tiles> bytes{};
  std::array<Word, most_tiles> data{};  // the job, as often as a tile was computed
  std::array<std::atomic<bool>, workers> dead{};
  std::atomic<bool> closing{false};
  std::vector<std::jthread> threads;

  Threads() {
    for (std::size_t w = 0; w < workers; ++w) threads.emplace_back([this, w] { work(w); });
    threads.emplace_back([this] { keep(); });
  }
  ~Threads() { closing = true; }

  tessera::detail::Round round_of(Word number) {
    auto* const first = reinterpret_cast<tessera::detail::TileByte*>(bytes.data());
    return {membership, ranges, number, {first, order.tiles}, order.grain};
  }
  void keep() {
    while (!closing) {
      std::this_thread::yield();
      for (std::size_t w = 0; w < workers; ++w)
        if (dead[w]) {
          membership.record_death(w);
          dead[w] = false;
        }
    }
  }
  void work(std::size_t self) {
    std::mt19937 random(static_cast<unsigned>(self));
    Word left = 0;
    while (!closing) {
      const auto number = gate.round.load(std::memory_order_acquire);
      if (number == 0 || number == left || !membership.enter(self, number)) {
        std::this_thread::yield();
      } else if (serve(self, number, random)) {
        left = number;
        membership.leave(self);
      } else {
        left = 0;  // of another worker
        dead[self] = true;
        while (dead[self] && !closing) std::this_thread::yield();
      }
    }
  }
  /// False if the worker died.
  bool serve(std::size_t self, Word number, std::mt19937& random) {
    auto round = round_of(number);
    const auto fate = [&] {
      if (random() % 8 == 0) std::this_thread::yield();
      return random() % order.risk == 0;
    };
    while (!round.stopped()) {
      if (fate()) return false;
      const auto claim = round.claim(self, order.most);
      if (!claim) break;
      for (auto k = claim->first; k < claim->last && !round.stopped(); ++k) {
        if (fate()) return false;
        if (!round.begin(k)) continue;
        if (fate()) return false;
        data[k] += order.job;
        if (fate()) return false;
        const bool throws = fate();
        if (throws) round.stop();
        round.end(self, k, throws ? TileState::failed : TileState::done);
      }
    }
    return !fate();
  }

  std::uint32_t deaths() const {
    std::uint32_t sum = 0;
    for (const auto& process : processes) sum += process.deaths.load();
    return sum;
  }
  template <class Event>
  static void wait(Event event) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!event()) {
      if (std::chrono::steady_clock::now() > deadline) FAIL("the caller waits for ever");
      std::this_thread::yield();
    }
  }
  void wait_until_idle() const {
    wait([&] { return !membership.anyone_inside(); });
  }
  /// How many tiles are open, started, done, failed.
  std::array<std::size_t, 4> count_states(const tessera::detail::Round& round) const {
    std::array<std::size_t, 4> out{};
    for (std::size_t k = 0; k < order.tiles; ++k) {
      const auto state = round.state(k);
      ++out.at(static_cast<std::size_t>(state));
      if (state == TileState::done && data[k] != order.job) FAIL("tile " << k << ": " << data[k]);
    }
    return out;
  }
  /// Runs a job, in rounds from `number` on, as its caller.
  void run(const Order& its, Word& number) {
    wait_until_idle();
    for (auto& slot : slots) slot.tiles.store(0, std::memory_order_release);
    order = its;
    std::memset(bytes.data(), static_cast<int>(TileState::open), order.tiles);
    data.fill(0);
    const auto before = deaths();
    for (bool again = true; again;) {
      auto round = round_of(++number);
      round.arm();
      wait([&] { return round.over(); });
      round.disarm();
      if (count_states(round)[2] != order.tiles) wait_until_idle();
      const auto [open, unknown, done, failed] = count_states(round);
      again = open != 0 && !round.stopped();
      const auto died = deaths() - before;
      if (unknown > died || (again && died == 0)) FAIL(unknown << " unknown, " << open << " open");
      if (round.stopped() != (failed != 0)) FAIL("not those stopped the job that threw");
      if (again) continue;
      wait_until_idle();
      Word counted = 0;
      for (const auto& slot : slots) counted += slot.tiles.load(std::memory_order_relaxed);
      if (counted != done) FAIL(counted << " counted and " << done << " done");
    }
  }
};

}  // namespace

TEST_CASE("threads serve, throw, die and are replaced, and no job is the worse for another") {
  Threads pool;
  std::mt19937 random(7);
  Word number = 0;
  for (Word job = 1; job <= 8000; ++job)
    pool.run({.job = job,
              .tiles = 1 + random() % Threads::most_tiles,
              .grain = 1 + random() % 3,
              .most = 1 + random() % 5,
              .risk = job % 2 == 0 ? 100u : ~0u},
             number);
  REQUIRE(pool.deaths() > 500);
}
