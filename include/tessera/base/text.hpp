// Floor 0, base: concatenation of text.
//
// It appends, since g++ 12 warns of `"literal" + std::string` in its own header (-Wrestrict at
// -O3). A user who compiles with -Werror would get that as an error.
#pragma once

#include <string>
#include <string_view>

namespace tessera::detail {

/// Appends an item to a list, after a separator unless it is the first.
inline void append_item(std::string& list, std::string_view item,
                        std::string_view separator = ", ") {
  if (!list.empty()) list += separator;
  list += item;
}

}  // namespace tessera::detail
