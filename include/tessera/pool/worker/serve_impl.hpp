// Floor 4, pool/worker: the definitions of serve.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>

#include <tessera/base/config.hpp>
#include <tessera/host/float_environment.hpp>
#include <tessera/host/output_pipe.hpp>
#include <tessera/host/process.hpp>
#include <tessera/pool/board/output_mark.hpp>
#include <tessera/pool/board/tile_clock.hpp>
#include <tessera/pool/board/tile_state.hpp>
#include <tessera/pool/worker/call_guard.hpp>
#include <tessera/pool/worker/context.hpp>
#include <tessera/pool/worker/serve.hpp>

namespace tessera::detail {

TESSERA_FUNC ServedJob::ServedJob(WorkerContext& its_context)
    : context(its_context),
      grid(context.memory.grid()),
      tile(context.memory.tile()),
      kernel(context.memory.kernel()),
      function(context.function),
      results(context.memory.results()),
      stop{&context.board.replies().stops.round, context.round.number()} {}

TESSERA_FUNC RawArgument ServedJob::argument(std::size_t number) const {
  const auto& record = context.memory.arguments()[number];
  return {context.arguments[number], context.memory.shape(record), context.memory.strides(record)};
}

/// Computes tiles [first, last), and reports what the kernel throws.
inline TileState compute_tiles(const WorkerContext& context, const ServedKernel& kernel,
                               std::size_t first, std::size_t last) {
  bool ends_thread = false;
  try {
    CallGuard guard(context.in_caller, context.fork_mark, ends_thread);
    kernel.compute(first, last, guard);
    return TileState::done;
  } catch (const std::exception& thrown) {
    context.report_throw(first, thrown.what());
  } catch (...) {
    if (ends_thread) throw;
    context.report_throw(first, "something that is no std::exception");
  }
  return TileState::failed;
}

TESSERA_FUNC void serve_tiles(WorkerContext& context, const ServedKernel& kernel, bool elementwise,
                              std::size_t at_once) {
  const auto& head = context.memory.head();
  // Not merged if every throwing tile must be reported, or if a tile may end its worker.
  const bool merges = elementwise && head.collects == 0 && head.one_by_one == 0;
  // In the caller's own share, floating-point flags stay set for the caller to see.
  const host::FloatGuard floats(host::FloatEnvironment(head.floats), !context.in_caller);
  const bool timed = head.tile_timeout != 0 && !context.in_caller;
  auto& clock = context.board.clocks()[context.self];
  auto* const times = context.memory.times();
  auto& round = context.round;
  while (!round.stopped()) {
    const auto claim = round.claim(context.self, merges ? at_once : 1);
    if (!claim) return;
    for (std::size_t first = claim->first; first < claim->last && !round.stopped();) {
      std::size_t last = first + 1;
      if (round.begin(first)) {
        while (merges && last < claim->last && round.begin(last)) ++last;
        if (timed) clock.begin(TileClock::now(), head.tile_timeout, last - first);
        floats.again();  // the kernel may have changed them in the tile before
        if (context.output != nullptr) mark_output(*context.output, first);
        const auto began = times != nullptr ? TileClock::now() : 0;
        auto state = compute_tiles(context, kernel, first, last);
        if (times != nullptr)
          std::fill(times + first, times + last, TileRecord{began, TileClock::now(), context.self});
        // An elementwise function gets values, not memory, so it can't overrun an array.
        if (!elementwise && context.report_overrun(first)) state = TileState::failed;
        // Printed output must appear before the tile is done.
        if (!context.in_caller) host::print_buffered_output();
        if (timed && !clock.end()) host::wait_for_death();
        for (std::size_t k = first; k < last; ++k) round.end(context.self, k, state);
      }
      first = last;
      if (context.between_tiles) context.between_tiles();
    }
  }
}

}  // namespace tessera::detail
