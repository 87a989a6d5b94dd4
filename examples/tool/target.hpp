// What a person names: NAME, FILE.npy, NAME[0, 40:44].
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tessera/memory/any_array.hpp>

namespace tool {

struct Target {
  std::string what;    // a name, or the path of a file
  std::string slices;  // without brackets; empty: all of it
  bool is_file = false;

  /// "NAME[slices]". It is a file if it has a '/', or if there is no such name but such a file.
  /// Throws std::runtime_error for an open bracket without its end.
  explicit Target(std::string_view text);

  /// Throws tessera::Error if there is no such array.
  tessera::AnyArray open(bool any_user = false) const;
  /// The part of the array, and in it the field, if one is named.
  tessera::AnySlice part_of(const tessera::AnyArray& array, const std::string& field = {}) const;
};

/// The names that fit these names and patterns, in order; a file or a name without * and ? stands
/// for itself.
std::vector<std::string> expanded(const std::vector<std::string>& texts);

}  // namespace tool
