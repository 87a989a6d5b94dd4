#include "target.hpp"

#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <tessera/memory/catalog.hpp>
#include <tessera/memory/segment_folder.hpp>

#include "words.hpp"

namespace tool {

using namespace tessera;

Target::Target(std::string_view text) {
  const auto bracket = text.find('[');
  what = text.substr(0, bracket);
  if (bracket != text.npos) {
    if (text.back() != ']')
      throw std::runtime_error("the bracket of '" + std::string(text) + "' has no end");
    slices = text.substr(bracket + 1, text.size() - bracket - 2);
    if (slices.empty())
      throw std::runtime_error("there is nothing in the brackets of '" + std::string(text) + "'");
  }
  std::error_code none;
  is_file =
      what.find('/') != what.npos || (!std::filesystem::exists(segment_folder() + what, none) &&
                                      std::filesystem::is_regular_file(what, none));
}

AnyArray Target::open(bool any_user) const {
  return is_file ? AnyArray::map_file(what) : AnyArray::attach(what, {.any_user = any_user});
}

AnySlice Target::part_of(const AnyArray& array, const std::string& field) const {
  const auto part = slices.empty() ? array[{}] : array.slice(slices);
  return field.empty() ? part : part.field(field);
}

std::vector<std::string> expanded(const std::vector<std::string>& texts) {
  std::vector<std::string> out;
  for (const auto& text : texts) {
    const auto bracket = text.find('[');
    const auto pattern = text.substr(0, bracket);
    if (pattern.find_first_of("*?") == pattern.npos) {
      out.push_back(text);
      continue;
    }
    const auto before = out.size();
    for (const auto& entry : catalog::list())
      if (fits(entry.name, pattern))
        out.push_back(entry.name + (bracket == text.npos ? "" : text.substr(bracket)));
    if (out.size() == before) throw std::runtime_error("no name fits " + pattern);
  }
  return out;
}

}  // namespace tool
