// Floor 4, pool/board: the code and the bytes of a WorkerSetup, as a worker calls it.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include <tessera/pool/board/address_scan.hpp>
#include <tessera/pool/worker_setup.hpp>

namespace tessera::detail {

/// What workers need of a WorkerSetup.
struct SetupCode {
  WorkerSetup::Call call = nullptr;
  const void* function = nullptr;
  std::vector<std::byte> bytes;

  SetupCode() = default;
  /// Throws Error(captured_address). `modules_agree`: see find_address().
  SetupCode(const WorkerSetup& setup, bool modules_agree)
      : call(setup.call_), function(setup.function_), bytes(setup.bytes_) {
    if (const auto at = find_address_in(std::span(bytes).first(setup.searched_), modules_agree,
                                        setup.may_be_low_))
      throw_captured_address(*at, "PoolOptions::each_worker");
  }
  /// What another process has sent: its function and the pointer, in this process.
  SetupCode(void* its_call, void* its_function, std::vector<std::byte> its_bytes)
      : call(reinterpret_cast<WorkerSetup::Call>(its_call)),
        function(its_function),
        bytes(std::move(its_bytes)) {
    if (function != nullptr) std::memcpy(bytes.data(), &function, sizeof function);
  }

  explicit operator bool() const noexcept { return call != nullptr; }
  /// Calls the function. Passes on what it throws.
  void operator()(std::size_t worker) const { call(bytes.data(), worker); }
};

}  // namespace tessera::detail
