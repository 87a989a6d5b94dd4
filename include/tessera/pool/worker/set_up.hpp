// Floor 4, pool/worker: what a process does before its first job: PoolOptions::each_worker.
//
// It runs before anything is remembered that later kernels find restored (state_restorer.hpp): what
// it sets is how every job begins.
#pragma once

#include <cstddef>
#include <exception>
#include <string>

#include <tessera/host/fork_mark.hpp>
#include <tessera/host/process.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/board/setup_code.hpp>
#include <tessera/pool/worker/call_guard.hpp>

namespace tessera::detail {

/// Exit code of a worker whose setup threw.
inline constexpr int setup_failed = 5;

/// Sets up the process in slot `self`, and reports on the board how that ended. False if it threw.
/// `mark`: of the worker process; null in the caller.
inline bool set_up(const Board& board, std::size_t self, const SetupCode& setup,
                   const host::ForkMark* mark) {
  if (!setup) return true;
  auto& report = board.setups()[self];
  const auto number = board.processes()[self].number.load();
  const auto failed = [&](const std::string& text) {
    if (mark != nullptr) host::print_buffered_output();
    report.fail(number,
                "PoolOptions::each_worker threw in worker " + std::to_string(self) + ": " + text);
    board.done_bell().ring();
    return false;
  };
  bool ends_thread = false;
  try {
    CallGuard guard(mark == nullptr, mark, ends_thread);
    setup(self);
    guard.returned();
  } catch (const std::exception& thrown) {
    return failed(thrown.what());
  } catch (...) {
    if (ends_thread) throw;
    return failed("something that is no std::exception");
  }
  if (mark != nullptr) host::print_buffered_output();
  report.succeed(number);
  board.done_bell().ring();
  return true;
}

}  // namespace tessera::detail
