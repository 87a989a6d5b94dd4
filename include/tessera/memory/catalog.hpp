// Public: catalog::list, reap, remove. Floor 3, memory: the segments on this machine.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/format/npy_header.hpp>

namespace tessera::catalog {

/// What the folder of names holds under one name.
struct Entry {
  /// Who made it, and whether it is in use.
  enum class Kind {
    owned,   ///< an array whose owner lives
    orphan,  ///< an array whose owner has ended: reap() removes it
    kept,    ///< an array that stays until it is removed; also a renamed one that has ended
    foreign  ///< anything else: of another program or user, or a copy
  };
  std::string name;                 ///< of the file; not always one that create() takes
  Kind kind = Kind::foreign;        ///< see Kind
  std::optional<NpyHeader> header;  ///< nothing if it is not an .npy array
  std::uint64_t bytes = 0;          ///< size of the file, even if it can't be opened
  std::uint64_t user = 0;           ///< number of the user who owns it; 0 on Windows
  std::chrono::system_clock::time_point created{};  ///< 1970 if unknown
};

/// Whose arrays a call is about: `catalog::reap({.any_user = true})`.
struct Options {
  /// False: those of this user; what others own counts as foreign. True: all that this process may
  /// open and remove, as root can.
  bool any_user = false;
};

namespace detail {
/// What is there under one name; nothing if there is no such name.
std::optional<Entry> entry(const std::string& name, const Options& options = {});
}  // namespace detail

/// Everything in the folder of names, sorted by name. Changes nothing. Throws Error: system if the
/// folder is missing, not_permitted if it can't be read.
std::vector<Entry> list(const Options& options = {});

/// Removes the names of all orphans and returns them, sorted. Also removes the unfinished files of
/// creators that died. Never touches kept arrays, copies or foreign files, whatever other processes
/// do meanwhile; any number of processes may reap at once. If another process holds an orphan's
/// lock, waits for it, a tenth of a second for all. Throws Error: system if the folder is missing,
/// not_permitted if it can't be read.
///
///     for (const auto& name : tessera::catalog::reap()) std::puts(name.c_str());
std::vector<std::string> reap(const Options& options = {});

/// Whether remove() takes the name of an array whose owner lives.
enum class Force { no, yes };

/// Removes a name; attached processes keep their memory. False if there is no such name. Throws
/// Error: not_permitted for a foreign file, for an array whose owner lives unless forced, and for
/// every array on Windows; timed_out if a process that is not the owner keeps its lock;
/// invalid_name.
bool remove(std::string_view name, Force force = Force::no);

}  // namespace tessera::catalog

#if !defined(TESSERA_COMPILED)
#include <tessera/memory/catalog_impl.hpp>
#endif
