// Floor 4, pool/board: the search for addresses in the bytes of kernels and of their results.
//
// Both are copied to another process as bytes, and an address means nothing there. The compiler
// refuses types that are addresses. Other bytes are searched: a kernel's by the caller before a job
// starts, a result's by its worker.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <type_traits>

#include <tessera/base/address_types.hpp>
#include <tessera/base/config.hpp>
#include <tessera/base/object_bytes.hpp>

namespace tessera::detail {

template <class F>
inline constexpr bool is_reference_wrapper = false;
template <class F>
inline constexpr bool is_reference_wrapper<std::reference_wrapper<F>> = true;

/// The offset of the first word in `bytes` that is an address in this process's private memory;
/// nothing if there is none. `may_be_low`: a number that looks like a low address counts as one.
std::optional<std::size_t> find_address_in(std::span<const std::byte> bytes, bool modules_agree,
                                           bool may_be_low);

/// Throw the Error of a kernel (`subject`), and the exception of a result, with an address at this
/// byte.
[[noreturn]] void throw_captured_address(std::size_t at, const std::string& subject = "kernel");
[[noreturn]] void throw_address_in_result(std::size_t at);

/// The offset of a word that is an address in this process's private memory; nothing if there is
/// none. `modules_agree`: modules stand at the same addresses in all processes, so an address in a
/// module is allowed.
template <class T>
std::optional<std::size_t> find_address(const T& object, bool modules_agree = true) {
  if constexpr (searched_bytes<T>() > 0 && std::is_trivially_copyable_v<T>) {
    const auto bytes = bytes_of(object);
    // Where the type may hold a pointer, a number that looks like a low address counts as one.
    return find_address_in(std::span(bytes).first(searched_bytes<T>()), modules_agree,
                           !holds_no_address<T>);
  }
  return std::nullopt;
}

/// Throws Error(captured_address) if a word of a kernel is an address of this process.
template <class K>
void refuse_addresses(const K& kernel, bool modules_agree = true) {
  static_assert(!is_reference_wrapper<K>,
                "tessera: a std::reference_wrapper is an address, which means nothing in a worker: "
                "pass the kernel itself");
  if (const auto at = find_address(kernel, modules_agree)) throw_captured_address(*at);
}

/// In a worker: throws if a result holds an address of this process. Costs nothing if the type of
/// the result has no room for one.
template <class Result>
void refuse_address_in_result(const Result& result) {
  if constexpr (!holds_no_address<Result>) {
    if (const auto at = find_address(result)) throw_address_in_result(*at);
  }
}

}  // namespace tessera::detail

#if !defined(TESSERA_COMPILED)
#include <tessera/pool/board/address_scan_impl.hpp>
#endif
