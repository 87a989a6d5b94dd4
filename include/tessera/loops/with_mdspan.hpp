// Floor 2, loops: the member mdspan() of arrays and tiles. What it does stands in mdspan.hpp, which
// a program includes if it calls it.
#pragma once

namespace tessera::detail {

/// Makes the mdspan of a View; defined in mdspan.hpp.
template <class View>
struct MdspanOf;

/// A base class of View. It has no data.
template <class View>
class WithMdspan {
 public:
  /// The same elements as a std::mdspan, valid as long as this view: see
  /// <tessera/loops/mdspan.hpp>, which stands before the call.
  template <class V = View>
  auto mdspan() {
    return made_of(static_cast<V&>(*this));
  }
  template <class V = View>
  auto mdspan() const {
    return made_of(static_cast<const V&>(*this));
  }

 private:
  template <class V>
  static auto made_of(V& view) {
    constexpr bool included = requires { sizeof(MdspanOf<V>); };
    static_assert(included, "tessera: mdspan() needs #include <tessera/loops/mdspan.hpp>");
    if constexpr (included) return MdspanOf<V>::of(view);
  }
};

}  // namespace tessera::detail
