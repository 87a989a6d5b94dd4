// Public: WorkerSetup. Floor 4, pool: a function that each worker calls once, before its first job.
//
// It travels as a kernel does: as the place of its code and its bytes.
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include <tessera/base/address_types.hpp>
#include <tessera/base/allow_addresses.hpp>
#include <tessera/base/object_bytes.hpp>

namespace tessera {

namespace detail {
struct SetupCode;
}

/// A function for PoolOptions::each_worker. It converts from every trivially copyable callable
/// without parameters, or with the worker's number.
class WorkerSetup {
 public:
  WorkerSetup() = default;  ///< None.
  /// Copies the function. It captures by value, at most 4096 bytes.
  template <class F>
    requires(!std::is_same_v<F, WorkerSetup>)
  WorkerSetup(F function) {
    using Function = detail::Unwrapped<F>;
    constexpr bool with_number = std::is_invocable_v<Function&, std::size_t>;
    static_assert(with_number || std::is_invocable_v<Function&>,
                  "tessera: PoolOptions::each_worker is called with nothing, or with the number of "
                  "the worker (std::size_t)");
    static_assert(std::is_trivially_copyable_v<Function>,
                  "tessera: PoolOptions::each_worker travels to other processes as bytes, so its "
                  "captures must be trivially copyable: no std::string, std::vector or other owner "
                  "of memory");
    static_assert(sizeof(Function) <= most_bytes,
                  "tessera: PoolOptions::each_worker has more than 4096 bytes: let it read what it "
                  "needs from a file or an array");
    if constexpr ((with_number ||
                   std::is_invocable_v<Function&>)&&std::is_trivially_copyable_v<Function>) {
      const auto& plain = detail::unwrapped(function);
      if constexpr (std::is_pointer_v<Function>)
        function_ = reinterpret_cast<const void*>(plain);
      else if constexpr (!detail::addresses_allowed<F>)
        searched_ = detail::searched_bytes<Function>();
      may_be_low_ = !detail::holds_no_address<Function>;
      const auto bytes = detail::bytes_of(plain);
      bytes_.assign(bytes.begin(), bytes.end());
      call_ = [](const std::byte* from, std::size_t worker) {
        alignas(Function) std::byte copy[sizeof(Function)];
        std::memcpy(copy, from, sizeof copy);
        auto& its = *std::launder(reinterpret_cast<Function*>(copy));
        if constexpr (with_number)
          its(worker);
        else
          its();
      };
    }
  }

  /// True if there is a function.
  explicit operator bool() const noexcept { return call_ != nullptr; }

  /// The size that a function may have.
  static constexpr std::size_t most_bytes = 4096;

 private:
  friend struct detail::SetupCode;
  using Call = void (*)(const std::byte*, std::size_t);

  Call call_ = nullptr;
  const void* function_ = nullptr;  // what the bytes point to, if they are a pointer to a function
  std::size_t searched_ = 0;        // bytes that may hold an address
  bool may_be_low_ = false;
  std::vector<std::byte> bytes_;
};

}  // namespace tessera
