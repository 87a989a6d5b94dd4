// Floor 4, pool/worker: one worker's data for one round, as the typed code of serve.hpp needs it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/host/fork_mark.hpp>
#include <tessera/host/output_pipe.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/board/job_memory.hpp>
#include <tessera/pool/board/round.hpp>

namespace tessera::detail {

struct WorkerContext {
  const Board& board;
  JobMemory memory;
  std::size_t self = 0;  ///< the worker's slot
  Round round;
  void* function = nullptr;  ///< in this process, if the kernel is a function pointer
  bool in_caller = false;    ///< the caller's own share; not a worker process
  const host::ForkMark* fork_mark = nullptr;  ///< of the worker process
  const host::OutputPipe* output = nullptr;   ///< where it prints, if the caller reads it
  std::function<void()> between_tiles{};      ///< of the caller's own share; may be empty
  std::vector<std::byte*> arguments;          ///< first elements, in this process
  std::vector<Segment*> outputs;              ///< the arrays that the job writes

  WorkerContext(const Board& its_board, const JobMemory& its_memory, std::uint64_t number,
                std::size_t worker)
      : board(its_board),
        memory(its_memory),
        self(worker),
        round(its_board.membership(), its_board.ranges(), number, its_memory.tile_bytes(),
              its_memory.head().grain) {
    arguments.reserve(memory.head().arguments);
  }

  void add_argument(std::byte* first, Segment& segment, bool writes) {
    arguments.push_back(first);
    if (writes) outputs.push_back(&segment);
  }

  /// Reports that a tile's kernel threw. Stops the round, unless the job collects exceptions.
  void report_throw(std::uint64_t tile, std::string_view text) const noexcept {
    board.replies().failures.add(tile, Errc::kernel_failed, text);
    if (memory.head().collects == 0) round.stop();
  }

  /// True if a kernel has written behind the end of an array that the job writes. Reports it for
  /// `tile`, which ended just now; a tile of another worker may have done it at the same moment.
  /// Restores the overwritten bytes.
  bool report_overrun(std::uint64_t tile) const {
    for (auto* const written : outputs) {
      if (written->intact()) continue;
      written->restore();
      std::string text = "array '";
      text.append(written->subject()).append("': ").append(written_behind);
      report_throw(tile, text.append("; ").append(how_to_find_overruns));
      return true;
    }
    return false;
  }
};

/// Computes tiles until none can be claimed. Each kernel has its own instance of serve(). Job
/// memory holds the instance's address.
using ServeFunction = void (*)(WorkerContext&);

}  // namespace tessera::detail
