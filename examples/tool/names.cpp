// list, info, rm, reap: what there is, and away with it.
#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <tessera/host/process.hpp>
#include <tessera/memory/any_array.hpp>
#include <tessera/memory/catalog.hpp>
#include <tessera/memory/segment_folder.hpp>
#include <thread>
#include <vector>

#include "commands.hpp"
#include "processes.hpp"
#include "target.hpp"
#include "terminal.hpp"
#include "words.hpp"

#if __has_include(<pwd.h>)
#include <pwd.h>
#endif

namespace tool {

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

std::string user_of(const Entry& entry) {
#if __has_include(<pwd.h>)
  if (const auto* const user = ::getpwuid(static_cast<uid_t>(entry.user))) return user->pw_name;
#endif
  return std::to_string(entry.user);
}

std::string path_of(const std::string& name) { return segment_folder() + name; }

std::vector<Entry> chosen(const ListOptions& options) {
  auto entries = catalog::list({.any_user = options.all_users});
  if (options.names.empty()) return entries;
  std::erase_if(entries, [&](const Entry& entry) {
    return std::ranges::none_of(options.names,
                                [&](const auto& name) { return fits(entry.name, name); });
  });
  return entries;
}

/// The room of the folder of names; empty where the system does not tell.
std::string room() {
  std::error_code unknown;
  const auto space = std::filesystem::space(segment_folder(), unknown);
  if (unknown) return {};
  return segment_folder() + ": " + bytes_in_words(space.free) + " free of " +
         bytes_in_words(space.capacity);
}

std::string as_table(const std::vector<Entry>& entries, const Terminal& screen) {
  const Processes processes;
  std::vector<std::vector<std::string>> rows{
      {"NAME", "TYPE", "SHAPE", "SIZE", "STATE", "OWNER", "MAPPED", "AGE", "USER"}};
  for (const auto& entry : entries) {
    const auto users = processes.users_of(path_of(entry.name));
    // A struct's type is long: `info` tells it.
    const auto type = !entry.header                     ? "-"
                      : entry.header->dtype.kind == 'V' ? "struct"
                                                        : entry.header->dtype.name();
    rows.push_back(
        {printable(entry.name), type, entry.header ? shape_in_words(entry.header->shape) : "-",
         bytes_in_words(entry.bytes), state_of(entry),
         users.owner > 0 ? std::to_string(users.owner) : "-", std::to_string(users.mapped.size()),
         seconds_in_words(age_of(entry)), printable(user_of(entry))});
  }
  auto out = table(rows, screen.is_one ? screen.columns : 0, "lllrlrrll");
  const auto all = room();
  return all.empty() ? out : out + all + '\n';
}

std::string as_json(const std::vector<Entry>& entries) {
  const Processes processes;
  std::string out = "[";
  for (const auto& entry : entries) {
    const auto users = processes.users_of(path_of(entry.name));
    out += out.size() > 1 ? ",\n " : "\n ";
    out += "{\"name\": " + json_string(entry.name) + ", \"state\": \"" + state_of(entry) +
           "\", \"bytes\": " + std::to_string(entry.bytes) +
           ", \"user\": " + json_string(user_of(entry));
    if (entry.header) {
      out += ", \"dtype\": " + json_string(entry.header->dtype.to_string()) + ", \"shape\": [";
      for (std::size_t d = 0; d < entry.header->shape.size(); ++d)
        out += (d > 0 ? ", " : "") + std::to_string(entry.header->shape[d]);
      out += "]";
    }
    if (const double age = age_of(entry); age >= 0) out += ", \"age_s\": " + number(age, 12);
    if (users.owner > 0) out += ", \"owner_pid\": " + std::to_string(users.owner);
    out += ", \"mapped_by\": [";
    for (std::size_t i = 0; i < users.mapped.size(); ++i)
      out += (i > 0 ? ", " : "") + std::to_string(users.mapped[i]);
    out += "]}";
  }
  return out + (entries.empty() ? "]\n" : "\n]\n");
}

std::string time_in_words(std::chrono::system_clock::time_point time) {
  const auto seconds = std::chrono::system_clock::to_time_t(time);
  std::array<char, 40> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", std::localtime(&seconds));
  return text.data();
}

/// As ncdump -h: type, axes, fields, who uses it.
void describe(const std::string& text, bool any_user) {
  const Target target(text);
  const auto array = target.open(any_user);
  const auto& dtype = array.dtype();
  const auto line = [](const std::string& label, const std::string& value) {
    std::cout << "  " << label << std::string(12 - label.size(), ' ') << value << '\n';
  };
  std::cout << printable(target.what) << " {\n";
  line("type",
       dtype.kind == 'V' ? "struct of " + std::to_string(dtype.size) + " bytes" : dtype.name());
  for (const auto& field : dtype.fields)
    line("", printable(field.name) + ": " + field.type.name() +
                 (field.shape.empty() ? "" : " " + shape_in_words(field.shape)));
  line("shape", shape_in_words(array.shape()));
  line("order", array.segment().header().fortran_order ? "Fortran: first axis contiguous"
                                                       : "C: last axis contiguous");
  if (dtype.swapped) line("bytes", "of the other byte order");
  line("size", bytes_in_words(array.bytes()) + " (" + std::to_string(array.bytes()) + " bytes)");
  line("path", printable(array.path()));
  if (!target.is_file) {
    const auto entry = catalog::detail::entry(target.what, {.any_user = any_user});
    if (entry) {
      line("state", state_of(*entry));
      if (age_of(*entry) >= 0) line("made", time_in_words(entry->created));
      line("user", printable(user_of(*entry)));
    }
    if (array.segment().control_block() != nullptr)
      line("published", std::to_string(array.published()));
  }
  const Processes processes;
  const auto users = processes.users_of(array.path());
  if (users.owner > 0) line("owner", Processes::in_words(users.owner) + ", lives");
  std::string mapped;
  for (const int pid : users.mapped)
    if (pid != host::own_pid()) mapped += (mapped.empty() ? "" : ", ") + Processes::in_words(pid);
  if (!mapped.empty()) line("mapped by", mapped);
  if (!processes.sees_all() && mapped.empty())
    line("mapped by", "(other users' processes are not seen)");
  std::cout << "}\n";
}

}  // namespace

void list(const ListOptions& options) {
  if (options.watch <= 0) {
    const auto entries = chosen(options);
    std::cout << (options.json ? as_json(entries) : as_table(entries, terminal()));
    if (entries.empty() && !options.names.empty()) throw std::runtime_error("no name fits");
    return;
  }
  const Interruption interruption;
  while (!Interruption::asked_for()) {
    const auto screen = terminal();
    const auto entries = chosen(options);
    const auto text = options.json ? as_json(entries) : as_table(entries, screen);
    // Home, then each line cleared behind its end, then what is left below: nothing flickers.
    if (screen.is_one) std::cout << "\x1b[H";
    for (const char c : text)
      if (c == '\n' && screen.is_one)
        std::cout << "\x1b[K\n";
      else
        std::cout << c;
    if (screen.is_one) std::cout << "\x1b[J";
    std::cout << std::flush;
    const auto until =
        std::chrono::steady_clock::now() + std::chrono::duration<double>(options.watch);
    while (!Interruption::asked_for() && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

void info(const std::vector<std::string>& names, bool any_user) {
  for (const auto& name : expanded(names)) describe(name, any_user);
}

void remove(const std::vector<std::string>& names, bool force) {
  for (const auto& name : expanded(names))
    if (!catalog::remove(name, force ? catalog::Force::yes : catalog::Force::no))
      throw std::runtime_error("there is no such name: " + name);
}

void reap(bool dry_run, bool all_users) {
  std::vector<std::string> names;
  if (dry_run) {
    for (const auto& entry : catalog::list({.any_user = all_users}))
      if (entry.kind == Entry::Kind::orphan) names.push_back(entry.name);
  } else {
    names = catalog::reap({.any_user = all_users});
  }
  for (const auto& name : names) std::cout << printable(name) << '\n';
}

}  // namespace tool
