// What is in shared memory: `shmls` lists it, `cat` looks inside, `save` copies to disk, `rm` and
// `reap` clean up.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <complex>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>
#include <tessera/memory/any_array.hpp>
#include <tessera/memory/catalog.hpp>
#include <tessera/memory/npy_file.hpp>
#include <tessera/memory/segment_folder.hpp>
#include <type_traits>
#include <vector>

#if __has_include(<pwd.h>)
#include <pwd.h>
#endif

namespace {

using namespace tessera;
using catalog::Entry;

const char* state_of(const Entry& entry) {
  switch (entry.kind) {
    case Entry::Kind::owned: return "owned";
    case Entry::Kind::orphan: return "orphan";
    case Entry::Kind::kept: return "kept";
    default: return "foreign";
  }
}

double age_of(const Entry& entry) {  // seconds; negative where unknown
  if (entry.created.time_since_epoch().count() == 0) return -1;
  return std::chrono::duration<double>(std::chrono::system_clock::now() - entry.created).count();
}

std::string in_words(double seconds) {
  if (seconds < 0) return "-";
  const std::array<std::pair<double, const char*>, 3> units{
      {{86400, " d"}, {3600, " h"}, {60, " min"}}};
  for (const auto& [size, unit] : units)
    if (seconds >= 2 * size) return std::to_string(static_cast<long>(seconds / size)) + unit;
  return std::to_string(static_cast<long>(seconds)) + " s";
}

std::string in_words(const std::vector<std::size_t>& shape) {
  std::string out;
  for (const auto extent : shape) {
    if (!out.empty()) out += 'x';
    out += std::to_string(extent);
  }
  return out.empty() ? "scalar" : out;
}

// Names of others may be any bytes; a terminal would obey some of them.
std::string printable(const std::string& name) {
  std::string out;
  for (const char c : name) {
    if (c >= ' ' && c <= '~') {
      out += c;
    } else {
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "\\x%02x", static_cast<unsigned char>(c));
      out += code.data();
    }
  }
  return out;
}

std::string user_of(const Entry& entry) {
#if __has_include(<pwd.h>)
  if (const auto* const user = ::getpwuid(static_cast<uid_t>(entry.user))) return user->pw_name;
#endif
  return std::to_string(entry.user);
}

void print_table(const std::vector<Entry>& entries) {
  std::vector<std::array<std::string, 7>> rows{
      {"NAME", "TYPE", "SHAPE", "BYTES", "STATE", "AGE", "USER"}};
  for (const auto& entry : entries)
    rows.push_back({printable(entry.name), entry.header ? entry.header->dtype.name() : "-",
                    entry.header ? in_words(entry.header->shape) : "-", std::to_string(entry.bytes),
                    state_of(entry), in_words(age_of(entry)), printable(user_of(entry))});
  std::array<std::size_t, 7> widths{};
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string gap(widths[c] - row[c].size(), ' ');
      line += c == 3 ? gap + row[c] : row[c] + gap;  // numbers to the right
      line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    std::cout << line << '\n';
  }
}

std::string json_string(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {  // names of others may be any bytes: as Latin-1
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "\\u%04x", byte);
      out += code.data();
    } else {
      out += c;
    }
  }
  return out + '"';
}

void print_json(const std::vector<Entry>& entries) {
  std::cout << "[";
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    std::cout << (i ? ",\n " : "\n ") << "{\"name\": " << json_string(entry.name)
              << ", \"state\": \"" << state_of(entry) << "\", \"bytes\": " << entry.bytes
              << ", \"user\": " << json_string(user_of(entry));
    if (entry.header) {
      std::cout << ", \"dtype\": " << json_string(entry.header->dtype.to_string())
                << ", \"shape\": [";
      for (std::size_t d = 0; d < entry.header->shape.size(); ++d)
        std::cout << (d ? ", " : "") << entry.header->shape[d];
      std::cout << "]";
    }
    if (const double age = age_of(entry); age >= 0) std::cout << ", \"age_s\": " << age;
    std::cout << "}";
  }
  std::cout << (entries.empty() ? "]\n" : "\n]\n");
}

/// The scalars of one kind in every element of an array: the element itself, or a field of it.
struct Values {
  const std::byte* first;
  std::size_t count, stride;  // bytes from one element to the next
  bool swapped;

  template <class T>
  T get(std::size_t i) const {
    std::array<std::byte, sizeof(T)> bytes;
    std::memcpy(bytes.data(), first + i * stride, sizeof(T));
    if (swapped) std::reverse(bytes.begin(), bytes.end());
    T out;
    std::memcpy(&out, bytes.data(), sizeof(T));
    return out;
  }
};

template <class T>
void print_statistics(const Values& values) {
  std::size_t nans = 0;
  double sum = 0;
  T least{}, most{};
  bool any = false;
  for (std::size_t i = 0; i < values.count; ++i) {
    const T value = values.get<T>(i);
    if (value != value) {
      ++nans;
      continue;
    }
    least = any ? std::min(least, value) : value;
    most = any ? std::max(most, value) : value;
    any = true;
    sum += static_cast<double>(value);
  }
  if (any)
    std::cout << "min " << +least << ", max " << +most << ", mean "
              << sum / static_cast<double>(values.count - nans) << ", ";
  std::cout << nans << " NaN of " << values.count << '\n';
}

/// The statistics of numbers, by the field of each element and by the part of complex ones.
void print_statistics(const AnyArray& array, const std::string& label, std::size_t offset,
                      const Dtype& type) {
  const bool is_complex = type.kind == 'c';
  for (std::size_t part = 0; part < (is_complex ? 2u : 1u); ++part) {
    const Dtype scalar = is_complex ? Dtype{'f', type.size / 2, type.swapped, {}} : type;
    const Values values{array.segment().data() + offset + part * scalar.size, array.size(),
                        array.dtype().size, type.swapped};
    const auto told = visit_dtype(scalar, [&]<class T>() {
      std::cout << label << (is_complex ? part == 0 ? "real " : "imaginary " : "");
      print_statistics<std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>>(values);
    });
    if (!told) std::cout << label << type.name() << '\n';
  }
}

/// The first rows and columns of the last two axes, where all others have index 0.
void print_corner(const AnyArray& array) {
  std::string slices;
  for (std::size_t d = array.dimension(); d-- > 0;)
    slices += d > 1 ? "0, " : d == 1 ? "0:4, " : "0:6";
  std::cout << '[' << slices << "]:\n" << array.slice(slices) << '\n';
}

void print_summary(const std::string& name, bool any_user) {
  const auto array = AnyArray::attach(name, {.any_user = any_user});
  const auto& dtype = array.dtype();
  std::cout << array.path() << ": " << dtype.name() << ", " << in_words(array.shape()) << '\n';
  if (dtype.kind != 'V') print_statistics(array, "", 0, dtype);
  for (const auto& field : dtype.fields)
    if (field.shape.empty())
      print_statistics(array, field.name + ": ", field.offset, field.type);
    else
      std::cout << field.name << ": " << in_words(field.shape) << " of " << field.type.name()
                << '\n';
  if (array.size() > 0 && array.dimension() > 0) print_corner(array);
}

void reap(bool dry_run, const catalog::Options& whose) {
  std::vector<std::string> names;
  if (dry_run) {
    for (const auto& entry : catalog::list(whose))
      if (entry.kind == Entry::Kind::orphan) names.push_back(entry.name);
  } else {
    names = catalog::reap(whose);
  }
  for (const auto& name : names) std::cout << name << '\n';
}

void run(int argc, char** argv) {
  CLI::App app("Arrays in shared memory. Without a command: a list of them.");
  app.require_subcommand(0, 1);
  bool json = false, force = false, dry_run = false, any_user = false, all_users = false;
  std::string name, file, folder;
  app.add_flag("--json", json, "The list as JSON");
  app.add_option("--dir", folder, "The folder of names, instead of TESSERA_DIR or /dev/shm");
  auto* const rm = app.add_subcommand("rm", "Remove a name; who has the array keeps its memory");
  rm->add_option("NAME", name)->required();
  rm->add_flag("--force", force, "Though its owner lives");
  auto* const reaps = app.add_subcommand("reap", "Remove what dead programs left behind");
  reaps->add_flag("--dry-run", dry_run, "Only say what would be removed");
  for (auto* const looks : {static_cast<CLI::App*>(&app), reaps})
    looks->add_flag("--all-users", all_users, "Of any user's arrays, as far as you may (as root)");
  auto* const cat = app.add_subcommand("cat", "Min, max, mean, NaN count and a corner of values");
  cat->add_option("NAME", name)->required();
  auto* const saves = app.add_subcommand("save", "Copy an array to an .npy file");
  saves->add_option("NAME", name)->required();
  saves->add_option("FILE", file)->required();
  for (auto* const reads : {cat, saves})
    reads->add_flag("--any-user", any_user, "Though it is another user's");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) std::exit(app.exit(error));
    throw std::runtime_error(std::string(error.what()) + "; see shmls --help");
  }

  if (!folder.empty()) set_segment_folder(folder);
  if (*reaps) {
    reap(dry_run, {.any_user = all_users});
  } else if (*rm) {
    if (!catalog::remove(name, force ? catalog::Force::yes : catalog::Force::no))
      throw std::runtime_error("there is no such name: " + name);
  } else if (*cat) {
    print_summary(name, any_user);
  } else if (*saves) {
    save(*Segment::attach(SegmentName(name), host::Access::read_only, {}, any_user), file);
  } else {
    const auto entries = catalog::list({.any_user = all_users});
    json ? print_json(entries) : print_table(entries);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(argc, argv);
    return 0;
  } catch (const Error& error) {
    std::cerr << error.what() << '\n';
  } catch (const std::exception& error) {
    std::cerr << "shmls: " << error.what() << '\n';
  }
  return 2;
}
