// Public: AnyArray. Floor 3, memory: an array whose type a program learns when it
// runs.
//
// The segment is mapped read-only, and its type is in its header. visit() compiles a function for
// each type and rank that it may meet, and calls the one that fits.
#pragma once

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/base/extents.hpp>
#include <tessera/format/dtype.hpp>
#include <tessera/format/visit_dtype.hpp>
#include <tessera/memory/any_slice.hpp>
#include <tessera/memory/array_segment.hpp>
#include <tessera/memory/published.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/memory/segment_name.hpp>
#include <tessera/memory/shared_array.hpp>

namespace tessera {

/// A read-only array of any element type and number of axes.
///
///     const auto a = AnyArray::map_file("field.npy");
///     a.visit([](const auto& field) { std::cout << xt::nanmean(field)() << '\n'; });
///     if (a.is<float, 3>()) use(a.as<float, 3>());
///     std::cout << a[{0, {40, 44}}] << '\n';  // prints a[0, 40:44], as NumPy would
///
/// What as() and visit() give shares the mapping. An array that load() has made has a name, which
/// stays until the AnyArray and all that was made of it have ended.
class AnyArray {
 public:
  /// Moves the array; the other one holds none afterwards.
  AnyArray(AnyArray&&) noexcept = default;
  /// Exchanges the arrays that both hold.
  AnyArray& operator=(AnyArray&& other) noexcept {
    std::swap(segment_, other.segment_);
    std::swap(use_, other.use_);
    return *this;
  }
  /// The end of the AnyArray; the name of a loaded array stays with what was made of it.
  ~AnyArray() {
    if (segment_) segment_->end();
  }

  /// The array of that name. Throws Error as SharedArray::attach does: name_missing (timed_out if
  /// it was to wait), invalid_name, not_an_array, not_permitted.
  static AnyArray attach(std::string_view name, AttachOptions options = {});
  /// As above, but waits for the name to appear.
  static AnyArray attach(std::string_view name, std::chrono::nanoseconds wait);

  /// An .npy file on disk, in place. Throws Error: name_missing, not_an_array, not_permitted.
  static AnyArray map_file(const std::string& path);

  /// A copy of an .npy file in shared memory, in this machine's byte order and row-major; under a
  /// unique name, or this one. Throws Error as SharedArray::load does.
  static AnyArray load(const std::string& path, CreateOptions options = {});
  static AnyArray load(std::string_view name, const std::string& path, CreateOptions options = {});

  /// The type of its elements.
  const Dtype& dtype() const { return header().dtype; }
  /// The extents of its axes.
  const std::vector<std::size_t>& shape() const { return header().shape; }
  /// The number of its axes.
  std::size_t dimension() const { return header().shape.size(); }
  /// The number of its elements.
  std::size_t size() const { return detail::product_of(header().shape); }
  /// The bytes of its elements.
  std::size_t bytes() const { return header().data_bytes(); }
  /// Its name; empty for a file on disk.
  const std::string& name() const { return detail::checked(segment_)->name(); }
  /// The path of its file.
  const std::string& path() const { return detail::checked(segment_)->path(); }

  /// What load() has made stays when its owner ends; somebody has to remove it.
  void keep() { detail::checked(segment_)->keep(); }

  /// See SharedArray::published.
  std::uint64_t published() const {
    return detail::counters_of(*detail::checked(segment_)).published();
  }
  /// See SharedArray::wait_published.
  Published wait_published(std::uint64_t beyond, std::chrono::nanoseconds at_most) const {
    return detail::wait_published(*detail::checked(segment_), beyond, at_most);
  }

  /// Its segment: for save().
  const Segment& segment() const { return *detail::checked(segment_); }

  /// A part of it, to print: an index or a range for each of the first axes, all of the others.
  /// Throws Error(invalid_argument) for an index that is outside its axis, and for too many of
  /// them.
  AnySlice operator[](std::initializer_list<Slice> slices) const;
  /// The same from a text such as "0, 40:44, ::2" or "..., -1", as NumPy takes it in brackets.
  AnySlice slice(std::string_view slices) const;

  /// True if its elements are of type T, in either byte order, on N axes.
  template <Element T, std::size_t N>
  bool is() const {
    return dimension() == N && detail::in_native_order(dtype()) == dtype_of<T>();
  }

  /// The same array as one of type const T. Throws Error(type_mismatch, rank_mismatch), which names
  /// both sides; type_mismatch also for Fortran order and the other byte order, which load()
  /// converts.
  template <class T, std::size_t N>
  SharedArray<const std::remove_const_t<T>, N> as() const {
    using Value = std::remove_const_t<T>;
    detail::check_in_place(segment(), dtype_of<Value>(), N, alignof(Value));
    return SharedArray<const Value, N>(with_its_own_use());
  }

  /// Calls f(const SharedArray<const T, N>&) with the T and N that it has, and returns what that
  /// returns: one type for all, such as `[](const auto& a) -> double { ... }`. `Types` and `Axes`
  /// are what f is compiled for; fewer compile sooner. Throws Error(type_mismatch) if it is none of
  /// these; and as as() does.
  ///
  ///     a.visit<Elements<float, double>, Ranks<3>>([](const auto& field) { ... });
  template <class Types = Numbers, class Axes = Ranks<1, 2, 3, 4>, class F>
  auto visit(F&& f) const {
    return visit_each(Types{}, Axes{}, f);
  }

 private:
  AnyArray(std::shared_ptr<Segment> segment);

  const NpyHeader& header() const { return segment().header(); }
  /// The segment, whose name stays as long as the result or a copy of it.
  std::shared_ptr<Segment> with_its_own_use() const;

  template <class... T, std::size_t... N, class F>
  auto visit_each(Elements<T...> types, Ranks<N...> axes, F& f) const {
    using Result = decltype(result_of(types, axes, f));
    static_assert((returns<Result, F, T, N...> && ...),
                  "tessera: visit's function returns one type for all element types: say which, as "
                  "in `[](const auto& a) -> double`");
    auto out = visit_dtype<Elements<T...>, Ranks<N...>>(
        dtype(), dimension(), [&]<class U, std::size_t M>() -> Result { return f(as<U, M>()); });
    if (!out) throw_no_visit({dtype_of<T>()...}, {N...});
    if constexpr (!std::is_void_v<Result>) return *std::move(out);
  }
  template <class Result, class F, class T, std::size_t... N>
  static constexpr bool returns =
      (std::is_same_v<Result, std::invoke_result_t<F&, const SharedArray<const T, N>&>> && ...);
  template <class First, class... T, std::size_t FirstRank, std::size_t... N, class F>
  static auto result_of(Elements<First, T...>, Ranks<FirstRank, N...>, F& f)
      -> decltype(f(std::declval<const SharedArray<const First, FirstRank>&>()));
  [[noreturn]] void throw_no_visit(const std::vector<Dtype>& types,
                                   const std::vector<std::size_t>& ranks) const;

  std::shared_ptr<Segment> segment_;
  std::shared_ptr<const Segment::NameUse> use_;  // keeps the name though as()'s arrays end before
};

}  // namespace tessera

#if !defined(TESSERA_COMPILED)
#include <tessera/memory/any_array_impl.hpp>
#endif
