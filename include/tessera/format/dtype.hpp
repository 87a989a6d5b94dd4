// Public: Dtype, Element, dtype_of, Describe, TESSERA_FIELDS. Floor 1, format: element types.
//
// Dtype is the run-time form: what a descr in an .npy header says. dtype_of<T>() gives that of a
// C++ type. Two Dtypes are equal only if kind, size, byte order and every field are, names and
// offsets included. The descr that NumPy writes for such a C++ type reads back equal.
#pragma once

#include <array>
#include <complex>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/extents.hpp>

namespace tessera {

inline constexpr std::size_t max_element_size = 0x7fffffff;  ///< bytes; NumPy's own limit
inline constexpr int max_struct_depth = 8;                   ///< levels of structs within structs

/// The type of one element as .npy files describe it: a scalar, or a struct of named fields.
struct Dtype {
  struct Field;

  char kind = 0;              ///< scalar: b, i, u, f, c, M or m; struct: V; none: 0
  std::size_t size = 0;       ///< bytes of one element
  bool swapped = false;       ///< true: not in this machine's byte order
  std::vector<Field> fields;  ///< of a struct, in order of offset
  std::string unit = {};  ///< of datetime64 (M) and timedelta64 (m): "ns", "25s"; empty: generic

  friend bool operator==(const Dtype&, const Dtype&) = default;

  /// The descr as NumPy spells it: '<f8' (with its quotes), or [('a', '<f4'), ('', '|V4')] for a
  /// struct.
  std::string to_string() const;
  /// Its name in NumPy, without the byte order: float32, bool, complex128, datetime64[ns]. Of a
  /// struct, as to_string().
  std::string name() const;
  /// The type of this name, in this machine's byte order; nothing if no bool, integer, float or
  /// complex number has it.
  static std::optional<Dtype> named(std::string_view name);
};

/// One field of a struct.
struct Dtype::Field {
  std::string name;                ///< in UTF-8
  std::size_t offset = 0;          ///< bytes from the start of the struct
  Dtype type;                      ///< of one of its elements
  std::vector<std::size_t> shape;  ///< extents of an array field; empty for a scalar

  /// Bytes of all of its elements.
  std::size_t bytes() const { return type.size * detail::product_of(shape); }
  friend bool operator==(const Field&, const Field&) = default;
};

/// Describes the fields of a struct, so that arrays can hold it. TESSERA_FIELDS specialises it; a
/// specialisation by hand has `static std::vector<Dtype::Field> fields()`.
template <class T>
struct Describe;

/// A trivially copyable struct whose fields Describe tells.
template <class T>
concept DescribedStruct = std::is_class_v<T> && std::is_trivially_copyable_v<T> && requires {
  { Describe<T>::fields() } -> std::same_as<std::vector<Dtype::Field>>;
};

namespace detail {
template <class T>
inline constexpr bool is_complex = false;
template <>
inline constexpr bool is_complex<std::complex<float>> = true;
template <>
inline constexpr bool is_complex<std::complex<double>> = true;

template <class T>
inline constexpr bool is_half = false;
#if defined(TESSERA_FLOAT16)
template <>
inline constexpr bool is_half<TESSERA_FLOAT16> = true;
#endif

template <class T>
concept CharacterType = std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
                        std::same_as<T, char16_t> || std::same_as<T, char32_t>;

// Told apart by size: long and long long are one type in .npy, and both must work.
template <class T>
concept SizedInteger = std::integral<T> && !std::same_as<T, bool> && !CharacterType<T> &&
                       (sizeof(T) == 1 || sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8);
}  // namespace detail

/// What an array can hold: bool, integers, float, double, std::complex of these two, and trivially
/// copyable structs that are described; _Float16 (the same type as std::float16_t) where the
/// compiler has it. Not long double: its bytes differ by machine. Times (datetime64, timedelta64)
/// are std::int64_t; NaT is the smallest of them.
template <class T>
concept Element =
    std::same_as<T, std::remove_cv_t<T>> &&
    (std::same_as<T, bool> || detail::SizedInteger<T> || std::same_as<T, float> ||
     std::same_as<T, double> || detail::is_half<T> || detail::is_complex<T> || DescribedStruct<T>);

/// The Dtype of a C++ type.
template <Element T>
Dtype dtype_of() {
  if constexpr (std::same_as<T, bool>) {
    return {'b', 1, false, {}};
  } else if constexpr (std::floating_point<T> || detail::is_half<T>) {
    return {'f', sizeof(T), false, {}};
  } else if constexpr (detail::is_complex<T>) {
    return {'c', sizeof(T), false, {}};
  } else if constexpr (std::is_class_v<T>) {
    return {'V', sizeof(T), false, Describe<T>::fields()};
  } else {
    return {std::is_signed_v<T> ? 'i' : 'u', sizeof(T), false, {}};
  }
}

namespace detail {

template <class Member>
Dtype::Field make_field(std::string name, std::size_t offset) {
  using Scalar = std::remove_all_extents_t<Member>;
  std::vector<std::size_t> shape;
  [&]<std::size_t... Axis>(std::index_sequence<Axis...>) {
    (shape.push_back(std::extent_v<Member, Axis>), ...);
  }(std::make_index_sequence<std::rank_v<Member>>{});
  // Element is tested first: from C++26 on, std::complex has a tuple_size too.
  if constexpr (!Element<Scalar> && requires {
                  std::tuple_size<Scalar>::value;
                  typename Scalar::value_type;
                }) {
    auto inner = make_field<typename Scalar::value_type>(std::move(name), offset);
    shape.push_back(std::tuple_size<Scalar>::value);
    inner.shape.insert(inner.shape.begin(), shape.begin(), shape.end());
    return inner;
  } else {
    static_assert(Element<Scalar>,
                  "tessera: a field of a described struct must itself be an element type");
    return {std::move(name), offset, dtype_of<Scalar>(), std::move(shape)};
  }
}

/// Bytes of a field, or nothing if they are more than an element may have.
inline std::optional<std::size_t> bounded_bytes(const Dtype::Field& field) {
  return checked_product(field.type.size, field.shape, max_element_size);
}

/// Why a dtype can't be written as a descr and read back equal; empty if it can.
std::string_view invalid_reason(const Dtype& dtype, int depth = 0);

/// Reverses the bytes of every scalar of one element in place.
void swap_bytes(const Dtype& dtype, std::byte* element);

/// True if any scalar in the element is not in this machine's byte order.
bool any_swapped(const Dtype& dtype);

/// The same type in this machine's byte order.
Dtype in_native_order(Dtype dtype);

/// The type of the C++ element with these values: in this machine's byte order, times as integers.
Dtype value_type(Dtype dtype);

}  // namespace detail

}  // namespace tessera

// Applies TESSERA_EACH_ to each name, by __VA_OPT__ recursion: 342 names at most.
#define TESSERA_PARENS_ ()
#define TESSERA_EXPAND_(...) \
  TESSERA_EXPAND4_(TESSERA_EXPAND4_(TESSERA_EXPAND4_(TESSERA_EXPAND4_(__VA_ARGS__))))
#define TESSERA_EXPAND4_(...) \
  TESSERA_EXPAND3_(TESSERA_EXPAND3_(TESSERA_EXPAND3_(TESSERA_EXPAND3_(__VA_ARGS__))))
#define TESSERA_EXPAND3_(...) \
  TESSERA_EXPAND2_(TESSERA_EXPAND2_(TESSERA_EXPAND2_(TESSERA_EXPAND2_(__VA_ARGS__))))
#define TESSERA_EXPAND2_(...) \
  TESSERA_EXPAND1_(TESSERA_EXPAND1_(TESSERA_EXPAND1_(TESSERA_EXPAND1_(__VA_ARGS__))))
#define TESSERA_EXPAND1_(...) __VA_ARGS__
#define TESSERA_EACH_(Type, name, ...)                                             \
  ::tessera::detail::make_field<decltype(Type::name)>(#name, offsetof(Type, name)) \
      __VA_OPT__(, TESSERA_EACH_AGAIN_ TESSERA_PARENS_(Type, __VA_ARGS__))
#define TESSERA_EACH_AGAIN_() TESSERA_EACH_

/// Describes a struct's fields, in order of declaration. Write it at global scope. A field is a
/// scalar, an array or a described struct.
///
///     struct Station { double height; std::int32_t count; float winds[3]; };
///     TESSERA_FIELDS(Station, height, count, winds);
#define TESSERA_FIELDS(Type, ...)                                 \
  template <>                                                     \
  struct tessera::Describe<Type> {                                \
    static std::vector<::tessera::Dtype::Field> fields() {        \
      return {TESSERA_EXPAND_(TESSERA_EACH_(Type, __VA_ARGS__))}; \
    }                                                             \
  }

#if !defined(TESSERA_COMPILED)
#include <tessera/format/dtype_impl.hpp>
#endif
