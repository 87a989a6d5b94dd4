// Floor 4, pool/keeper: when slots without a process get one again.
//
// A worker that died without a job may die at once again, so its successor waits for a while:
// longer and longer as long as each_worker fails.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace tessera::detail {

class Vacancies {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds shortest{100}, longest{1600};

  explicit Vacancies(std::size_t slots) : slots_(slots) {}

  /// Slot `w` has no process. `setup_fails`: its process was not set up.
  void add(std::size_t w, bool setup_fails, Clock::time_point now = Clock::now()) {
    auto& slot = slots_[w];
    slot.pause = setup_fails ? (std::min)(2 * slot.pause, longest) : shortest;
    slot.start_at = now + slot.pause;
    slot.vacant = any_ = true;
  }
  bool any() const noexcept { return any_; }
  /// The slots that get a process now. They are no vacancies any more.
  std::vector<std::size_t> take_due(Clock::time_point now = Clock::now()) {
    std::vector<std::size_t> out;
    any_ = false;
    for (std::size_t w = 0; w < slots_.size(); ++w) {
      auto& slot = slots_[w];
      if (slot.vacant && slot.start_at <= now) {
        slot.vacant = false;
        out.push_back(w);
      }
      any_ = any_ || slot.vacant;
    }
    return out;
  }
  /// Milliseconds until the next slot is due. Only if there is a vacancy.
  int milliseconds_to_next(Clock::time_point now = Clock::now()) const {
    auto next = (Clock::time_point::max)();
    for (const auto& slot : slots_)
      if (slot.vacant) next = (std::min)(next, slot.start_at);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - now).count();
    return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left, 0, longest.count()));
  }

 private:
  struct Slot {
    Clock::time_point start_at{};  // not before
    std::chrono::milliseconds pause = shortest;
    bool vacant = false;
  };
  std::vector<Slot> slots_;
  bool any_ = false;
};

}  // namespace tessera::detail
