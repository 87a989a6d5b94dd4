// Floor 0, base: the bytes of an object that is sent to another process.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>

#include <tessera/base/config.hpp>

namespace tessera::detail {

/// How many bytes of a K are searched for addresses: whole words that can hold a capture. Bytes at
/// the end that a derived class could reuse are padding, which may hold a stale pointer.
template <class K>
constexpr std::size_t searched_bytes() {
  constexpr std::size_t word = sizeof(std::uintptr_t);
  if constexpr (std::is_empty_v<K>) {
    return 0;
  } else if constexpr (std::is_class_v<K>) {
    struct Followed {
      [[no_unique_address]] K kernel;
      std::byte next;
    };
    if constexpr (sizeof(Followed) == sizeof(K)) return (sizeof(K) - 1) / word * word;
  }
  return sizeof(K) / word * word;
}

/// The bytes of an object. Padding inside it is zero if the compiler can clear it: g++ can; clang
/// may not, and then a stale pointer beside a small member may be taken for an address.
template <class T>
std::array<std::byte, sizeof(T)> bytes_of(const T& object) {
  alignas(T) std::array<std::byte, sizeof(T)> out;
  std::memcpy(out.data(), static_cast<const void*>(&object), sizeof object);
  TESSERA_CLEAR_PADDING(std::launder(reinterpret_cast<T*>(out.data())));
  return out;
}

}  // namespace tessera::detail
