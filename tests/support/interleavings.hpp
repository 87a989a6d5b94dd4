// Plays every interleaving of a few actors that share words: an atomic operation is one step.
// Sequentially consistent, so it shows nothing of what memory orders promise.
//
// An actor plays in turns. What it knows between two turns is a plain object. Within a turn it is a
// function of what its operations returned. So a step plays the turn from its start with the
// answers it had, lets it do one operation more, and jumps out of it at the next. A world is then a
// value, which can be copied, compared and continued in every possible way.
#pragma once

#include <array>
#include <atomic>
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace tessera_test::stepped {

using Word = std::uint64_t;

struct Turn {
  std::array<Word, 16> answers{};
  Word taken = 0;
  Word read = 0;              // a bit for each word that was looked at
  Word waits = 0, woken = 0;  // until one of them changes
};

/// What there is of a world but its actors.
struct Ground {
  std::array<Word, 32> words{};
  std::array<Turn, 5> turns{};
};

/// The step that is played.
struct Stage {
  Ground* ground = nullptr;
  std::size_t actor = 0, at = 0, words = 0;
  bool acted = false, changed = false;
  std::size_t touched = 0;  // by the step, and maybe changed
  const char* fault = nullptr;
  std::jmp_buf out;

  void blame(bool wrong, const char* what) {
    if (wrong && fault == nullptr) fault = what;
  }
  template <class Next>
  Word operate(std::size_t id, Next next) {
    auto& turn = ground->turns[actor];
    if (at < turn.taken) return turn.answers[at++];
    if (acted) std::longjmp(out, 1);  // nothing that needs destroying is on an actor's stack
    blame(turn.taken + 1 == turn.answers.size(), "a turn has too many steps");
    acted = true;
    touched = id;
    auto& word = ground->words.at(id);
    const auto old = std::exchange(word, next(word));
    changed = word != old;
    turn.read |= Word{1} << id;
    for (auto& other : ground->turns)
      if (changed && &other != &turn) other.woken |= other.read >> id & 1;
    turn.answers[turn.taken++] = old;
    ++at;
    return old;
  }
};
inline Stage stage;

/// Takes the place of std::atomic. Its value is a word of the world that is played.
template <class T>
struct Stepped {
  Stepped(T = T{}) : id(stage.words++) {}
  Stepped(const Stepped&) = delete;
  Stepped& operator=(const Stepped&) = delete;

  T load(std::memory_order = std::memory_order_seq_cst) const {
    return change([](T old) { return old; });
  }
  void store(T value, std::memory_order = std::memory_order_seq_cst) {
    change([&](T) { return value; });
  }
  T fetch_add(T more, std::memory_order = std::memory_order_seq_cst) {
    return change([&](T old) { return static_cast<T>(old + more); });
  }
  bool compare_exchange_weak(T& expected, T value, std::memory_order = std::memory_order_seq_cst) {
    const T found = change([&](T old) { return old == expected ? value : old; });
    return std::exchange(expected, found) == found;
  }
  template <class Next>
  T change(Next next) const {
    return static_cast<T>(
        stage.operate(id, [&](Word old) { return static_cast<Word>(next(static_cast<T>(old))); }));
  }

  const std::size_t id;
};

/// Empty if all is well whichever way a world goes on; else a fault and the choices that led there.
/// A World is made of words alone, without padding: equal worlds are equal bytes. It says which
/// `choices` there are, which are possible() now, whether it has ended(), and takes one.
template <class World>
std::string explore() {
  stage.fault = nullptr;
  std::vector<std::pair<World, std::string>> open{{World{}, ""}};
  std::unordered_set<std::size_t> known;  // hashes: two worlds share one with a chance of 2^-64
  bool ends = false;
  while (!open.empty()) {
    const auto [world, path] = open.back();
    open.pop_back();
    bool goes_on = false;
    for (const char choice : World::choices) {
      if (!world.possible(choice)) continue;
      goes_on = goes_on || choice < 'A' || choice == 'c' || choice == 'k';
      World next = world;
      next.take(choice);
      if (stage.fault != nullptr) return stage.fault + (": " + path + choice);
      const std::string_view bytes(reinterpret_cast<const char*>(&next), sizeof next);
      if (known.insert(std::hash<std::string_view>{}(bytes)).second)
        open.emplace_back(next, path + choice);
    }
    if (!goes_on && !world.ended()) return "the caller waits for ever: " + path;
    ends = ends || world.ended();
  }
  return ends ? "" : "nothing comes to an end";
}

}  // namespace tessera_test::stepped
