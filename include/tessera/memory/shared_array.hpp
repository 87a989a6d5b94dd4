// Public: SharedArray. Floor 3, memory: a typed segment that is a container of xtensor.
//
// The shape is copied from the header when that is checked, and never read again: a process that
// writes into the segment can't change it. Nor can the inherited resize and reshape.
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tessera/base/extents.hpp>
#include <tessera/loops/printing.hpp>
#include <tessera/loops/with_mdspan.hpp>
#include <tessera/loops/xtensor.hpp>
#include <tessera/memory/array_segment.hpp>
#include <tessera/memory/array_traits.hpp>
#include <tessera/memory/catalog.hpp>
#include <tessera/memory/npy_file.hpp>
#include <tessera/memory/with_steps.hpp>

namespace tessera {

template <class T, std::size_t N, detail::Holder H>
class SharedArray
    : public xt::xstrided_container<SharedArray<T, N, H>>,
      public xt::xcontainer_semantic<SharedArray<T, N, H>>,
      public detail::WithMdspan<SharedArray<T, N, H>>,
      public detail::WithSteps<SharedArray<T, N, H>, !std::is_const_v<T>>,
      private std::conditional_t<H == detail::Holder::person, detail::MoveOnly, detail::Copyable> {
  using Container = xt::xstrided_container<SharedArray>;
  using Semantic = xt::xcontainer_semantic<SharedArray>;
  using Value = std::remove_const_t<T>;
  static_assert(
      Element<Value>,
      "tessera: elements are bool, integers, float, double, complex of these, or trivially "
      "copyable structs described by TESSERA_FIELDS");
  static_assert(alignof(Value) <= cache_line,
                "tessera: elements are aligned to 64 bytes at most, as the data of a segment is");
  static constexpr bool writable = !std::is_const_v<T>;
  static constexpr host::Access access =
      writable ? host::Access::read_write : host::Access::read_only;

 public:
  using typename Container::inner_shape_type, typename Container::shape_type;
  using typename Container::storage_type, typename Container::value_type;
  using typename Semantic::temporary_type;

  /// No array: no name, no elements. Also the state of an array that was moved from.
  SharedArray() noexcept : storage_(nullptr, 0) {}

  /// Moves the array; `other` holds none afterwards.
  SharedArray(SharedArray&& other) noexcept : SharedArray() { swap(other); }
  SharedArray& operator=(SharedArray&& other) noexcept {
    SharedArray(std::move(other)).swap(*this);
    return *this;
  }  ///< Ends the array that it held, and moves the other one.
  SharedArray(const SharedArray&)
    requires(H == detail::Holder::person)
  = delete;
  SharedArray& operator=(const SharedArray& other) = delete;

  // xtensor calls these: so an expression holds an array. Implicit, since xtensor converts.
  SharedArray(const SharedArray& other) noexcept
    requires(H == detail::Holder::expression)
      : SharedArray(other.segment_) {}
  template <class U, detail::Holder From>
    requires(H == detail::Holder::expression && std::same_as<std::remove_const_t<U>, Value> &&
             (!writable || !std::is_const_v<U>))
  SharedArray(const SharedArray<U, N, From>& other) noexcept : SharedArray(other.segment()) {}

  /// The end of an owner removes the name. What views and expressions hold stays mapped.
  ~SharedArray() {
    if constexpr (H == detail::Holder::person) {
      if (segment_) segment_->end();
    }
  }

  /// A new array of zeros under this name, owned. Throws Error: name_taken (an orphan's name is
  /// taken over), invalid_name, invalid_shape, no_space, not_permitted, system (no folder of
  /// names).
  static SharedArray create(std::string_view name, const Shape<N>& shape,
                            CreateOptions options = {}) {
    return SharedArray(make(SegmentName(name), shape, options));
  }
  /// As above, under a unique name: see name().
  static SharedArray create(const Shape<N>& shape, CreateOptions options = {}) {
    return SharedArray(make(std::nullopt, shape, options));
  }

  /// The array of that name. Throws Error: name_missing (timed_out if it was to wait),
  /// invalid_name, not_an_array, not_permitted, rank_mismatch; type_mismatch, also for Fortran
  /// order, the other byte order and a bool whose byte is neither 0 nor 1 (arrays with bools are
  /// read once).
  static SharedArray attach(std::string_view name, AttachOptions options = {}) {
    auto segment = Segment::attach(SegmentName(name), access, options.wait, options.any_user);
    detail::check_in_place(*segment, dtype_of<Value>(), N, alignof(T));
    return SharedArray(std::move(segment));
  }
  /// As above, but waits for the name to appear, and for its writer to finish.
  static SharedArray attach(std::string_view name, std::chrono::nanoseconds wait) {
    return attach(name, AttachOptions{wait});
  }
  /// As attach(name), but throws Error(shape_mismatch) unless the array has this shape.
  static SharedArray attach(std::string_view name, const Shape<N>& shape,
                            AttachOptions options = {}) {
    auto array = attach(name, options);
    detail::check_shape(*array.segment_, shape.extents());
    return array;
  }

  /// A new array with the values of an xtensor expression or (rank 1) of a contiguous range; under
  /// a unique name, or this one. Throws what create throws, and Error(rank_mismatch).
  template <class Source>
  static SharedArray copy_of(const Source& source, CreateOptions options = {}) {
    return make_copy(std::nullopt, source, options);
  }
  template <class Source>
  static SharedArray copy_of(std::string_view name, const Source& source,
                             CreateOptions options = {}) {
    return make_copy(SegmentName(name), source, options);
  }

  /// A new array with the elements of an .npy file of any byte order and order of axes; under a
  /// unique name, or this one. Element types are never converted; a bool whose byte is not 0
  /// becomes 1. Throws what create throws, and Error: name_missing, not_an_array (also if the file
  /// is truncated meanwhile), type_mismatch, rank_mismatch.
  static SharedArray load(const std::string& path, CreateOptions options = {}) {
    return finish(detail::load(path, std::nullopt, dtype_of<Value>(), N, options.permission));
  }
  static SharedArray load(std::string_view name, const std::string& path,
                          CreateOptions options = {}) {
    return finish(detail::load(path, SegmentName(name), dtype_of<Value>(), N, options.permission));
  }

  /// An .npy file on disk as an array: read-only if T is const, else changed in place. It may be
  /// larger than memory. Throws Error: name_missing, not_an_array, not_permitted, rank_mismatch;
  /// type_mismatch, as attach does; no_space (for the holes of a file that is to be changed).
  static SharedArray map_file(const std::string& path) {
    auto segment = Segment::map_file(path, access);
    detail::check_in_place(*segment, dtype_of<Value>(), N, alignof(T));
    return SharedArray(std::move(segment));
  }

  /// A new .npy file of zeros on disk, its space reserved. It stays when the array ends, and after
  /// a power cut unless `durability` is none. Throws Error: name_taken (the file exists), no_space,
  /// invalid_shape, name_missing (no such folder), not_permitted.
  static SharedArray create_file(const std::string& path, const Shape<N>& shape,
                                 Durability durability = Durability::disk)
    requires writable
  {
    return SharedArray(Segment::create_file(path, dtype_of<Value>(), shape.extents(), durability));
  }

  /// Removes the name of a kept or orphaned array. False if there is none. Throws
  /// Error(not_permitted) if its owner lives or it is foreign; see catalog::remove.
  static bool remove(std::string_view name) { return catalog::remove(name); }

  /// Writes an .npy file. A file of that path is replaced once the new one is complete and, unless
  /// `options` say otherwise, on disk. Throws Error: no_space, name_missing, not_permitted,
  /// not_an_array, system (see tessera::save); invalid_argument for no array.
  void save(const std::string& path, SaveOptions options = {}) const {
    tessera::save(*detail::checked(segment_), path, options);
  }
  void save(const std::string& path, Durability durability) const {
    save(path, SaveOptions{durability});
  }

  /// Returns when the elements of a mapped file are on disk; nothing to do for memory or const T.
  /// Throws Error: no_space, system; invalid_argument for no array.
  void flush() { detail::checked(segment_)->flush(); }

  /// The name stays when this object ends. Throws Error: invalid_argument if this process does not
  /// own it (as after attach, or for no array), not_permitted on Windows, system.
  void keep() { detail::checked(segment_)->keep(); }

  /// The segment's name; empty for a file on disk and for no array.
  const std::string& name() const noexcept { return segment_ ? segment_->name() : no_name(); }
  /// The path of its file, for numpy.load(path, mmap_mode="r+"); empty for no array.
  const std::string& path() const noexcept { return segment_ ? segment_->path() : no_name(); }
  /// True if this object's end removes the name.
  bool owned() const noexcept { return segment_ && segment_->owned(); }

  /// Exchanges the arrays that both hold. No element is copied.
  void swap(SharedArray& other) noexcept {
    std::swap(segment_, other.segment_);
    std::swap(storage_, other.storage_);
    std::swap(this->shape_impl(), other.shape_impl());
    std::swap(this->strides_impl(), other.strides_impl());
    std::swap(this->backstrides_impl(), other.backstrides_impl());
  }
  friend void swap(SharedArray& a, SharedArray& b) noexcept { a.swap(b); }

  /// Assigns elements. Throws Error(shape_mismatch), and changes nothing, if the shapes differ.
  template <class E>
    requires(!std::same_as<E, SharedArray>)
  SharedArray& operator=(const xt::xexpression<E>& expression) {
    static_assert(writable, "tessera: this array is read-only: its element type is const");
    // First, since xtensor evaluates the expression into a temporary of rank N.
    resize(expression.derived_cast().shape());
    if constexpr (writable && detail::may_have_rank<E, N>) Semantic::operator=(expression);
    return *this;
  }
  SharedArray& operator=(temporary_type&& values) {
    static_assert(writable, "tessera: this array is read-only: its element type is const");
    resize(values.shape());
    if constexpr (writable) std::copy_n(values.storage().begin(), this->size(), this->data());
    return *this;
  }

  /// Sets every element. Throws Error(invalid_argument) for no array.
  template <class E>
    requires(!xt::is_xexpression<E>::value && std::convertible_to<const E&, Value>)
  SharedArray& operator=(const E& value) {
    static_assert(writable, "tessera: this array is read-only: its element type is const");
    static_cast<void>(detail::checked(segment_));
    if constexpr (writable) std::fill_n(this->data(), this->size(), static_cast<Value>(value));
    return *this;
  }

  /// Throws Error(shape_mismatch) unless `shape` is the array's own. xtensor calls it to assign.
  template <class S, class... Any>
  void resize(const S& shape, const Any&...) {
    if (!segment_ ||
        !std::equal(this->shape().begin(), this->shape().end(), std::begin(shape), std::end(shape)))
      throw Error(Errc::shape_mismatch, segment_ ? segment_->subject() : "SharedArray",
                  "its shape is " + detail::tuple_of(this->shape()) + ", the values' is " +
                      detail::tuple_of(shape),
                  "an array in shared memory can't change its shape");
  }
  template <class... Any>
  void reshape(Any&&...) = delete;
  /// For this library: what the views of an array keep.
  const std::shared_ptr<Segment>& segment() const noexcept { return segment_; }

 private:
  friend class xt::xcontainer<SharedArray>;
  friend class AnyArray;

  explicit SharedArray(std::shared_ptr<Segment> segment) noexcept : storage_(nullptr, 0) {
    if (!segment) return;
    const auto& extents = segment->header().shape;
    std::copy_n(extents.begin(), N, this->shape_impl().begin());
    const auto size = xt::compute_strides(this->shape_impl(), xt::layout_type::row_major,
                                          this->strides_impl(), this->backstrides_impl());
    storage_ = storage_type(reinterpret_cast<T*>(segment->data()), size);
    segment_ = std::move(segment);
  }
  template <class, std::size_t, detail::Holder>
  friend class SharedArray;

  static std::shared_ptr<Segment> make(const std::optional<SegmentName>& name,
                                       const Shape<N>& shape, CreateOptions options) {
    static_assert(writable, "tessera: create an array of a non-const element type");
    return Segment::create(name, dtype_of<Value>(), shape.extents(), options.permission);
  }

  template <class Source>
  static SharedArray make_copy(const std::optional<SegmentName>& name, const Source& source,
                               CreateOptions options) {
    using Own = SharedArray<Value, N>;
    Own array;
    const auto make_array = [&](const Shape<N>& s) { array = Own(Own::make(name, s, options)); };
    if constexpr (xt::is_xexpression<Source>::value) {
      make_array(source.shape());
      xt::noalias(array) = source;
    } else {
      static_assert(N == 1, "tessera: a range becomes an array of rank 1");
      make_array(std::size(source));
      std::copy(std::begin(source), std::end(source), array.storage().begin());
    }
    return finish(std::move(array.segment_));
  }
  static SharedArray finish(std::shared_ptr<Segment> segment) {
    if constexpr (!writable) segment->make_read_only();
    return SharedArray(std::move(segment));
  }

  static const std::string& no_name() noexcept {
    static const std::string empty;
    return empty;
  }

  storage_type& storage_impl() noexcept { return storage_; }
  const storage_type& storage_impl() const noexcept { return storage_; }
  std::shared_ptr<Segment> segment_;
  storage_type storage_;
};

}  // namespace tessera
