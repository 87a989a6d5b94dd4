// cp, load, save: from memory to files and back.
#include <iostream>
#include <stdexcept>
#include <string>
#include <tessera/memory/any_array.hpp>
#include <tessera/memory/npy_file.hpp>

#include "commands.hpp"
#include "target.hpp"

namespace tool {

using namespace tessera;

void load(const std::string& file, const std::string& name) {
  auto array = AnyArray::load(name, file);
  array.keep();
  std::cout << array.path() << '\n';
}

void save(const std::string& name, const std::string& file, bool any_user) {
  const Target target(name);
  const auto array = target.open(any_user);
  tessera::save(array.segment(), file);
}

void copy(const std::string& from, const std::string& to, bool any_user) {
  const Target source(from);
  if (!source.slices.empty()) throw std::runtime_error("cp copies whole arrays, not " + from);
  const bool to_file = to.find('/') != to.npos || to.ends_with(".npy");
  if (to_file) return save(from, to, any_user);
  const auto array = source.open(any_user);
  auto copied = AnyArray::load(to, array.path());
  copied.keep();
}

}  // namespace tool
