// Floor 2, loops: the nodes of which an xtensor expression is rebuilt.
//
// xtensor goes through strided views element by element, with steppers. A kernel's `v = t + r` is
// the same arithmetic on every element. So it is rebuilt here as a tree of nodes: a strided
// operand, a scalar, or a function of nodes. row_loop.hpp moves the tree from row to row, and reads
// it in a loop that the compiler can vectorise. make_node.hpp builds it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tessera/base/config.hpp>

namespace tessera::detail {

/// The addresses from lo up to, not including, hi.
struct Footprint {
  std::uintptr_t lo = 0, hi = 0;
  bool meets(const Footprint& other) const { return lo < other.hi && other.lo < hi; }
};

/// A strided operand of a loop over N axes. Its stride is 0 on an axis that is broadcast.
template <class T, std::size_t N>
struct Operand {
  T* at = nullptr;
  std::array<std::ptrdiff_t, N> strides{};

  TESSERA_INLINE void step(std::size_t axis, std::ptrdiff_t n) { at += n * strides[axis]; }
  template <bool Unit>
  TESSERA_INLINE T& read(std::ptrdiff_t i) const {
    if constexpr (N == 0)
      return *at;
    else if constexpr (Unit)
      return at[i];
    else
      return at[i * strides[N - 1]];
  }
  /// Fetches the cache line `ahead` bytes further on, which may lie outside the array. Inlined,
  /// since gcc drops calls of functions that only prefetch.
  TESSERA_INLINE void prefetch(std::size_t ahead) const {
    TESSERA_PREFETCH(reinterpret_cast<std::uintptr_t>(at) + ahead);
  }
  const Operand& non_owning() const { return *this; }
  bool unit() const { return N == 0 || strides[N - 1] == 1; }
  /// True if axis - 1 continues where a row of `length` elements ends.
  bool contiguous_with(std::size_t axis, std::ptrdiff_t length) const {
    return strides[axis - 1] == length * strides[N - 1];
  }

  Footprint footprint(const std::array<std::size_t, N>& shape) const {
    std::ptrdiff_t lo = 0, hi = 1;
    for (std::size_t d = 0; d < N; ++d) {
      if (shape[d] == 0) return {};
      const auto reach = strides[d] * (static_cast<std::ptrdiff_t>(shape[d]) - 1);
      (reach < 0 ? lo : hi) += reach;
    }
    return {reinterpret_cast<std::uintptr_t>(at + lo), reinterpret_cast<std::uintptr_t>(at + hi)};
  }
  /// True if writing `out` element by element could change an element of this before it is read.
  /// False if both are the same elements at the same indices.
  template <class U>
  bool disturbed_by(const Operand<U, N>& out, const std::array<std::size_t, N>& shape) const {
    if (static_cast<const void*>(at) == static_cast<const void*>(out.at) &&
        sizeof(T) == sizeof(U) && strides == out.strides)
      return false;
    return footprint(shape).meets(out.footprint(shape));
  }
};

/// A scalar.
template <class T>
struct Constant {
  T value;
  TESSERA_INLINE void step(std::size_t, std::ptrdiff_t) {}
  template <bool>
  TESSERA_INLINE const T& read(std::ptrdiff_t) const {
    return value;
  }
  TESSERA_INLINE void prefetch(std::size_t) const {}
  const Constant& non_owning() const { return *this; }
  bool unit() const { return true; }
  bool contiguous_with(std::size_t, std::ptrdiff_t) const { return true; }
  bool disturbed_by(const auto&, const auto&) const { return false; }
};

/// A number that depends on the index: `at` at the first element, and strides[d] more with each
/// step on axis d.
template <std::size_t N>
struct IndexNode {
  std::ptrdiff_t at = 0;
  std::array<std::ptrdiff_t, N> strides{};

  TESSERA_INLINE void step(std::size_t axis, std::ptrdiff_t n) { at += n * strides[axis]; }
  template <bool>
  TESSERA_INLINE std::ptrdiff_t read(std::ptrdiff_t i) const {
    if constexpr (N == 0)
      return at;
    else
      return at + i * strides[N - 1];
  }
  TESSERA_INLINE void prefetch(std::size_t) const {}
  const IndexNode& non_owning() const { return *this; }
  bool unit() const { return true; }
  bool contiguous_with(std::size_t axis, std::ptrdiff_t length) const {
    return strides[axis - 1] == length * strides[N - 1];
  }
  bool disturbed_by(const auto&, const auto&) const { return false; }
};

/// A function as a node holds it: a copy if that is trivial, else a reference.
template <class F>
using Carried = std::conditional_t<std::is_trivially_copyable_v<F>, F, const F&>;

/// A function of nodes.
template <class F, class... Nodes>
struct Applied {
  F function;
  std::tuple<Nodes...> nodes;

  TESSERA_INLINE void step(std::size_t axis, std::ptrdiff_t n) {
    step(axis, n, std::index_sequence_for<Nodes...>{});
  }
  template <std::size_t... I>
  TESSERA_INLINE void step([[maybe_unused]] std::size_t axis, [[maybe_unused]] std::ptrdiff_t n,
                           std::index_sequence<I...>) {
    (std::get<I>(nodes).step(axis, n), ...);
  }
  /// Inlined, or gcc might call it, in the middle of a loop that it could vectorise.
  template <bool Unit>
  TESSERA_INLINE decltype(auto) read(std::ptrdiff_t i) const {
    return read<Unit>(i, std::index_sequence_for<Nodes...>{});
  }
  template <bool Unit, std::size_t... I>
  TESSERA_INLINE decltype(auto) read([[maybe_unused]] std::ptrdiff_t i,
                                     std::index_sequence<I...>) const {
    return function(std::get<I>(nodes).template read<Unit>(i)...);
  }
  TESSERA_INLINE void prefetch(std::size_t ahead) const {
    prefetch(ahead, std::index_sequence_for<Nodes...>{});
  }
  template <std::size_t... I>
  TESSERA_INLINE void prefetch([[maybe_unused]] std::size_t ahead,
                               std::index_sequence<I...>) const {
    (std::get<I>(nodes).prefetch(ahead), ...);
  }
  /// The same node without ownership: cheap to copy, valid as long as this one.
  auto non_owning() const {
    return std::apply(
        [&](const auto&... node) {
          return Applied<Carried<F>, std::decay_t<decltype(node.non_owning())>...>{
              function, {node.non_owning()...}};
        },
        nodes);
  }
  bool unit() const {
    return std::apply([](const auto&... node) { return (node.unit() && ...); }, nodes);
  }
  bool contiguous_with(std::size_t axis, std::ptrdiff_t length) const {
    return std::apply(
        [&](const auto&... node) { return (node.contiguous_with(axis, length) && ...); }, nodes);
  }
  bool disturbed_by(const auto& out, const auto& shape) const {
    return std::apply([&](const auto&... node) { return (node.disturbed_by(out, shape) || ...); },
                      nodes);
  }
};

/// A node that owns the values it reads.
template <class Temporary, class Node>
struct Evaluated {
  std::shared_ptr<Temporary> values;
  Node node;
  TESSERA_INLINE void step(std::size_t axis, std::ptrdiff_t n) { node.step(axis, n); }
  template <bool Unit>
  TESSERA_INLINE decltype(auto) read(std::ptrdiff_t i) const {
    return node.template read<Unit>(i);
  }
  auto non_owning() const { return node.non_owning(); }
  bool unit() const { return node.unit(); }
  bool contiguous_with(std::size_t axis, std::ptrdiff_t length) const {
    return node.contiguous_with(axis, length);
  }
  bool disturbed_by(const auto&, const auto&) const { return false; }
};

}  // namespace tessera::detail
