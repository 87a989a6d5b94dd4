// Floor 1, host: what a started program inherits, and the command-line word with the numbers.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <tessera/base/text.hpp>
#include <tessera/host/descriptor.hpp>

namespace tessera::host {

/// Numbers as one word of a command line, and back; nothing if the word is not of that form.
using Numbers = std::vector<std::uint64_t>;
inline std::string as_word(const Numbers& numbers) {
  std::string out;
  for (const auto number : numbers) tessera::detail::append_item(out, std::to_string(number), ",");
  return out;
}
inline std::optional<Numbers> as_numbers(std::string_view word) {
  Numbers out;
  const char *at = word.data(), *const end = at + word.size();
  for (;;) {
    const auto [next, failure] = std::from_chars(at, end, out.emplace_back());
    if (failure != std::errc()) return std::nullopt;
    if (next == end) return out;
    if (*next != ',') return std::nullopt;
    at = next + 1;
  }
}

/// Files that a started program gets; on Windows other handles too.
using InheritedHandles = std::vector<const Descriptor*>;

/// A program that was started.
struct Respawned {
  int pid = 0;
  Descriptor process{};  ///< on Windows
};

}  // namespace tessera::host
