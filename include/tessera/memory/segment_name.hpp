// Public: SegmentName. Floor 3, memory: one portable grammar for names.
//
// 1 to 200 characters of A-Z a-z 0-9 . _ - that begin with a letter, a digit or '_'. On POSIX such
// a name is a file name, so it can't lead out of the folder of names; on Windows it is the name of
// a kernel object.
#pragma once

#include <string>
#include <string_view>

#include <tessera/base/error.hpp>

namespace tessera {

/// A name that fits the grammar.
class SegmentName {
 public:
  static constexpr std::size_t max_length = 200;  ///< characters

  /// Throws Error(invalid_name), whose text shows the name, what is wrong and what is allowed.
  explicit SegmentName(std::string_view name) : text_(name) {
    const auto refuse = [this](const std::string& why) {
      const bool path = text_.find_first_of("/\\") != std::string::npos;
      return Error(
          Errc::invalid_name, "name '" + printable() + "'", why,
          std::string("use 1 to 200 of A-Z a-z 0-9 . _ -, beginning with a letter, a digit or _") +
              (path ? "; where a function takes a name and a path, the name comes first" : ""));
    };
    if (name.empty()) throw refuse("it is empty");
    if (name.size() > max_length)
      throw refuse("it has " + std::to_string(name.size()) + " characters");
    if (name[0] == '.' || name[0] == '-')
      throw refuse("it begins with '" + std::string(1, name[0]) + "'");
    for (const char c : name)
      if (!allowed(c)) throw refuse("it has a character that is not allowed");
  }

  /// The name as text.
  const std::string& str() const noexcept { return text_; }

  /// True if the constructor takes this name.
  static bool valid(std::string_view name) noexcept {
    if (name.empty() || name.size() > max_length || name[0] == '.' || name[0] == '-') return false;
    for (const char c : name)
      if (!allowed(c)) return false;
    return true;
  }

 private:
  static constexpr bool allowed(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  }
  std::string printable() const {
    std::string out;
    for (const char c : text_.substr(0, 60)) out += c >= ' ' && c <= '~' ? c : '?';
    return text_.size() > 60 ? out + "..." : out;
  }

  std::string text_;
};

}  // namespace tessera
