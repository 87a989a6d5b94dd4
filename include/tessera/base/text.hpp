// Floor 0, base: text put together.
//
// By appending: g++ 12 warns of `"literal" + std::string` in its own header (-Wrestrict at -O3),
// and that reaches whoever includes ours with -Werror.
#pragma once

#include <string>
#include <string_view>

namespace tessera::detail {

/// Puts one more item behind a list.
inline void append_item(std::string& list, std::string_view item,
                        std::string_view separator = ", ") {
  if (!list.empty()) list += separator;
  list += item;
}

}  // namespace tessera::detail
