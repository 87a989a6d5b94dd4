// Floor 4, pool/worker: the definitions of call_guard.hpp.
#pragma once

#include <cstdlib>
#include <exception>

#include <tessera/base/config.hpp>
#include <tessera/host/fork_mark.hpp>
#include <tessera/host/process.hpp>
#include <tessera/pool/worker/call_guard.hpp>

namespace tessera::detail {

TESSERA_FUNC CallGuard::CallGuard(bool in_caller, const host::ForkMark* mark,
                                  bool& ends_thread) noexcept
    : in_caller_(in_caller),
      mark_(mark),
      ends_thread_(ends_thread),
      before_(in_caller ? std::uncaught_exceptions() : 0) {}
TESSERA_FUNC CallGuard::~CallGuard() {
  if (returned_) return;
  leave_if_copied();
  if (std::uncaught_exceptions() != before_) return;
  if (!in_caller_) host::leave_with_output(EXIT_FAILURE);
  ends_thread_ = true;
}
TESSERA_FUNC void CallGuard::returned() noexcept {
  leave_if_copied();
  returned_ = true;
}
TESSERA_FUNC void CallGuard::leave_if_copied() const noexcept {
  if (mark_ != nullptr && mark_->copied()) host::leave_with_output(EXIT_FAILURE);
}

}  // namespace tessera::detail
