// Floor 4, pool/worker: what one worker has of one round: what the typed code of serve.hpp is
// given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/host/fork_mark.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/board/job_memory.hpp>
#include <tessera/pool/board/round.hpp>

namespace tessera::detail {

struct WorkerContext {
  const Board& board;
  JobMemory memory;
  std::size_t self = 0;  ///< the worker's place
  Round round;
  void* function = nullptr;  ///< in this process, where a kernel that is a function pointer points
  bool in_caller = false;    ///< the caller's own share: this is no worker process
  const host::ForkMark* fork_mark = nullptr;  ///< of the worker process
  std::vector<std::byte*> arguments;          ///< the first element of each, in this process
  std::vector<Segment*> outputs;              ///< the arrays that the job writes

  WorkerContext(const Board& its_board, const JobMemory& its_memory, std::uint64_t number,
                std::size_t worker)
      : board(its_board),
        memory(its_memory),
        self(worker),
        round(its_board.crew(), its_board.ranges(), number, its_memory.tile_bytes(),
              its_memory.head().grain) {
    arguments.reserve(memory.head().arguments);
  }

  void add_argument(std::byte* first, Segment& segment, bool writes) {
    arguments.push_back(first);
    if (writes) outputs.push_back(&segment);
  }

  /// Reports that a tile's kernel threw. The round ends, unless its job collects such tiles.
  void report_throw(std::uint64_t tile, std::string_view text) const noexcept {
    board.replies().failures.add(tile, Errc::kernel_failed, text);
    if (memory.head().collects == 0) round.stop();
  }

  /// True if somebody has written behind the end of an array that the job writes. It is reported
  /// with the tile that ended just now, though another worker's tile may have done it at that
  /// moment, and what was there is written back.
  bool report_overrun(std::uint64_t tile) const {
    for (auto* const output : outputs) {
      if (output->intact()) continue;
      output->restore();
      std::string text = "array '";
      text.append(output->subject()).append("': ").append(written_behind);
      report_throw(tile, text.append("; ").append(how_to_find_overruns));
      return true;
    }
    return false;
  }
};

/// Computes tiles until none can be claimed. One instance of a template for each kernel: its
/// address is what travels.
using ServeFunction = void (*)(WorkerContext&);

}  // namespace tessera::detail
