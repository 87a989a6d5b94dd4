// Floor 3, pool: what became of a job's tiles, and how that is told.
//
// Read from the tiles' bytes alone, when nobody is inside the job any more: a tile that is still
// `started` was begun by a worker that died there.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <tessera/host/process.hpp>
#include <tessera/pool/job.hpp>
#include <tessera/pool/job_board.hpp>

namespace tessera::detail {

/// How many had died in each worker's place before the job.
using Ends = std::vector<std::uint32_t>;

struct Outcome {
  std::vector<std::size_t> open, unknown, failed;
  std::size_t lost_workers = 0;
  std::string deaths;
  bool again = false;
  bool complete() const { return open.empty() && unknown.empty() && failed.empty(); }
};

/// What became of the tiles, from their bytes alone.
inline Outcome look(const Board& board, const JobMemory& memory, const Ends& ends_before) {
  Outcome out;
  const auto bytes = memory.tile_bytes();
  for (std::size_t k = 0; k < bytes.size(); ++k) {
    switch (static_cast<TileState>(bytes[k].load(std::memory_order_acquire))) {
      case TileState::done: break;
      case TileState::open: out.open.push_back(k); break;
      case TileState::failed: out.failed.push_back(k); break;
      default: out.unknown.push_back(k);  // started, or a byte that nobody of ours wrote
    }
  }
  for (std::size_t w = 0; w < board.slots().size(); ++w) {
    const auto& slot = board.slots()[w];
    const auto died = slot.ends.load() - ends_before[w];
    if (died == 0) continue;
    out.lost_workers += died;
    out.deaths += (out.deaths.empty() ? "" : ", ") + std::string("worker ") + std::to_string(w) +
                  " (process " + std::to_string(slot.last_pid.load()) + ") " +
                  host::end_in_words(slot.last_end.load());
  }
  out.again = !out.open.empty() && board.head().stop.load() != memory.head().job;
  return out;
}

/// True if workers die again and again without beginning a tile: nothing would ever end that.
inline bool hopeless(const Board& board, const JobMemory& memory, const Ends& ends_before) {
  std::size_t lost = 0;
  for (std::size_t w = 0; w < board.slots().size(); ++w)
    lost += board.slots()[w].ends.load() - ends_before[w];
  if (lost <= board.slots().size() + 16) return false;
  const auto bytes = memory.tile_bytes();
  const auto begun =
      std::count(bytes.begin(), bytes.end(), static_cast<std::uint8_t>(TileState::started));
  return lost > static_cast<std::size_t>(begun) + board.slots().size() + 16;
}

/// The error of a job that did not finish.
inline JobError failure(const Board& board, const JobMemory& memory, const Outcome& outcome) {
  std::vector<std::size_t> unfinished;
  for (const auto* tiles : {&outcome.open, &outcome.unknown, &outcome.failed})
    unfinished.insert(unfinished.end(), tiles->begin(), tiles->end());
  std::sort(unfinished.begin(), unfinished.end());
  const auto counts = std::to_string(memory.head().tiles - unfinished.size()) + " of " +
                      std::to_string(memory.head().tiles) + " tiles are done and stay";
  const auto& head = board.head();
  const auto job = memory.head().job;
  if (head.failure.load() == job) {
    if (head.failure_told.load(std::memory_order_acquire) != job)
      return {Errc::worker_died, outcome.deaths + " while it told of a failure", counts,
              std::move(unfinished), outcome.unknown};
    const std::string text(head.failure_text.data(),
                           ::strnlen(head.failure_text.data(), BoardHead::text_size));
    if (head.failure_tile == no_tile)
      return {static_cast<Errc>(head.failure_code), "a worker could not begin the job: " + text,
              counts, std::move(unfinished), outcome.unknown};
    return {Errc::kernel_failed,
            "the kernel threw in tile " + std::to_string(head.failure_tile) + ": " + text, counts,
            std::move(unfinished), outcome.unknown};
  }
  if (outcome.unknown.empty())
    return {Errc::worker_died,
            outcome.deaths + " before they began a tile",
            counts,
            std::move(unfinished),
            {}};
  std::string tiles;
  for (std::size_t i = 0; i < std::min<std::size_t>(outcome.unknown.size(), 20); ++i)
    tiles += (i ? ", " : "") + std::to_string(outcome.unknown[i]);
  if (outcome.unknown.size() > 20) tiles += ", ...";
  return {Errc::worker_died, outcome.deaths + "; the state of tile " + tiles + " is unknown",
          counts + ", dead workers are replaced, and the pool can be used", std::move(unfinished),
          outcome.unknown};
}

}  // namespace tessera::detail
