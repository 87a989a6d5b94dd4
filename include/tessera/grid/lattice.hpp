// Public: Progression, meet. Floor 1, grid: evenly spaced indices, and whether two sets share one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>

namespace tessera {

/// `count` indices along one axis: start, start + step, and so on. step is at least 1.
struct Progression {
  std::int64_t start = 0;  ///< the first index
  std::int64_t count = 0;  ///< how many there are
  std::int64_t step = 1;   ///< from one to the next

  /// The last index. `count` must not be 0.
  constexpr std::int64_t last() const { return start + (count - 1) * step; }
  friend constexpr bool operator==(const Progression&, const Progression&) = default;
};

/// True if both contain the same index. Exact: solves a.start + i * a.step == b.start + j * b.step
/// for i and j within the counts.
constexpr bool meet(const Progression& a, const Progression& b) {
  if (a.count == 0 || b.count == 0) return false;
  if (a.step < b.step) return meet(b, a);  // the loop below goes along a: fewer steps
  const std::int64_t lo = a.start > b.start ? a.start : b.start;
  const std::int64_t hi = a.last() < b.last() ? a.last() : b.last();
  if (lo > hi) return false;
  // Common indices repeat with the least common multiple of the steps. So the loop goes along a,
  // over at most one such period.
  const std::int64_t g = std::gcd(a.step, b.step);
  if ((b.start - a.start) % g != 0) return false;
  // The loop counts steps and never computes an index above hi: a step may be as large as the type.
  const std::int64_t first = (lo - a.start) / a.step + ((lo - a.start) % a.step != 0);
  const std::int64_t in_bounds = (hi - a.start) / a.step - first + 1;
  const std::int64_t tries = in_bounds < b.step / g ? in_bounds : b.step / g;
  for (std::int64_t i = first; i < first + tries; ++i)
    if ((a.start + i * a.step - b.start) % b.step == 0) return true;
  return false;
}

/// True if two sets of elements of one grid share an element. Each set has one progression per
/// axis.
constexpr bool meet(std::span<const Progression> a, std::span<const Progression> b) {
  for (std::size_t d = 0; d < a.size() && d < b.size(); ++d)
    if (!meet(a[d], b[d])) return false;
  return true;
}

}  // namespace tessera
