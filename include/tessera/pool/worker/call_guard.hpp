// Floor 4, pool/worker: detects that a user's function does not end as functions do.
#pragma once

#include <tessera/host/fork_mark.hpp>

namespace tessera::detail {

/// Detects an end of the function that is neither a return nor an exception.
/// - The function ends its thread (pthread_exit, cancellation): the stack is unwound, and nothing
///   was thrown. The worker then ends as by exit().
/// - The function forks, and the child returns here: the child is not a worker. It ends before it
///   can report anything.
class CallGuard {
 public:
  /// `in_caller`: the process is no worker. `ends_thread` is then set if its thread ends. `mark`:
  /// of the worker process; may be null.
  CallGuard(bool in_caller, const host::ForkMark* mark, bool& ends_thread) noexcept;
  CallGuard(const CallGuard&) = delete;
  CallGuard& operator=(const CallGuard&) = delete;
  ~CallGuard();
  /// Call it when the function has returned, before anything is reported.
  void returned() noexcept;

 private:
  void leave_if_copied() const noexcept;

  bool in_caller_;
  const host::ForkMark* mark_;
  bool& ends_thread_;
  bool returned_ = false;
  int before_;
};

}  // namespace tessera::detail

#if !defined(TESSERA_COMPILED)
#include <tessera/pool/worker/call_guard_impl.hpp>
#endif
